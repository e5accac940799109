/// The number of an error that a system call returned, as errno(3) lists them.
///
/// A struct over the number and not an enum, so that a value nobody thought of survives
/// the way from the kernel to the decision about it.
public struct Errno: Error, Equatable, Sendable {
    /// The positive number, as in errno(3): 1 to 4095.
    public let rawValue: Int32

    public init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    /// EINTR: a signal handler ran before the call could finish.
    public static let interrupted = Errno(rawValue: 4)
    /// EIO: the device failed, or the terminal was hung up.
    public static let inputOutput = Errno(rawValue: 5)
    /// ENXIO: the device node is there, the device is not.
    public static let noSuchDeviceOrAddress = Errno(rawValue: 6)
    /// EBADF: no such descriptor is open.
    public static let badFileDescriptor = Errno(rawValue: 9)
    /// EAGAIN: a descriptor that does not block has no room now.
    public static let wouldBlock = Errno(rawValue: 11)
    /// ENOENT: no such file or directory.
    public static let noSuchFile = Errno(rawValue: 2)
}
