// The lines of an answer: `key=value`, with spaces between.
//
//     answer = "hammock/1" SP ("ok" / "no" SP reason) LF *(line LF) "end" LF

extension Line {
    /// The first line of an answer that says yes.
    public mutating func appendYes() { append("hammock/1 ok\n") }

    /// The whole of an answer that says no.
    public mutating func appendNo(_ problem: ControlProblem) {
        append("hammock/1 no ")
        append(ByteView(stringLiteral: problem.reason))
        append("\nend\n")
    }

    /// The last line of an answer.
    public mutating func appendEnd() { append("end\n") }

    /// A unit as it is now. `wanted=again` says that it goes down first: whoever has asked for a
    /// restart must not take the old process for the new one.
    ///
    /// - Parameters:
    ///   - state: of the unit.
    ///   - plan: the plan that the unit is in.
    @inline(never)
    public mutating func append(_ state: ServiceState, of service: ServiceID, in plan: Plan) {
        append("name=")
        append(plan.name(of: service))
        append(" phase=")
        append(state.phase.name)
        append(" since=")
        append(moment: state.since)
        append(" main=")
        append(number: state.main?.rawValue ?? 0)
        append(" outcome=")
        append(state.outcome.name)
        append(" status=")
        append(number: state.status)
        append(" rests=")
        append(number: Int32(state.rests))
        append(" wanted=")
        append(state.comesAgain ? "again" : state.isWanted ? "yes" : "no")
        append(" unenforced=")
        append(plan.flags(of: service).contains(.isUnenforced) ? "yes" : "no")
        end()
    }

    /// Which unit is to blame for the state of this one. A line of its own, because two names may
    /// not fit into one.
    @inline(never)
    public mutating func append(culprit: ServiceID, of service: ServiceID, in plan: Plan) {
        append("name=")
        append(plan.name(of: service))
        append(" culprit=")
        append(plan.name(of: culprit))
        end()
    }

    /// Seconds and thousandths, as the kernel's log has them.
    @inline(never)
    public mutating func append(moment: Instant) {
        let milliseconds = max(moment.milliseconds, 0)
        append(number: Int32(truncatingIfNeeded: milliseconds / 1000))
        append(byte: UInt8(ascii: "."))
        let rest = milliseconds % 1000
        append(byte: 0x30 &+ UInt8(truncatingIfNeeded: rest / 100))
        append(byte: 0x30 &+ UInt8(truncatingIfNeeded: rest / 10 % 10))
        append(byte: 0x30 &+ UInt8(truncatingIfNeeded: rest % 10))
    }
}

extension ServicePhase {
    /// What status calls it.
    public var name: ByteView {
        switch self {
        case .down: "down"
        case .queued: "queued"
        case .preparing: "preparing"
        case .starting: "starting"
        case .settling: "settling"
        case .up: "up"
        case .busy: "busy"
        case .stopping: "stopping"
        case .ending: "ending"
        case .killing: "killing"
        case .cleaning: "cleaning"
        case .resting: "resting"
        case .stuck: "stuck"
        }
    }
}

extension ServiceOutcome {
    /// What status calls it.
    public var name: ByteView {
        switch self {
        case .none: "none"
        case .succeeded: "succeeded"
        case .skipped: "skipped"
        case .failedCode: "code"
        case .failedSignal: "signal"
        case .outOfMemory: "memory"
        case .notExecuted: "not-executed"
        case .notForked: "not-forked"
        case .endedEarly: "ended-early"
        case .startTimedOut: "start-timeout"
        case .stopTimedOut: "stop-timeout"
        case .runTimedOut: "run-timeout"
        case .watchdog: "watchdog"
        case .dependency: "dependency"
        case .startLimit: "start-limit"
        }
    }
}
