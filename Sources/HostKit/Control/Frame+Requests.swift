import AgentProtocol

/// Numbers and texts as the agent reads them.
private struct Payload {
    var bytes: [UInt8] = []

    mutating func append(_ value: UInt8) { bytes.append(value) }

    mutating func append(_ value: UInt16) {
        bytes.append(UInt8(truncatingIfNeeded: value))
        bytes.append(UInt8(truncatingIfNeeded: value >> 8))
    }

    mutating func append(_ value: UInt32) {
        append(UInt16(truncatingIfNeeded: value))
        append(UInt16(truncatingIfNeeded: value >> 16))
    }

    /// - Throws: `HostError` if the text has a NUL, which ends a text.
    mutating func append(_ text: String) throws(HostError) {
        guard !text.utf8.contains(0) else {
            throw HostError("'\(text.prefix(40))' has a NUL in it, which no argument can", code: 2)
        }
        bytes.append(contentsOf: text.utf8)
        bytes.append(0)
    }
}

/// A file system that the agent mounts.
public struct Mount: Equatable, Sendable {
    /// mount(2), mountflags.
    public struct Flags: OptionSet, Sendable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        public static let readOnly = Flags(rawValue: 1)
        public static let noSetUserID = Flags(rawValue: 2)
        public static let noDevices = Flags(rawValue: 4)
        public static let noExecution = Flags(rawValue: 8)
        /// What is mounted already gets other flags.
        public static let remount = Flags(rawValue: 32)
        public static let bind = Flags(rawValue: 4096)
    }

    public var source: String
    public var target: String
    /// The file system's name; empty for a bind mount.
    public var type: String
    public var flags: Flags
    /// Options of the file system itself.
    public var data: String

    public init(
        _ source: String, on target: String, type: String, _ flags: Flags = [], data: String = ""
    ) {
        self.source = source
        self.target = target
        self.type = type
        self.flags = flags
        self.data = data
    }
}

/// A process that the agent starts.
public struct ProcessDescription: Equatable, Sendable {
    /// At least one.
    public var arguments: [String]
    /// `NAME=VALUE`
    public var environment: [String]
    /// An absolute path in the machine.
    public var workingDirectory = "/"
    public var user: UInt32 = 0
    public var group: UInt32 = 0
    public var groups: [UInt32] = []
    public var hasInput = true
    public var hasTerminal = false
    /// Whether its streams are the machine's console, and no host's. Goes before the two above.
    public var hasConsole = false
    /// Rows and columns of the terminal.
    public var window = WindowSize(rows: 24, columns: 80)

    public init(arguments: [String], environment: [String] = []) {
        self.arguments = arguments
        self.environment = environment
    }
}

/// The size of a terminal, in characters.
public struct WindowSize: Equatable, Sendable {
    public var rows: UInt16
    public var columns: UInt16

    public init(rows: UInt16, columns: UInt16) {
        self.rows = rows
        self.columns = columns
    }
}

extension Frame {
    public static func mount(_ mount: Mount) throws(HostError) -> Frame {
        var payload = Payload()
        payload.append(mount.flags.rawValue)
        try payload.append(mount.source)
        try payload.append(mount.target)
        try payload.append(mount.type)
        try payload.append(mount.data)
        return Frame(.mount, payload.bytes)
    }

    public static func directory(_ path: String, mode: UInt32) throws(HostError) -> Frame {
        try entry(.directory, path, mode: mode, content: [])
    }

    /// - Parameter content: at most 60 KiB.
    public static func file(
        _ path: String, mode: UInt32, content: String
    ) throws(HostError) -> Frame {
        try entry(.file, path, mode: mode, content: Array(content.utf8))
    }

    private static func entry(
        _ kind: FrameKind, _ path: String, mode: UInt32, content: [UInt8]
    ) throws(HostError) -> Frame {
        var payload = Payload()
        payload.append(mode)
        payload.append(UInt32(0))
        payload.append(UInt32(0))
        try payload.append(path)
        payload.bytes.append(contentsOf: content)
        return Frame(kind, payload.bytes)
    }

    public static func link(_ path: String, to target: String) throws(HostError) -> Frame {
        var payload = Payload()
        try payload.append(target)
        try payload.append(path)
        return Frame(.link, payload.bytes)
    }

    static func network(_ message: NetworkMessage) throws(HostError) -> Frame {
        var payload = Payload()
        try payload.append(message.subject)
        payload.bytes.append(contentsOf: message.bytes)
        return Frame(.network, payload.bytes)
    }

    public static func locate(
        _ path: String, milliseconds: UInt32, beginning: [UInt8]
    ) throws(HostError) -> Frame {
        var payload = Payload()
        payload.append(milliseconds)
        try payload.append(path)
        payload.bytes += beginning
        return Frame(.locate, payload.bytes)
    }

    public static func enter(_ path: String) throws(HostError) -> Frame {
        var payload = Payload()
        try payload.append(path)
        return Frame(.enter, payload.bytes)
    }

    /// - Throws: `HostError` with code 2 if arguments and environment are too long.
    public static func start(
        _ description: ProcessDescription, as process: UInt8 = 0
    ) throws(HostError) -> Frame {
        var payload = Payload()
        var flags: UInt8 = 0
        if description.hasTerminal { flags |= ProcessRequest.hasTerminal }
        if description.hasInput { flags |= ProcessRequest.hasInput }
        if description.hasConsole { flags = ProcessRequest.hasConsole }
        payload.append(flags)
        payload.append(description.user)
        payload.append(description.group)
        payload.append(description.window.rows)
        payload.append(description.window.columns)
        payload.append(UInt8(truncatingIfNeeded: min(description.groups.count, 255)))
        payload.append(UInt16(truncatingIfNeeded: description.arguments.count))
        payload.append(UInt16(truncatingIfNeeded: description.environment.count))
        for group in description.groups.prefix(255) { payload.append(group) }
        try payload.append(description.workingDirectory)
        for text in description.arguments + description.environment { try payload.append(text) }
        guard payload.bytes.count <= FrameHeader.mostPayload else {
            throw HostError(
                """
                the arguments and the environment have \(payload.bytes.count) bytes; a machine \
                takes \(FrameHeader.mostPayload)
                """, code: 2)
        }
        return Frame(.start, process: process, payload.bytes)
    }

    public static func signal(_ signal: Int32, to process: UInt8 = 0) -> Frame {
        Frame(.signal, process: process, [UInt8(truncatingIfNeeded: signal)])
    }

    public static func window(_ size: WindowSize, of process: UInt8 = 0) -> Frame {
        var payload = Payload()
        payload.append(size.rows)
        payload.append(size.columns)
        return Frame(.window, process: process, payload.bytes)
    }

    public static func credit(_ count: Int, stream: UInt8, of process: UInt8 = 0) -> Frame {
        var payload = Payload()
        payload.append(UInt32(truncatingIfNeeded: count))
        return Frame(.credit, process: process, stream: stream, payload.bytes)
    }
}
