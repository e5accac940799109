/// What a signal asks of PID 1 that has no program to hand it on to: the conventions of
/// busybox, LXC and systemd, in one table, the one in README.
public enum SignalMeaning: Equatable, Sendable {
    /// Stop everything, and then this.
    case end(Ending)
    /// Exit with this code: what a signal does to a process that is not PID 1.
    case die(UInt8)
    /// Somebody's child has ended.
    case reap
    /// Write down what has happened last.
    case report
    /// Nothing. Every signal that is not named below.
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

    /// What signal(7) calls the default action, but that nothing stops this process.
    private init(ofOrdinary signal: Signal) {
        switch signal {
        case .continue, .urgent, .windowChange, .stopTyped, .stopReading, .stopWriting:
            self = .nothing
        default:
            self = .die(UInt8(truncatingIfNeeded: 128 &+ signal.rawValue))
        }
    }
}
