import InitCore

/// A path that is being built, with a NUL at its end.
struct Path {
    private var line = Line()

    /// - Returns: `nil` if it is longer than any path that PID 1 needs.
    init?(_ directory: ByteView, _ name: ByteView, _ rest: ByteView = "") {
        line.append(directory)
        line.append(name)
        line.append(rest)
        line.append(byte: 0)
        guard line.count == directory.count &+ name.count &+ rest.count &+ 1 else { return nil }
    }

    /// The path as a C string, for as long as `body` runs.
    func withCString<Result>(_ body: (UnsafePointer<UInt8>) -> Result?) -> Result? {
        line.withBytes { bytes in
            bytes.baseAddress.flatMap { body($0.assumingMemoryBound(to: UInt8.self)) }
        }
    }
    /// The same, for a `body` that throws.
    func use<Result>(
        _ body: (UnsafePointer<UInt8>) throws(Errno) -> Result
    ) throws(Errno) -> Result {
        try line.withBytes { (bytes) throws(Errno) in
            guard let start = bytes.baseAddress else { throw .invalidArgument }
            return try body(start.assumingMemoryBound(to: UInt8.self))
        }
    }
}
