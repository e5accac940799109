// The words of PID 1's log about units, in one place.

extension ServiceMessage {
    /// How much it matters. A unit that comes up or down as it should is no news. When it begins is
    /// for those who measure.
    public var priority: Priority {
        switch self {
        case .failed, .notExecuted, .gaveUp, .stuck: .warning
        case .reloadFailed: .warning
        case .restarts, .skipped: .notice
        case .started, .stopped, .reloaded: .info
        case .begins: .debug
        }
    }

    /// Appends the text, without the newline.
    @inline(never)
    public func append(to line: inout Line, in plan: Plan) {
        let (service, number) = content
        line.append(word: plan.name(of: service))
        line.append(" ")
        line.append(Template(number, of: Self.lines).text)
        switch self {
        case .failed(_, let outcome, let status):
            line.append(outcome.name)
            switch outcome {
            case .failedCode, .notExecuted, .endedEarly, .failedSignal:
                line.append(" ")
                line.append(number: status >= 256 ? status &- 256 : status)
            case .none, .succeeded, .skipped, .outOfMemory, .notForked, .startTimedOut,
                .stopTimedOut, .runTimedOut, .watchdog, .dependency, .startLimit:
                break
            }
        case .notExecuted(_, let code, let error):
            line.append(number: Int32(code))
            if error.rawValue != 0 { error.append(to: &line) }
        case .restarts(_, let time):
            line.append(moment: Instant(milliseconds: Int64(time)))
            line.append(" s")
        case .begins, .started, .stopped, .gaveUp, .skipped, .stuck, .reloaded, .reloadFailed:
            break
        }
    }

    /// The unit, and the number of the line in the table.
    private var content: (ServiceID, Int) {
        switch self {
        case .started(let service): (service, 0)
        case .stopped(let service): (service, 1)
        case .failed(let service, _, _): (service, 2)
        case .notExecuted(let service, _, _): (service, 3)
        case .restarts(let service, _): (service, 4)
        case .gaveUp(let service): (service, 5)
        case .skipped(let service): (service, 6)
        case .stuck(let service): (service, 7)
        case .reloaded(let service): (service, 8)
        case .reloadFailed(let service): (service, 9)
        case .begins(let service): (service, 10)
        }
    }

    private static var lines: ByteView {
        """
        is up
        has stopped
        failed:\u{20}
        could not be executed, step\u{20}
        starts again in\u{20}
        is given up: it failed too often
        is skipped: a condition does not hold
        does not end, even by SIGKILL
        has read its configuration again
        could not read its configuration again
        begins
        """
    }
}
