/// PID 1's own faults: the signals that the kernel raises for something PID 1 itself did.
///
/// A Swift trap (an index out of bounds, an overflow, a failed precondition) is the instruction
/// `ud2`, which raises SIGILL. Without a handler, each of these signals ends PID 1, and the kernel
/// panics.
public enum Fault {
    /// Every signal that PID 1 must catch so that no fault ends it. PID 1 never blocks them: the
    /// kernel ends a process that has a fault while its signal is blocked.
    public static let signals: [6 of Signal] = [
        .illegalInstruction, .trap, .busError, .arithmeticFault, .segmentationFault, .badSystemCall,
    ]

    /// PID 1's last words: they name the fault.
    ///
    /// - Parameter process: the one that had the fault: PID 1, or a helper that it forked.
    public static func report(of signal: Signal, in process: ProcessID) -> Line {
        var line = Line()
        let lines: ByteView = """
            init: fault: SIG%t in PID %n%/
            init: fault: SIG%t (a Swift trap) in PID %n%/
            """
        line.fill(
            Template(signal == .illegalInstruction ? 1 : 0, of: lines),
            Blanks(text: SignalName.name(of: signal) ?? "?", number: process.rawValue))
        return line
    }
}
