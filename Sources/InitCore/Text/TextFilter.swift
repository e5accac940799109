/// Makes text of others fit to be shown or to be a string of JSON.
///
/// It comes in parts, and a part may end within a character of UTF-8: so the filter keeps what it
/// has of a character.
public struct TextFilter {
    /// What the text is for.
    public enum Form: Sendable {
        /// A terminal: control characters but a tab, and what is no UTF-8, become `?`. RFC 3629
        case terminal
        /// Between the quotation marks of a string of JSON: control characters become `\u00NN`, and
        /// what is no UTF-8 becomes U+FFFD. RFC 8259, section 7
        case json
    }

    private let form: Form
    /// The bytes of a character that is not whole yet, the first one highest.
    private var bytes: UInt32 = 0
    /// How many of them there are, and how many are missing.
    private var count = 0
    private var missing = 0

    public init(_ form: Form) { self.form = form }

    @inline(never)
    public mutating func put<Sink: ByteSink>(_ text: ByteView, to sink: inout Sink) {
        var offset = 0
        while offset < text.count {
            let byte = text[offset]
            if missing == 0 {
                begin(byte, &sink)
            } else if fits(byte) {
                bytes = bytes << 8 | UInt32(byte)
                count &+= 1
                missing &-= 1
                if missing == 0 { putCharacter(to: &sink) }
            } else {
                finish(&sink)
                begin(byte, &sink)
            }
            offset &+= 1
        }
    }

    /// The text is over: what is kept will not become a character any more.
    public mutating func finish<Sink: ByteSink>(_ sink: inout Sink) {
        if missing > 0 { putWrong(to: &sink) }
        missing = 0
    }

    private mutating func begin<Sink: ByteSink>(_ byte: UInt8, _ sink: inout Sink) {
        switch byte {
        case 0..<0x20, 0x7f: putControl(byte, to: &sink)
        case 0x20..<0x7f:
            let isQuoted = byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
            if form == .json, isQuoted { sink.append(byte: UInt8(ascii: "\\")) }
            sink.append(byte: byte)
        case 0xc2...0xdf: expect(1, behind: byte)
        case 0xe0...0xef: expect(2, behind: byte)
        case 0xf0...0xf4: expect(3, behind: byte)
        default: putWrong(to: &sink)
        }
    }

    private mutating func expect(_ number: Int, behind byte: UInt8) {
        bytes = UInt32(byte)
        count = 1
        missing = number
    }

    /// Whether the character can go on with this byte. Its second one rules out what would be too
    /// long, a surrogate, or above U+10FFFF.
    private func fits(_ byte: UInt8) -> Bool {
        guard byte & 0xc0 == 0x80 else { return false }
        guard count == 1 else { return true }
        switch bytes {
        case 0xe0: return byte >= 0xa0
        case 0xed: return byte < 0xa0
        case 0xf0: return byte >= 0x90
        case 0xf4: return byte < 0x90
        default: return true
        }
    }

    private func putCharacter<Sink: ByteSink>(to sink: inout Sink) {
        // U+0080 to U+009F are control characters too.
        if count == 2, bytes < 0xc2a0 {
            return putControl(UInt8(truncatingIfNeeded: bytes), to: &sink)
        }
        var rest = count
        while rest > 0 {
            rest &-= 1
            sink.append(byte: UInt8(truncatingIfNeeded: bytes >> UInt32(rest &* 8)))
        }
    }

    /// - Parameter code: of a control character, by its number in Unicode.
    private func putControl<Sink: ByteSink>(_ code: UInt8, to sink: inout Sink) {
        switch form {
        case .terminal: sink.append(byte: code == UInt8(ascii: "\t") ? code : UInt8(ascii: "?"))
        case .json:
            sink.append("\\u00")
            sink.append(byte: hexadecimal(code >> 4))
            sink.append(byte: hexadecimal(code & 15))
        }
    }

    private func hexadecimal(_ digit: UInt8) -> UInt8 {
        digit < 10 ? UInt8(ascii: "0") &+ digit : UInt8(ascii: "a") &- 10 &+ digit
    }

    private func putWrong<Sink: ByteSink>(to sink: inout Sink) {
        switch form {
        case .terminal: sink.append(byte: UInt8(ascii: "?"))
        case .json: sink.append("\u{fffd}")
        }
    }
}
