/// The kernel's command line, as proc_cmdline(5) shows it.
///
/// The kernel hands words to init in two ways. Those behind `--` are meant for it. In front
/// of them in argv it puts what it met earlier and did not know itself: a typing error, or
/// the `auto` of a boot loader. Only the former may ever be run.
public struct KernelCommandLine {
    /// How much of it is read, in bytes: more than the kernel takes on any machine (x86: 2048).
    public static let maximumLength = 4096

    /// The `hammock.` words in front of ` -- `. Of several with one name the last good one holds.
    public private(set) var bootOptions = BootOptions()

    /// How many words the kernel hands to init as meant for it: those behind the first `--`,
    /// up to the second one, if there is one; the kernel stops there.
    public private(set) var wordCountForInit = 0

    private let text: ByteView
    /// Before the first word that is for init.
    private let wordsForInit: KernelWords

    /// - Parameter bytes: what was read from /proc/cmdline, and stays where it is. The command
    ///   line ends with them, with a NUL, or with the newline that closes the file.
    public init(_ bytes: UnsafeRawBufferPointer) {
        text = Self.line(of: bytes)
        var words = KernelWords(text)
        let prefix: ByteView = "hammock."
        while let word = words.next(), !word.isDashes {
            if word.name.hasPrefix(prefix) {
                bootOptions.take(word, name: word.name.dropping(prefix.count), in: text)
            }
        }
        wordsForInit = words
        while let word = words.next(), !word.isDashes { wordCountForInit &+= 1 }
    }

    private static func line(of bytes: UnsafeRawBufferPointer) -> ByteView {
        guard let start = bytes.baseAddress else { return .empty }
        var line = ByteView(
            start: start.assumingMemoryBound(to: UInt8.self),
            count: min(bytes.count, maximumLength))
        line = line.slice(0, line.length(before: 0))
        // Only the last newline is the file's: in quotes another might be part of a word.
        let hasNewline = line[line.count &- 1] == UInt8(ascii: "\n")
        return hasNewline ? line.slice(0, line.count &- 1) : line
    }

    /// The bytes at a range that `bootOptions` named.
    public subscript(range: ByteRange) -> ByteView {
        text.slice(Int(range.offset), Int(range.offset) &+ Int(range.length))
    }

    /// Where in argv the words for init are.
    public enum Place: Equatable, Sendable {
        /// They begin at this word, and are the last.
        case from(Int)
        /// There are none.
        case none
        /// They are not there. After a word that it could not make sense of, the kernel keeps
        /// those behind `--` to itself; and a process in a container has its words from
        /// elsewhere.
        case withheld
    }

    /// Finds the words for init in its argv. Each is compared: counting alone would take a
    /// stray word for the program whenever the kernel withheld the right ones.
    public func placeOfWords(in argv: Words) -> Place {
        guard wordCountForInit > 0 else { return .none }
        guard wordCountForInit < argv.count else { return .withheld }
        let first = argv.count &- wordCountForInit
        var index = first
        var words = wordsForInit
        while index < argv.count, let word = words.next() {
            guard word.isHandedOver(as: argv[index]) else { return .withheld }
            index &+= 1
        }
        return .from(first)
    }
}
