public import InitCore

/// Reads numbers and texts out of a message, one after the other.
///
/// What is missing makes `isWhole` false, and reads as 0 or as an empty text.
struct PayloadReader {
    private(set) var rest: ByteView
    private(set) var isWhole = true

    init(_ payload: ByteView) { rest = payload }

    mutating func byte() -> UInt8 {
        guard rest.count >= 1 else {
            isWhole = false
            return 0
        }
        let byte = rest[0]
        rest = rest.dropping(1)
        return byte
    }

    mutating func number16() -> UInt16 {
        let low = byte()
        return UInt16(low) | UInt16(byte()) << 8
    }

    mutating func number() -> UInt32 {
        let low = number16()
        return UInt32(low) | UInt32(number16()) << 16
    }

    /// A text that a NUL ends, which may be read as a C string.
    mutating func text() -> ByteView {
        let count = rest.length(before: 0)
        guard count < rest.count else {
            isWhole = false
            rest = .empty
            return ""
        }
        let text = rest.slice(0, count)
        rest = rest.dropping(count &+ 1)
        return text
    }
}

/// `FrameKind.mount`. Each text is a C string.
public struct MountRequest {
    /// mount(2), mountflags.
    public let flags: UInt32
    public let source: ByteView
    public let target: ByteView
    /// The file system's name; empty for a bind mount.
    public let type: ByteView
    /// mount(2), data.
    public let data: ByteView

    /// - Returns: `nil` if the message is no such request.
    public init?(_ payload: ByteView) {
        var reader = PayloadReader(payload)
        flags = reader.number()
        source = reader.text()
        target = reader.text()
        type = reader.text()
        data = reader.text()
        guard reader.isWhole, reader.rest.count == 0, target[0] == UInt8(ascii: "/") else {
            return nil
        }
    }
}

/// `FrameKind.directory` and `FrameKind.file`.
public struct EntryRequest {
    /// A flag in `mode` beside the permissions: a directory that is there already gets mode and
    /// owner, too.
    public static let isOwned: UInt32 = 0x8000_0000

    /// Permissions, and `isOwned`.
    public let mode: UInt32
    public let user: UInt32
    public let group: UInt32
    /// A C string: an absolute path.
    public let path: ByteView
    /// What the file contains.
    public let content: ByteView

    /// - Returns: `nil` if the message is no such request.
    public init?(_ payload: ByteView) {
        var reader = PayloadReader(payload)
        mode = reader.number()
        user = reader.number()
        group = reader.number()
        path = reader.text()
        content = reader.rest
        guard reader.isWhole, path[0] == UInt8(ascii: "/") else { return nil }
    }
}

/// `FrameKind.link`. Each text is a C string.
public struct LinkRequest {
    /// Where the link leads.
    public let target: ByteView
    /// The link's own name: an absolute path.
    public let path: ByteView

    /// - Returns: `nil` if the message is no such request.
    public init?(_ payload: ByteView) {
        var reader = PayloadReader(payload)
        target = reader.text()
        path = reader.text()
        guard reader.isWhole, reader.rest.count == 0, path[0] == UInt8(ascii: "/") else {
            return nil
        }
    }
}

/// `FrameKind.enter`.
public struct EnterRequest {
    /// A C string: an absolute path.
    public let path: ByteView

    /// - Returns: `nil` if the message is no such request.
    public init?(_ payload: ByteView) {
        var reader = PayloadReader(payload)
        path = reader.text()
        guard reader.isWhole, reader.rest.count == 0, path[0] == UInt8(ascii: "/") else {
            return nil
        }
    }
}

/// `FrameKind.locate`.
public struct LocateRequest {
    /// How many bytes are compared at most.
    public static let mostBytes = 512

    public let milliseconds: UInt32
    /// A C string: an absolute path.
    public let path: ByteView
    /// What the disk begins with.
    public let beginning: ByteView

