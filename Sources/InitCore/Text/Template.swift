/// A text with blanks, to be filled in.
///
/// The blanks are `%w` for a foreign word, `%c` for the name that init was
/// called by, `%t` for a text, `%n` and `%m` for numbers, `%l` for a letter, `%e` for an error,
/// and `%E` for one with a capital in front. `%/` is a newline.
struct Template {
    let text: ByteView

    /// - Parameter number: which line of `table`, from 0; empty if there is no such line.
    @inline(never)
    init(_ number: Int, of table: ByteView) {
        var rest = table
        var line = rest.removeFirst(upTo: 0x0a)
        var index = 0
        while index < number {
            line = rest.removeFirst(upTo: 0x0a)
            index &+= 1
        }
        text = line
    }

    init(_ text: ByteView) { self.text = text }
}

/// What is filled in.
struct Blanks {
    var word = ByteView.empty
    var text = ByteView.empty
    var callName = ByteView.empty
    var number: Int32 = 0
    var otherNumber: Int32 = 0
    var letter: UInt8 = 0
    var error = Errno(rawValue: 0)
}

extension Line {
    @inline(never)
    mutating func fill(_ template: Template, _ blanks: Blanks) {
        var rest = template.text
        while rest.count > 0 {
            append(rest.removeFirst(upTo: UInt8(ascii: "%")))
            let blank = rest[0]
            rest = rest.dropping(1)
            switch blank {
            case UInt8(ascii: "w"): append(word: blanks.word)
            case UInt8(ascii: "c"): append(word: blanks.callName)
            case UInt8(ascii: "t"): append(blanks.text)
            case UInt8(ascii: "n"): append(number: blanks.number)
            case UInt8(ascii: "m"): append(number: blanks.otherNumber)
            case UInt8(ascii: "l"): append(byte: blanks.letter)
            case UInt8(ascii: "/"): append(byte: 0x0a)
            case 0: return
            case let letter:
                // An error, and from %E with a capital in front, as strerror(3) has it.
                let text = blanks.error.text
                let words = text.count > 0 ? text : "error "
                append(byte: words[0] & (letter | 0xdf))
                append(words.dropping(1))
                if text.count == 0 { append(number: blanks.error.rawValue) }
            }
        }
    }
}
