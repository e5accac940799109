import InitCore
import KernelInterface

/// Puts lines together that come in parts.
private struct LineReader {
    private let buffer: UnsafeMutableRawBufferPointer
    private var count = 0
    private(set) var overflowed = false

    init(_ buffer: UnsafeMutableRawBufferPointer) { self.buffer = buffer }

    /// The next line without its newline, or `nil` if it is not whole yet.
    mutating func next(_ part: inout ByteView) -> ByteView? {
        while part.count > 0 {
            let byte = part[0]
            part = ByteView(start: part.start + 1, count: part.count &- 1)
            if byte == UInt8(ascii: "\n") { return last() }
            guard count < buffer.count else {
                overflowed = true
                return nil
            }
            buffer[count] = byte
            count &+= 1
        }
        return nil
    }

    /// What there is of a line.
    mutating func last() -> ByteView? {
        guard let base = buffer.baseAddress else { return nil }
        let line = ByteView(
            start: UnsafePointer(base.assumingMemoryBound(to: UInt8.self)), count: count)
        count = 0
        return line
    }
}

/// What is looked for in a file of lines.
enum LineSearch {
    /// A user by name, or by number if there is one.
    case user(ByteView, UInt32?)
    /// A group by name.
    case group(ByteView)
    /// Each group that this user is a member of.
    case groups(ByteView)
    /// The bounding set of capabilities of this process.
    case boundingSet
}

extension Recipe {
    /// Reads a file line by line, also a last one that has no newline, until it is found what is
    /// looked for.
    ///
    /// - Returns: whether it was found.
    /// - Throws: also `Errno.tooLarge`, if a line is longer than the recipe's memory for it.
    @inline(never)
    mutating func search<K: Kernel & ~Copyable>(
        _ file: StaticString, for wanted: LineSearch, on kernel: inout K
    ) throws(Errno) -> Bool {
        var reader = LineReader(memory.line)
        var isFound = false
        var failure: Errno?
        try kernel.readParts(at: file.utf8Start) { _, bytes in
            guard let start = bytes.baseAddress else { return true }
            var part = ByteView(
                start: start.assumingMemoryBound(to: UInt8.self), count: bytes.count)
            while !isFound, failure == nil, let line = reader.next(&part) {
                do throws(Errno) {
                    isFound = try take(line, for: wanted)
                } catch {
                    failure = error
                }
            }
            return !isFound && failure == nil && !reader.overflowed
        }
        if let failure { throw failure }
        if reader.overflowed { throw .tooLarge }
        if !isFound, let line = reader.last() { return try take(line, for: wanted) }
        return isFound
    }

    /// - Returns: whether no other line is needed.
    @inline(never)
    private mutating func take(
        _ line: ByteView, for wanted: LineSearch
    ) throws(Errno) -> Bool {
        switch wanted {
        case .user(let name, let number): return try takeUser(line, name, number)
        case .group(let name): return takeGroup(line, name)
        case .groups(let member):
            try takeMembership(line, member)
            return false
        case .boundingSet: return takeBoundingSet(line)
        }
    }
}
