import InitCore
import UnitFiles

/// What `hammock logs` is asked for.
struct LogsRequest {
    /// The directory that stands for `/`. A word of the command line, or empty: a C string both ways.
    private(set) var root = ByteView.empty
    private(set) var lines: Int?
    private(set) var priority: UInt8 = 7
    private(set) var since = Since.boot
    private(set) var follows = false
    private(set) var wantsKernel = false
    private(set) var isJSON = false
    /// How many logs are named.
    private(set) var nameCount = 0

    /// From when on, in microseconds.
    enum Since {
        case boot
        case moment(UInt64)
        /// So much before now.
        case ago(UInt64)
    }

    private static var grammar: ByteView {
        "f.follow n:lines p:priority s=since k-kernel j-json r=root h.help V.version"
    }

    /// With `.service.old` behind it a name is 255 bytes at the most.
    private static let longestName = 243

    private static func scanner(_ words: Words) -> OptionScanner {
        OptionScanner(words, from: 2, grammar: grammar)
    }

    /// - Returns: `nil` if there is something to do.
    @inline(never)
    mutating func read(_ words: Words) -> Request.Answer? {
        var scanner = LogsRequest.scanner(words)
        while true {
            switch scanner.next() {
            case .end: return complaint
            case .word:
                let name = words[scanner.index]
                guard LogsRequest.isName(name) else {
                    return .wrong("not the name of a unit (nginx or nginx.service)", name)
                }
                nameCount &+= 1
            case .wrong(let problem): return .wrong(problem.text, words[scanner.index])
            case .option(let letter):
                if let answer = apply(letter, scanner.value) { return answer }
            }
        }
    }

    private var complaint: Request.Answer? {
        if wantsKernel, root.count > 0 {
            return .wrong("the kernel's log is this machine's, not that of --root", "--kernel")
        }
        return nameCount > LogTree.mostNames ? .wrong("129 logs at the most", "logs") : nil
    }

    @inline(never)
    private mutating func apply(_ letter: UInt8, _ value: ByteView) -> Request.Answer? {
        switch letter {
        case UInt8(ascii: "f"): follows = true
        case UInt8(ascii: "k"): wantsKernel = true
        case UInt8(ascii: "j"): isJSON = true
        case UInt8(ascii: "n"):
            guard let number = Values.number(value) else {
                return .wrong("not a number of lines", value)
            }
            lines = Int(clamping: number)
        case UInt8(ascii: "p"):
            guard let number = LogQuery.priority(value) else {
                return .wrong("not a priority (0 to 7, emerg to debug)", value)
            }
            priority = number
        case UInt8(ascii: "s"):
            let isAgo = value[0] == UInt8(ascii: "-")
            guard let span = Values.microseconds(isAgo ? value.dropping(1) : value),
                span != Values.infinity
            else { return .wrong("not a time (12.5 since the boot, -60 or -5min ago)", value) }
            since = isAgo ? .ago(span) : .moment(span)
        case UInt8(ascii: "r"):
            root = value
            if root.count == 0 { return .wrong("no directory", "--root") }
        case UInt8(ascii: "V"): return .version
        default: return .help
        }
        return nil
    }

    private static func isName(_ name: ByteView) -> Bool {
        name.count > 0 && name.count <= longestName && name[0] != UInt8(ascii: ".")
            && name.length(before: UInt8(ascii: "/")) == name.count
    }

    /// Which lines are asked for.
    ///
    /// - Parameter now: in microseconds, as a `LogStamp`.
    @inline(never)
    func query(now: UInt64) -> LogQuery {
        var query = LogQuery(lines: lines, priority: priority)
        switch since {
        case .boot: break
        case .moment(let time): query.since = time
        case .ago(let span): query.since = now > span ? now &- span : 0
        }
        return query
    }

    /// The names, one after the other.
    struct Names {
        private let words: Words
        private var scanner: OptionScanner

        init(_ words: Words) {
            self.words = words
            scanner = LogsRequest.scanner(words)
        }

        /// - Returns: `nil` behind the last one.
        @inline(never)
        mutating func next() -> ByteView? {
            while true {
                switch scanner.next() {
                case .word: return words[scanner.index]
                case .option: break
                case .end, .wrong: return nil
                }
            }
        }
    }
}
