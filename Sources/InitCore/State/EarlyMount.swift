/// A file system that Linux programs expect, and that PID 1 of a machine mounts.
public struct EarlyMount: Sendable {
    /// The kernel's name for it, as /proc/mounts shows it.
    public let type: StaticString
    /// The mount point. PID 1 makes the directory if the parent allows it.
    public let path: StaticString
    /// mount(2), mountflags: MS_NOSUID, MS_NODEV and MS_NOEXEC. With MS_REMOUNT the flags also
    /// apply to what is mounted there already.
    public let flags: UInt
    /// mount(2), data: options of the file system.
    public let data: StaticString

    private static let noSetUserID: UInt = 2
    private static let noDevices: UInt = 4
    private static let noExecution: UInt = 8
    /// MS_REMOUNT.
    public static let remount: UInt = 32

    /// In order: a directory's file system before those mounted in it, and what PID 1 itself needs
    /// (a console and a log, then the command line) before the rest.
    ///
    /// Full, /dev and all three tmpfs still leave enough memory. Killing frees no memory that a
    /// file there takes, and a kernel with no process left to kill panics. By default each may take
    /// half, and so may the /dev that the kernel mounts before it runs PID 1.
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
        // Group 5 is tty. It may write to a terminal, as write(1) does.
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

    /// The number of /proc in the table. After it PID 1 can read the command line.
    public static let lastBeforeCommandLine = 1
}
