import Testing

@testable import InitCore

/// Logs in memory: each a file, and the one before it.
private struct Files: LogFiles {
    var logs: [(old: String, new: String)]
    /// What the reader is told of a log when it asks, one after the other.
    var turns: [Int: [LogTurn]] = [:]

    mutating func turn(_ log: Int, at offset: Int) -> LogTurn {
        guard let turn = turns[log]?.first else { return .none }
        turns[log]?.removeFirst()
        // What is open as the old one is what was open as the new one, and this is the next.
        if turn == .renamed, let next = waiting[log]?.first {
            logs[log] = (logs[log].new, next)
            waiting[log]?.removeFirst()
        }
        return turn
    }

    /// The files that come into the place of a log's.
    var waiting: [Int: [String]] = [:]

    init(logs: [(old: String, new: String)]) { self.logs = logs }

    var logCount: Int { logs.count }

    mutating func read(
        _ log: Int, isOld: Bool, at offset: Int, into buffer: UnsafeMutableRawBufferPointer
    ) -> Int {
        let bytes = Array((isOld ? logs[log].old : logs[log].new).utf8).dropFirst(offset)
        buffer.copyBytes(from: bytes.prefix(buffer.count))
        return min(bytes.count, buffer.count)
    }
}

private func text(_ view: ByteView) -> String {
    String(decoding: UnsafeRawBufferPointer(start: view.start, count: view.count), as: UTF8.self)
}

private func view<Result>(_ string: String, _ body: (ByteView) -> Result) -> Result {
    let bytes = Array(string.utf8)
    return bytes.withUnsafeBufferPointer {
        body($0.baseAddress.map { ByteView(start: $0, count: bytes.count) } ?? .empty)
    }
}

/// What the reader finds: the log's number and the text, with `+` in front of what continues.
private func read(_ query: LogQuery, _ logs: (old: String, new: String)...) -> [String] {
    var files = Files(logs: logs)
    var found: [String] = []
    var reader = LogReader(query)
    reader.read(&files) { _, line in
        found.append("\(line.log)\(line.isContinued ? "+" : " ")\(text(line.text))")
    }
    return found
}

@Suite struct LogReaderTests {
    @Test func `the old file comes before the new one`() {
        let log = ("[    1.000000] one\n[    2.000000] two\n", "[    2.000000] three\n")
        #expect(read(LogQuery(), log) == ["0 one", "0 two", "0 three"])
    }

    @Test func `logs come in the order of time, and where that is equal in their own`() {
        let found = read(
            LogQuery(), ("[    1.000000] a\n[    3.000000] c\n", "[    5.000000] f\n"),
            ("", "[    2.000000] b\n[    3.000000] d\n[    4.000000] e\n"), ("", ""))
        #expect(found == ["0 a", "1 b", "0 c", "1 d", "1 e", "0 f"])
    }

    @Test(arguments: 0...6) func `the last lines are the last of all together`(count: Int) {
        let all = ["0 a", "1 b", "0 c", "1 d", "0 e"]
        let found = read(
            LogQuery(lines: count), ("[    1.000000] a\n", "[    3.000000] c\n[    5.000000] e\n"),
            ("", "[    2.000000] b\n[    4.000000] d\n"))
        #expect(found == all.suffix(count))
    }

