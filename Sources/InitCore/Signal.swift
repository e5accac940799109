/// A signal's number, as Linux on x86-64 counts them, signal(7).
public struct Signal: Equatable, Sendable {
    /// 1 to 64.
    public let rawValue: Int32

    public init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    /// SIGILL: the processor met an instruction that it refuses. A Swift trap is one.
    public static let illegalInstruction = Signal(rawValue: 4)
    /// SIGTRAP: a breakpoint.
    public static let trap = Signal(rawValue: 5)
    /// SIGBUS: memory that is mapped but cannot be had.
    public static let busError = Signal(rawValue: 7)
    /// SIGFPE: an impossible division.
    public static let arithmeticFault = Signal(rawValue: 8)
    /// SIGSEGV: memory that is not mapped.
    public static let segmentationFault = Signal(rawValue: 11)
    /// SIGALRM: the timer of setitimer(2) has run out.
    public static let alarm = Signal(rawValue: 14)
    /// SIGCHLD: a child has died.
    public static let child = Signal(rawValue: 17)
}
