/// The number of a process, as the PID namespace of PID 1 counts, pid_namespaces(7).
public struct ProcessID: Equatable, Sendable {
    /// Above 0.
    public let rawValue: Int32

    public init(rawValue: Int32) {
        self.rawValue = rawValue
    }
}
