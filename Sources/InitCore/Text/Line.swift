/// One line of text that is being made, in its own buffer. What does not fit is cut off.
public struct Line: Sendable {
    /// With the newline. The kernel's log takes no more than 1 KiB; these need far less.
    public static let capacity = 240

    public private(set) var count = 0
    private var storage = [240 of UInt8](repeating: 0)

    public init() {}

    @inline(never)
    public mutating func append(byte: UInt8) {
        guard count < Line.capacity else { return }
        storage[count] = byte
        count &+= 1
    }

    @inline(never)
    public mutating func append(_ text: ByteView) {
        var index = 0
        while index < text.count {
            append(byte: text[index])
            index &+= 1
        }
    }

    /// How much of a foreign word is shown: enough to recognise it, and little enough to leave
    /// room for the reason behind it.
    public static let longestWord = 120

    /// Appends a foreign word: a program's name, an option.
    @inline(never)
    public mutating func append(word: ByteView) {
        var index = 0
        while index < word.count {
            if index == Line.longestWord { return append("...") }
            // A control character would write lines of its own into the log.
            append(byte: word[index] < 0x20 ? 0x3f : word[index])
            index &+= 1
        }
    }

    @inline(never)
    public mutating func append(number: Int32) {
        if number < 0 { append(byte: 0x2d) }
        var rest = number.magnitude
        var divisor: UInt32 = 1
        while rest / divisor >= 10 { divisor &*= 10 }
        while divisor > 0 {
            append(byte: 0x30 &+ UInt8(truncatingIfNeeded: rest / divisor))
            rest %= divisor
            divisor /= 10
        }
    }

    /// Ends the line, over its last byte if there is no room.
    @inline(never)
    public mutating func end() {
        if count == Line.capacity { count &-= 1 }
        append(byte: 0x0a)
    }

    /// The text, for as long as `body` runs.
    public func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let count = self.count
        return try withUnsafeBytes(of: storage) { (all) throws(Failure) in
            try body(UnsafeRawBufferPointer(rebasing: all[..<count]))
        }
    }
}
