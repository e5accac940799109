import Foundation
import Testing

@testable import InitCore

/// What a parser makes of a file of /proc with these bytes, in a block of just their size.
private func parse<Result>(
    _ text: String, _ body: (UnsafeMutableRawBufferPointer) -> Result
) -> Result {
    let bytes = Array(text.utf8)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    defer { buffer.deallocate() }
    buffer.copyBytes(from: bytes)
    return body(buffer)
}

@Suite struct UnwrittenSizeTests {
    @Test func `Dirty and Writeback are added up`() {
        let text = """
            MemTotal:         495652 kB
            Dirty:             23552 kB
            Writeback:          1024 kB
            WritebackTmp:        512 kB

            """
        #expect(parse(text, unwrittenSize) == 24_576)
    }

    @Test(arguments: [
        "", "\n", ":", "Dirty:", "Dirty: 5 kB\n", "Writeback: 5 kB\n",
        "Dirty: 5 kB\nWritebackTmp: 5 kB\n", "Dirty: x kB\nWriteback: 5 kB\n",
        "Dirty: 99999999999999999999 kB\nWriteback: 5 kB\n", "Dirty: -1 kB\nWriteback: 5 kB\n",
    ])
    func `without both numbers the size is unknown`(text: String) {
        #expect(parse(text, unwrittenSize) == nil)
    }

    @Test func `the last line needs no newline`() {
        #expect(parse("Dirty: 1 kB\nWriteback: 2 kB", unwrittenSize) == 3)
        #expect(parse("Dirty:1\nWriteback:2", unwrittenSize) == 3)
    }
}

@Suite struct ProcessStatTests {
    /// The lines of a shell and of others on Linux 6.18, with other names.
    private func line(
        _ name: String = "bash", session: Int = 19952, terminal: Int = 34816,
        ignored: Int = 3_686_404
    ) -> String {
        "19952 (\(name)) S 19938 19952 \(session) \(terminal) 19952 4194304 267 139 1 1 0 0 0 0 20 "
            + "0 1 0 103621 4734976 890 18446744073709551615 94760674844672 94760675634077 "
            + "140725892410016 0 0 0 0 \(ignored) 1266761467 1 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
    }

    @Test(arguments: ["bash", "", ")", "a) S 1 1 1", "(((", "x\ny"])
    func `a line is read, whatever the program is called`(name: String) throws {
        let stat = try #require(parse(line(name), { ProcessStat($0) }))
        #expect(stat.process == ProcessID(rawValue: 19952))
        #expect(stat.parent == 19938)
        #expect(stat.session == 19952)
        #expect(stat.hasTerminal && stat.ignoresTerminate && stat.isToHangUp)
    }

    @Test func `SIGHUP is for a leader with a terminal that ignores SIGTERM, and no other`() {
        let others = [line(session: 7), line(terminal: 0), line(ignored: 3_686_404 & ~0x4000)]
        for other in others { #expect(parse(other, { ProcessStat($0)?.isToHangUp }) == false) }
    }

    @Test func `a line that is cut off gives nothing`() {
        let whole = line()
        let end = whole.range(of: " 3686404")!.upperBound
        for length in 0..<whole.distance(from: whole.startIndex, to: end) - 7 {
            #expect(parse(String(whole.prefix(length)), { ProcessStat($0) }) == nil)
        }
    }
}
