/// A run of bytes that somebody else keeps: a word of argv, a part of one, a literal.
///
/// Every question it answers is total. What lies outside reads as 0, and cuts are held to
/// what is there, so that no parser built on it can trap or read past the end. What is used
/// in many places is kept from being inlined there: that alone halves the parsers.
public struct ByteView: ExpressibleByStringLiteral {
    /// The first byte; not to be read where `count` is 0.
    public let start: UnsafePointer<UInt8>
    /// 0 or more.
    public let count: Int

    /// - Parameter count: below 0 counts as 0.
    public init(start: UnsafePointer<UInt8>, count: Int) {
        self.start = start
        self.count = max(count, 0)
    }

    /// The bytes of a literal, without the NUL behind them.
    public init(stringLiteral text: StaticString) {
        self.init(start: text.utf8Start, count: text.utf8CodeUnitCount)
    }

    public static var empty: ByteView { "" }

    /// The byte at `offset`, or 0 outside.
    public subscript(offset: Int) -> UInt8 {
        UInt(bitPattern: offset) < UInt(bitPattern: count) ? start[offset] : 0
    }

    /// Bytes `first..<end`, as far as they are there.
    @inline(never)
    func slice(_ first: Int, _ end: Int) -> ByteView {
        let first = min(max(first, 0), count)
        return ByteView(start: start + first, count: min(end, count) &- first)
    }

    func dropping(_ length: Int) -> ByteView {
        slice(length, count)
    }

    /// How many bytes come before the first `byte`; all, where there is none.
    func length(before byte: UInt8) -> Int {
        var length = 0
        while length < count && start[length] != byte { length &+= 1 }
        return length
    }

    /// Takes the part before the first `separator` off, and the separator with it.
    @inline(never)
    mutating func removeFirst(upTo separator: UInt8) -> ByteView {
        let length = length(before: separator)
        let removed = slice(0, length)
        self = dropping(length &+ 1)
        return removed
    }

    func hasPrefix(_ prefix: ByteView) -> Bool {
        hasPrefix(prefix, ignoringCase: false)
    }

    /// - Parameter prefix: in capitals where case is ignored.
    @inline(never)
    func hasPrefix(_ prefix: ByteView, ignoringCase: Bool) -> Bool {
        guard prefix.count <= count else { return false }
        var offset = 0
        while offset < prefix.count {
            var byte = start[offset]
            if ignoringCase && isLowercase(byte) { byte &-= 32 }
            if byte != prefix.start[offset] { return false }
            offset &+= 1
        }
        return true
    }

    func equals(_ other: ByteView) -> Bool {
        count == other.count && hasPrefix(other)
    }

    func position(in list: ByteView) -> Int? {
        position(in: list, ignoringCase: false)
    }

    /// Which word of `list` this is, from 0.
    ///
    /// - Parameter list: with one space between its words, in capitals where case is ignored.
    @inline(never)
    func position(in list: ByteView, ignoringCase: Bool) -> Int? {
        var rest = list
        var position = 0
        while rest.count > 0 {
            let word = rest.removeFirst(upTo: UInt8(ascii: " "))
            if word.count == count && hasPrefix(word, ignoringCase: ignoringCase) {
                return position
            }
            position &+= 1
        }
        return nil
    }

    /// The value, where these are decimal digits and nothing else, and not above `limit`.
    @inline(never)
    func decimal(upTo limit: Int) -> Int? {
        var value = 0
        var offset = 0
        while offset < count {
            let byte = start[offset]
            guard isDigit(byte) else { return nil }
            value = value &* 10 &+ Int(byte &- UInt8(ascii: "0"))
            // Held to the limit at each digit, it never gets near an overflow.
            guard value <= limit else { return nil }
            offset &+= 1
        }
        return count > 0 ? value : nil
    }
}

func isDigit(_ byte: UInt8) -> Bool {
    byte &- UInt8(ascii: "0") < 10
}

func isLowercase(_ byte: UInt8) -> Bool {
    byte &- UInt8(ascii: "a") < 26
}
