/// Goes through the words of a command line, and finds the options and their values.
///
/// The rules are getopt_long(3)'s, except that a long option may have to be spelt out. Short
/// options combine, a value is attached to its option or is the next word, and `--` ends the
/// options. The caller decides whether an option may stand behind another word.
public struct OptionScanner {
    /// What the scanner found.
    public enum Step {
        /// An option, by its letter in the grammar; `value` is its value, and `index` the word
        /// that has the value or, for an option that takes none, the option.
        case option(UInt8)
        /// A word that is no option, at `index`.
        case word
        case end
        /// A mistake in the word at `index`.
        case wrong(UsageProblem)
    }

    /// The word that the last step was about.
    public private(set) var index: Int
    /// The last option's letter, as it stands there; 0 for a long option.
    public private(set) var letter: UInt8 = 0
    /// The value of the last option that takes one.
    public private(set) var value = ByteView.empty

    private let words: Words
    private let grammar: ByteView
    private let mayAbbreviate: Bool
    /// What is left of a word of short options.
    private var cluster = ByteView.empty
    private var optionsEnded = false

    /// - Parameters:
    ///   - first: the word to begin with.
    ///   - grammar: an option each, with one space between: a letter, its kind, its long name.
    ///     The kind is `.`, or `:` for one that takes a value; `-` and `=` are the same for
    ///     options whose letter cannot be used, since it only tells them apart.
    ///   - mayAbbreviate: whether a long name may be cut short, if only one name fits.
    public init(_ words: Words, from first: Int, grammar: ByteView, mayAbbreviate: Bool = false) {
        self.words = words
        self.grammar = grammar
        self.mayAbbreviate = mayAbbreviate
        index = max(first, 0) &- 1
    }

    /// Takes the next step.
    @inline(never)
    public mutating func next() -> Step {
        if cluster.count > 0 { return shortOption() }
        guard advance() else { return .end }
        let word = words[index]
        if optionsEnded || word.count < 2 || word[0] != UInt8(ascii: "-") { return .word }
        if word[1] != UInt8(ascii: "-") {
            cluster = word.dropping(1)
            return shortOption()
        }
        if word.count == 2 {
            optionsEnded = true
            return advance() ? .word : .end
        }
        value = word.dropping(2)
        let length = value.length(before: UInt8(ascii: "="))
        let name = value.removeFirst(upTo: UInt8(ascii: "="))
        return option(
            letter: 0, name: name, attached: length &+ 2 < word.count, mayStandAlone: false)
    }

    @inline(never)
    private mutating func shortOption() -> Step {
        let letter = cluster[0]
        cluster = cluster.dropping(1)
        value = cluster
        return option(
            letter: letter, name: .empty, attached: cluster.count > 0, mayStandAlone: true)
    }

    /// - Parameters:
    ///   - name: the long name, or empty to look for the letter.
    ///   - attached: whether `value` holds what stands right behind the option.
    ///   - mayStandAlone: whether that can be something else than a value.
    @inline(never)
    private mutating func option(
        letter: UInt8, name: ByteView, attached: Bool, mayStandAlone: Bool
    ) -> Step {
        self.letter = letter
        let entry = lookUp(letter: letter, name: name)
        guard entry.count > 0 else { return .wrong(.unknownOption) }
        guard takesValue(entry) else {
            return attached && !mayStandAlone ? .wrong(.valueUnwanted) : .option(entry[0])
        }
        cluster = .empty
        if !attached {
            guard advance() else { return .wrong(.valueMissing) }
            value = words[index]
        }
        return .option(entry[0])
    }

    /// Goes to the next word, if there is one.
    private mutating func advance() -> Bool {
        guard index &+ 1 < words.count else { return false }
        index &+= 1
        return true
    }

    private func takesValue(_ entry: ByteView) -> Bool {
        entry[1] == UInt8(ascii: ":") || entry[1] == UInt8(ascii: "=")
    }

    /// - Returns: the option's entry in the grammar; empty if there is none.
    @inline(never)
    private func lookUp(letter: UInt8, name: ByteView) -> ByteView {
        var rest = grammar
        var abbreviated = ByteView.empty
        var count = 0
        while rest.count > 0 {
            let entry = rest.removeFirst(upTo: UInt8(ascii: " "))
            let hasLetter = entry[1] == UInt8(ascii: ".") || entry[1] == UInt8(ascii: ":")
            if name.count == 0 {
                if hasLetter && entry[0] == letter { return entry }
            } else if entry.dropping(2).hasPrefix(name) {
                if entry.count &- 2 == name.count { return entry }
                abbreviated = entry
                count &+= 1
            }
        }
        return mayAbbreviate && count == 1 ? abbreviated : .empty
    }
}
