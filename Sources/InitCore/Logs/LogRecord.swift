/// A line of a file in /run/log.
///
///     [   12.345678] a line, as the service wrote it
///     [   12.345678] <3>a line that begins with its priority, sd-daemon(3)
///     [   12.345678]+the first part of a line that is too long
///     [   12.345678] and its last part
///     [   12.345678]!2 lines are lost: this file could not be written
///
/// A stamp, a mark, the bytes that the service wrote, and a newline. The logger changes none of
/// them: a NUL and what is no UTF-8 stay. A priority stays where the service put it, so that a
/// person reads it beside the text, and `grep '<3>'` finds it.
public struct LogRecord {
    public let stamp: LogStamp
    public let mark: LogMark
    /// What the service wrote, with its priority.
    public let body: ByteView
    /// The kernel has it in front of the stamp.
    private let leading: UInt8?

    /// The priority of a line that names none: info.
    public static let usualPriority: UInt8 = 6

    /// - Parameter line: without its newline. It may have a priority in front of its stamp, as in
    ///   the kernel's own log, syslog(2).
    /// - Returns: `nil` if it is not of this form.
    public init?(_ line: ByteView) {
        var rest = line
        leading = LogRecord.removePriority(from: &rest)
        guard let stamp = LogStamp.remove(from: &rest), let mark = LogMark(rawValue: rest[0])
        else { return nil }
        self.stamp = stamp
        self.mark = mark
        body = rest.dropping(1)
    }

    /// 0 to 7, as syslog(3) counts; `nil` if the line names none.
    public var priority: UInt8? {
        if mark == .note { return Priority.warning.rawValue }
        if let leading { return leading }
        var rest = body
        return LogRecord.removePriority(from: &rest)
    }

    /// What the service wrote, without its priority.
    public var text: ByteView {
        var rest = body
        if leading == nil, mark != .note { _ = LogRecord.removePriority(from: &rest) }
        return rest
    }

    /// Takes `<N>` off the beginning. N is 0 to 191: a facility, of which nothing is made here, and
    /// a priority.
    private static func removePriority(from text: inout ByteView) -> UInt8? {
        guard text[0] == UInt8(ascii: "<") else { return nil }
        let digits = text.slice(1, 5).length(before: UInt8(ascii: ">"))
        guard digits <= 3, text[digits &+ 1] == UInt8(ascii: ">"),
            let number = text.slice(1, digits &+ 1).decimal(upTo: 191)
        else { return nil }
        text = text.dropping(digits &+ 2)
        return UInt8(truncatingIfNeeded: number & 7)
    }
}

/// What stands between the stamp of a line and its text.
public enum LogMark: UInt8, Sendable {
    /// A space: the line ends here.
    case whole = 0x20
    /// `+`: the line goes on in the log's next line.
    case piece = 0x2b
    /// `!`: the logger's own words.
    case note = 0x21
}
