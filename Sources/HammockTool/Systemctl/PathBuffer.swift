import InitCore

/// A path that is being made, with a NUL behind it. What does not fit makes it no path.
struct PathBuffer: ByteSink {
    static let capacity = 1_024
    private let start: UnsafeMutablePointer<UInt8>
    private(set) var count = 0
    private(set) var isTooLong = false

    /// - Parameter memory: `capacity` bytes.
    init(_ memory: UnsafeMutablePointer<UInt8>) {
        start = memory
        start[0] = 0
    }

    mutating func append(byte: UInt8) {
        guard count &+ 1 < PathBuffer.capacity else {
            isTooLong = true
            return
        }
        start[count] = byte
        count &+= 1
        start[count] = 0
    }

    /// Makes it another path, of these parts.
    mutating func set(_ first: ByteView, _ second: ByteView = .empty, _ third: ByteView = .empty) {
        count = 0
        isTooLong = false
        append(first)
        append(second)
        append(third)
    }

    var view: ByteView { ByteView(start: start, count: count) }
}
