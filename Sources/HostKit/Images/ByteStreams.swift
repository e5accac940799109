import SystemPackage

/// Where bytes come from, in order.
protocol ByteSource {
    /// Puts the next bytes into `buffer`, and says how many: 0 at the end. It may block.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int

    /// Leaves out the next `count` bytes, and says whether it could.
    func skip(_ count: Int) throws -> Bool
}

extension ByteSource {
    func skip(_ count: Int) throws -> Bool { false }
}

/// Where bytes go, in order.
protocol ByteSink {
    /// Writes all of `bytes`. It may block.
    func write(_ bytes: UnsafeRawBufferPointer) throws
}

/// What a pipe or a file gives.
struct DescriptorSource: ByteSource {
    let descriptor: FileDescriptor

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        try descriptor.read(into: buffer)
    }
}

/// What a pipe or a file takes.
struct DescriptorSink: ByteSink {
    let descriptor: FileDescriptor

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        _ = try descriptor.writeAll(bytes)
    }
}

/// A part of a file: a whole one, or a member of an archive. One thread reads it.
final class RangeSource: ByteSource, @unchecked Sendable {
    private let descriptor: FileDescriptor
    private var offset: Int64
    private let end: Int64

    /// - Parameters:
    ///   - offset: Where it begins, in bytes.
    ///   - size: How much of it there is, in bytes.
    init(_ descriptor: FileDescriptor, offset: Int64, size: Int64) {
        self.descriptor = descriptor
        self.offset = offset
        end = offset + size
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let wanted = min(buffer.count, Int(end - offset))
        guard wanted > 0 else { return 0 }
        let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted])
        let count = try descriptor.read(fromAbsoluteOffset: offset, into: part)
        offset += Int64(count)
        return count
    }

    func skip(_ count: Int) throws -> Bool {
        guard Int64(count) <= end - offset else { return false }
        offset += Int64(count)
        return true
    }
}

/// A source whose bytes a second reader gets too. One thread reads it.
final class TeeSource: ByteSource, @unchecked Sendable {
    private let source: any ByteSource
    private let copy: FileDescriptor

    init(_ source: any ByteSource, copy: FileDescriptor) {
        self.source = source
        self.copy = copy
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = try source.read(into: buffer)
        _ = try copy.writeAll(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        return count
    }

    /// Reads what is left, so that the second reader has seen all.
    func drain() throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { buffer.deallocate() }
        while try read(into: buffer) > 0 {}
    }
}

/// Bytes that are in memory. One thread reads it.
final class MemorySource: ByteSource, @unchecked Sendable {
    private let bytes: [UInt8]
    private var offset = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(buffer.count, bytes.count - offset)
        buffer.copyBytes(from: bytes[offset..<offset + count])
        offset += count
        return count
    }
}
