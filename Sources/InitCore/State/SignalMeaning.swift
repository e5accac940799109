/// What a signal asks of PID 1 when there is no program to forward it to. This table, which README
/// also shows, joins the conventions of busybox, LXC and systemd.
public enum SignalMeaning: Equatable, Sendable {
    /// Stop everything, then do this.
    case end(Ending)
    /// Exit with this code, as the signal would end a process that is not PID 1.
    case die(UInt8)
    /// A child has ended.
    case reap
    /// Log the last events.
    case report
    /// Nothing: every signal that is not named below.
    case nothing

    public init(of signal: Signal, in role: Role) {
        switch (role, signal) {
        case (_, .child): self = .reap
        case (.process, _): self = SignalMeaning(ofOrdinary: signal)
        case (_, .user1), (_, .realTimeHalt): self = .end(.halt)
        case (_, .user2), (_, .powerFailure), (_, .realTimePowerOff): self = .end(.powerOff)
        case (_, .realTimeReboot): self = .end(.reboot)
        // Ctrl-Alt-Del, and busybox's "reboot". To a container both are "please end".
        case (.machine, .interrupt), (.machine, .terminate): self = .end(.reboot)
        case (.container, .interrupt), (.container, .terminate): self = .end(.powerOff)
        case (_, .quit): self = .report
        default: self = .nothing
        }
    }

    /// What a signal asks of an init that only holds a container open, like `catatonit -P`.
    init(toPausing signal: Signal) {
        switch signal {
        case .child: self = .reap
        case .interrupt, .terminate: self = .die(0)
        default: self = .nothing
        }
    }

    /// The default action of signal(7), except that no signal stops this process.
    private init(ofOrdinary signal: Signal) {
        switch signal {
        case .continue, .urgent, .windowChange, .stopTyped, .stopReading, .stopWriting:
            self = .nothing
        default:
            self = .die(UInt8(truncatingIfNeeded: 128 &+ signal.rawValue))
        }
    }
}
