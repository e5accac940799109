/// A program to run.
public struct Program {
    /// Its name and its arguments, as execve(2) wants them: C strings, and NULL at the end.
    public let arguments: UnsafePointer<UnsafeMutablePointer<CChar>?>
    /// Its environment, likewise, or `nil` for PID 1's own.
    public let environment: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
    /// Whether it gets a session of its own, with standard input as its terminal: nobody has
    /// made one before PID 1 of a machine.
    public let hasOwnSession: Bool

    public init(
        arguments: UnsafePointer<UnsafeMutablePointer<CChar>?>,
        environment: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?,
        hasOwnSession: Bool
    ) {
        self.arguments = arguments
        self.environment = environment
        self.hasOwnSession = hasOwnSession
    }
}
