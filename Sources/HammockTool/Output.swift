internal import CLinux
import InitCore

/// Text on its way to a descriptor, by 4 KiB at a time.
struct Output: ByteSink {
    private static let capacity = 4 * 1_024
    let descriptor: Int32
    private let start: UnsafeMutablePointer<UInt8>
    private var count = 0
    /// Whether something could not be written. All that comes behind it is dropped.
    private(set) var failed = false

    /// - Parameter memory: 4 KiB.
    init(_ descriptor: Int32, _ memory: UnsafeMutableRawPointer) {
        self.descriptor = descriptor
        start = memory.assumingMemoryBound(to: UInt8.self)
    }

    @inline(never)
    mutating func append(byte: UInt8) {
        if count == Output.capacity { flush() }
        start[count] = byte
        count &+= 1
    }

    /// Appends text of others: a control character in it must not reach a terminal.
    @inline(never)
    mutating func append(foreign text: ByteView) {
        var offset = 0
        while offset < text.count {
            let byte = text[offset]
            append(byte: byte < 0x20 || byte == 0x7f ? UInt8(ascii: "?") : byte)
            offset &+= 1
        }
    }

    /// Appends milliseconds as seconds, with a fraction where there is one.
    mutating func append(seconds milliseconds: UInt32) {
        append(number: UInt64(milliseconds / 1_000))
        let rest = milliseconds % 1_000
        guard rest > 0 else { return }
        append(byte: UInt8(ascii: "."))
        append(byte: 0x30 &+ UInt8(truncatingIfNeeded: rest / 100))
        if rest % 100 > 0 { append(byte: 0x30 &+ UInt8(truncatingIfNeeded: rest / 10 % 10)) }
        if rest % 10 > 0 { append(byte: 0x30 &+ UInt8(truncatingIfNeeded: rest % 10)) }
    }

    mutating func flush() {
        var sent = 0
        while sent < count, !failed {
            let written = clinux_write(descriptor, start + sent, count &- sent)
            if written <= 0 { failed = true } else { sent &+= written }
        }
        count = 0
    }
}

// MARK: JSON

extension Output {
    /// Appends `"key":` with what has to stand before it.
    @inline(never)
    mutating func append(key: ByteView, isFirst: Bool = false) {
        append(byte: isFirst ? UInt8(ascii: "{") : UInt8(ascii: ","))
        append(string: key)
        append(byte: UInt8(ascii: ":"))
    }

    mutating func append(string: ByteView) {
        append(byte: UInt8(ascii: "\""))
        append(part: string)
        append(byte: UInt8(ascii: "\""))
    }

    /// Appends a part of a string.
    @inline(never)
    mutating func append(part text: ByteView) {
        var offset = 0
        while offset < text.count {
            let byte = text[offset]
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                append(byte: UInt8(ascii: "\\"))
                append(byte: byte)
            } else if byte < 0x20 {
                append("\\u00")
                append(byte: 0x30 &+ (byte >> 4))
                let low = byte & 15
                append(byte: low < 10 ? 0x30 &+ low : 0x57 &+ low)
            } else {
                append(byte: byte)
            }
            offset &+= 1
        }
    }
}
