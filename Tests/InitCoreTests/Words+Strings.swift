import Glibc
import InitCore

/// Calls `body` with an argv of these strings, each in a heap block of just its size.
func withWords<Result>(
    _ strings: [String], _ body: (Words) throws -> Result
) rethrows -> Result {
    var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
    pointers.append(nil)
    defer { for pointer in pointers { free(pointer) } }
    return try pointers.withUnsafeBufferPointer {
        try body(Words(count: Int32(strings.count), first: $0.baseAddress))
    }
}

extension ByteView {
    /// Its bytes, read one by one. Bytes that are not UTF-8 become U+FFFD.
    var string: String {
        String(decoding: (0..<count).map { self[$0] }, as: UTF8.self)
    }
}

/// Calls `body` with a view of these bytes, in a block of just their size.
func withView<Result>(_ text: String, _ body: (ByteView) -> Result) -> Result {
    withWords([text]) { body($0[0]) }
}
