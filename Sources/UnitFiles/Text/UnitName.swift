public import InitCore

/// The name of a unit, taken apart: `PREFIX@INSTANCE.SUFFIX`. systemd.unit(5)
public struct UnitName {
    /// What a name's ending makes of a unit.
    public enum Kind: UInt8, Equatable, Sendable {
        case service
        case socket
        case target
        /// `.mount`, `.timer` and so on, which Hammock has not.
        case other
    }

    public let text: ByteView
    public let kind: Kind
    /// Before the `@`, or before the suffix if there is none.
    public let prefix: ByteView
    /// Between the `@` and the suffix; empty for a template; `nil` without an `@`.
    public let instance: ByteView?
    /// With its point.
    public let suffix: ByteView

    /// - Returns: `nil` for what names no unit.
    public init?(_ text: ByteView) {
        var point = text.count &- 1
        while point > 0, text[point] != UInt8(ascii: ".") { point &-= 1 }
        guard point > 0, text.count <= PlanLayout.mostNameBytes,
            let place = text.dropping(point &+ 1).position(
                in: "service socket target mount timer device slice path swap scope automount")
        else { return nil }
        self.text = text
        kind = Kind(rawValue: UInt8(truncatingIfNeeded: min(place, 3))) ?? .other
        suffix = text.dropping(point)
        let name = text.slice(0, point)
        let at = name.length(before: UInt8(ascii: "@"))
        guard at > 0 else { return nil }
        prefix = name.slice(0, at)
        instance = at < name.count ? name.dropping(at &+ 1) : nil
        var offset = 0
        while offset < text.count {
            guard UnitName.isAllowed(text[offset]) else { return nil }
            offset &+= 1
        }
    }

    /// Whether this is `NAME@.SUFFIX`, which no unit is called.
    public var isTemplate: Bool { instance?.count == 0 }

    /// The name without its suffix.
    public var stem: ByteView { text.slice(0, text.count &- suffix.count) }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        let letter = byte | 0x20
        if letter >= UInt8(ascii: "a"), letter <= UInt8(ascii: "z") { return true }
        return isDigit(byte) || byte == UInt8(ascii: ":") || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
            || byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "@")
    }
}
