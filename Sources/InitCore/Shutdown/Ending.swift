/// What happens to the machine (or the container) after everything has stopped. reboot(2)
public enum Ending: Equatable, Sendable {
    case powerOff
    case reboot
    /// The processor stops; the power stays on.
    case halt

    /// The signal that asks PID 1 for it. busybox's init uses the same signals, so its commands
    /// work with this init, and the commands of this init work with busybox's.
    public var signal: Signal {
        switch self {
        case .powerOff: .user2
        case .reboot: .terminate
        case .halt: .user1
        }
    }
}
