/// The number of a process in the PID namespace of PID 1, pid_namespaces(7).
public struct ProcessID: Equatable, Sendable {
    /// Above 0.
    public let rawValue: Int32

    public init(rawValue: Int32) {
        self.rawValue = rawValue
    }
}
