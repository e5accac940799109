import InitCore

/// Writes the lines of logs.
struct LogPrinter {
    enum Form {
        /// To a file or a pipe: what the service wrote, to the byte.
        case bytes
        case terminal
        case json
    }

    var output: Output
    private let form: Form
    /// Whether a line says whose it is.
    private let saysName: Bool
    private var filter: TextFilter
    /// The log whose line is not ended.
    private var open: Int?

    init(_ output: Output, _ form: Form, saysName: Bool) {
        self.output = output
        self.form = form
        self.saysName = saysName
        filter = TextFilter(form == .json ? .json : .terminal)
    }

    /// Writes a line, or what it goes on with.
    ///
    /// - Parameter name: of the line's log.
    @inline(never)
    mutating func print(_ line: LogLine, _ name: ByteView) {
        if open != line.log || !line.isContinued {
            end()
            begin(line, name)
        }
        put(line.text)
        open = line.log
        if line.mark != .piece { end() }
    }

    /// Ends the line that is open.
    @inline(never)
    mutating func end() {
        guard open != nil else { return }
        open = nil
        if form != .bytes { filter.finish(&output) }
        if form == .json { output.append("\"}") }
        output.append(byte: 0x0a)
    }

    @inline(never)
    private mutating func begin(_ line: LogLine, _ name: ByteView) {
        if form == .json { return beginObject(line, name) }
        put(line.stamp)
        output.append(byte: line.mark == .note ? LogMark.note.rawValue : LogMark.whole.rawValue)
        guard saysName else { return }
        // The name as a user gives it.
        let rest: ByteView = ".service"
        let length = name.count &- rest.count
        put(name.dropping(length).equals(rest) ? name.slice(0, length) : name)
        if form != .bytes { filter.finish(&output) }
        output.append(": ")
    }

    private mutating func beginObject(_ line: LogLine, _ name: ByteView) {
        output.append(key: "time", isFirst: true)
        output.append(number: line.stamp.time / 1_000_000)
        output.append(byte: UInt8(ascii: "."))
        var digit: UInt64 = 100_000
        while digit > 0 {
            output.append(byte: 0x30 &+ UInt8(truncatingIfNeeded: line.stamp.time / digit % 10))
            digit /= 10
        }
        output.append(key: "unit")
        output.append(byte: UInt8(ascii: "\""))
        put(name)
        filter.finish(&output)
        output.append(byte: UInt8(ascii: "\""))
        output.append(key: "priority")
        output.append(number: UInt64(line.priority))
        output.append(key: "text")
        output.append(byte: UInt8(ascii: "\""))
    }

    @inline(never)
    private mutating func put(_ stamp: LogStamp) {
        var storage = [24 of UInt8](repeating: 0)
        let count = stamp.count
        withUnsafeMutableBytes(of: &storage) { stamp.put(into: $0, at: 0) }
        var offset = 0
        while offset < count {
            output.append(byte: storage[offset])
            offset &+= 1
        }
    }

    @inline(never)
    private mutating func put(_ text: ByteView) {
        if form == .bytes { output.append(text) } else { filter.put(text, to: &output) }
    }
}
