public import InitCore

/// A program to run.
public struct Program {
    /// Its name and arguments, as execve(2) expects them: C strings, then NULL.
    public let arguments: UnsafePointer<UnsafeMutablePointer<CChar>?>
    /// Its environment in the same form, or `nil` for PID 1's own.
    public let environment: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
    /// Its session, its process group and its terminal.
    public let place: ProgramPlace
    /// Whether its own session takes the terminal even from another session.
    public let takesTerminal: Bool
    /// Whether signals that init's parent blocked or ignored stay so.
    public let keepsDispositions: Bool
    /// Whether standard output and error must be writable. Without a console init itself has only
    /// /dev/null for reading.
    public let needsWritableStreams: Bool

    public init(
        arguments: UnsafePointer<UnsafeMutablePointer<CChar>?>,
        environment: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = nil,
        place: ProgramPlace = .ownGroup, takesTerminal: Bool = false,
        keepsDispositions: Bool = false, needsWritableStreams: Bool = false
    ) {
        self.arguments = arguments
        self.environment = environment
        self.place = place
        self.takesTerminal = takesTerminal
        self.keepsDispositions = keepsDispositions
        self.needsWritableStreams = needsWritableStreams
    }
}
