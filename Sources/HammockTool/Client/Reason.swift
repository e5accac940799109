import InitCore

extension UnitStatus {
    /// Appends `: it ended with code 1` and the like behind the unit's phase, if there is something
    /// to say.
    @inline(never)
    func appendCause(to sink: inout Output) {
        if outcome != ServiceOutcome.none {
            sink.append(isUp ? "; before that it " : ": it ")
            appendReason(to: &sink)
        } else if phase == .down {
            sink.append(": nothing has started it")
        }
    }

    /// Appends why the unit is not up, or how it ended the last time, as the end of a sentence that
    /// begins with "it".
    @inline(never)
    func appendReason(to sink: inout Output) {
        switch outcome {
        case nil:
            sink.append("ended: ")
            sink.append(decoded: outcomeName)
        case .none?: sink.append("has not ended")
        case .succeeded: sink.append("ended well, or was stopped")
        case .skipped: sink.append("did not start, as a condition does not hold")
        case .failedCode: appendCode("ended with code ", to: &sink)
        case .failedSignal:
            sink.append("was ended by signal ")
            appendSignal(to: &sink)
        case .outOfMemory: sink.append("was killed by the kernel for want of memory")
        case .notExecuted: appendCode("could not be executed: code ", to: &sink)
        case .notForked: appendCode("got no process: error ", to: &sink)
        case .endedEarly: sink.append("ended before it was ready")
        case .startTimedOut: sink.append("was not ready in time")
        case .stopTimedOut: sink.append("did not end in time")
        case .runTimedOut: sink.append("ran longer than it may")
        case .watchdog: sink.append("did not say that it was alive, or failed its probe")
        case .dependency:
            sink.append("needs ")
            sink.append(foreign: culprit.count > 0 ? culprit : "a unit")
            sink.append(", which is not up")
        case .startLimit: sink.append("has started too often, and gave up")
        }
    }

    private func appendCode(_ words: ByteView, to sink: inout Output) {
        sink.append(words)
        sink.append(number: UInt64(max(status, 0)))
    }

    /// Appends the name of the signal that ended it, or its number.
    func appendSignal(to sink: inout Output) {
        let number = status > 256 ? status &- 256 : max(status, 0)
        if let name = SignalName.name(of: Signal(rawValue: Int32(truncatingIfNeeded: number))) {
            sink.append(name)
        } else {
            sink.append(number: UInt64(number))
        }
    }

    /// Appends the outcome in one or two words, for a table.
    func appendShortOutcome(to sink: inout Output) {
        switch outcome {
        case .none?: sink.append("-")
        case .failedSignal:
            sink.append("signal ")
            appendSignal(to: &sink)
        case .failedCode, .notExecuted, .notForked:
            sink.append(decoded: outcomeName)
            sink.append(byte: UInt8(ascii: " "))
            sink.append(number: UInt64(max(status, 0)))
        case nil, .succeeded, .skipped, .outOfMemory, .endedEarly, .startTimedOut, .stopTimedOut,
            .runTimedOut, .watchdog, .dependency, .startLimit:
            sink.append(decoded: outcomeName)
        }
    }
}
