import InitCore
import Testing

private func string(_ count: Int) -> String { String(repeating: "x", count: count) }

@Suite struct LineTests {
    @Test func `a line holds what was appended, in order`() {
        let line = text { line in
            line.append("one ")
            line.append(number: 2)
            line.append(byte: UInt8(ascii: "!"))
            line.end()
        }
        #expect(line == "one 2!\n")
    }

    @Test func `an empty line is empty`() {
        #expect(text { _ in } == "")
        #expect(text { $0.end() } == "\n")
    }

    @Test(
        arguments: [
            0, 1, 9, 10, 99, 100, 1_000_000_000, 999_999_999, .max, .max - 1, -1, -9, -10, .min,
            .min + 1,
        ] as [Int32])
    func `a number has its usual digits`(number: Int32) {
        #expect(text { $0.append(number: number) } == String(number))
    }

    @Test func `every number of up to five digits has its usual digits`() {
        for number in -99_999...99_999 as ClosedRange<Int32> {
            let written = text { $0.append(number: number) }
            if written != String(number) { Issue.record("\(number): \(written)") }
        }
    }

    @Test func `text that does not fit is cut off, the newline never`() {
        for length in (Line.capacity - 3)...(Line.capacity + 3) {
            let word = string(length)
            let line = text { line in
                for byte in word.utf8 { line.append(byte: byte) }
                line.end()
            }
            #expect(line == string(min(length, Line.capacity - 1)) + "\n")
        }
    }

    @Test func `each way to append stops at the end of the line`() {
        for room in 0...12 {
            let start = string(Line.capacity - room)
            func fill(_ append: (inout Line) -> Void) -> String {
                text { line in
                    for byte in start.utf8 { line.append(byte: byte) }
                    append(&line)
                }
            }
            let number = fill { $0.append(number: .min) }
            #expect(number == String((start + "-2147483648").prefix(Line.capacity)))
            #expect(fill { $0.append("hello, world") }.count == Line.capacity)
            let word = withView(string(300)) { word in fill { $0.append(word: word) } }
            #expect(word.count == Line.capacity)
        }
    }

    @Test func `a control character in a word cannot begin another line`() {
        let bytes = String(decoding: [UInt8](1...100), as: UTF8.self)
        let line = withView(bytes) { word in text { $0.append(word: word) } }
        #expect(line.utf8.prefix(31).allSatisfy { $0 == UInt8(ascii: "?") })
        #expect(Array(line.utf8.dropFirst(31)) == Array(32...100))
    }

    @Test func `a long word is cut`() {
        for length in 119...122 {
            let line = withView(string(length)) { word in text { $0.append(word: word) } }
            #expect(line == (length <= 120 ? string(length) : string(120) + "..."))
        }
    }
}

@Suite struct InstantTests {
    @Test func `a moment is advanced by a duration`() {
        let start = Instant(milliseconds: 5)
        #expect(start.advanced(byMilliseconds: 10) == Instant(milliseconds: 15))
        #expect(start < start.advanced(byMilliseconds: 1))
        #expect(!(start < start))
    }

    @Test func `advancing the last moment does not trap`() {
        #expect(Instant(milliseconds: .max).advanced(byMilliseconds: 1).milliseconds == .min)
        #expect(Instant(milliseconds: .max).advanced(byMilliseconds: .max).milliseconds == -2)
    }
}
