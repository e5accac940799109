/// How a process ended, wait(2).
public enum ExitStatus: Equatable, Sendable {
    /// It returned, or called exit(3), with this code.
    case exited(UInt8)
    /// A signal ended it.
    case killed(Signal)

    /// What wait4(2) wrote, told apart as the macros of its manual page do.
    ///
    /// - Returns: `nil` for a process that was stopped or went on, and has not ended.
    public init?(waitStatus: Int32) {
        // The low 7 bits are the signal, 0 for none and 127 for "stopped"; bit 7 says that
        // there was a core dump, which changes nothing here.
        switch waitStatus & 0x7f {
        case 0: self = .exited(UInt8(truncatingIfNeeded: waitStatus >> 8))
        case 0x7f: return nil
        case let signal: self = .killed(Signal(rawValue: signal))
        }
    }

    /// The code by which shells and container runtimes name this end: the process's own, or
    /// 128 and the signal's number.
    public var code: UInt8 {
        switch self {
        case .exited(let code): code
        case .killed(let signal): UInt8(truncatingIfNeeded: 128 &+ signal.rawValue)
        }
    }
}
