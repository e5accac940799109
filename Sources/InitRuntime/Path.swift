import InitCore

/// A path that is being built, with a NUL at its end.
struct Path {
    private var line = Line()

    /// A path that is longer than any that PID 1 needs is cut off, and cannot be used.
    @inline(never)
    init(_ directory: ByteView, _ name: ByteView, _ rest: ByteView = "") {
        line.append(directory)
        line.append(name)
        line.append(rest)
        line.append(byte: 0)
    }

    init(_ text: Line) {
        line = text
        line.append(byte: 0)
    }

    /// Calls `body` with the path as a C string.
    ///
    /// - Throws: `Errno.invalidArgument` if the path was cut off; what `body` throws.
    // It returns nothing, so that it is there once, and not once for each result.
    @inline(never)
    func use(_ body: (UnsafePointer<UInt8>) throws(Errno) -> Void) throws(Errno) {
        try line.withBytes { (bytes) throws(Errno) in
            guard let start = bytes.baseAddress, bytes[bytes.count &- 1] == 0 else {
                throw .invalidArgument
            }
            try body(start.assumingMemoryBound(to: UInt8.self))
        }
    }
}
