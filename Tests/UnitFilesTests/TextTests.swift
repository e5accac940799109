import InitCore
import Testing

@testable import UnitFiles

/// What a text comes to, an item a line.
private func items(_ text: String) -> [String] {
    var bytes = Array(text.utf8)
    return bytes.withUnsafeMutableBufferPointer { buffer in
        var reader = UnitText(buffer)
        var items: [String] = []
        while true {
            switch reader.next() {
            case .section(let name): items.append("\(reader.line) [\(name.string)]")
            case .assignment(let name, let value):
                items.append("\(reader.line) \(name.string)=\(value.string)")
            case .wrong(let kind, let word): items.append("\(reader.line) \(kind) \(word.string)")
            case .end: return items
            }
        }
    }
}

@Suite struct TextTests {
    @Test(arguments: [
        ("", []),
        ("\n\n \t\n", []),
        ("# one\n; two\n  # three\n", []),
        ("[Unit]\nA=b\n", ["1 [Unit]", "2 A=b"]),
        ("[Unit]\nA=b", ["1 [Unit]", "2 A=b"]),
        ("\u{feff}[Unit]", ["1 [Unit]"]),
        ("  [Unit]  \n  A  =  b c  \r\n", ["1 [Unit]", "2 A=b c"]),
        ("A=", ["1 A="]),
        ("A==b=c", ["1 A==b=c"]),
        ("A=b # no comment", ["1 A=b # no comment"]),
        ("A=b\\\nc\nD=e", ["1 A=b c", "3 D=e"]),
        ("A=b \\\n  c\\\n\td", ["1 A=b    c \td"]),
        ("A=b\\\n# a comment\n ; and another\nc\nD=e", ["1 A=b c", "5 D=e"]),
        ("A=b\\\\\nC=d", ["1 A=b\\\\", "2 C=d"]),
        ("A=b\\\\\\\nC=d", ["1 A=b\\\\ C=d"]),
        ("A=b\\\n\nC=d", ["1 A=b", "3 C=d"]),
        ("A=b\\", ["1 A=b"]),
        ("[Unit]\\", ["1 [Unit]"]),
        ("[Unit]\\\n# nothing follows\n", ["1 [Unit]"]),
        ("word\\", ["1 noEqualsSign word"]),
        ("A=b\\ \nC=d", ["1 A=b\\", "2 C=d"]),
        ("\\\nA=b", ["1 A=b"]),
        ("# a comment goes not on\\\nA=b", ["2 A=b"]),
        ("[Unit", ["1 noSectionName [Unit"]),
        ("[]", ["1 noSectionName []"]),
        ("[", ["1 noSectionName ["]),
        ("word", ["1 noEqualsSign word"]),
        ("=b", ["1 noDirective =b"]),
        ("[A B]", ["1 [A B]"]),
    ])
    func `a text comes to these items`(text: String, expected: [String]) {
        #expect(items(text) == expected)
    }

    @Test(
        arguments: [
            ("", nil), ("a\nb\n", nil), ("ä€😀", nil), ("a\n\0", 2), ("\u{7f}", nil),
        ] as [(String, Int?)])
    func `text is told from other bytes`(text: String, line: Int?) {
        let bytes = Array(text.utf8)
        let found = bytes.withUnsafeBufferPointer { buffer in
            buffer.baseAddress.map {
                UnitText.lineOfBadByte(in: ByteView(start: $0, count: buffer.count))
            } ?? nil
        }
        #expect(found == line)
    }

    @Test func `what is no UTF-8 to Swift is none to the planner`() {
        var sequences: [[UInt8]] = []
        let interesting: [UInt8] = [
            0x20, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1,
            0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff,
        ]
        for first in interesting {
            sequences.append([first])
            for second in interesting {
                sequences.append([first, second])
                for third in interesting {
                    sequences.append([first, second, third])
                    sequences.append([first, second, third, 0x80])
                }
            }
        }
        for bytes in sequences {
            let isText = String(validating: bytes, as: UTF8.self) != nil
            let line = bytes.withUnsafeBufferPointer {
                UnitText.lineOfBadByte(in: ByteView(start: $0.baseAddress!, count: $0.count))
            }
            if (line == nil) != isText { Issue.record("\(bytes): \(String(describing: line))") }
        }
    }
}

@Suite struct ValueTests {
    private func withView<Result>(_ text: String, _ body: (ByteView) -> Result) -> Result {
        var text = text
        return text.withUTF8 { bytes in
            // An empty buffer has no address.
            body(bytes.baseAddress.map { ByteView(start: $0, count: bytes.count) } ?? .empty)
        }
    }

