/// One of the file systems that Linux programs expect, and that PID 1 of a machine mounts.
public struct EarlyMount: Sendable {
    /// What the kernel calls it, and what /proc/mounts shows.
    public let type: StaticString
    /// Where. The folder is made if the parent lets it.
    public let path: StaticString
    /// mount(2), mountflags: MS_NOSUID, MS_NODEV and MS_NOEXEC. With MS_REMOUNT it is for what
    /// is mounted there already, too.
    public let flags: UInt
    /// mount(2), data: what the file system makes of it.
    public let data: StaticString

    private static let noSetUserID: UInt = 2
    private static let noDevices: UInt = 4
    private static let noExecution: UInt = 8
    /// MS_REMOUNT.
    public static let remount: UInt = 32

    /// In order: a folder's file system before what is mounted in it, and what PID 1 itself
    /// needs (a console and a log, then the command line) before the rest.
    ///
    /// /dev and all three tmpfs, full, leave memory enough: killing frees none that a file there
    /// takes, and a kernel that finds nobody left to kill panics. By default each may take half,
    /// and so may the /dev that the kernel has mounted before it runs PID 1.
    public static let table: [8 of EarlyMount] = [
        EarlyMount(
            type: "devtmpfs", path: "/dev", flags: noSetUserID | remount,
            data: "mode=755,size=4m"),
        EarlyMount(
            type: "proc", path: "/proc", flags: noSetUserID | noDevices | noExecution,
            data: ""),
        EarlyMount(
            type: "sysfs", path: "/sys", flags: noSetUserID | noDevices | noExecution,
            data: ""),
        // Group 5 is tty; it may write to a terminal, as write(1) does.
        EarlyMount(
            type: "devpts", path: "/dev/pts", flags: noSetUserID | noExecution,
            data: "gid=5,mode=620,ptmxmode=666"),
        EarlyMount(
            type: "tmpfs", path: "/dev/shm", flags: noSetUserID | noDevices,
            data: "mode=1777,size=30%"),
        EarlyMount(
            type: "tmpfs", path: "/run", flags: noSetUserID | noDevices,
            data: "mode=755,size=10%"),
        EarlyMount(
            type: "tmpfs", path: "/tmp", flags: noSetUserID | noDevices,
            data: "mode=1777,size=30%"),
        EarlyMount(
            type: "cgroup2", path: "/sys/fs/cgroup",
            flags: noSetUserID | noDevices | noExecution, data: ""),
    ]

    /// The number of /proc in the table: after it the command line can be read.
    public static let lastBeforeCommandLine = 1
}
