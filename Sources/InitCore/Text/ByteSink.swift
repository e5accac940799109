/// Something that takes text byte by byte. What becomes of a byte that finds no room is up to it.
public protocol ByteSink {
    mutating func append(byte: UInt8)
}

extension ByteSink {
    @inline(never)
    public mutating func append(_ text: ByteView) {
        var offset = 0
        while offset < text.count {
            append(byte: text[offset])
            offset &+= 1
        }
    }

    /// Appends decimal digits.
    @inline(never)
    public mutating func append(number: UInt64) {
        var divisor: UInt64 = 1
        while number / divisor >= 10 { divisor &*= 10 }
        var rest = number
        while divisor > 0 {
            append(byte: 0x30 &+ UInt8(truncatingIfNeeded: rest / divisor))
            rest %= divisor
            divisor /= 10
        }
    }
}
