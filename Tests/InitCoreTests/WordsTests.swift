import InitCore
import Testing

@Suite struct WordsTests {
    @Test func `the words are those of argv, in order`() {
        withWords(["init", "", "a b"]) { words in
            #expect(words.count == 3)
            #expect((0..<3).map { words[$0].string } == ["init", "", "a b"])
        }
    }

    @Test func `an empty argv has no words`() {
        withWords([]) { words in
            #expect(words.count == 0)
            #expect(words[0].count == 0)
        }
        #expect(Words(count: 0, first: nil).count == 0)
    }

    @Test(arguments: [Int32.min, -1, 1, .max])
    func `without an argv the count is ignored`(count: Int32) {
        let words = Words(count: count, first: nil)
        #expect(words.count == 0)
        #expect(words[0].count == 0)
        #expect(words.argv(from: 0) == nil)
    }

    @Test func `words behind a NULL are not counted`() {
        let pointers: [UnsafeMutablePointer<CChar>?] = [nil, nil]
        pointers.withUnsafeBufferPointer {
            #expect(Words(count: 1, first: $0.baseAddress).count == 0)
        }
    }

    @Test(arguments: [Int.min, -1, 2, Int.max])
    func `a missing word is empty, and begins no argv`(index: Int) {
        withWords(["init", "x"]) { words in
            #expect(words[index].count == 0)
            #expect(words.argv(from: index) == nil)
        }
    }

    @Test func `a program's argv has all words to the end`() throws {
        try withWords(["init", "sh", "-c"]) { words in
            let argv = try #require(words.argv(from: 1))
            #expect(argv[0].map { String(cString: $0) } == "sh")
            #expect(argv[1].map { String(cString: $0) } == "-c")
            #expect(argv[2] == nil)
        }
    }

    @Test(arguments: [Int.min, -1, 3, Int.max])
    func `a byte outside of a view is 0`(offset: Int) {
        withView("abc") { #expect($0[offset] == 0) }
    }
}
