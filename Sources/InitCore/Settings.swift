/// What PID 1 was told to do: by its arguments and, on a machine, by the kernel's command
/// line.
public struct Settings: Sendable {
    /// Whether there is a program to run. Without one PID 1 greets and idles.
    public var hasProgram = false
    /// How long processes have between SIGTERM and SIGKILL.
    public var graceMilliseconds = Limit.graceMilliseconds
    /// Whether each orphan that is reaped is worth a line.
    public var warnsOfOrphans = false
    /// Whether the kernel's command line has a word for PID 1 that it does not understand.
    public var hasUnknownOption = false
    /// Exit codes of the program that are passed on as 0.
    public var codesToZero = ExitCodeSet()
    /// Signals that are forwarded as others.
    public var rewrites = SignalRewrites()

    public init() {}
}

extension Settings {
    /// - Parameters:
    ///   - options: what the command line says.
    ///   - hasProgram: whether it names a program.
    ///   - hasUnknownOption: whether anything in it was not understood.
    public init(_ options: Options, hasProgram: Bool, hasUnknownOption: Bool) {
        self.hasProgram = hasProgram
        self.hasUnknownOption = hasUnknownOption
        graceMilliseconds = Int64(options.graceSeconds) &* 1000
        warnsOfOrphans = options.warnsOfOrphans
        codesToZero = options.successCodes
        rewrites = options.rewrites
    }
}
