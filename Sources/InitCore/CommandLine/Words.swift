/// The words that a program was started with, unchanged: main's argc and argv, or its envp.
///
/// They live as long as the process does, so nothing is copied. No word has to be there: the
/// caller of execve(2) may pass no words at all, not even a name.
public struct Words {
    /// How many there are: 0 or more.
    public let count: Int
    private let first: UnsafePointer<UnsafeMutablePointer<CChar>?>?

    /// - Parameters:
    ///   - count: main's argc; words behind the first `nil` do not count.
    ///   - first: main's argv.
    public init(count: Int32, first: UnsafePointer<UnsafeMutablePointer<CChar>?>?) {
        var usable = 0
        if let first {
            while usable < Int(count) && first[usable] != nil { usable &+= 1 }
        }
        self.count = usable
        self.first = first
    }

    /// The bytes of a word, without the NUL at its end; none if there is no such word.
    public subscript(index: Int) -> ByteView {
        @inline(never) get {
            guard let word = argv(from: index)?.pointee else { return .empty }
            let start = UnsafeRawPointer(word).assumingMemoryBound(to: UInt8.self)
            var length = 0
            while start[length] != 0 { length &+= 1 }
            return ByteView(start: start, count: length)
        }
    }

    /// The value of an environment variable, if each word is `NAME=VALUE`; `nil` if there is no
    /// variable of this name.
    @inline(never)
    public func value(of name: ByteView) -> ByteView? {
        var index = 0
        while index < count {
            let word = self[index]
            if word.hasPrefix(name), word[name.count] == UInt8(ascii: "=") {
                return word.dropping(name.count &+ 1)
            }
            index &+= 1
        }
        return nil
    }

    /// The argv of a program whose name is word `index`: from there to the NULL at the end,
    /// as execve(2) wants it; `nil` if there is no such word.
    public func argv(from index: Int) -> UnsafePointer<UnsafeMutablePointer<CChar>?>? {
        guard UInt(bitPattern: index) < UInt(bitPattern: count), let first else { return nil }
        return first + index
    }
}
