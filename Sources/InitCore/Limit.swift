/// How long PID 1 waits for what, and no longer. In milliseconds.
///
/// A shutdown of a machine takes at most the sum: the grace period and 26 s.
public enum Limit {
    /// Between SIGTERM and SIGKILL, unless `hammock.grace=` or `--grace` say otherwise: what
    /// container runtimes give, and a database needs.
    public static let graceMilliseconds: Int64 = 10_000
    /// From SIGKILL until everything has been reaped. Only a process that the kernel itself
    /// holds (state D) lives longer, and that one may do so for ever.
    public static let killMilliseconds: Int64 = 5_000
    /// For unmounting: writing what a slow disk's cache holds takes seconds.
    public static let unmountMilliseconds: Int64 = 8_000
    /// For sync(2) after that, which finds little left to do.
    public static let syncMilliseconds: Int64 = 8_000
    /// For reboot(2), which shuts down every device in turn.
    public static let leaveMilliseconds: Int64 = 5_000
    /// Between two tries to fork, where the machine was out of processes or memory.
    public static let retryMilliseconds: Int64 = 100
}
