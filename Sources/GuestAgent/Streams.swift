import AgentProtocol
import InitCore
import KernelInterface

/// Bytes that wait to be written: a ring of as many as the host may send unasked.
struct InputQueue {
    static let capacity = FrameHeader.window

    private var first = 0
    private(set) var count = 0

    /// How many bytes more it takes.
    var room: Int { InputQueue.capacity &- count }

    /// Where the bytes lie that come next, as far as they lie together.
    var next: Range<Int> {
        first..<min(first &+ count, InputQueue.capacity)
    }

    /// Puts bytes behind the others.
    ///
    /// - Parameters:
    ///   - bytes: no more than there is room for.
    ///   - memory: of `capacity` bytes.
    mutating func append(_ bytes: ByteView, in memory: UnsafeMutableRawBufferPointer) {
        guard bytes.count > 0, bytes.count <= room, let base = memory.baseAddress else { return }
        let end = (first &+ count) % InputQueue.capacity
        let here = min(bytes.count, InputQueue.capacity &- end)
        (base + end).copyMemory(from: bytes.start, byteCount: here)
        if bytes.count > here {
            base.copyMemory(from: bytes.start + here, byteCount: bytes.count &- here)
        }
        count &+= bytes.count
    }

    /// Drops the first bytes.
    mutating func remove(_ number: Int) {
        let number = min(max(number, 0), count)
        first = (first &+ number) % InputQueue.capacity
        count &-= number
        if count == 0 { first = 0 }
    }
}

/// The way from the host to the standard input of a process.
struct InputStream {
    /// `nil`: there is none, or it is closed.
    var descriptor: FileDescriptor?
    var queue = InputQueue()
    /// Whether the host has sent all.
    var isComplete = false
}

/// The way from an output of a process to the host.
struct OutputStream {
    /// How many bytes a message carries at most, so that it fits into what a pipe holds.
    static let mostRead = 60 * 1024

    /// `nil`: there is none, or it is closed.
    var descriptor: FileDescriptor?
    /// How many bytes the host takes.
    private(set) var credit = FrameHeader.window
    /// How many bytes are to be read at most. There is a limit once the process has ended: another
    /// one may go on writing.
    var rest = Int.max

    /// How many bytes to read next: 0 if none may be sent.
    var wish: Int {
        descriptor == nil ? 0 : min(credit, min(OutputStream.mostRead, rest))
    }

    /// Whether nothing more is to be read, although not all writers have closed.
    var isExhausted: Bool { descriptor != nil && rest == 0 }

    mutating func grant(_ count: Int) { credit &+= count }

    mutating func take(_ count: Int) {
        credit &-= count
        if rest != .max { rest &-= count }
    }
}
