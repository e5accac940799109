/// The fields of /proc/PID/stat that a shutdown and services need, proc_pid_stat(5).
public struct ProcessStat: Equatable, Sendable {
    public let process: ProcessID
    public let parent: Int32
    /// The process that leads its session; 0 if that is outside of the PID namespace.
    public let session: Int32
    /// Whether the session has a terminal.
    public let hasTerminal: Bool
    /// Whether it ignores SIGTERM, as every interactive shell does.
    public let ignoresTerminate: Bool

    /// - Returns: `nil` if the text is not such a line.
    public init?(_ text: UnsafeMutableRawBufferPointer) {
        guard let start = text.baseAddress else { return nil }
        let line = ByteView(start: start.assumingMemoryBound(to: UInt8.self), count: text.count)
        // The second field is the program's name in parentheses. The name may contain parentheses.
        var nameEnd = line.count &- 1
        while nameEnd > 0, line[nameEnd] != UInt8(ascii: ")") { nameEnd &-= 1 }
        guard nameEnd > 0 else { return nil }
        var number = line
        var rest = line.dropping(nameEnd &+ 2)
        var fields = [34 of Int](repeating: 0)
        fields[1] = ProcessStat.number(&number)
        var index = 3
        while index < fields.count {
            guard rest.count > 0 else { return nil }
            fields[index] = ProcessStat.number(&rest)
            index &+= 1
        }
        process = ProcessID(rawValue: Int32(truncatingIfNeeded: fields[1]))
        parent = Int32(truncatingIfNeeded: fields[4])
        session = Int32(truncatingIfNeeded: fields[6])
        hasTerminal = fields[7] != 0
        ignoresTerminate = fields[33] >> (Int(Signal.terminate.rawValue) &- 1) & 1 == 1
    }

    /// Whether only SIGHUP asks it to end: it is an interactive shell on a terminal.
    public var isToHangUp: Bool {
        process.rawValue > 0 && process.rawValue == session && hasTerminal && ignoresTerminate
    }

    /// Removes the next field. A field that is no number, or no number of use here, counts as -1.
    @inline(never)
    private static func number(_ rest: inout ByteView) -> Int {
        rest.removeFirst(upTo: UInt8(ascii: " ")).decimal(upTo: Int(Int32.max)) ?? -1
    }
}
