public import InitCore
public import KernelInterface

/// What the child of a service cannot read in the plan: what PID 1 knows at the moment.
public struct RecipeContext {
    /// PID 1's own environment, for PassEnvironment= and conditions.
    public var environment = Words(count: 0, first: nil)
    /// Whether PID 1 is a container's.
    public var isContainer = false
    /// Where the outputs of a service go that says nothing about them.
    public var defaultOutput = DefaultOutput.inherit
    /// The end of the log's pipe for this service, if there is a log. Closes on execve(2).
    public var log: FileDescriptor?
    /// The end of the pipe for s6's newline, if the plan has a descriptor for it.
    public var readiness: FileDescriptor?
    /// The path of the service's socket for sd_notify(3); empty if it has none.
    public var notifySocket = ByteView.empty
    /// The main process, if there is one.
    public var mainProcess: ProcessID?
    /// The directory of the service's cgroup; empty if it has none.
    public var controlGroup = ByteView.empty
    /// Whether this process is in that cgroup already.
    public var isInControlGroup = false
    /// The number of this run of the service, the same for all of its commands.
    public var invocation: InvocationID?
    /// How the run has ended so far, for the commands of `Stage.stop` and `Stage.clean`.
    public var outcome = ServiceOutcome.none
    /// How its main process has ended.
    public var mainStatus: ExitStatus?

    public init() {}
}

/// Where outputs go by default.
public enum DefaultOutput: Sendable {
    /// Where PID 1's own go.
    case inherit
    /// To the log.
    case log
}

/// A run of a service has a number that no other run has. systemd.exec(5), $INVOCATION_ID
public struct InvocationID: Equatable, Sendable {
    public var high: UInt64
    public var low: UInt64

    public init(high: UInt64, low: UInt64) { (self.high, self.low) = (high, low) }

    /// Makes a new one. Does not wait: before the kernel has randomness, the number is made of the
    /// clock and the process, which are this boot's only.
    public static func make<K: Kernel & ~Copyable>(on kernel: inout K) -> InvocationID {
        var id = InvocationID(
            high: UInt64(bitPattern: kernel.now().milliseconds),
            low: UInt64(UInt32(bitPattern: kernel.ownProcess().rawValue)))
        // An error means that the kernel has no randomness yet.
        withUnsafeMutableBytes(of: &id) { bytes in try? kernel.fillRandomly(bytes) }
        return id
    }
}
