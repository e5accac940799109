/// The number of an error that a system call returned, errno(3).
///
/// It is a struct and not an enum, so that an unforeseen value also gets from the kernel to the
/// decision about it.
public struct Errno: Error, Equatable, Sendable {
    /// The positive number, as in errno(3): 1 to 4095.
    public let rawValue: Int32

    public init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    /// EPERM: this process may not do that.
    public static let notPermitted = Errno(rawValue: 1)
    /// ENOENT: no such file or directory.
    public static let noSuchFile = Errno(rawValue: 2)
    /// ESRCH: no such process.
    public static let noSuchProcess = Errno(rawValue: 3)
    /// EINTR: a signal handler ran before the call could finish.
    public static let interrupted = Errno(rawValue: 4)
    /// EIO: the device failed, or the terminal was hung up.
    public static let inputOutput = Errno(rawValue: 5)
    /// ENXIO: the device node exists, the device does not.
    public static let noSuchDeviceOrAddress = Errno(rawValue: 6)
    /// E2BIG: too large for its destination.
    public static let tooLarge = Errno(rawValue: 7)
    /// ENOEXEC: not a program, or one for another processor.
    public static let execFormatError = Errno(rawValue: 8)
    /// EBADF: no such descriptor is open.
    public static let badFileDescriptor = Errno(rawValue: 9)
    /// ECHILD: no child is left.
    public static let noChildProcess = Errno(rawValue: 10)
    /// EAGAIN: not now. A descriptor has no room; or this process may not fork: its scheduling
    /// forbids it, or the machine, the user or the cgroup has too many processes.
    public static let wouldBlock = Errno(rawValue: 11)
    /// ENOMEM: the kernel has too little memory.
    public static let noMemory = Errno(rawValue: 12)
    /// EACCES: the file's mode forbids it.
    public static let permissionDenied = Errno(rawValue: 13)
    /// EBUSY: in use; for mount(2): something is mounted there already.
    public static let busy = Errno(rawValue: 16)
    /// EEXIST: the file is there already.
    public static let fileExists = Errno(rawValue: 17)
    /// ENODEV: no such device; for mount(2): this kernel has no such file system.
    public static let noSuchDevice = Errno(rawValue: 19)
    /// ENOTDIR: a part of the path is no directory.
    public static let notDirectory = Errno(rawValue: 20)
    /// EISDIR: it is a directory, not a file.
    public static let isDirectory = Errno(rawValue: 21)
    /// EINVAL: the kernel does not accept an argument.
    public static let invalidArgument = Errno(rawValue: 22)
    /// EROFS: the file system is read-only.
    public static let readOnlyFileSystem = Errno(rawValue: 30)
    /// ENAMETOOLONG: a path, or a part of one, is longer than any can be.
    public static let nameTooLong = Errno(rawValue: 36)
    /// ENOSYS: this kernel has no such system call.
    public static let noSuchSystemCall = Errno(rawValue: 38)
    /// EAFNOSUPPORT: this kernel has no such network.
    public static let addressFamilyNotSupported = Errno(rawValue: 97)
}
