/// How a process ended, wait(2).
public enum ExitStatus: Equatable, Sendable {
    /// It returned, or called exit(3), with this code.
    case exited(UInt8)
    /// A signal ended it.
    case killed(Signal)

    /// Decodes what wait4(2) wrote, as the macros of its manual page do.
    ///
    /// - Returns: `nil` for a process that has stopped or continued, but not ended.
    public init?(waitStatus: Int32) {
        // The low 7 bits are the signal: 0 for none, 127 for "stopped". Bit 7 reports a core dump,
        // which changes nothing here.
        switch waitStatus & 0x7f {
        case 0: self = .exited(UInt8(truncatingIfNeeded: waitStatus >> 8))
        case 0x7f: return nil
        case let signal: self = .killed(Signal(rawValue: signal))
        }
    }

    /// The code that shells and container runtimes give this end: the process's own code, or 128
    /// plus the signal's number.
    public var code: UInt8 {
        switch self {
        case .exited(let code): code
        case .killed(let signal): UInt8(truncatingIfNeeded: 128 &+ signal.rawValue)
        }
    }
}
