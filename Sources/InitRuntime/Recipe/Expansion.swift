import InitCore

extension Recipe {
    /// Puts the words of the command together. systemd.service(5), COMMAND LINES
    ///
    /// `$NAME` as a word of its own becomes the words that the value is split into, maybe none.
    /// `${NAME}` becomes the value, wherever it stands. `$$` becomes `$`. A variable that is not
    /// set is empty.
    @inline(never)
    mutating func expandWords() throws(Errno) {
        begin(.words)
        let isLiteral = command.has(.isLiteral)
        var rest = command.words
        while rest.count > 0 {
            let word = rest.removeFirst(upTo: 0)
            if isLiteral {
                environment.texts.append(word)
                try endWord()
            } else if word[0] == UInt8(ascii: "$"), word[1] != UInt8(ascii: "{"),
                word[1] != UInt8(ascii: "$")
            {
                try split(environment.value(of: word.dropping(1)) ?? .empty)
            } else {
                expand(word)
                try endWord()
            }
        }
        // A program expects its name.
        if words.count == 0 { throw .invalidArgument }
    }

    private mutating func endWord() throws(Errno) {
        try words.append(try environment.texts.finish())
    }

    @inline(never)
    private mutating func expand(_ word: ByteView) {
        var rest = word
        while rest.count > 0 {
            let length = rest.length(before: UInt8(ascii: "$"))
            environment.texts.append(rest.slice(0, length))
            rest = rest.dropping(length)
            if rest[1] == UInt8(ascii: "{"), rest.length(before: UInt8(ascii: "}")) < rest.count {
                rest = rest.dropping(2)
                let name = rest.removeFirst(upTo: UInt8(ascii: "}"))
                environment.texts.append(environment.value(of: name) ?? .empty)
            } else {
                environment.texts.append(rest.slice(0, 1))
                rest = rest.dropping(rest[1] == UInt8(ascii: "$") ? 2 : 1)
            }
        }
    }

    /// Splits a value at its spaces. Quotes hold spaces, and a backslash takes the next byte as it
    /// is. A quote that is not closed ends with the value.
    @inline(never)
    private mutating func split(_ value: ByteView) throws(Errno) {
        var offset = 0
        while offset < value.count {
            while offset < value.count, isSpace(value[offset]) { offset &+= 1 }
            guard offset < value.count else { return }
            var quote: UInt8 = 0
            while offset < value.count, quote != 0 || !isSpace(value[offset]) {
                let byte = value[offset]
                if byte == UInt8(ascii: "\\") {
                    offset &+= 1
                    if offset < value.count { environment.texts.append(byte: value[offset]) }
                } else if byte == quote {
                    quote = 0
                } else if quote == 0, byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
                    quote = byte
                } else {
                    environment.texts.append(byte: byte)
                }
                offset &+= 1
            }
            try endWord()
        }
    }
}
