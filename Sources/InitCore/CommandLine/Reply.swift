/// What init prints in place of doing its work. A line may come before it.
public struct Reply {
    public var text: ByteView
    public var isForStandardError = true
    /// What to exit with then.
    public var code: UInt8 = 0
}

extension Configuration {
    /// What to print in place of doing anything, in the words of the program whose place init
    /// takes; `nil` if there is something to do.
    ///
    /// - Parameters:
    ///   - words: init's argv.
    ///   - process: init's own number.
    ///   - line: gets what comes first, if anything.
    @inline(never)
    public func reply(to words: Words, process: ProcessID, _ line: inout Line) -> Reply? {
        guard let answer else { return nil }
        let isOwn = personality == .hammock
        var reply = Reply(text: personality.usage())
        switch answer {
        case .help: reply.isForStandardError = !isOwn && personality != .tini
        case .version:
            reply.text = personality.version()
            reply.isForStandardError = personality == .dumbInit
        case .license:
            reply.text = ByteView(stringLiteral: Version.license)
            reply.isForStandardError = false
        case .wrong(let problem, let index, let letter):
            // tini adds all of its help, catatonit one line, and the others nothing.
            let length =
                switch (personality, problem) {
                case (.tini, .notASignal), (.tini, .notACode), (_, .reservedVariable): 0
                case (.tini, _): reply.text.count
                case (.catatonit, _): reply.text.length(before: 0x0a) &+ 1
                default: 0
                }
            reply.text = reply.text.slice(0, length)
            // Wrong use is 2 by init's own convention, and 1 by all the peers'.
            reply.code = isOwn ? 2 : 1
            if isOwn {
                problem.complain(of: words[index], as: "init", to: &line)
            } else {
                let blanks = Blanks(
                    word: words[index], callName: words[0], number: process.rawValue,
                    letter: letter)
                personality.complain(of: problem, blanks, to: &line)
            }
        case .wrongGraceVariable:
            reply.text = .empty
            reply.code = 2
            UsageProblem.notSeconds.complain(of: "HAMMOCK_GRACE", as: "init", to: &line)
        }
        return reply
    }
}

extension Personality {
    /// A peer's complaint, mostly in the words of getopt_long(3).
    fileprivate func complain(
        of problem: UsageProblem, _ blanks: Blanks, to line: inout Line
    ) {
        // In the order of the problems; then those of short options, and catatonit's own.
        let lines: ByteView = """
            %c: unrecognized option '%w'
            %c: option '%w' requires an argument
            %c: option '%w' doesn't allow an argument
            [FATAL tini (%n)] Not a valid option for -%l: %w

            Usage: -r option takes <signum>:<signum>, where <signum> is between 1 and 31.%/\
            This option can be specified multiple times.%/Use --help for full usage.
            Usage: %c [option] program [args]%/Try %c --help for full usage.
            ERROR (catatonit:%n): CATATONIT_LOG is reserved for future use
            %c: invalid option -- '%l'
            %c: option requires an argument -- '%l'
            ERROR (catatonit:%n): missing program name
            """
        var blanks = blanks
        var number = Int(problem.rawValue)
        switch problem {
        case .unknownOption, .valueMissing:
            // tini has no long options: it takes a second dash for an unknown letter.
            if self == .tini, blanks.letter == 0 { blanks.letter = UInt8(ascii: "-") }
            if blanks.letter != 0 { number &+= 8 }
        case .notASignal, .notACode:
            number = 3
            // The value may stand right behind the option.
            let position = blanks.word.length(before: blanks.letter)
            if blanks.word[0] == UInt8(ascii: "-"), position < blanks.word.count {
                blanks.word = blanks.word.dropping(position &+ 1)
            }
        case .noProgram:
            // tini only shows how it is used.
            if self == .tini { return }
            if self == .catatonit { number = 10 }
        default:
            blanks.word = blanks.word.slice(0, blanks.word.length(before: UInt8(ascii: "=")))
        }
        line.fill(Template(number, of: lines), blanks)
        line.end()
    }
}
