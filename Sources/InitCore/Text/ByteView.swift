/// A run of bytes that this value does not own: a word of argv, a part of one, a literal.
///
/// Every call has an answer. A byte outside reads as 0, and a cut takes only what is there,
/// so no parser built on it can trap or read past the end. Functions that are used in many
/// places are not inlined: that alone halves the parsers.
public struct ByteView: ExpressibleByStringLiteral {
    /// The first byte; it must not be read if `count` is 0.
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

    /// The bytes of a C string, without its NUL.
    @inline(never)
    public init(cString: UnsafePointer<UInt8>) {
        var count = 0
        while cString[count] != 0 { count &+= 1 }
        self.init(start: cString, count: count)
    }

    public static var empty: ByteView { "" }

    /// The byte at `offset`, or 0 outside.
    public subscript(offset: Int) -> UInt8 {
        UInt(bitPattern: offset) < UInt(bitPattern: count) ? start[offset] : 0
    }

    /// Bytes `first..<end`, as far as they are there.
    @inline(never)
    public func slice(_ first: Int, _ end: Int) -> ByteView {
        let first = min(max(first, 0), count)
        return ByteView(start: start + first, count: min(end, count) &- first)
    }

    /// What is left behind the first `length` bytes.
    @inline(never)
    public func dropping(_ length: Int) -> ByteView {
        slice(length, count)
    }

    /// How many bytes come before the first `byte`; all, if there is none.
    @inline(never)
    public func length(before byte: UInt8) -> Int {
        var length = 0
        while length < count && start[length] != byte { length &+= 1 }
        return length
    }

    /// Removes the part before the first `separator`, and the separator with it.
    @inline(never)
    public mutating func removeFirst(upTo separator: UInt8) -> ByteView {
        let length = length(before: separator)
        let removed = slice(0, length)
        self = dropping(length &+ 1)
        return removed
    }

    /// Whether these bytes end with `suffix`.
    public func hasSuffix(_ suffix: ByteView) -> Bool {
        suffix.count <= count && dropping(count &- suffix.count).equals(suffix)
    }

    /// Whether these bytes begin with `prefix`.
    @inline(never)
    public func hasPrefix(_ prefix: ByteView) -> Bool {
        hasPrefix(prefix, ignoringCase: false)
    }

    /// Whether these bytes begin with `prefix`.
    ///
    /// - Parameter prefix: in capitals if case is ignored.
    @inline(never)
    public func hasPrefix(_ prefix: ByteView, ignoringCase: Bool) -> Bool {
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

    /// Whether these are the same bytes.
    @inline(never)
    public func equals(_ other: ByteView) -> Bool {
        count == other.count && hasPrefix(other)
    }

    /// Which word of `list` this is, from 0.
    ///
    /// - Parameter list: with one space between its words.
    @inline(never)
    public func position(in list: ByteView) -> Int? {
        position(in: list, ignoringCase: false)
    }

    /// Which word of `list` this is, from 0.
    ///
    /// - Parameter list: with one space between its words, in capitals if case is ignored.
    @inline(never)
    public func position(in list: ByteView, ignoringCase: Bool) -> Int? {
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

    /// The value, if these are only decimal digits, and it is not above `limit`.
    @inline(never)
    public func decimal(upTo limit: Int) -> Int? {
        var value = 0
        var offset = 0
        while offset < count {
            let byte = start[offset]
            guard isDigit(byte) else { return nil }
            value = value &* 10 &+ Int(byte &- UInt8(ascii: "0"))
            // The limit is checked at each digit, so the value cannot overflow.
            guard value <= limit else { return nil }
            offset &+= 1
        }
        return count > 0 ? value : nil
    }
}

/// Whether this is one of 0 to 9.
public func isDigit(_ byte: UInt8) -> Bool {
    byte &- UInt8(ascii: "0") < 10
}

/// Whether this is one of a to z.
public func isLowercase(_ byte: UInt8) -> Bool {
    byte &- UInt8(ascii: "a") < 26
}
