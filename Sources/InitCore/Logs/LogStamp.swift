/// When a line of a log was written, in the form of dmesg(1): `[   12.345678]`.
///
/// It is CLOCK_MONOTONIC's time. The kernel stamps its own lines with the clock of its scheduler,
/// which no system call reads. Both begin with the machine and stand still while it sleeps. Only
/// CLOCK_MONOTONIC follows the corrections of NTP, so that the two may come apart by some
/// milliseconds an hour: little enough to sort the lines of both into each other.
public struct LogStamp: Equatable, Sendable {
    /// In microseconds.
    public let time: UInt64

    public init(time: UInt64) {
        self.time = time
    }

    /// With the brackets, for any time.
    public static let mostBytes = 24
    /// Of the microseconds behind the point.
    private static let decimals = 6
    /// Of the seconds before it, with spaces in front.
    private static let leastWidth = 5

    /// How many bytes it takes.
    public var count: Int {
        var seconds = time / 1_000_000
        var digits = 1
        while seconds >= 10 {
            seconds /= 10
            digits &+= 1
        }
        return max(digits, LogStamp.leastWidth) &+ LogStamp.decimals &+ 3
    }

    /// - Parameter buffer: has room for it at `offset`: `count` bytes.
    public func put(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) {
        var place = offset &+ count &- 1
        buffer[place] = UInt8(ascii: "]")
        var rest = time
        var digits = 0
        place &-= 1
        while place > offset {
            if digits == LogStamp.decimals {
                buffer[place] = UInt8(ascii: ".")
            } else {
                let isDigit = rest > 0 || digits <= LogStamp.decimals &+ 1
                buffer[place] =
                    isDigit
                    ? UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10)
                    : UInt8(ascii: " ")
                rest /= 10
            }
            digits &+= 1
            place &-= 1
        }
        buffer[offset] = UInt8(ascii: "[")
    }

    /// Takes a stamp off the beginning of `text`.
    ///
    /// - Returns: `nil` if there is none. Then `text` stays.
    static func remove(from text: inout ByteView) -> LogStamp? {
        guard text[0] == UInt8(ascii: "[") else { return nil }
        var offset = 1
        while text[offset] == UInt8(ascii: " ") { offset &+= 1 }
        let point = text.dropping(offset).length(before: UInt8(ascii: "."))
        let end = offset &+ point &+ 1 &+ LogStamp.decimals
        // 13 digits of seconds are more than any machine lives, and leave room for the rest.
        guard point <= 13, text[end] == UInt8(ascii: "]"),
            let seconds = text.slice(offset, offset &+ point).decimal(upTo: .max / 10_000_000),
            let microseconds = text.slice(offset &+ point &+ 1, end).decimal(upTo: 999_999)
        else { return nil }
        text = text.dropping(end &+ 1)
        return LogStamp(time: UInt64(seconds) &* 1_000_000 &+ UInt64(microseconds))
    }
}
