/// A word, for the naive implementations.
typealias Bytes = [UInt8]

extension Bytes {
    init(_ text: String) { self = Self(text.utf8) }

    init(_ view: ByteView) { self = (0..<view.count).map { view[$0] } }

    /// For messages, and for numbers.
    var string: String { String(decoding: self, as: UTF8.self) }

    var isNumber: Bool { !isEmpty && allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 } }

    /// The word without zeros in front.
    var withoutLeadingZeros: Bytes {
        let significant = drop { $0 == UInt8(ascii: "0") }
        return isNumber && significant.isEmpty ? Bytes("0") : Bytes(significant)
    }

    /// The number, if it is one from 0 to `limit`.
    func number(upTo limit: Int) -> Int? {
        guard isNumber, let value = Int(withoutLeadingZeros.string) else { return nil }
        return value <= limit ? value : nil
    }
}

/// The words of an input: one a line.
func words(of input: UnsafeBufferPointer<UInt8>) -> [Bytes] {
    var text = Bytes(input)
    // Seeds are text files, and end with a newline.
    if text.last == UInt8(ascii: "\n") { text.removeLast() }
    if text.isEmpty { return [] }
    return text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        // A word of argv ends at its first NUL.
        .map { Bytes($0.prefix { $0 != 0 }) }
}

/// Calls `body` with an argv of these words, each in a block of just its size.
func withArgv<Result>(_ words: [Bytes], _ body: (Words) -> Result) -> Result {
    let argv = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(
        capacity: words.count + 1)
    for (index, word) in words.enumerated() {
        let copy = UnsafeMutablePointer<CChar>.allocate(capacity: word.count + 1)
        for (offset, byte) in word.enumerated() { copy[offset] = CChar(bitPattern: byte) }
        copy[word.count] = 0
        argv[index] = copy
    }
    argv[words.count] = nil
    defer {
        for index in words.indices { argv[index]?.deallocate() }
        argv.deallocate()
    }
    return body(Words(count: Int32(words.count), first: argv))
}

/// Ends the fuzzing unless both are the same.
func agree<Value: Equatable>(_ actual: Value, _ expected: Value, _ what: String) {
    if actual != expected { fatalError("\(what): \(actual), and not \(expected)") }
}

/// What is said of services.
struct NaiveServices: Equatable {
    var areAsked = false
    var target: Bytes = []
    var isStrict = false
    var stop: Int?
    var wait = 90
    var keepsLogs = false
}

extension NaiveServices {
    init(_ options: Configuration) {
        areAsked = options.hasServices
        target = options.target.withBytes { Bytes($0) }
        isStrict = options.isStrict
        stop = options.stopCapMilliseconds.map { Int($0 / 1_000) }
        wait = Int(options.serviceWaitMilliseconds / 1_000)
        keepsLogs = options.keepsLogs
    }
}

/// Whether what services write goes to a log; `nil` if the value says neither.
func areLogsKept(_ value: Bytes) -> Bool? {
    value == Bytes("memory") ? true : value == Bytes("inherit") ? false : nil
}

/// Whether this is the name of a target.
func isTarget(_ name: Bytes) -> Bool {
    name.count > 7 && name.count <= 96 && name.suffix(7) == Bytes(".target")[...]
        && !name.contains(UInt8(ascii: "/"))
}
