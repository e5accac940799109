/// Why the child of a service did not become its program.
public struct ServiceReport: Equatable, Sendable {
    /// The code that the child exits with, systemd.exec(5), PROCESS EXIT CODES; 0 if a condition
    /// did not hold.
    public let code: Int32
    /// The errno, errno(3); 0 if it was no system call that failed.
    public let errno: Int32

    public init(code: Int32, errno: Int32) {
        self.code = code
        self.errno = errno
    }

    /// A condition did not hold, and that is no failure.
    public static let conditionFailed = ServiceReport(code: 0, errno: 0)
}

/// How to open a file: the numbers of open(2) on x86-64 Linux. Not an `OptionSet`, which needs a
/// heap for its literals.
public struct OpenFlags: Equatable, Sendable {
    public let rawValue: Int32

    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// Whether all of `other` are set here.
    public func contains(_ other: OpenFlags) -> Bool { rawValue & other.rawValue == other.rawValue }

    public func union(_ other: OpenFlags) -> OpenFlags {
        OpenFlags(rawValue: rawValue | other.rawValue)
    }

    /// O_RDONLY
    public static let reading = OpenFlags(rawValue: 0)
    /// O_WRONLY
    public static let writing = OpenFlags(rawValue: 1)
    /// O_RDWR
    public static let both = OpenFlags(rawValue: 2)
    /// O_CREAT: makes the file if it is missing.
    public static let making = OpenFlags(rawValue: 0o100)
    /// O_NOCTTY: a terminal does not become the controlling one.
    public static let noTerminal = OpenFlags(rawValue: 0o400)
    /// O_TRUNC: empties the file.
    public static let emptying = OpenFlags(rawValue: 0o1000)
    /// O_APPEND: each write goes to the file's end.
    public static let appending = OpenFlags(rawValue: 0o2000)
    /// O_NONBLOCK: waits for nothing that has come into the file's place.
    public static let notWaiting = OpenFlags(rawValue: 0o4000)
    /// O_NOFOLLOW: fails if it is a link.
    public static let notFollowing = OpenFlags(rawValue: 0o400000)
}

/// What was read of the beginning of a file.
public struct FileStart: Equatable, Sendable {
    /// How many bytes.
    public let count: Int
    /// Who owns the file.
    public let user: UInt32

    public init(count: Int, user: UInt32) {
        self.count = count
        self.user = user
    }
}

/// What a file is. inode(7)
public struct FileStatus: Equatable, Sendable {
    /// st_mode: the type and the permissions.
    public let mode: UInt32
    /// In bytes.
    public let size: Int64

    public init(mode: UInt32, size: Int64 = 0) {
        self.mode = mode
        self.size = size
    }

    public var isDirectory: Bool { mode & 0o170000 == 0o040000 }
    public var isRegular: Bool { mode & 0o170000 == 0o100000 }
    public var isSymbolicLink: Bool { mode & 0o170000 == 0o120000 }
    /// Whether anybody may execute it.
    public var isExecutable: Bool { mode & 0o111 != 0 }
}
