import InitCore

/// Takes words off a value: quotes, and the escapes of C. systemd.syntax(7), systemd.service(5)
struct WordReader {
    enum Step: Equatable {
        /// A word was appended to the buffer.
        case word
        case end
        case wrong(ProblemKind)
    }

    private(set) var rest: ByteView
    /// Whether `\n` and its like become what they stand for. Otherwise they stay as they are, as
    /// names of units need it.
    private let unescapes: Bool
    /// Whether an escape was met that does not exist. It stays as it is, as systemd has it.
    private(set) var hasUnknownEscape = false
    /// Whether the word was quoted anywhere.
    private(set) var isQuoted = false

    init(_ text: ByteView, unescapes: Bool) {
        rest = text
        self.unescapes = unescapes
    }

    /// Appends the next word to `word`.
    @inline(never)
    mutating func next(into word: inout TextBuffer) -> Step {
        while rest.count > 0, isSpace(rest[0]) { skipByte() }
        guard rest.count > 0 else { return .end }
        var quote: UInt8 = 0
        isQuoted = false
        while rest.count > 0 {
            let byte = rest[0]
            skipByte()
            if byte == UInt8(ascii: "\\") {
                guard escape(into: &word) else { return .wrong(.badEscape) }
            } else if quote != 0 {
                if byte == quote { quote = 0 } else { word.append(byte: byte) }
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = byte
                isQuoted = true
            } else if isSpace(byte) {
                break
            } else {
                word.append(byte: byte)
            }
        }
        return quote == 0 ? .word : .wrong(.openQuote)
    }

    /// Skips a byte, which must be there.
    private mutating func skipByte() {
        rest = ByteView(start: rest.start + 1, count: rest.count &- 1)
    }

    mutating func skip(to rest: ByteView) { self.rest = rest }

    /// Whether a word that is only this byte comes next.
    func isNext(only byte: UInt8) -> Bool {
        var text = rest
        while text.count > 0, isSpace(text[0]) { text = text.dropping(1) }
        return text[0] == byte && (text.count == 1 || isSpace(text[1]))
    }

    /// - Returns: `false` if there is nothing behind the backslash, or it stands for NUL.
    private mutating func escape(into word: inout TextBuffer) -> Bool {
        guard rest.count > 0 else { return false }
        let letter = rest[0]
        guard unescapes else {
            word.append(byte: UInt8(ascii: "\\"))
            word.append(byte: letter)
            rest = rest.dropping(1)
            return true
        }
        if let byte = WordReader.byte(for: letter) {
            word.append(byte: byte)
            rest = rest.dropping(1)
            return true
        }
        switch letter {
        case UInt8(ascii: "x"): return number(from: 1, digits: 2, base: 16, isByte: true, &word)
        case UInt8(ascii: "u"): return number(from: 1, digits: 4, base: 16, isByte: false, &word)
        case UInt8(ascii: "U"): return number(from: 1, digits: 8, base: 16, isByte: false, &word)
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            return number(from: 0, digits: 3, base: 8, isByte: true, &word)
        default:
            keep(&word)
            return true
        }
    }

    private mutating func keep(_ word: inout TextBuffer) {
        hasUnknownEscape = true
        word.append(byte: UInt8(ascii: "\\"))
    }

    private mutating func number(
        from first: Int, digits: Int, base: UInt32, isByte: Bool, _ word: inout TextBuffer
    ) -> Bool {
        var value: UInt32 = 0
        var place = 0
        while place < digits {
            guard let digit = hexadecimal(rest[first &+ place]), digit < base else {
                keep(&word)
                return true
            }
            value = value &* base &+ digit
            place &+= 1
        }
        guard value != 0, isByte ? value <= 0xff : value <= 0x10ffff else { return false }
        rest = rest.dropping(first &+ digits)
        if isByte {
            word.append(byte: UInt8(truncatingIfNeeded: value))
        } else {
            word.append(character: value)
        }
        return true
    }

    private static func byte(for letter: UInt8) -> UInt8? {
        switch letter {
        case UInt8(ascii: "a"): 0x07
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0c
        case UInt8(ascii: "n"): 0x0a
        case UInt8(ascii: "r"): 0x0d
        case UInt8(ascii: "t"): 0x09
        case UInt8(ascii: "v"): 0x0b
        case UInt8(ascii: "s"): 0x20
        case UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "'"): letter
        default: nil
        }
    }
}

/// What this digit is worth, to base 16.
func hexadecimal(_ byte: UInt8) -> UInt32? {
    if isDigit(byte) { return UInt32(byte &- UInt8(ascii: "0")) }
    let letter = byte | 0x20
    guard letter >= UInt8(ascii: "a"), letter <= UInt8(ascii: "f") else { return nil }
    return UInt32(letter &- UInt8(ascii: "a") &+ 10)
}

extension TextBuffer {
    /// Appends a character as UTF-8.
    mutating func append(character: UInt32) {
        func put(_ bits: UInt32, _ mark: UInt32) {
            append(byte: UInt8(truncatingIfNeeded: bits | mark))
        }
        if character < 0x80 { return put(character, 0) }
        if character < 0x800 {
            put(character >> 6, 0xc0)
        } else {
            if character < 0x10000 {
                put(character >> 12, 0xe0)
            } else {
                put(character >> 18, 0xf0)
                put(character >> 12 & 0x3f, 0x80)
            }
            put(character >> 6 & 0x3f, 0x80)
        }
        put(character & 0x3f, 0x80)
    }
}
