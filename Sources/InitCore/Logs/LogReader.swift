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

    /// What has become of a log since it was read to its end. A log that is not the same is asked
    /// again: its file may have been renamed more than once.
    ///
    /// - Parameter offset: how far its file has been read, in bytes.
    mutating func turn(_ log: Int, at offset: Int) -> LogTurn
}

extension LogFiles where Self: ~Copyable {
    public mutating func turn(_ log: Int, at offset: Int) -> LogTurn { .none }
}

/// What becomes of a log that is followed.
public enum LogTurn: Sendable {
    /// Its file is the same, and has maybe grown.
    case none
    /// The file has become the old one, and there is another in its place.
    case renamed
    /// It begins anew, with nothing before it: the file has been cut, or there was none.
    case restarted
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

    /// The number of a priority: `3`, `err` or `error`. syslog(3)
    public static func priority(_ text: ByteView) -> UInt8? {
        let names: ByteView = "emerg alert crit err warning notice info debug panic - - error warn"
        guard let number = text.decimal(upTo: 7) ?? text.position(in: names),
            !text.equals("-")
        else { return nil }
        // Behind the eighth name the older ones begin.
        return UInt8(truncatingIfNeeded: number & 7)
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
        /// Whether the line before this place goes on here.
        var goesOn = false
        /// Whether that line is asked for, and its priority.
        var isWanted = false
        var priority = LogRecord.usualPriority
    }

    private var places = [130 of Place](repeating: Place())
    private var count = 0
    private let query: LogQuery
    /// How many lines are still to be left out.
    private var excess = 0
    /// The log whose line goes on, if any: what goes on there comes next.
    private var open: Int?
    /// When the line that was taken last was written.
    private var time: UInt64 = 0

    public init(_ query: LogQuery) {
        self.query = query
    }

    /// Calls `body` with each line that is asked for.
    ///
    /// - Parameter isMore: only with those that have come since the last call. They come in the
    ///   order of time as far as they are there: what is written later comes later, whatever its
    ///   stamp. Logs that were not there before are read from their beginning.
    public mutating func read<Files: LogFiles & ~Copyable>(
        _ files: inout Files, isMore: Bool = false, _ body: (inout Files, LogLine) -> Void
    ) {
        // Room for a line of the logger's, and its newline.
        var storage = [8192 of UInt8](repeating: 0)
        withUnsafeMutableBytes(of: &storage) { buffer in
            if !isMore {
                if let most = query.lines {
                    excess = countLines(&files, buffer) &- max(0, most)
                }
                begin(&files, buffer)
            }
            var mayBeMore = true
            while mayBeMore {
                mayBeMore = isMore && resume(&files, buffer)
                go(through: &files, by: buffer, body)
            }
            excess = 0
        }
    }

    /// How many lines are asked for.
    private mutating func countLines<Files: LogFiles & ~Copyable>(
        _ files: inout Files, _ buffer: UnsafeMutableRawBufferPointer
    ) -> Int {
        var total = 0
        excess = 0
        begin(&files, buffer)
        go(through: &files, by: buffer) { _, line in
            if !line.isContinued { total &+= 1 }
        }
        return total
    }

    @inline(never)
    private mutating func begin<Files: LogFiles & ~Copyable>(
        _ files: inout Files, _ buffer: UnsafeMutableRawBufferPointer
    ) {
        count = 0
        takeNewLogs(&files, buffer)
    }

    @inline(never)
    private mutating func takeNewLogs<Files: LogFiles & ~Copyable>(
        _ files: inout Files, _ buffer: UnsafeMutableRawBufferPointer
    ) {
        var log = count
        count = min(files.logCount, LogReader.mostLogs)
        while log < count {
            places[log] = Place()
            lookAhead(log, &files, buffer)
            log &+= 1
        }
    }

    /// Goes on in each log where it had ended.
    ///
    /// - Returns: whether a log has to be asked again.
    @inline(never)
    private mutating func resume<Files: LogFiles & ~Copyable>(
        _ files: inout Files, _ buffer: UnsafeMutableRawBufferPointer
    ) -> Bool {
        var hasTurned = false
        var log = 0
        while log < count {
            let turn = files.turn(log, at: places[log].offset)
            switch turn {
            case .none: break
            case .renamed: places[log].isOld = true
            case .restarted:
                places[log].offset = 0
                places[log].goesOn = false
            }
            if turn != .none { hasTurned = true }
            places[log].isOver = false
            lookAhead(log, &files, buffer)
            log &+= 1
        }
        takeNewLogs(&files, buffer)
        return hasTurned
    }

    private mutating func go<Files: LogFiles & ~Copyable>(
        through files: inout Files, by buffer: UnsafeMutableRawBufferPointer,
        _ body: (inout Files, LogLine) -> Void
    ) {
        open = nil
        while let log = next() {
            guard let line = takeLine(log, &files, buffer) else { continue }
            let found = classify(line, log)
            guard places[log].isWanted else { continue }
            if !found.isContinued, excess > 0 {
                excess &-= 1
                // Its pieces too.
                places[log].isWanted = false
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
    @inline(never)
    private mutating func classify(_ line: ByteView, _ log: Int) -> LogLine {
        guard let record = LogRecord(line) else {
            // Not the logger's.
            open = nil
            places[log].goesOn = false
            want(log, LogRecord.usualPriority, time)
            return LogLine(
                log: log, stamp: LogStamp(time: time), mark: .whole,
                priority: places[log].priority, text: line, isContinued: false)
        }
        let isContinued = places[log].goesOn
        if !isContinued {
            want(log, record.priority ?? LogRecord.usualPriority, record.stamp.time)
        }
        places[log].goesOn = record.mark == .piece
        open = places[log].goesOn ? log : nil
        return LogLine(
            log: log, stamp: record.stamp, mark: record.mark, priority: places[log].priority,
            text: isContinued ? record.body : record.text, isContinued: isContinued)
    }

    /// Notes whether the line that begins here is asked for.
    private mutating func want(_ log: Int, _ priority: UInt8, _ time: UInt64) {
        places[log].priority = priority
        places[log].isWanted = priority <= query.priority && time >= query.since
    }

    /// Takes the next line of a log.
    ///
    /// - Returns: `nil` if it has no end yet. Then the log has moved on, or is over.
    @inline(never)
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
        time = places[log].time
        places[log].offset &+= min(length &+ 1, count)
        // In the rest of the buffer: the line is still needed.
        lookAhead(log, &files, UnsafeMutableRawBufferPointer(rebasing: buffer[half...]))
        return all.slice(0, length)
    }

    /// Notes the time of the next line.
    @inline(never)
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