    @Test(
        arguments: [
            ("0", 0), ("1", 1_000_000), ("90", 90_000_000), ("1.5", 1_500_000), (".5", 500_000),
            ("2min", 120_000_000), ("1min 30s", 90_000_000), ("1min30s", 90_000_000),
            ("2 h", 7_200_000_000), ("100ms", 100_000), ("7us", 7), ("7µs", 7), ("7μs", 7),
            ("1d", 86_400_000_000), ("1 week", 604_800_000_000), ("1M", 2_629_800_000_000),
            ("1y", 31_557_600_000_000), ("1.25h", 4_500_000_000), ("infinity", UInt64.max),
            ("1usec 1 msec", 1_001), ("5 20", 25_000_000), ("0.0000001", 0),
        ] as [(String, UInt64)])
    func `times are as systemd.time(7) has them`(text: String, expected: UInt64) {
        #expect(withView(text) { Values.microseconds($0) } == expected)
    }

    @Test(arguments: [
        "", " ", "s", "-1", "1x", "1 parsec", "infinity 1", "1.", "999999999999999999999",
        "99999999999999999y", "1:2", ".",
    ])
    func `other times are none`(text: String) {
        // A point without digits behind it is fine behind digits: strtod(3) takes it, too.
        #expect(withView(text) { Values.microseconds($0) } == (text == "1." ? 1_000_000 : nil))
    }

    @Test(
        arguments: [
            ("0", 0), ("512", 512), ("64K", 65_536), ("1M", 1 << 20), ("2G", 2 << 30),
            ("1T", 1 << 40),
            ("1.5K", 1_536), ("7B", 7), ("1 M", 1 << 20), ("infinity", UInt64.max),
        ] as [(String, UInt64)])
    func `sizes count by 1024`(text: String, expected: UInt64) {
        #expect(withView(text) { Values.size($0) } == expected)
    }

    @Test(arguments: ["", "K", "-1", "1X", "1KB", "1.K", "99999999999999999999", "16E", "1k"])
    func `other sizes are none`(text: String) {
        #expect(withView(text) { Values.size($0) } == nil)
    }

    @Test func `ten words are yes or no`() {
        for word in ["1", "yes", "Y", "true", "T", "on", "YES", "On"] {
            #expect(withView(word) { Values.boolean($0) } == true)
        }
        for word in ["0", "no", "N", "false", "f", "off"] {
            #expect(withView(word) { Values.boolean($0) } == false)
        }
        for word in ["", "2", "maybe", "yes no", "nope"] {
            #expect(withView(word) { Values.boolean($0) } == nil)
        }
    }

    @Test func `ways to end have numbers and names`() {
        #expect(withView("0") { Values.exit($0) } == .code(0))
        #expect(withView("255") { Values.exit($0) } == .code(255))
        #expect(withView("256") { Values.exit($0) } == nil)
        #expect(withView("SIGKILL") { Values.exit($0) } == .signal(.kill))
        #expect(withView("TEMPFAIL") { Values.exit($0) } == .code(75))
        #expect(withView("NOTRUNNING") { Values.exit($0) } == .code(7))
        #expect(withView("CHDIR") { Values.exit($0) } == .code(200))
        #expect(withView("PAM") { Values.exit($0) } == .code(224))
        #expect(withView("CREDENTIALS") { Values.exit($0) } == .code(243))
        #expect(withView("-") { Values.exit($0) } == nil)
        #expect(withView("NOSUCHTHING") { Values.exit($0) } == nil)
    }

    @Test func `a share is in hundredths of a percent`() {
        #expect(withView("20%") { Values.share($0) } == 2_000)
        #expect(withView("12.5%") { Values.share($0) } == 1_250)
        #expect(withView("150.25%") { Values.share($0) } == 15_025)
        for text in ["", "%", "20", "2.%", "2.123%", "-1%", "a%"] {
            #expect(withView(text) { Values.share($0) } == nil)
        }
    }

    @Test(arguments: [
        "a.service", "a@b.service", "a@.service", "a-b_c:d.e.socket", "multi-user.target",
        "a\\x2db.service", "x.mount",
    ])
    func `these are names of units`(name: String) {
        #expect(withView(name) { UnitName($0) != nil })
    }

    @Test(arguments: [
        "", ".service", "@.service", "a", "a.conf", "a b.service", "a/b.service", "ä.service",
        "a.service.d", "a.services", String(repeating: "a", count: 89) + ".service",
    ])
    func `these are none`(name: String) {
        #expect(withView(name) { UnitName($0) == nil })
    }
}
