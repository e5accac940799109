/// The tool's exit codes.
enum ExitCode {
    static let done: Int32 = 0
    /// A unit is refused or has failed, PID 1 said no, or something could not be read or written.
    static let failed: Int32 = 1
    static let wrongUse: Int32 = 2
    /// No init answers.
    static let noInit: Int32 = 3
    /// No unit has written a log.
    static let noLogs: Int32 = 3
    static let unknownUnit: Int32 = 4
    /// As timeout(1) has it.
    static let tooLate: Int32 = 124
}
