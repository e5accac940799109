/// The faults of PID 1's own: signals that the kernel raises for what it does itself.
///
/// A Swift trap (an index out of bounds, an overflow, a failed precondition) is the
/// instruction `ud2`, which raises SIGILL. Left alone, each of these signals ends PID 1,
/// and the kernel panics.
public enum Fault {
    /// Every signal that has to be caught so that no fault ends PID 1. They are never blocked:
    /// the kernel ends whoever has a fault while its signal is.
    public static let signals: [6 of Signal] = [
        .illegalInstruction, .trap, .busError, .arithmeticFault, .segmentationFault, .badSystemCall,
    ]

    /// PID 1's last words: which fault it was.
    ///
    /// - Parameter process: whose fault: PID 1's, or that of a helper it has forked.
    public static func report(of signal: Signal, in process: ProcessID) -> Line {
        var line = Line()
        line.append("init: fault: SIG")
        line.append(SignalName.name(of: signal) ?? "?")
        if signal == .illegalInstruction { line.append(" (a Swift trap)") }
        line.append(" in PID ")
        line.append(number: process.rawValue)
        line.append("\n")
        return line
    }
}
