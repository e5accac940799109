/// What is to become of the machine (or the container) once everything has stopped. reboot(2)
public enum Ending: Equatable, Sendable {
    case powerOff
    case reboot
    /// The processor stops, the power stays on.
    case halt

    /// The signal that asks PID 1 for it. They are those of busybox's init, so that its
    /// commands can ask ours and ours can ask it.
    public var signal: Signal {
        switch self {
        case .powerOff: .user2
        case .reboot: .terminate
        case .halt: .user1
        }
    }
}
