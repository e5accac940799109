/// A record of the kernel's log, as a read(2) of /dev/kmsg gives it. kmsg in Linux's
/// Documentation/ABI/testing/dev-kmsg
///
///     6,339,5140900,-;a text with \x5c for what is not printable
///      SUBSYSTEM=acpi
///
/// A priority with its facility, a number, microseconds, flags, a text, and lines of a dictionary.
public struct KernelRecord {
    /// 0 to 7, as syslog(3) counts.
    public let priority: UInt8
    public let stamp: LogStamp
    /// As it is in the record.
    private let text: ByteView

    /// How large a buffer holds any record in the form of `LogRecord`: a text has a thousand bytes
    /// at most, and all of them can be newlines.
    public static let mostOutput = 32 * 1024

    /// - Returns: `nil` if it is not of this form.
    public init?(_ record: ByteView) {
        let head = record.length(before: UInt8(ascii: ";"))
        guard head < record.count else { return nil }
        var fields = record.slice(0, head)
        let number = fields.removeFirst(upTo: UInt8(ascii: ","))
        _ = fields.removeFirst(upTo: UInt8(ascii: ","))
        let time = fields.removeFirst(upTo: UInt8(ascii: ","))
        guard let number = number.decimal(upTo: Int(Int32.max)),
            let time = time.decimal(upTo: .max / 16)
        else { return nil }
        priority = UInt8(truncatingIfNeeded: number & 7)
        stamp = LogStamp(time: UInt64(time))
        let rest = record.dropping(head &+ 1)
        text = rest.slice(0, rest.length(before: UInt8(ascii: "\n")))
    }

    /// Puts it into a buffer in the form that `LogRecord` reads: a line, or one for each line of its
    /// text. What is not printable and no part of UTF-8 stays `\xNN`, but for a tab.
    ///
    /// - Parameter buffer: of `mostOutput` bytes. What does not fit is left out.
    /// - Returns: how many bytes it has put there.
    public func put(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let headSize = 3 &+ stamp.count &+ 1
        guard headSize < buffer.count else { return 0 }
        var count = 0
        putHead(into: buffer, &count)
        var offset = 0
        // There is room for a byte, and for the last newline.
        while offset < text.count, count &+ 1 < buffer.count {
            let byte = escaped(at: offset) ?? text[offset]
            offset &+= escaped(at: offset) == nil ? 1 : 4
            buffer[count] = byte
            count &+= 1
            guard byte == UInt8(ascii: "\n") else { continue }
            guard count &+ headSize < buffer.count else { return count }
            putHead(into: buffer, &count)
        }
        buffer[count] = UInt8(ascii: "\n")
        return count &+ 1
    }

    private func putHead(into buffer: UnsafeMutableRawBufferPointer, _ count: inout Int) {
        buffer[count] = UInt8(ascii: "<")
        buffer[count &+ 1] = UInt8(ascii: "0") &+ priority
        buffer[count &+ 2] = UInt8(ascii: ">")
        stamp.put(into: buffer, at: count &+ 3)
        count &+= 3 &+ stamp.count
        buffer[count] = LogMark.whole.rawValue
        count &+= 1
    }

    /// The byte that `\xNN` at this offset stands for; `nil` if that is not there, or it stands for a
    /// control character.
    private func escaped(at offset: Int) -> UInt8? {
        guard text[offset] == UInt8(ascii: "\\"), text[offset &+ 1] == UInt8(ascii: "x"),
            let high = digit(text[offset &+ 2]), let low = digit(text[offset &+ 3])
        else { return nil }
        let byte = high << 4 | low
        let isWanted =
            byte >= 0x20 && byte != 0x7f || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\n")
        return isWanted ? byte : nil
    }

    private func digit(_ byte: UInt8) -> UInt8? {
        if isDigit(byte) { return byte &- UInt8(ascii: "0") }
        let letter = byte &- UInt8(ascii: "a")
        return letter < 6 ? letter &+ 10 : nil
    }
}
