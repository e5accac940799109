/// What PID 1 is to the system around it. Decided once, at the start.
public enum Role: Equatable, Sendable {
    /// PID 1 of the machine: there is nothing behind it but the kernel. Mounts, obeys power
    /// requests, and never exits.
    case machine
    /// PID 1 of a PID namespace, which ends when PID 1 exits, and with its code.
    case container
    /// Any other process. It signals nobody but the program that it started itself.
    case process

    /// - Parameters:
    ///   - isPID1: whether getpid(2) says 1.
    ///   - ownsPower: whether the kernel let PID 1 claim Ctrl-Alt-Del. It lets nobody but a
    ///     process of the first PID namespace, reboot(2).
    public init(isPID1: Bool, ownsPower: Bool) {
        self = !isPID1 ? .process : ownsPower ? .machine : .container
    }
}
