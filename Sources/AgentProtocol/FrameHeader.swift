/// The eight bytes before each message between the host and the agent, on a virtio port.
///
/// Byte 0 is the kind, byte 1 the process, byte 2 the stream, byte 3 is 0, and bytes 4 to 7 are the
/// size of what follows. All numbers are little endian.
public struct FrameHeader: Equatable, Sendable {
    /// How many bytes a header has.
    public static let size = 8
    /// How many bytes follow a header at most.
    public static let mostPayload = 64 * 1024
    /// How many processes there can be at a time. Process 0 is the program: the machine ends with
    /// it.
    public static let mostProcesses: UInt8 = 16
    /// How many bytes of one stream may be on their way: what either side sends before the first
    /// `FrameKind.credit`, and has room for.
    public static let window = 64 * 1024
    /// The version that `FrameKind.ready` names.
    public static let version: UInt32 = 1

    public let kind: FrameKind
    /// Which process it is about: 0 where it is about none.
    public let process: UInt8
    /// 0, 1 or 2 as for descriptors, in `FrameKind.data` and `FrameKind.credit`; 0 elsewhere.
    public let stream: UInt8
    /// How many bytes follow.
    public let count: Int

    public init(_ kind: FrameKind, process: UInt8 = 0, stream: UInt8 = 0, count: Int) {
        self.kind = kind
        self.process = process
        self.stream = stream
        self.count = count
    }

    /// Reads a header. `nil`: the other side speaks another language, and no byte that follows can
    /// be understood.
    public init?(_ bytes: [8 of UInt8]) {
        guard let kind = FrameKind(rawValue: bytes[0]), bytes[1] < Self.mostProcesses,
            bytes[2] < 3, bytes[3] == 0
        else { return nil }
        let count =
            UInt32(bytes[4]) | UInt32(bytes[5]) << 8 | UInt32(bytes[6]) << 16
            | UInt32(bytes[7]) << 24
        guard count <= UInt32(Self.mostPayload) else { return nil }
        self.init(kind, process: bytes[1], stream: bytes[2], count: Int(count))
    }

    /// The header's bytes.
    public var bytes: [8 of UInt8] {
        [
            kind.rawValue, process, stream, 0, UInt8(truncatingIfNeeded: count),
            UInt8(truncatingIfNeeded: count >> 8), UInt8(truncatingIfNeeded: count >> 16),
            UInt8(truncatingIfNeeded: count >> 24),
        ]
    }
}

/// What a message says. Texts end with a NUL; numbers have four bytes unless it says otherwise.
public enum FrameKind: UInt8, Sendable {
    // MARK: From the host

    /// Mount a file system: flags of mount(2), source, mount point, type, data. Makes the mount
    /// point: a directory, or a file where a file is bound.
    case mount = 1
    /// Make a directory and those above it: mode, user, group, path. One that is there gets mode
    /// and owner only if the flag `EntryRequest.isOwned` says so.
    case directory = 2
    /// Write a file, in place of what has the name: mode, user, group, path; the rest is its
    /// content.
    case file = 3
    /// Make a directory the root for all that follows: path. chroot(2)
    case enter = 4
    /// Start a process: see `ProcessRequest`.
    case start = 5
    /// Send a signal to a process: one byte.
    case signal = 6
    /// The size of a process's terminal: rows and columns, two bytes each.
    case window = 7
    /// The host has read all that the program wrote, and knows how it ended: the agent ends.
    case finish = 8
    /// Make a symbolic link, in place of what has the name: where it leads, path.
    case link = 9
    /// Wait for the disk, or the part of one, that begins with these bytes, and make a link to it:
    /// for how long in milliseconds, path; the rest is the bytes. In a description only.
    case locate = 10
    /// Ask the kernel for something of its network: what that is, in words; the rest is a message
    /// of rtnetlink(7) that wants an answer.
    case network = 11

    // MARK: Both ways

    /// What a stream carries. None is its end: the writer's, or, where the reader sends it, the
    /// reader's.
    case data = 16
    /// The reader of a stream takes so many bytes more: a number.
    case credit = 17

    // MARK: From the agent

    /// The agent is there: the version.
    case ready = 32
    /// A process has become its program: its number.
    case started = 33
    /// What was asked for has failed: the error's number, one byte with the kind of the request,
    /// one byte of a `ProcessStep`, and what it was about. A process that was to start is no more.
    case failed = 34
    /// A process has ended, and all that it wrote has been sent: one byte of its exit code, and one
    /// of the signal that killed it, or 0.
    case ended = 35
}

/// What a child does between fork(2) and execve(2), for the message if it fails.
public enum ProcessStep: UInt8, Sendable {
    /// Not a step of a process.
    case none = 0
    case pipes = 1
    case fork = 2
    case session = 3
    case terminal = 4
    case streams = 5
    case groups = 6
    case group = 7
    case user = 8
    case workingDirectory = 9
    /// The program cannot be executed: 126, or 127 if there is none.
    case execution = 10
    case limits = 11
}
