/// The notices of one datagram that a service sends, one after the other. sd_notify(3)
///
/// A datagram is lines of `NAME=VALUE`. What PID 1 has no use for is passed over, as systemd does.
public struct NoticeReader {
    private var rest: ByteView

    /// - Parameter datagram: any bytes.
    public init(_ datagram: ByteView) { rest = datagram }

    /// The next notice, or `nil` if there is none.
    public mutating func next() -> ServiceNotice? {
        while rest.count > 0 {
            var value = rest.removeFirst(upTo: UInt8(ascii: "\n"))
            let name = value.removeFirst(upTo: UInt8(ascii: "="))
            if let notice = ServiceNotice(name, value) { return notice }
        }
        return nil
    }
}

extension ServiceNotice {
    /// - Returns: `nil` if PID 1 has no use for it, or its value is not valid.
    fileprivate init?(_ name: ByteView, _ value: ByteView) {
        switch name.position(in: "READY RELOADING STOPPING WATCHDOG MAINPID EXTEND_TIMEOUT_USEC") {
        case 0 where value.equals("1"): self = .ready
        case 1 where value.equals("1"): self = .reloading
        case 2 where value.equals("1"): self = .stopping
        case 3 where value.equals("1"): self = .alive
        case 3 where value.equals("trigger"): self = .trigger
        case 4:
            guard let number = value.decimal(upTo: Int(Int32.max)), number > 1 else { return nil }
            self = .mainIs(ProcessID(rawValue: Int32(truncatingIfNeeded: number)))
        case 5:
            // At most an hour: a service must not hold up a stop for ever.
            guard let time = value.decimal(upTo: 3_600_000_000) else { return nil }
            self = .extend(UInt32(truncatingIfNeeded: (time &+ 999) / 1000))
        default: return nil
        }
    }
}
