import Testing

@testable import InitCore

/// What a record is in the form of a log.
private func lines(_ record: String, room: Int = KernelRecord.mostOutput) -> String? {
    let bytes = Array(record.utf8)
    return bytes.withUnsafeBufferPointer { view in
        guard let start = view.baseAddress,
            let record = KernelRecord(ByteView(start: start, count: view.count))
        else { return nil }
        var output = [UInt8](repeating: 0, count: room)
        let count = output.withUnsafeMutableBytes { record.put(into: $0) }
        return String(decoding: output.prefix(count), as: UTF8.self)
    }
}

@Suite struct KernelRecordTests {
    @Test(arguments: [
        ("6,0,0,-;Linux version 6.12", "<6>[    0.000000] Linux version 6.12\n"),
        ("30,339,5140900,-;init: ready", "<6>[    5.140900] init: ready\n"),
        (
            "3,1,12345678,c,caller=T1;failed\n SUBSYSTEM=acpi\n DEVICE=+acpi:1\n",
            "<3>[   12.345678] failed\n"
        ),
        ("4,2,1,-;a;b, c", "<4>[    0.000001] a;b, c\n"),
        ("7,2,1,-;", "<7>[    0.000001] \n"),
        (#"6,2,1,-;a\x5cx41 \xc3\xa4\x09b"#, "<6>[    0.000001] a\\x41 ä\tb\n"),
        (
            #"6,2,1,-;\x1b[1m \x7f \x00 \xg0 \x4"#,
            "<6>[    0.000001] \\x1b[1m \\x7f \\x00 \\xg0 \\x4\n"
        ),
        (#"6,2,1,-;one\x0atwo"#, "<6>[    0.000001] one\n<6>[    0.000001] two\n"),
    ])
    func `a record has the form of a log's lines`(record: String, expected: String) {
        #expect(lines(record) == expected)
    }

    @Test(arguments: ["", "6", "6,1,2", "x,1,2,-;a", "6,1,x,-;a", "6,1;a", ",,,;a", "-6,1,2,-;a"])
    func `what is of another form is no record`(record: String) {
        #expect(lines(record) == nil)
    }

    @Test func `no record is too large, and one that does not fit is cut`() {
        let newlines = String(repeating: #"\x0a"#, count: 1_000)
        let found = lines("191,1,9007199254740991,-;" + newlines)
        #expect(found?.split(separator: "\n").count == 1_001)
        for room in 0...200 {
            let cut = lines("6,1,2,-;" + String(repeating: #"ab\x0a"#, count: 9), room: room) ?? ""
            #expect(cut.utf8.count <= room)
            #expect(cut.isEmpty || cut.last == "\n")
        }
    }
}
