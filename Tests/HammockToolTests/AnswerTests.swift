import InitCore
import SeededRandom
import Testing

@testable import HammockTool

@Suite struct AnswerTests {
    @Test(arguments: [
        ("a=1 b=2", "a", "1"), ("a=1 b=2", "b", "2"), ("a=1  b=2", "b", "2"),
        ("a=1 b=2", "c", nil), ("ab=1 b=2", "b", "2"), ("a=1 a=2", "a", "1"), ("a= b=2", "a", ""),
        ("a=b=c", "a", "b=c"), ("a", "a", nil), ("", "a", nil), ("=1", "a", nil), ("=1", "", "1"),
        ("a=1", "a=1", nil), (" a=1 ", "a", "1"),
    ])
    func `a line has the values of its keys`(line: String, key: String, value: String?) {
        view(line) { line in
            view(key) { key in
                #expect(AnswerLine(text: line).value(of: key).map(string) == value)
            }
        }
    }

    @Test(arguments: [
        ("n=0", 0), ("n=41", 41), ("n=-7", -7), ("n=2147483647", 2_147_483_647),
        ("n=-2147483648", -2_147_483_648), ("n=2147483649", 0), ("n=", 0), ("n=-", 0), ("n=x", 0),
        ("n=1x", 0), ("m=1", 0), ("n=99999999999999999999999", 0),
    ])
    func `what is no number counts as 0`(line: String, number: Int) {
        view(line) { #expect(AnswerLine(text: $0).number(of: "n") == number) }
    }

    @Test(arguments: [
        ("t=0.000", Int64(0)), ("t=1.204", 1_204), ("t=12", 12_000), ("t=12.", 12_000),
        ("t=1.5", 1_500), ("t=1.23456", 1_234), ("t=2147483647.999", 2_147_483_647_999),
        ("t=2147483648.0", 0), ("t=x.1", 0), ("t=", 0), ("t=.5", 0), ("t=-1.0", 0),
        ("t=1.2x4", 1_204),
    ])
    func `a moment is seconds and thousandths`(line: String, milliseconds: Int64) {
        view(line) { #expect(AnswerLine(text: $0).milliseconds(of: "t") == milliseconds) }
    }

    @Test(arguments: [
        (#"plain"#, "plain"), (#"a\x20b"#, "a b"), (#"\x5c\x41\xc3\xa4"#, "\\Aä"),
        (#"\x0a\x1b[2J\x7f"#, "??[2J?"), (#"\x4"#, #"\x4"#), (#"\x"#, #"\x"#), (#"\"#, #"\"#),
        (#"\n"#, #"\n"#), (#"\xg0\x0g"#, #"\xg0\x0g"#), (#"\x4A\x4a"#, "JJ"),
        ("a\u{1b}b", "a?b"),
    ])
    func `escapes are decoded, and no control character is left`(value: String, text: String) {
        view(value) { value in
            var sink = Bytes()
            sink.append(decoded: value)
            #expect(sink.text == text)
        }
    }

    @Test func `any bytes have an answer, and an answer has no control character`() {
        var random = SplitMix64(seed: 1)
        let alphabet = Array("a=\\x0f1. -\n\u{0}\u{7f}\u{ff}".utf8)
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...24, using: &random)).map { _ in
                alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
            }
            // Exactly as long as the view, so that a byte beyond it is noticed.
            let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: max(bytes.count, 1))
            defer { copy.deallocate() }
            _ = copy.initialize(from: bytes)
            let line = AnswerLine(text: ByteView(start: copy.baseAddress!, count: bytes.count))
            _ = line.number(of: "a")
            _ = line.milliseconds(of: "a")
            var sink = Bytes()
            sink.append(decoded: line.value(of: "a") ?? line.text)
            #expect(sink.bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7f })
            #expect(sink.bytes.count <= bytes.count)
        }
    }

    // MARK: The first line

    private func head(_ line: String) -> AnswerHead { view(line) { AnswerHead($0) } }

    @Test func `an answer says yes, or no with a reason`() {
        guard case .yes = head("hammock/1 ok") else { return #expect(Bool(false)) }
        let problems: [(ControlProblem, Refusal)] = [
            (.notARequest, .notARequest), (.otherVersion, .otherVersion),
            (.unknownVerb, .unknownVerb), (.wrongWords, .wrongWords),
            (.unknownUnit, .unknownUnit), (.unknownSignal, .unknownSignal),
            (.notAllowed, .notAllowed), (.isStopping, .isStopping),
            (.cannotReload, .cannotReload), (.isUpdating, .isUpdating),
            (.noPlan, .noPlan), (.partialPlan, .partialPlan),
        ]
        for (problem, refusal) in problems {
            let reason = problem.reason.withUTF8Buffer { String(decoding: $0, as: UTF8.self) }
            guard case .no(let found) = head("hammock/1 no \(reason)") else {
                return #expect(Bool(false), "\(reason)")
            }
            #expect(found == refusal)
        }
        guard case .no(.other) = head("hammock/1 no mood") else { return #expect(Bool(false)) }
        guard case .no(.other) = head("hammock/1 no") else { return #expect(Bool(false)) }
    }

    @Test(arguments: [
        "", "ok", "hammock/2 ok", "hammock/1", "hammock/1 okay", "hammock/1 ok ", "HTTP/1.1 200 OK",
    ])
    func `what is no answer of this version is foreign`(line: String) {
        guard case .foreign = head(line) else { return #expect(Bool(false)) }
    }
}
