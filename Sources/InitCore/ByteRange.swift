/// A part of a text of at most 65,535 bytes, as a value that may be kept.
public struct ByteRange: Equatable, Sendable {
    public let offset: UInt16
    public let length: UInt16

    public init(offset: UInt16, length: UInt16) {
        self.offset = offset
        self.length = length
    }

    /// Where `part`, which was cut out of `text`, stands in it.
    init(of part: ByteView, in text: ByteView) {
        offset = UInt16(
            truncatingIfNeeded: Int(bitPattern: part.start) &- Int(bitPattern: text.start))
        length = UInt16(truncatingIfNeeded: part.count)
    }
}
