/// The role of PID 1 in the system around it. Decided once, at the start.
public enum Role: Equatable, Sendable {
    /// PID 1 of the machine, with only the kernel above it. It mounts, obeys power requests, and
    /// never exits.
    case machine
    /// PID 1 of a PID namespace. The namespace ends when PID 1 exits, with PID 1's code.
    case container
    /// Any other process. It signals only the program that it started.
    case process

    /// - Parameters:
    ///   - isPID1: whether getpid(2) says 1.
    ///   - ownsPower: whether the kernel let PID 1 claim Ctrl-Alt-Del. It lets only a process of
    ///     the first PID namespace do so, reboot(2).
    public init(isPID1: Bool, ownsPower: Bool) {
        self = !isPID1 ? .process : ownsPower ? .machine : .container
    }
}
