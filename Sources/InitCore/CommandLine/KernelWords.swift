/// Goes through the words of a kernel command line as the kernel does, and with the same
/// mistakes: its `next_arg` in lib/cmdline.c decides what a word is.
///
/// - Spaces separate words, unless an odd number of `"` came before them in the word; without
///   a closing quote the word goes on to the end.
/// - A `"` in front of the word, or of the value, is left out, and then so is one at the very
///   end. All others stay.
/// - The name ends before the first `=`, except for one at its beginning.
struct KernelWords {
    /// One word.
    struct Word {
        /// The word unchanged, with its quotes.
        let whole: ByteView
        let name: ByteView
        /// What follows the `=`; `nil` if there is none.
        let value: ByteView?

        /// `--`: the words behind it are init's.
        var isDashes: Bool {
            @inline(never) get { value == nil && name.equals("--") }
        }

        /// Whether the kernel hands the word to init as `argument`. The kernel puts the `=`
        /// between name and value again.
        func isHandedOver(as argument: ByteView) -> Bool {
            guard let value else { return argument.equals(name) }
            return argument.hasPrefix(name) && argument[name.count] == UInt8(ascii: "=")
                && argument.dropping(name.count &+ 1).equals(value)
        }
    }

    private let text: ByteView
    /// How far it has been read.
    private var position = 0

    /// - Parameter text: without NULs, since a NUL ends the kernel's text.
    init(_ text: ByteView) {
        self.text = text
    }

    @inline(never)
    mutating func next() -> Word? {
        while isKernelSpace(text[position]) { position &+= 1 }
        guard position < text.count else { return nil }

        let quote = UInt8(ascii: "\"")
        let whole = text.dropping(position)
        var isQuoted = whole[0] == quote
        let body = whole.dropping(isQuoted ? 1 : 0)
        var equals = 0
        var end = 0
        var inQuotes = isQuoted
        while end < body.count && (inQuotes || !isKernelSpace(body.start[end])) {
            if equals == 0 && body.start[end] == UInt8(ascii: "=") { equals = end }
            if body.start[end] == quote { inQuotes.toggle() }
            end &+= 1
        }
        position = text.count &- body.count &+ end

        var value = equals &+ 1
        if equals > 0 && body[value] == quote {
            value &+= 1
            isQuoted = true
        }
        let wholeCount = whole.count &- body.count &+ end
        if isQuoted && body[end &- 1] == quote { end &-= 1 }
        return Word(
            whole: whole.slice(0, wholeCount),
            name: body.slice(0, equals > 0 ? equals : end),
            value: equals > 0 ? body.slice(value, end) : nil)
    }
}

/// isspace() in the kernel's lib/ctype.c, which follows Latin-1: it takes 0xA0 for a space,
/// though that may be half of a letter in UTF-8.
private func isKernelSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0xA0 || byte &- 0x09 < 5
}
