import InitCore

/// One line of an answer of PID 1's: `key=value`, with spaces between.
///
/// It is total: any bytes can be asked for any key. What is no `key=value` is passed over, and the
/// first of two equal keys counts.
struct AnswerLine {
    /// Without its newline.
    let text: ByteView

    /// The value as it stands in the line; `nil` if there is no such key.
    ///
    /// The name of a unit stands there as it is: it has no spaces, and its backslashes are its own.
    /// For other values see `append(decoded:)`.
    @inline(never)
    func value(of key: ByteView) -> ByteView? {
        var rest = text
        while rest.count > 0 {
            let pair = rest.removeFirst(upTo: UInt8(ascii: " "))
            if pair.hasPrefix(key), pair[key.count] == UInt8(ascii: "=") {
                return pair.dropping(key.count &+ 1)
            }
        }
        return nil
    }

    /// A whole number from 0 up, or behind a `-`; 0 if there is none.
    func number(of key: ByteView) -> Int {
        guard let value = value(of: key) else { return 0 }
        let isNegative = value[0] == UInt8(ascii: "-")
        let size = value.dropping(isNegative ? 1 : 0).decimal(upTo: Int(Int32.max) &+ 1) ?? 0
        return isNegative ? 0 &- size : size
    }

    /// Seconds with up to three decimals, in milliseconds; 0 if there are none.
    @inline(never)
    func milliseconds(of key: ByteView) -> Int64 {
        guard var decimals = value(of: key) else { return 0 }
        let seconds = decimals.removeFirst(upTo: UInt8(ascii: "."))
        guard let whole = seconds.decimal(upTo: Int(Int32.max)) else { return 0 }
        var rest = 0
        var place = 0
        while place < 3 {
            let digit = decimals[place]
            rest = rest &* 10 &+ (isDigit(digit) ? Int(digit &- 0x30) : 0)
            place &+= 1
        }
        return Int64(whole) &* 1_000 &+ Int64(rest)
    }
}

extension ByteSink {
    /// Appends a value with each `\xNN` in it decoded. A control character that comes of it becomes
    /// `?`, as it must not reach a terminal. Other backslashes stay as they are.
    @inline(never)
    mutating func append(decoded value: ByteView) {
        var offset = 0
        while offset < value.count {
            var byte = value[offset]
            var length = 1
            if byte == UInt8(ascii: "\\"), value[offset &+ 1] == UInt8(ascii: "x"),
                let high = hexDigit(value[offset &+ 2]), let low = hexDigit(value[offset &+ 3])
            {
                byte = high &<< 4 | low
                length = 4
            }
            append(byte: byte < 0x20 || byte == 0x7f ? UInt8(ascii: "?") : byte)
            offset &+= length
        }
    }
}

private func hexDigit(_ byte: UInt8) -> UInt8? {
    if isDigit(byte) { return byte &- 0x30 }
    let letter = (byte | 0x20) &- UInt8(ascii: "a")
    return letter < 6 ? letter &+ 10 : nil
}
