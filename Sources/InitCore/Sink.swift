/// A place where a text may find a reader, in the order in which they are tried.
public enum Sink: Equatable, Sendable {
    /// Descriptor 1, which the kernel (or a container's runtime) opened for PID 1.
    case standardOutput
    /// `/dev/console`: the kernel's own idea of where its operator is, console(4).
    case console
    /// `/dev/kmsg`: the kernel's log, which takes every line at once and keeps it for
    /// whoever looks later.
    case kernelLog

    /// Where to turn when this one takes nothing, or `nil` after the last.
    public var next: Sink? {
        switch self {
        case .standardOutput: .console
        case .console: .kernelLog
        case .kernelLog: nil
        }
    }

    /// The file to open, or `nil` where a descriptor is open already.
    public var path: StaticString? {
        switch self {
        case .standardOutput: nil
        case .console: "/dev/console"
        case .kernelLog: "/dev/kmsg"
        }
    }
}
