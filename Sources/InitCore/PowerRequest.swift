/// What may be asked of PID 1 from outside.
public enum PowerRequest: Equatable, Sendable {
    case poweroff
    case reboot
    case halt

    /// The signal that asks PID 1 for it. They are those of busybox's init, so that its
    /// commands can ask ours and ours can ask it.
    public var signal: Signal {
        switch self {
        case .halt: Signal(rawValue: 10)  // SIGUSR1
        case .poweroff: Signal(rawValue: 12)  // SIGUSR2
        case .reboot: Signal(rawValue: 15)  // SIGTERM
        }
    }

    public var ending: Ending {
        switch self {
        case .poweroff: .powerOff
        case .reboot: .reboot
        case .halt: .halt
        }
    }
}
