import InitCore

@testable import HammockTool

/// The bytes of a text, for as long as `body` runs.
func view<Result>(_ text: String, _ body: (ByteView) throws -> Result) rethrows -> Result {
    var text = text
    return try text.withUTF8 { buffer in
        guard let start = buffer.baseAddress else { return try body(.empty) }
        return try body(ByteView(start: start, count: buffer.count))
    }
}

func string(_ view: ByteView) -> String {
    String(decoding: (0..<view.count).map { view[$0] }, as: UTF8.self)
}

/// What a line of an answer comes to.
func withUnit<Result>(_ line: String, _ body: (UnitStatus?) -> Result) -> Result {
    view(line) { body(UnitStatus(AnswerLine(text: $0))) }
}

/// A sink that keeps all.
struct Bytes: ByteSink {
    var bytes: [UInt8] = []

    mutating func append(byte: UInt8) { bytes.append(byte) }

    var text: String { String(decoding: bytes, as: UTF8.self) }
}
