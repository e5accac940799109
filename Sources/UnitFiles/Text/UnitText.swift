public import InitCore

/// Reads the lines of a unit file: sections, assignments, comments, continuation lines.
///
/// systemd.syntax(7). It is total: any bytes come to an end, and no byte outside is read. Lines
/// that continue are joined in place, so a text can be read only once.
public struct UnitText {
    /// What stands in a line.
    public enum Item {
        /// `[NAME]`
        case section(ByteView)
        /// `NAME=VALUE`, both without the spaces around them. The value may be empty.
        case assignment(name: ByteView, value: ByteView)
        case wrong(ProblemKind, ByteView)
        case end
    }

    private let bytes: UnsafeMutableBufferPointer<UInt8>
    private var offset = 0
    private var linesRead = 0
    /// The line that the last item began in, from 1.
    public private(set) var line = 0

    /// - Parameter bytes: must stay as long as the items are used. Are changed.
    public init(_ bytes: UnsafeMutableBufferPointer<UInt8>) {
        self.bytes = bytes
        // The mark of UTF-8 that some editors write.
        if view(0, bytes.count).hasPrefix("\u{feff}") { offset = 3 }
    }

    /// The next line that says something.
    public mutating func next() -> Item {
        while offset < bytes.count {
            let start = offset
            var end = takeLine()
            line = linesRead
            var text = UnitText.trim(view(start, end))
            if text.count == 0 || UnitText.isComment(text) { continue }
            while isContinued(start, end) {
                bytes[end &- 1] = UInt8(ascii: " ")
                let longer = join(to: end)
                end = longer ?? end
                text = UnitText.trim(view(start, end))
                if longer == nil { break }
            }
            if text.count > 0 { return item(text) }
        }
        return .end
    }

    private func item(_ text: ByteView) -> Item {
        if text[0] == UInt8(ascii: "[") {
            guard text.count > 2, text[text.count &- 1] == UInt8(ascii: "]") else {
                return .wrong(.noSectionName, text)
            }
            return .section(text.slice(1, text.count &- 1))
        }
        var value = text
        let length = text.length(before: UInt8(ascii: "="))
        guard length < text.count else { return .wrong(.noEqualsSign, text) }
        let name = UnitText.trim(value.removeFirst(upTo: UInt8(ascii: "=")))
        guard name.count > 0 else { return .wrong(.noDirective, text) }
        return .assignment(name: name, value: UnitText.trim(value))
    }

    /// - Returns: where the line ends, without its newline.
    private mutating func takeLine() -> Int {
        linesRead &+= 1
        var end = offset
        while end < bytes.count, bytes[end] != 0x0a { end &+= 1 }
        offset = end &+ 1
        return end
    }

    /// Moves the next line that is no comment behind the one that ends at `end`.
    ///
    /// - Returns: where the joined line ends; `nil` if there is no further line.
    private mutating func join(to end: Int) -> Int? {
        while offset < bytes.count {
            let first = offset
            let last = takeLine()
            if UnitText.isComment(UnitText.trim(view(first, last))) { continue }
            var from = first
            var to = end
            while from < last {
                bytes[to] = bytes[from]
                from &+= 1
                to &+= 1
            }
            return to
        }
        return nil
    }

    /// A line goes on behind a backslash that no other backslash escapes.
    private func isContinued(_ start: Int, _ end: Int) -> Bool {
        var backslashes = 0
        while end &- backslashes > start, bytes[end &- backslashes &- 1] == UInt8(ascii: "\\") {
            backslashes &+= 1
        }
        return backslashes & 1 == 1
    }

    private func view(_ first: Int, _ end: Int) -> ByteView {
        guard let base = bytes.baseAddress else { return .empty }
        return ByteView(start: UnsafePointer(base), count: bytes.count).slice(first, end)
    }

    /// - Parameter text: trimmed.
    private static func isComment(_ text: ByteView) -> Bool {
        text[0] == UInt8(ascii: "#") || text[0] == UInt8(ascii: ";")
    }

    /// Without the white space at both ends.
    @inline(never)
    static func trim(_ text: ByteView) -> ByteView {
        var first = 0
        var end = text.count
        while first < end, isSpace(text[first]) { first &+= 1 }
        while end > first, isSpace(text[end &- 1]) { end &-= 1 }
        return text.slice(first, end)
    }

    /// The line of the first byte that is no UTF-8, or is NUL; `nil` if all of it is text.
    public static func lineOfBadByte(in text: ByteView) -> Int? {
        if isPlain(text) { return nil }
        var line = 1
        var offset = 0
        while offset < text.count {
            let length = lengthOfCharacter(in: text, at: offset)
            if length == 0 { return line }
            if text[offset] == 0x0a { line &+= 1 }
            offset &+= length
        }
        return nil
    }

    /// Whether all bytes are 1 to 127. Nearly all files are like that, so this looks at eight at once.
    private static func isPlain(_ text: ByteView) -> Bool {
        let bytes = UnsafeRawPointer(text.start)
        let high: UInt64 = 0x8080_8080_8080_8080
        var found: UInt64 = 0
        var offset = 0
        while offset &+ 8 <= text.count {
            let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            // Less 1, only 0 and what is above 128 has the highest bit.
            found |= word | (word &- 0x0101_0101_0101_0101)
            offset &+= 8
        }
        while offset < text.count {
            found |= UInt64(text[offset] | (text[offset] &- 1))
            offset &+= 1
        }
        return found & high == 0
    }

    /// - Returns: 0 if there is no character.
    private static func lengthOfCharacter(in text: ByteView, at offset: Int) -> Int {
        let first = text[offset]
        if first < 0x80 { return first == 0 ? 0 : 1 }
        let length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2
        guard first >= 0xc2, first <= 0xf4 else { return 0 }
        var follower = 1
        while follower < length {
            // A byte outside reads as 0, which is no follower.
            if text[offset &+ follower] & 0xc0 != 0x80 { return 0 }
            follower &+= 1
        }
        let second = text[offset &+ 1]
        let isOverlong = first == 0xe0 && second < 0xa0 || first == 0xf0 && second < 0x90
        let isNoCharacter = first == 0xed && second > 0x9f || first == 0xf4 && second > 0x8f
        return isOverlong || isNoCharacter ? 0 : length
    }
}

func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d
}
