extension Options {
    /// What a command line asks for.
    public enum Outcome: Equatable, Sendable {
        /// Run, with the program that begins at this word, or with none.
        case run(program: Int?)
        /// Print `Options.usage` and end.
        case help
        /// Print the version and end.
        case version
        /// Print the license and end.
        case license
        /// Complain of the word at `index`, and end with code 2.
        case wrong(UsageProblem, index: Int)
    }

    private static var grammar: ByteView {
        """
        s.subreaper g.group p:parent-death e:remap w.warn v.verbose r:rewrite G=grace \
        l.license h.help V-version
        """
    }

    /// Takes in `init [options] [--] PROGRAM [ARGUMENTS...]`.
    ///
    /// What stands behind the program's name is the program's, and not looked at. The first
    /// of `--help`, `--version`, `--license` and mistakes decides; the options are of no
    /// account then.
    ///
    /// - Parameter first: the word to begin with.
    public mutating func parse(_ words: Words, from first: Int = 1) -> Outcome {
        var scanner = OptionScanner(words, from: first, grammar: Self.grammar)
        while true {
            switch scanner.next() {
            case .end: return .run(program: nil)
            case .word: return .run(program: scanner.index)
            case .wrong(let problem): return .wrong(problem, index: scanner.index)
            case .option(UInt8(ascii: "h")): return .help
            case .option(UInt8(ascii: "V")): return .version
            case .option(UInt8(ascii: "l")): return .license
            case .option(let letter):
                if let problem = take(letter, scanner.value) {
                    return .wrong(problem, index: scanner.index)
                }
            }
        }
    }

    /// Takes one option in, or says what is wrong with its value.
    private mutating func take(_ letter: UInt8, _ value: ByteView) -> UsageProblem? {
        switch letter {
        case UInt8(ascii: "s"): isSubreaper = true
        case UInt8(ascii: "g"): signalsGroup = true
        case UInt8(ascii: "w"): warnsOfOrphans = true
        case UInt8(ascii: "v"): verbosity = min(verbosity, 2) &+ 1
        case UInt8(ascii: "p"):
            parentDeathSignal = SignalName.parse(value)
            return parentDeathSignal == nil ? .notASignal : nil
        case UInt8(ascii: "e"):
            guard let code = value.decimal(upTo: 255) else { return .notACode }
            successCodes.insert(UInt8(truncatingIfNeeded: code))
        case UInt8(ascii: "r"):
            return rewrites.add(value) ? nil : .notARewrite
        default:
            guard let seconds = value.decimal(upTo: Self.maximumGraceSeconds) else {
                return .notSeconds
            }
            graceSeconds = UInt16(truncatingIfNeeded: seconds)
        }
        return nil
    }
}
