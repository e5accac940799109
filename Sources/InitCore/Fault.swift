/// The faults of PID 1's own: signals that the processor raises while it runs.
///
/// A Swift trap (an index out of bounds, an overflow, a failed precondition) is the
/// instruction `ud2`, which raises SIGILL. Left alone, each of these signals ends PID 1,
/// and the kernel panics.
public enum Fault {
    /// Every signal that has to be caught so that no fault ends PID 1.
    public static let signals: [5 of Signal] = [
        .illegalInstruction, .trap, .busError, .arithmeticFault, .segmentationFault,
    ]

    /// PID 1's last words: which fault it was, and what happens now. One line.
    public static func report(of signal: Signal) -> StaticString {
        switch signal {
        case .illegalInstruction:
            "init: fault: SIGILL (a Swift trap) in PID 1; pausing, the kernel lives on\n"
        case .trap:
            "init: fault: SIGTRAP in PID 1; pausing, the kernel lives on\n"
        case .busError:
            "init: fault: SIGBUS in PID 1; pausing, the kernel lives on\n"
        case .arithmeticFault:
            "init: fault: SIGFPE in PID 1; pausing, the kernel lives on\n"
        case .segmentationFault:
            "init: fault: SIGSEGV in PID 1; pausing, the kernel lives on\n"
        default:
            "init: fault: unexpected signal in PID 1; pausing, the kernel lives on\n"
        }
    }
}
