/// What is to become of the machine (or the container) once everything has stopped. reboot(2)
public enum Ending: Equatable, Sendable {
    case powerOff
    case reboot
    /// The processor stops, the power stays on.
    case halt
}
