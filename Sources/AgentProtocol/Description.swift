public import InitCore

/// The first bytes of a description: a file that says what a machine is to do when no host is
/// there to ask. Messages as those of the host follow, and the last one is `FrameKind.start`.
///
/// Bytes 0 to 7 are `HAMMOCK` and a NUL, bytes 8 to 11 the version, and bytes 12 to 15 the size of
/// what follows. Numbers are little endian. What is behind it is not read, so that a description
/// may lie on a disk.
public struct DescriptionHeader: Equatable, Sendable {
    /// How many bytes a header has.
    public static let size = 16
    /// How many bytes follow a header at most.
    public static let mostBytes = 1024 * 1024

    /// How many bytes follow.
    public let count: Int

    /// - Parameter count: at most `mostBytes`.
    public init(count: Int) { self.count = count }

    /// Reads a header. `nil`: this is no description, or one for another version of the agent.
    public init?(_ bytes: ByteView) {
        guard bytes.count == Self.size, bytes.slice(0, 12).equals("HAMMOCK\0\u{1}\0\0\0") else {
            return nil
        }
        var reader = PayloadReader(bytes.dropping(12))
        let count = reader.number()
        guard count <= UInt32(Self.mostBytes) else { return nil }
        self.init(count: Int(count))
    }

    /// The header's bytes.
    public var bytes: [16 of UInt8] {
        [
            0x48, 0x41, 0x4d, 0x4d, 0x4f, 0x43, 0x4b, 0,
            UInt8(truncatingIfNeeded: FrameHeader.version), 0, 0, 0,
            UInt8(truncatingIfNeeded: count), UInt8(truncatingIfNeeded: count >> 8),
            UInt8(truncatingIfNeeded: count >> 16), UInt8(truncatingIfNeeded: count >> 24),
        ]
    }
}

/// How far a description has been read.
public struct DescriptionProgress: Sendable {
    /// How many bytes of it are left.
    public private(set) var rest: Int

    public init(_ header: DescriptionHeader) { rest = header.count }

    /// Takes a message by its header.
    ///
    /// - Returns: `false` if there can be no such message there: only what makes the root directory
    ///   and then, as the last one, the program.
    public mutating func take(_ header: FrameHeader) -> Bool {
        let size = FrameHeader.size &+ header.count
        guard size <= rest, header.process == 0, header.stream == 0 else { return false }
        rest &-= size
        switch header.kind {
        case .mount, .directory, .file, .link, .enter, .locate, .network: return rest > 0
        case .start: return rest == 0
        default: return false
        }
    }
}
