import InitCore

/// Texts that are being made, one behind the other, each with a NUL at its end, in memory that this
/// value does not own. What does not fit is an error of the text that is finished next.
struct Texts: ByteSink {
    private let bytes: UnsafeMutableRawBufferPointer
    /// Where the text begins that is being made.
    private var start = 0
    /// How long it is.
    private(set) var length = 0
    private var overflowed = false

    init(_ bytes: UnsafeMutableRawBufferPointer) { self.bytes = bytes }

    /// The text that is being made.
    var current: ByteView {
        guard let base = bytes.baseAddress else { return .empty }
        return ByteView(
            start: UnsafePointer((base + start).assumingMemoryBound(to: UInt8.self)),
            count: length)
    }

    @inline(never)
    mutating func append(byte: UInt8) {
        guard start &+ length < bytes.count else {
            overflowed = true
            return
        }
        bytes[start &+ length] = byte
        length &+= 1
    }

    /// Cuts off what is behind the first `length` bytes.
    mutating func truncate(to length: Int) { self.length = min(length, self.length) }

    /// Ends the text.
    ///
    /// - Returns: the text, with a NUL behind it.
    /// - Throws: `Errno.tooLarge` if it did not fit; there is no such text then.
    @inline(never)
    mutating func finish() throws(Errno) -> UnsafeMutablePointer<UInt8> {
        append(byte: 0)
        guard !overflowed, let base = bytes.baseAddress else {
            length = 0
            overflowed = false
            throw .tooLarge
        }
        let text = (base + start).assumingMemoryBound(to: UInt8.self)
        start &+= length
        length = 0
        return text
    }

    /// Forgets all texts.
    mutating func reset() {
        start = 0
        length = 0
        overflowed = false
    }
}

/// A NULL-terminated table of C strings, as execve(2) takes it, in memory that it does not own.
struct TextTable {
    let start: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let capacity: Int
    private(set) var count = 0

    /// - Parameter capacity: how many texts there can be. The memory has room for one more.
    init(_ memory: UnsafeMutableRawPointer, capacity: Int) {
        start = memory.bindMemory(
            to: UnsafeMutablePointer<CChar>?.self, capacity: capacity &+ 1)
        self.capacity = capacity
        start[0] = nil
    }

    subscript(index: Int) -> ByteView {
        guard UInt(bitPattern: index) < UInt(bitPattern: count), let text = start[index] else {
            return .empty
        }
        return ByteView(cString: UnsafeRawPointer(text).assumingMemoryBound(to: UInt8.self))
    }

    /// - Throws: `Errno.tooLarge` if the table is full.
    mutating func append(_ text: UnsafeMutablePointer<UInt8>) throws(Errno) {
        guard count < capacity else { throw .tooLarge }
        count &+= 1
        start[count] = nil
        replace(count &- 1, by: text)
    }

    mutating func replace(_ index: Int, by text: UnsafeMutablePointer<UInt8>) {
        start[index] = UnsafeMutableRawPointer(text).assumingMemoryBound(to: CChar.self)
    }

    /// The last one takes the place.
    mutating func remove(_ index: Int) {
        count &-= 1
        start[index] = start[count]
        start[count] = nil
    }
}

/// All the memory that the child of a service works in. It has no heap.
struct RecipeMemory {
    /// How many words a command has at most, expanded.
    static let mostWords = 256
    /// How many variables an environment has at most.
    static let mostVariables = 128
    /// How many groups a user has at most, beside its own.
    static let mostGroups = 64
    /// How long a line of /etc/passwd or /etc/group is at most.
    static let lineSize = 4 * 1024
    /// How long a path is at most, with its NUL. PATH_MAX
    static let pathSize = 4 * 1024
    /// How many bytes words and environment have at most, expanded.
    static let textSize = 32 * 1024

    static let tablesSize = (mostWords + 1 + mostVariables + 1) * 8 + mostGroups * 4
    static let size = tablesSize + lineSize + pathSize + textSize

    private let start: UnsafeMutableRawPointer

    /// - Parameter start: of `size` bytes, aligned for pointers.
    init(_ start: UnsafeMutableRawPointer) { self.start = start }

    var words: TextTable { TextTable(start, capacity: RecipeMemory.mostWords) }

    var variables: TextTable {
        TextTable(
            start + (RecipeMemory.mostWords &+ 1) &* 8, capacity: RecipeMemory.mostVariables)
    }

    var groups: UnsafeMutablePointer<UInt32> {
        (start + (RecipeMemory.tablesSize &- RecipeMemory.mostGroups &* 4))
            .bindMemory(to: UInt32.self, capacity: RecipeMemory.mostGroups)
    }

    var line: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(
            start: start + RecipeMemory.tablesSize, count: RecipeMemory.lineSize)
    }

    var path: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(
            start: start + RecipeMemory.tablesSize + RecipeMemory.lineSize,
            count: RecipeMemory.pathSize)
    }

    var texts: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(
            start: start + (RecipeMemory.size &- RecipeMemory.textSize),
            count: RecipeMemory.textSize)
    }
}
