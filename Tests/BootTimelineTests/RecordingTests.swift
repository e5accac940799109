import Testing

@testable import BootTimeline

@Suite struct RecordingTests {
    @Test func `each source has its lines`() throws {
        let recording = try Recording(
            parsing: "5 qemu\r\n7 console [ a  b\n8 firmware id\n9 console")
        #expect(recording.start == 5)
        #expect(recording.console == [.init(at: 7, text: "[ a  b"), .init(at: 9, text: "")])
        #expect(recording.firmware == [.init(at: 8, text: "id")])
    }

    @Test func `a form feed, as a BIOS may print it, does not end a line`() throws {
        let recording = try Recording(parsing: "5 qemu\n7 console \u{1b}c\u{0c}SeaBIOS\r")
        #expect(recording.console.map(\.text) == ["\u{1b}c\u{0c}SeaBIOS\r"])
    }

    @Test func `a wrong recording is refused, with the number of the line`() {
        #expect(throws: Recording.Problem.line(2)) { try Recording(parsing: "1 qemu\nsoon qemu") }
        #expect(throws: Recording.Problem.line(1)) { try Recording(parsing: "1 nobody says") }
        #expect(throws: Recording.Problem.missing("start of qemu")) { try Recording(parsing: "") }
    }

    @Test(arguments: [
        "Hello, World!", "[ 1.5] short", "[    1.500000 open", "[one.500000] text", "",
    ])
    func `a line without the kernel's time is not the kernel's`(line: String) {
        #expect(KernelLog.Line(parsing: line) == nil)
    }

    @Test func `the kernel's clock is read to the microsecond`() throws {
        let line = try #require(KernelLog.Line(parsing: "[   12.000345] a [b] c"))
        #expect(line.at == 12_000_345)
        #expect(line.text == "a [b] c")
    }

    @Test func `the line that arrived fastest sets the clock`() throws {
        let log = try #require(KernelLog(console: Recording(parsing: microvm).console))
        #expect(log.offset == 1_300_000)
    }

    @Test func `a log that comes twice counts once, in the order of its clock`() throws {
        let log = try #require(KernelLog(console: Recording(parsing: microvm).console))
        #expect(log.lines.count == 12)
        #expect(log.lines.map(\.at) == log.lines.map(\.at).sorted())
    }
}
