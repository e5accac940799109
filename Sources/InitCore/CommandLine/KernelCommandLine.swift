/// The kernel's command line, as proc_cmdline(5) shows it.
///
/// The kernel hands words to init in two ways. The words behind `--` are meant for init. In front
/// of them in argv the kernel puts earlier words that it did not know itself: a typing error, or
/// the `auto` of a boot loader. Only a word behind `--` may ever be run.
public struct KernelCommandLine {
    /// How many bytes of it PID 1 reads: more than the kernel takes on any machine (x86: 2048).
    public static let maximumLength = 4096

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
        while let word = words.next(), !word.isDashes {}
        wordsForInit = words
        while let word = words.next(), !word.isDashes { wordCountForInit &+= 1 }
    }

    private static func line(of bytes: UnsafeRawBufferPointer) -> ByteView {
        guard let start = bytes.baseAddress else { return .empty }
        var line = ByteView(
            start: start.assumingMemoryBound(to: UInt8.self),
            count: min(bytes.count, maximumLength))
        line = line.slice(0, line.length(before: 0))
        // Only the last newline is the file's: a newline in quotes may be part of a word.
        let hasNewline = line[line.count &- 1] == UInt8(ascii: "\n")
        return hasNewline ? line.slice(0, line.count &- 1) : line
    }

    /// All words, from the first.
    var words: KernelWords { KernelWords(text) }

    /// Where in argv the words for init are.
    public enum Place: Equatable, Sendable {
        /// They begin at this word, and go on to the end.
        case from(Int)
        /// There are none.
        case none
        /// They are not there. After a word that the kernel does not understand, it does not hand
        /// on the words behind `--`; and a process in a container has its words from elsewhere.
        case withheld
    }

    /// Finds the words for init in its argv. It compares each word: with counting alone, init
    /// would run a stray word whenever the kernel withheld the right ones.
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