    @Test func `the pieces of a line stay together, and count as one`() {
        let logs = (
            (
                old: "",
                new: "[    1.000000]+<3>one \n[    4.000000]+<7>two \n[    5.000000] three\n"
            ),
            (old: "", new: "[    2.000000] other\n")
        )
        #expect(
            read(LogQuery(), logs.0, logs.1) == ["0 one ", "0+<7>two ", "0+three", "1 other"])
        #expect(read(LogQuery(lines: 1), logs.0, logs.1) == ["1 other"])
        #expect(
            read(LogQuery(lines: 1, priority: 3), logs.0, logs.1)
                == ["0 one ", "0+<7>two ", "0+three"])
    }

    @Test func `a line goes on from the old file in the new one`() {
        let found = read(LogQuery(), ("[    1.000000]+one \n", "[    2.000000] two\n"))
        #expect(found == ["0 one ", "0+two"])
    }

    @Test(arguments: [(7, "abcdef"), (6, "acdef"), (4, "def"), (3, "e"), (0, "")])
    func `only lines up to a priority come`(priority: Int, expected: String) {
        let log = """
            [    1.000000] a
            [    2.000000] <7>b
            [    3.000000] <30>c
            [    4.000000] <4>d
            [    5.000000] <3>e
            [    6.000000]!f

            """
        let found = read(LogQuery(priority: UInt8(priority)), ("", log))
        #expect(found.map { $0.dropFirst(2) }.joined() == expected)
    }

    @Test func `only lines since a time come`() {
        let log = "[    1.000000] a\n[    2.000000] b\n[    3.500000] c\n"
        #expect(read(LogQuery(since: 2_000_000), ("", log)) == ["0 b", "0 c"])
        #expect(read(LogQuery(since: 2_000_001), ("", log)) == ["0 c"])
        #expect(read(LogQuery(lines: 2, since: 2_000_001), ("", log)) == ["0 c"])
    }

    @Test func `the kernel's own lines sort in, with their priority in front`() {
        let kernel = "<6>[    1.500000] Linux <3>\n<3>[    2.500000] failed\n"
        let log = "[    1.000000] a\n[    2.000000] b\n"
        #expect(
            read(LogQuery(), ("", log), ("", kernel)) == ["0 a", "1 Linux <3>", "0 b", "1 failed"])
        #expect(read(LogQuery(priority: 3), ("", log), ("", kernel)) == ["1 failed"])
    }

    @Test func `what is not the logger's comes as it is, and what has no end does not come`() {
        let log = "[    1.000000] a\nforeign\n[x] y\n\n[    2.000000] b\n[    3.000000] tor"
        #expect(read(LogQuery(), ("", log)) == ["0 a", "0 foreign", "0 [x] y", "0 ", "0 b"])
        #expect(
            read(LogQuery(), ("[    1.000000] torn", "[    2.000000] b\n")) == ["0 b"])
    }

    @Test func `what is not the logger's has the time of the line before it`() {
        var files = Files(logs: [("", "x\n[    1.000000] a\ny\n[    3.000000] b\n")])
        var times: [UInt64] = []
        var reader = LogReader(LogQuery())
        reader.read(&files) { _, line in times.append(line.stamp.time) }
        #expect(times == [0, 1_000_000, 1_000_000, 3_000_000])
    }

    @Test func `a line longer than any buffer comes in parts, and what follows comes too`() {
        let long = String(repeating: "x", count: 20_000)
        let found = read(LogQuery(), ("", "\(long)\n[    2.000000] b\n"))
        #expect(found.last == "0 b")
        #expect(found.dropLast().map { $0.dropFirst(2) }.joined() == long)
    }
}

/// A reader that has read its files to the end, and goes on.
private struct Follower: ~Copyable {
    var files: Files
    var reader: LogReader

    init(_ query: LogQuery = LogQuery(), _ logs: (old: String, new: String)...) {
        files = Files(logs: logs)
        reader = LogReader(query)
        reader.read(&files) { _, _ in }
    }

    mutating func more() -> [String] {
        var found: [String] = []
        reader.read(&files, isMore: true) { _, line in
            found.append("\(line.log)\(line.isContinued ? "+" : " ")\(text(line.text))")
        }
        return found
    }
}

@Suite struct LogFollowTests {
    @Test func `what is appended comes once, in the order of time`() {
        var follower = Follower(LogQuery(), ("", "[    1.000000] a\n"), ("", ""))
        #expect(follower.more() == [])
        follower.files.logs[0].new += "[    3.000000] c\n"
        follower.files.logs[1].new += "[    2.000000] b\n[    4.000000] d\n"
        #expect(follower.more() == ["1 b", "0 c", "1 d"])
        #expect(follower.more() == [])
    }

    @Test func `a line that has no end comes when it has one`() {
        var follower = Follower(LogQuery(), ("", "[    1.000000] a\n[    2.0000"))
        follower.files.logs[0].new += "00] b"
        #expect(follower.more() == [])
        follower.files.logs[0].new += "c\n"
        #expect(follower.more() == ["0 bc"])
    }

    @Test func `of a renamed file the rest comes, and then the new one`() {
        var follower = Follower(LogQuery(), ("", "[    1.000000] a\n"))
        follower.files.logs[0].new += "[    2.000000] b\n"
        follower.files.turns = [0: [.renamed]]
        follower.files.waiting = [0: ["[    3.000000] c\n"]]
        #expect(follower.more() == ["0 b", "0 c"])
    }

    @Test func `a file that was renamed more than once is asked until it rests`() {
        var follower = Follower(LogQuery(), ("", "[    1.000000] a\n"), ("", ""))
        follower.files.turns = [0: [.renamed, .renamed, .renamed], 1: [.none, .none, .renamed]]
        follower.files.waiting = [
            0: ["[    2.000000] b\n", "[    3.000000] c\n", "[    4.000000] d\n"],
            1: ["[    9.000000] e\n"],
        ]
        #expect(follower.more() == ["0 b", "0 c", "0 d", "1 e"])
        #expect(follower.more() == [])
    }

