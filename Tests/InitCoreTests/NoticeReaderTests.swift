import SeededRandom
import Testing

@testable import InitCore

/// What PID 1 makes of the datagrams that services send, sd_notify(3).
@Suite struct NoticeReaderTests {
    /// The notices of a datagram, which lies in a block of just its size.
    private func notices(_ datagram: [UInt8]) -> [ServiceNotice] {
        let block = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: datagram.count)
        defer { block.deallocate() }
        _ = block.initialize(from: datagram)
        guard let start = block.baseAddress else { return [] }
        var reader = NoticeReader(ByteView(start: start, count: datagram.count))
        var found: [ServiceNotice] = []
        while let notice = reader.next() {
            found.append(notice)
            // A reader that never ends would hold up PID 1, and this test.
            if found.count > datagram.count { break }
        }
        return found
    }

    private func notices(_ text: String) -> [ServiceNotice] { notices(Array(text.utf8)) }

    private static let valid: [(String, ServiceNotice)] = [
        ("READY=1", .ready),
        ("RELOADING=1", .reloading),
        ("STOPPING=1", .stopping),
        ("WATCHDOG=1", .alive),
        ("WATCHDOG=trigger", .trigger),
        ("MAINPID=2", .mainIs(ProcessID(rawValue: 2))),
        ("MAINPID=0042", .mainIs(ProcessID(rawValue: 42))),
        ("MAINPID=2147483647", .mainIs(ProcessID(rawValue: .max))),
        ("EXTEND_TIMEOUT_USEC=0", .extend(0)),
        ("EXTEND_TIMEOUT_USEC=1", .extend(1)),
        ("EXTEND_TIMEOUT_USEC=1000", .extend(1)),
        ("EXTEND_TIMEOUT_USEC=1001", .extend(2)),
        ("EXTEND_TIMEOUT_USEC=3600000000", .extend(3_600_000)),
    ]

    @Test func `each notice is read, with a newline behind it and without one`() {
        for (text, notice) in Self.valid {
            #expect(notices(text) == [notice], "\(text)")
            #expect(notices(text + "\n") == [notice], "\(text)")
        }
    }

    @Test func `the notices of one datagram come in its order`() {
        let datagram = Self.valid.map(\.0).joined(separator: "\n")
        #expect(notices(datagram) == Self.valid.map(\.1))
    }

    @Test(arguments: [
        "", "\n\n\n", "=", "READY", "READY=", "READY=0", "READY=11", "READY=1 ", " READY=1",
        "ready=1", "READY==1", "READY=1\r", "READY=1\0", "\0READY=1", "READY\0=1", "READYX=1",
        "READ=1", "RELOADING=0", "STOPPING=yes", "WATCHDOG=", "WATCHDOG=Trigger",
        "WATCHDOG=triggers", "WATCHDOG=t", "WATCHDOG=11",
        "STATUS=READY=1", "X=READY=1", "READY RELOADING=1", "WATCHDOG_USEC=1", "FDSTORE=1",
        "BARRIER=1",
    ])
    func `what PID 1 has no use for is passed over`(line: String) {
        #expect(notices(line) == [])
        #expect(notices("\(line)\nSTOPPING=1\n\(line)\nREADY=1") == [.stopping, .ready])
    }

    @Test(arguments: [
        "", "0", "1", "-2", "+2", " 2", "2 ", "2x", "0x2", "2.0", "2147483648", "4294967298",
        "18446744073709551618", "99999999999999999999999999999999999999",
    ])
    func `a main process that cannot be one is passed over`(number: String) {
        #expect(notices("MAINPID=\(number)\nREADY=1") == [.ready])
    }

    @Test(arguments: [
        "", "-1", "infinity", "1s", "3600000001", "18446744073709551615",
        "99999999999999999999999999999999999999",
    ])
    func `a start is not extended by more than an hour, nor by what is no number`(time: String) {
        #expect(notices("EXTEND_TIMEOUT_USEC=\(time)\nREADY=1") == [.ready])
    }

    @Test func `whatever the bytes, the reader ends, with one notice a line at most`() {
        var chance = SplitMix64(seed: 1)
        let words = Self.valid.map(\.0) + ["\n", "=", "\0", "1", "MAINPID=", "READY"]
        var count = 0
        for _ in 0..<20_000 {
            var datagram: [UInt8] = []
            for _ in 0..<chance.below(12) {
                if chance.oneIn(3) {
                    datagram.append(UInt8(truncatingIfNeeded: chance.next()))
                } else {
                    datagram += chance.pick(words).utf8
                }
                if chance.oneIn(2) { datagram.append(UInt8(ascii: "\n")) }
            }
            let found = notices(datagram)
            let lines = datagram.split(separator: UInt8(ascii: "\n"))
            #expect(found.count <= lines.count, "\(datagram)")
            // Each line counts by itself.
            #expect(found == lines.flatMap { notices(Array($0)) }, "\(datagram)")
            count += found.count
        }
        #expect(count > 10_000, "the bytes are hardly ever notices")
    }
}