    /// - Returns: `nil` if the message is no such request.
    public init?(_ payload: ByteView) {
        var reader = PayloadReader(payload)
        milliseconds = reader.number()
        path = reader.text()
        beginning = reader.rest
        guard reader.isWhole, path[0] == UInt8(ascii: "/"), beginning.count > 0,
            beginning.count <= Self.mostBytes
        else { return nil }
    }
}

/// `FrameKind.network`.
public struct NetworkRequest {
    /// What it is about, for the message if it fails. A C string.
    public let subject: ByteView
    /// One message of rtnetlink(7), with its header.
    public let message: ByteView

    /// How many bytes the header of netlink(7) has.
    static let headerSize = 16
    /// NLM_F_REQUEST and NLM_F_ACK of netlink(7).
    private static let wantsAnswer: UInt8 = 1 | 4

    /// - Returns: `nil` if the message is no such request. The kernel would not answer it.
    public init?(_ payload: ByteView) {
        var reader = PayloadReader(payload)
        subject = reader.text()
        message = reader.rest
        let size = Int(reader.number())
        _ = reader.number16()
        let flags = reader.byte()
        guard reader.isWhole, message.count >= Self.headerSize, size == message.count,
            flags & Self.wantsAnswer == Self.wantsAnswer
        else { return nil }
    }
}

/// `FrameKind.start`: all that makes a process.
///
/// One byte of flags; user and group; rows and columns, two bytes each; how many groups (one byte)
/// and how many arguments and variables (two bytes each) there are; the groups; and then, as texts,
/// the working directory, the arguments and the environment.
public struct ProcessRequest {
    /// Bits of `flags`.
    public static let hasTerminal: UInt8 = 1
    /// Standard input carries what the host sends. Without it, it is /dev/null.
    public static let hasInput: UInt8 = 2
    /// Its streams are the agent's own, which is to say the machine's console. Goes with no other.
    public static let hasConsole: UInt8 = 4

    public let flags: UInt8
    public let user: UInt32
    public let group: UInt32
    public let rows: UInt16
    public let columns: UInt16
    public let groupCount: Int
    public let argumentCount: Int
    public let variableCount: Int
    /// `groupCount` numbers of four bytes.
    public let groups: ByteView
    /// A C string: an absolute path. It is made if it is not there.
    public let directory: ByteView
    /// `argumentCount` texts, of which there is at least one, and then `variableCount` texts. Each
    /// is a C string.
    public let texts: ByteView

    /// - Returns: `nil` if the message is no such request.
    public init?(_ payload: ByteView) {
        var reader = PayloadReader(payload)
        flags = reader.byte()
        user = reader.number()
        group = reader.number()
        rows = reader.number16()
        columns = reader.number16()
        groupCount = Int(reader.byte())
        argumentCount = Int(reader.number16())
        variableCount = Int(reader.number16())
        let groupsStart = reader.rest
        var index = 0
        while index < groupCount {
            _ = reader.number()
            index &+= 1
        }
        groups = groupsStart.slice(0, groupCount &* 4)
        directory = reader.text()
        texts = reader.rest
        index = 0
        while index < argumentCount &+ variableCount, reader.isWhole {
            _ = reader.text()
            index &+= 1
        }
        guard reader.isWhole, reader.rest.count == 0, flags <= Self.hasConsole,
            argumentCount > 0, directory[0] == UInt8(ascii: "/")
        else { return nil }
    }

    /// The program: the first argument. A C string.
    public var program: ByteView { texts.slice(0, texts.length(before: 0)) }

    /// Group `index` of `groupCount`.
    public func supplementaryGroup(_ index: Int) -> UInt32 {
        let offset = index &* 4
        return UInt32(groups[offset]) | UInt32(groups[offset &+ 1]) << 8
            | UInt32(groups[offset &+ 2]) << 16 | UInt32(groups[offset &+ 3]) << 24
    }
}