    @Test func `a file that is cut begins anew`() {
        var follower = Follower(LogQuery(), ("", "[    1.000000] a\n[    2.000000]+b\n"))
        follower.files.logs[0].new = "[    3.000000] c\n"
        follower.files.turns = [0: [.restarted]]
        #expect(follower.more() == ["0 c"])
    }

    @Test func `a log that was not there is read from its beginning`() {
        var follower = Follower(LogQuery(lines: 0), ("", "[    1.000000] a\n"))
        follower.files.logs.append(("[    2.000000] b\n", "[    3.000000] c\n"))
        #expect(follower.more() == ["1 b", "1 c"])
    }

    @Test func `a line goes on although others came in between, and keeps its priority`() {
        var follower = Follower(LogQuery(priority: 3), ("", "[    1.000000]+<3>a\n"), ("", ""))
        follower.files.logs[1].new += "[    2.000000] <3>b\n"
        #expect(follower.more() == ["1 b"])
        follower.files.logs[0].new += "[    3.000000]+<7>c\n"
        #expect(follower.more() == ["0+<7>c"])
        follower.files.logs[0].new += "[    4.000000] d\n[    5.000000] e\n"
        #expect(follower.more() == ["0+d"])
    }

    @Test func `only lines that are asked for come later too, whatever the last lines were`() {
        var follower = Follower(
            LogQuery(lines: 1, priority: 4, since: 2_000_000), ("", "[    1.000000] <3>a\n"))
        follower.files.logs[0].new +=
            "[    1.500000] <3>b\n[    2.000000] <4>c\n[    3.000000] d\n[    4.000000]!e\n"
        #expect(follower.more() == ["0 c", "0 e"])
    }
}

@Suite struct LogQueryTests {
    @Test func `a priority is a number or a name`() {
        let names = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"]
        for (number, name) in names.enumerated() {
            view(name) { #expect(LogQuery.priority($0) == UInt8(number)) }
            view("\(number)") { #expect(LogQuery.priority($0) == UInt8(number)) }
        }
        for (number, name) in [(0, "panic"), (3, "error"), (4, "warn")] {
            view(name) { #expect(LogQuery.priority($0) == UInt8(number)) }
        }
        for wrong in ["", "8", "-", "-1", "ERR", "er", "0x3", "3 ", "err warning"] {
            view(wrong) { #expect(LogQuery.priority($0) == nil) }
        }
    }
}

@Suite struct LogRecordTests {
    @Test(arguments: [
        (0, "[    0.000000]"), (1, "[    0.000001]"), (12_345_678, "[   12.345678]"),
        (99_999_999_999, "[99999.999999]"), (100_000_000_000, "[100000.000000]"),
        (123_456_789_012_345, "[123456789.012345]"), (10_000_000, "[   10.000000]"),
    ])
    func `a stamp has the kernel's form, and is read as what it was`(time: UInt64, form: String) {
        let stamp = LogStamp(time: time)
        #expect(stamp.count == form.utf8.count)
        var bytes = [UInt8](repeating: 0, count: stamp.count)
        bytes.withUnsafeMutableBytes { stamp.put(into: $0, at: 0) }
        #expect(String(decoding: bytes, as: UTF8.self) == form)
        view(form + " x") { #expect(LogRecord($0)?.stamp == stamp) }
    }

    @Test(arguments: [
        "", "[", "[]", "[   12.345678]", "[   12.345678]x", "[   12.34567] x", "12.345678] x",
        "[   12.3456789] x", "[  1 2.345678] x", "[.345678] x", "[   -1.345678] x",
        "[99999999999999.000000] x", "[   12.345678 x", "<6[   12.345678] x",
        "<192>[   12.345678] x",
    ])
    func `what is of another form is no record`(line: String) {
        view(line) { #expect(LogRecord($0)?.stamp == nil) }
    }

    @Test(arguments: [
        ("<3>x", 3, "x"), ("<0>", 0, ""), ("<30>x", 6, "x"), ("<191>x", 7, "x"),
        ("<192>x", nil, "<192>x"), ("<>x", nil, "<>x"), ("<3x", nil, "<3x"), ("x<3>", nil, "x<3>"),
        ("<0003>x", nil, "<0003>x"), (" <3>x", nil, " <3>x"), ("<b>x", nil, "<b>x"),
    ])
    func `a priority stands in front of the text`(body: String, priority: Int?, rest: String) {
        view("[    1.000000] \(body)") {
            let record = LogRecord($0)
            #expect(record?.priority == priority.map { UInt8($0) })
            #expect(record.map { text($0.text) } == rest)
            #expect(record.map { text($0.body) } == body)
        }
    }
}
