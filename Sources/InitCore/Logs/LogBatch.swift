/// What the logger writes to a file at once, made from what a pipe holds.
public struct LogBatch {
    private let buffer: UnsafeMutableRawBufferPointer
    private let stamp: LogStamp
    /// How many bytes there are to write.
    public private(set) var count = 0
    /// How many bytes of the pipe they are made from.
    public private(set) var taken = 0
    /// How many lines, and pieces of lines, they are.
    public private(set) var lines: UInt32 = 0

    /// How long a piece of a line is at most, with its newline: what write(2) puts into a pipe in
    /// one piece, PIPE_BUF.
    public static let mostInput = 4 * 1024
    /// How large a buffer holds a note and any piece.
    public static let mostOutput = 8 * 1024

    /// - Parameters:
    ///   - buffer: of `mostOutput`. Must outlive the batch.
    ///   - lost: how many lines could not be written before. The batch says so first.
    public init(_ buffer: UnsafeMutableRawBufferPointer, stamp: LogStamp, lost: UInt32) {
        self.buffer = buffer
        self.stamp = stamp
        guard lost > 0 else { return }
        var note = Line()
        note.append(number: Int32(clamping: lost))
        note.append(
            lost == 1
                ? " line is lost: this file could not be written"
                : " lines are lost: this file could not be written")
        note.withBytes { _ = append(.note, $0) }
    }

    /// Takes in each line that is whole, as far as there is room.
    public mutating func append(linesOf input: UnsafeRawBufferPointer) {
        var offset = 0
        while let end = LogBatch.end(of: offset, in: input),
            append(.whole, UnsafeRawBufferPointer(rebasing: input[offset..<end]))
        {
            offset = end &+ 1
            taken = offset
            lines &+= 1
        }
    }

    /// Takes in all of it, which has no newline.
    public mutating func append(piece: UnsafeRawBufferPointer) {
        guard append(.piece, piece) else { return }
        taken &+= piece.count
        lines &+= 1
    }

    /// Where the line that begins at `offset` has its newline.
    private static func end(of offset: Int, in input: UnsafeRawBufferPointer) -> Int? {
        var end = offset
        while end < input.count {
            if input[end] == UInt8(ascii: "\n") { return end }
            end &+= 1
        }
        return nil
    }

    /// - Returns: whether there was room for it.
    private mutating func append(_ mark: LogMark, _ text: UnsafeRawBufferPointer) -> Bool {
        let size = stamp.count &+ 1 &+ text.count &+ 1
        guard size <= buffer.count &- count else { return false }
        stamp.put(into: buffer, at: count)
        buffer[count &+ stamp.count] = mark.rawValue
        let start = count &+ stamp.count &+ 1
        UnsafeMutableRawBufferPointer(rebasing: buffer[start..<(start &+ text.count)])
            .copyMemory(from: text)
        count &+= size
        buffer[count &- 1] = UInt8(ascii: "\n")
        return true
    }

    /// What there is to write.
    public var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: buffer[..<count])
    }
}
