/// How long PID 1 waits for each thing at most, in milliseconds.
///
/// A machine's shutdown takes at most the sum: the grace period and 26 s. If its disks keep
/// writing, `flushMilliseconds` replaces the 8 s for unmounting.
public enum Limit {
    /// Between SIGTERM and SIGKILL, unless `hammock.grace=` or `--grace` sets it. Container
    /// runtimes give this time, and a database needs it.
    public static let graceMilliseconds: Int64 = 10_000
    /// For leftovers in a container. The runtime kills it after 10 s and loses the program's code.
    public static let leftoverGraceMilliseconds: Int64 = 2_000
    /// For the planner. It reads some tens of small files.
    public static let planMilliseconds: Int64 = 10_000
    /// How long a program waits for the services, unless `hammock.wait=` or `--wait` sets it.
    public static let serviceWaitMilliseconds: Int64 = 90_000
    /// Beyond the longest stop of the services, which the plan has: PID 1's own work.
    public static let stopMarginMilliseconds: Int64 = 1_000
    /// PID 1 logs it when execve(2) takes longer than this, and waits on.
    public static let startMilliseconds: Int64 = 10_000
    /// From SIGTERM until PID 1 looks for shells that ignored it.
    public static let hangUpMilliseconds: Int64 = 100
    /// From SIGKILL until everything is reaped. Only a process that the kernel itself holds (state
    /// D) lives longer, possibly for ever.
    public static let killMilliseconds: Int64 = 5_000
    /// For unmounting, if PID 1 sees no disk writing.
    public static let unmountMilliseconds: Int64 = 8_000
    /// For sync(2) after that, if PID 1 sees no disk writing. Little is left to write then.
    public static let syncMilliseconds: Int64 = 8_000
    /// For disks that keep writing, from unmounting on, unless `hammock.flush=` sets it.
    public static let flushMilliseconds: Int64 = 600_000
    /// From each time that less is left to write than before. A disk may report at once all that
    /// it was given at once: qemu makes one request of 32, of a megabyte each.
    public static let writingMilliseconds: Int64 = 60_000
    /// Between two measurements of how much is left to write.
    public static let measureMilliseconds: Int64 = 2_000
    /// For reboot(2), which shuts down one device after another.
    public static let leaveMilliseconds: Int64 = 5_000
    /// Between two attempts to fork when the machine lacks processes or memory.
    public static let retryMilliseconds: Int64 = 100
}
