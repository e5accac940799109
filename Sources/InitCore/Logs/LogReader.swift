/// Where `LogReader` reads from: for each log a file, and the one before it.
public protocol LogFiles: ~Copyable {
    /// How many logs there are: `LogReader.mostLogs` at most.
    var logCount: Int { mutating get }

    /// Reads a part of a file.
    ///
    /// A reader opens a log's file before its old one, and tries again if both are the same: the
    /// logger has given it the other name in between. What is open stays as it was.
    ///
    /// - Parameters:
    ///   - log: 0 to `logCount - 1`.
    ///   - offset: in bytes.
    /// - Returns: how many bytes were there; 0 at the end, and if there is no such file.
    mutating func read(
        _ log: Int, isOld: Bool, at offset: Int, into buffer: UnsafeMutableRawBufferPointer
    ) -> Int
}

/// Which lines `hammock logs` is asked for.
public struct LogQuery: Sendable {
    /// How many of the last lines; `nil` for all.
    public var lines: Int?
    /// Up to which priority number: 0 to 7, as syslog(3) counts.
    public var priority: UInt8
    /// From when on, in microseconds of `LogStamp`.
    public var since: UInt64

    public init(lines: Int? = nil, priority: UInt8 = 7, since: UInt64 = 0) {
        self.lines = lines
        self.priority = priority
        self.since = since
    }
}

/// A line that a reader has found, or a piece of it.
public struct LogLine {
    /// The number of its log.
    public let log: Int
    public let stamp: LogStamp
    public let mark: LogMark
    /// 0 to 7; `LogRecord.usualPriority` if the line names none.
    public let priority: UInt8
    /// What the service wrote, without a priority. Is there only during the call.
    public let text: ByteView
    /// Whether it goes on where the line before it has ended.
    public let isContinued: Bool
}

/// Reads logs in the order of time.
///
/// It holds only a place for each file, so it takes two turns to find the last lines: it counts,
/// and then leaves out what is too many.
public struct LogReader: ~Copyable {
    /// One for each unit, PID 1's own, and the kernel's.
    public static let mostLogs = ServiceSet.capacity + 2

    /// A place in a log.
    private struct Place {
        var isOld = true
        var offset = 0
        /// Of the line that begins here.
        var time: UInt64 = 0
        var isOver = false
    }

    private var places = [130 of Place](repeating: Place())
    private var count = 0
    private let query: LogQuery
    /// How many lines are still to be left out.
    private var excess = 0
    /// The log whose line goes on, if any.
    private var open: Int?
    /// Whether the line that goes on is asked for, and its priority.
    private var isWanted = false
    private var priority = LogRecord.usualPriority

    public init(_ query: LogQuery) {
        self.query = query
    }

    /// Calls `body` with each line that is asked for.
    public mutating func read<Files: LogFiles & ~Copyable>(
        _ files: inout Files, _ body: (inout Files, LogLine) -> Void
    ) {
        // Room for a line of the logger's, and its newline.
        var storage = [8192 of UInt8](repeating: 0)
        withUnsafeMutableBytes(of: &storage) { buffer in
            if let most = query.lines {
                excess = .max
                var total = 0
                go(through: &files, by: buffer) { _, line in
                    if !line.isContinued { total &+= 1 }
                }
                excess = max(0, total &- max(0, most))
            }
            go(through: &files, by: buffer, body)
        }
    }

    private mutating func go<Files: LogFiles & ~Copyable>(
        through files: inout Files, by buffer: UnsafeMutableRawBufferPointer,
        _ body: (inout Files, LogLine) -> Void
    ) {
        let isCounting = excess == .max
        count = min(files.logCount, LogReader.mostLogs)
        open = nil
        var log = 0
        while log < count {
            places[log] = Place()
            lookAhead(log, &files, buffer)
            log &+= 1
        }
        while let log = next() {
            guard let line = takeLine(log, &files, buffer) else { continue }
            let found = classify(line, log)
            guard isWanted else { continue }
            if !found.isContinued, !isCounting, excess > 0 {
                excess &-= 1
                // Its pieces too.
                isWanted = false
                continue
            }
            body(&files, found)
        }
    }

    /// The log that has the next line.
    private mutating func next() -> Int? {
        if let open, !places[open].isOver { return open }
        open = nil
        var found: Int?
        var log = 0
        while log < count {
            if !places[log].isOver {
                if let other = found, places[other].time <= places[log].time {
                } else {
                    found = log
                }
            }
            log &+= 1
        }
        return found
    }

    /// What a line is, and whether it is asked for.
    private mutating func classify(_ line: ByteView, _ log: Int) -> LogLine {
        let isContinued = open == log
        guard let record = LogRecord(line) else {
            // Not the logger's.
            open = nil
            priority = LogRecord.usualPriority
            isWanted = priority <= query.priority && places[log].time >= query.since
            return LogLine(
                log: log, stamp: LogStamp(time: places[log].time), mark: .whole,
                priority: priority, text: line, isContinued: false)
        }
        if !isContinued {
            priority = record.priority ?? LogRecord.usualPriority
            isWanted = priority <= query.priority && record.stamp.time >= query.since
        }
        open = record.mark == .piece ? log : nil
        return LogLine(
            log: log, stamp: record.stamp, mark: record.mark, priority: priority,
            text: isContinued ? record.body : record.text, isContinued: isContinued)
    }

    /// Takes the next line of a log.
    ///
    /// - Returns: `nil` if it has no end yet. Then the log has moved on, or is over.
    private mutating func takeLine<Files: LogFiles & ~Copyable>(
        _ log: Int, _ files: inout Files, _ buffer: UnsafeMutableRawBufferPointer
    ) -> ByteView? {
        let half = buffer.count / 2 &+ buffer.count / 4
        let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<half])
        let count = files.read(
            log, isOld: places[log].isOld, at: places[log].offset, into: part)
        guard count > 0, count <= half, let start = part.baseAddress else {
            moveOn(log, &files, buffer)
            return nil
        }
        let all = ByteView(start: start.assumingMemoryBound(to: UInt8.self), count: count)
        let length = all.length(before: UInt8(ascii: "\n"))
        guard length < count || count == half else {
            moveOn(log, &files, buffer)
            return nil
        }
        places[log].offset &+= min(length &+ 1, count)
        // In the rest of the buffer: the line is still needed.
        lookAhead(log, &files, UnsafeMutableRawBufferPointer(rebasing: buffer[half...]))
        return all.slice(0, length)
    }

    /// Notes the time of the next line.
    private mutating func lookAhead<Files: LogFiles & ~Copyable>(
        _ log: Int, _ files: inout Files, _ buffer: UnsafeMutableRawBufferPointer
    ) {
        let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<32])
        let count = files.read(
            log, isOld: places[log].isOld, at: places[log].offset, into: part)
        guard count > 0, count <= 32, let start = part.baseAddress else {
            return moveOn(log, &files, buffer)
        }
        let beginning = ByteView(start: start.assumingMemoryBound(to: UInt8.self), count: count)
        // What has no stamp comes behind what it followed in its file.
        if let record = LogRecord(beginning) { places[log].time = record.stamp.time }
    }

    /// Goes from the old file to the new one, or to the end.
    private mutating func moveOn<Files: LogFiles & ~Copyable>(
        _ log: Int, _ files: inout Files, _ buffer: UnsafeMutableRawBufferPointer
    ) {
        guard places[log].isOld else {
            places[log].isOver = true
            return
        }
        places[log].isOld = false
        places[log].offset = 0
        lookAhead(log, &files, buffer)
    }
}
