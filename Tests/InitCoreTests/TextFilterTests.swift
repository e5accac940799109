import Testing

@testable import InitCore

private struct Collected: ByteSink {
    var bytes: [UInt8] = []
    mutating func append(byte: UInt8) { bytes.append(byte) }
}

/// What a filter makes of a text that comes in these parts.
private func filter(_ form: TextFilter.Form, _ parts: [[UInt8]]) -> [UInt8] {
    var filter = TextFilter(form)
    var sink = Collected()
    for part in parts {
        part.withUnsafeBufferPointer { bytes in
            guard let start = bytes.baseAddress else { return }
            filter.put(ByteView(start: start, count: bytes.count), to: &sink)
        }
    }
    filter.finish(&sink)
    return sink.bytes
}

@Suite struct TextFilterTests {
    @Test func `of each byte and of each two bytes a terminal gets no control character`() {
        for first in UInt8.min...UInt8.max {
            for second in UInt8.min...UInt8.max {
                let shown = String(
                    decoding: filter(.terminal, [[first, second]]), as: UTF8.self)
                for scalar in shown.unicodeScalars where scalar != "\t" {
                    #expect(
                        scalar.properties.generalCategory != .control && scalar != "\u{fffd}",
                        "of \(first), \(second)")
                }
            }
        }
    }

    @Test(arguments: [
        "plain", "a\tb", "äöü ß", "€ 日本語", "🙂\u{10ffff}", "\u{a0}\u{7ff}\u{800}\u{ffff}\u{10000}",
        "\u{d7ff}\u{e000}", "",
    ])
    func `text stays as it is on a terminal, wherever it is cut`(text: String) {
        let bytes = Array(text.utf8)
        for cut in 0...bytes.count {
            #expect(filter(.terminal, [Array(bytes[..<cut]), Array(bytes[cut...])]) == bytes)
        }
    }

    @Test(
        arguments: [
            ([0xff], "?"), ([0xc2], "?"), ([0xc2, 0x41], "?A"), ([0xc0, 0x80], "??"),
            ([0xe0, 0x80, 0x80], "???"), ([0xed, 0xa0, 0x80], "???"), ([0xe2, 0x82], "?"),
            ([0xf4, 0x90, 0x80, 0x80], "????"), ([0xf0, 0x80, 0x80, 0x80], "????"),
            ([0xf5], "?"), ([0x80], "?"), ([0xe2, 0x82, 0xc3, 0xa4], "?ä"), ([0x1b, 0x5b], "?["),
            ([0xc2, 0x9b], "?"), ([0xc2, 0x80], "?"), ([0, 13, 10, 127], "????"),
        ] as [([UInt8], String)])
    func `what is no text is a question mark on a terminal`(bytes: [UInt8], shown: String) {
        #expect(filter(.terminal, [bytes]) == Array(shown.utf8))
        #expect(filter(.terminal, bytes.map { [$0] }) == Array(shown.utf8))
    }

    @Test(
        arguments: [
            (Array("a\"b\\c".utf8), #"a\"b\\c"#), ([0, 9, 10, 0x1f], #"\u0000\u0009\u000a\u001f"#),
            ([0x7f, 0xc2, 0x9b], #"\u007f\u009b"#), ([0xff, 0x41], "\u{fffd}A"),
            (Array("ä€🙂".utf8), "ä€🙂"), ([0xe2, 0x82], "\u{fffd}"),
        ] as [([UInt8], String)])
    func `a string of JSON holds any bytes`(bytes: [UInt8], string: String) {
        #expect(filter(.json, [bytes]) == Array(string.utf8))
    }
}
