/// Reads a stream in blocks and in stretches, through one buffer.
final class TarInput {
    /// As much as a pipe holds at most, so that one call takes all that is there.
    private static let bufferSize = 1 << 20
    static let blockSize = 512

    private let source: any ByteSource
    private let buffer: UnsafeMutableRawBufferPointer
    private var start = 0
    private var end = 0
    /// How many bytes the source has given.
    private(set) var bytesRead = 0

    init(_ source: any ByteSource) {
        self.source = source
        buffer = .allocate(byteCount: Self.bufferSize, alignment: 512)
    }

    deinit { buffer.deallocate() }

    /// The next block of 512 bytes, for `body` only. None at the end.
    ///
    /// - Throws: `EndOfStream` if the stream ends within the block.
    func block<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result? {
        while end - start < Self.blockSize {
            guard try fill() else {
                if end == start { return nil }
                throw EndOfStream()
            }
        }
        defer { start += Self.blockSize }
        return try body(UnsafeRawBufferPointer(rebasing: buffer[start..<start + Self.blockSize]))
    }

    /// Gives the next `count` bytes to `body`, a stretch at a time.
    func forEachStretch(
        of count: Int, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var left = count
        while left > 0 {
            if start == end {
                guard try fill() else { throw EndOfStream() }
            }
            let size = min(left, end - start)
            try body(UnsafeRawBufferPointer(rebasing: buffer[start..<start + size]))
            start += size
            left -= size
        }
    }

    /// Leaves out the next `count` bytes.
    func skip(_ count: Int) throws {
        let there = min(count, end - start)
        start += there
        let left = count - there
        if left > 0, try source.skip(left) { return }
        try forEachStretch(of: left) { _ in }
    }

    /// How many bytes came until the end of the stream, or so far if that is more than `limit`.
    func drain(limit: Int) throws {
        start = end
        while bytesRead <= limit, try fill() { start = end }
    }

    private func fill() throws -> Bool {
        if start > 0 {
            let rest = UnsafeRawBufferPointer(rebasing: buffer[start..<end])
            if !rest.isEmpty { buffer.copyMemory(from: rest) }
            end -= start
            start = 0
        }
        let count = try source.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[end...]))
        end += count
        bytesRead += count
        return count > 0
    }

    /// The stream ended where more was due.
    struct EndOfStream: Error {}
}

/// Collects what is written into stretches of 1 MiB.
final class TarOutput {
    private static let bufferSize = 1 << 20
    /// Stretches from this size on are written from where they are.
    private static let directSize = 1 << 16

    private let sink: any ByteSink
    private let buffer: UnsafeMutableRawBufferPointer
    private var count = 0

    init(_ sink: any ByteSink) {
        self.sink = sink
        buffer = .allocate(byteCount: Self.bufferSize, alignment: 512)
    }

    deinit { buffer.deallocate() }

    func append(_ bytes: UnsafeRawBufferPointer) throws {
        if bytes.count >= Self.directSize || count + bytes.count > Self.bufferSize {
            try flush()
        }
        if bytes.count >= Self.directSize { return try sink.write(bytes) }
        UnsafeMutableRawBufferPointer(rebasing: buffer[count...]).copyMemory(from: bytes)
        count += bytes.count
    }

    func append(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { try append($0) }
    }

    /// Writes the two empty blocks that end an archive, and all that is still here.
    func finish() throws {
        try append([UInt8](repeating: 0, count: 2 * TarInput.blockSize))
        try flush()
    }

    private func flush() throws {
        guard count > 0 else { return }
        try sink.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        count = 0
    }
}
