/// What is wrong with a command line, or with a word of it.
public enum UsageProblem: UInt8, Equatable, Sendable {
    case unknownOption
    case valueMissing
    case valueUnwanted
    case notASignal
    case notACode
    case notARewrite
    /// There is nothing to run, which is a mistake to some of the peers.
    case noProgram
    /// The environment has a variable that catatonit reserves for later.
    case reservedVariable
    case notSeconds
    case strayWord
    case notNow
    case nothingScheduled
    case onlyWithForce
    case notATarget
    case notAPlaceForLogs

    /// Says so in a few words, to stand before or behind the word itself.
    public var text: ByteView { Template(Int(rawValue), of: Self.texts).text }

    private static var texts: ByteView {
        """
        unknown option
        value missing
        takes no value
        not a signal (TERM, SIGTERM, 15, RTMIN+1)
        not an exit code (0 to 255)
        not two signals, FROM:TO (TO may be 0)


        not a number of seconds (0 to 3600)
        one word too many
        Hammock knows only 'now'
        nothing to cancel: Hammock knows only 'now'
        works only with -f
        not the name of a target (multi-user.target)
        not memory or inherit
        """
    }

    /// Says what is wrong with a word, and where to find help.
    @inline(never)
    public func complain(of word: ByteView, as name: ByteView, to line: inout Line) {
        line.fill(
            Template("%c: %w: %t (see --help)"),
            Blanks(word: word, text: text, callName: name))
        line.end()
    }
}
