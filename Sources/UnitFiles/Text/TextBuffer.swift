import InitCore

/// Bytes that are being put together in memory that this value does not own.
///
/// What does not fit is left out, and `overflowed` says so.
struct TextBuffer: ByteSink {
    private let start: UnsafeMutablePointer<UInt8>
    let capacity: Int
    private(set) var count = 0
    private(set) var overflowed = false

    init(start: UnsafeMutablePointer<UInt8>, capacity: Int) {
        self.start = start
        self.capacity = max(capacity, 0)
    }

    /// Valid until the buffer is changed.
    var view: ByteView { ByteView(start: UnsafePointer(start), count: count) }

    /// The bytes from `offset` on.
    @inline(never)
    func view(from offset: Int) -> ByteView { view.dropping(offset) }

    mutating func clear() {
        count = 0
        overflowed = false
    }

    /// Forgets the bytes from `offset` on.
    mutating func truncate(to offset: Int) {
        count = min(max(offset, 0), count)
    }

    @inline(never)
    mutating func append(byte: UInt8) {
        guard count < capacity else {
            overflowed = true
            return
        }
        start[count] = byte
        count &+= 1
    }

    /// What does not fit is left out.
    @inline(never)
    mutating func append(_ text: ByteView) {
        let size = min(text.count, capacity &- count)
        if size < text.count { overflowed = true }
        UnsafeMutableRawPointer(start + count).copyMemory(from: text.start, byteCount: size)
        count &+= size
    }

    @inline(never)
    mutating func append(signed number: Int) {
        if number < 0 { append(byte: UInt8(ascii: "-")) }
        append(number: UInt64(number.magnitude))
    }

    /// The memory behind what is there, for a call that fills it in.
    var room: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: start + count, count: capacity &- count)
    }

    /// Takes in bytes that were written into `room`.
    mutating func grow(by length: Int) {
        count = min(count &+ max(length, 0), capacity)
    }
}
