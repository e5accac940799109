import InitCore
import Testing

/// The outcome of `init WORDS...`, and the options as they are then.
private func parse(_ words: String...) -> (outcome: Options.Outcome, options: Options) {
    parse(words)
}

private func parse(_ words: [String]) -> (outcome: Options.Outcome, options: Options) {
    withWords(["init"] + words) {
        var options = Options()
        let outcome = options.parse($0)
        return (outcome, options)
    }
}

/// The signals that are not forwarded as they are.
private func rewritten(_ options: Options) -> [Int32: Int32] {
    var table: [Int32: Int32] = [:]
    for number in 1...64 as ClosedRange<Int32> {
        let target = options.rewrites[Signal(rawValue: number)]?.rawValue ?? 0
        if target != number { table[number] = target }
    }
    return table
}

private func successCodes(_ options: Options) -> [UInt8] {
    (0...255 as ClosedRange<UInt8>).filter { options.successCodes.contains($0) }
}

@Suite struct OptionsTests {
    @Test func `without options everything is as documented`() {
        let (outcome, options) = parse("prog")
        #expect(outcome == .run(program: 1))
        #expect(!options.isSubreaper && !options.signalsGroup && !options.warnsOfOrphans)
        #expect(options.verbosity == 0)
        #expect(options.graceSeconds == 10)
        #expect(options.parentDeathSignal == nil)
        #expect(successCodes(options) == [])
        #expect(rewritten(options) == [:])
    }

    @Test func `options fit into 160 bytes`() {
        #expect(MemoryLayout<Options>.size <= 160)
    }

    @Test(arguments: [["-s"], ["--subreaper"], ["-ss"], ["-s", "--subreaper"]])
    func `subreaper`(words: [String]) {
        let (outcome, options) = parse(words)
        #expect(outcome == .run(program: nil))
        #expect(options.isSubreaper && !options.signalsGroup && !options.warnsOfOrphans)
    }

    @Test(arguments: ["-g", "--group"])
    func `group`(word: String) {
        let options = parse(word).options
        #expect(!options.isSubreaper && options.signalsGroup && !options.warnsOfOrphans)
    }

    @Test(arguments: ["-w", "--warn"])
    func `warn`(word: String) {
        let options = parse(word).options
        #expect(!options.isSubreaper && !options.signalsGroup && options.warnsOfOrphans)
    }

    @Test(
        arguments: [
            (["-v"], 1), (["--verbose"], 1), (["-vv"], 2), (["-v", "-s", "--verbose"], 2),
            (["-vvv"], 3), (["-vvvv", "-v", "--verbose"], 3),
            ([String](repeating: "-vv", count: 200), 3),
        ] as [([String], UInt8)])
    func `verbosity adds up to 3 and no further`(words: [String], level: UInt8) {
        #expect(parse(words).options.verbosity == level)
    }

    @Test(arguments: [
        ["-p", "TERM"], ["-pTERM"], ["-psigterm"], ["-p15"], ["--parent-death", "15"],
        ["--parent-death=SIGTERM"], ["-sgvp", "TERM"], ["-svpTERM"], ["-p", "KILL", "-p", "15"],
    ])
    func `parent death`(words: [String]) {
        let (outcome, options) = parse(words + ["prog"])
        #expect(outcome == .run(program: words.count + 1))
        #expect(options.parentDeathSignal == Signal(rawValue: 15))
    }

    @Test(arguments: [
        (["-e", "0"], [0]), (["-e255"], [255]), (["--remap", "143"], [143]),
        (["--remap=1"], [1]), (["-e", "143", "-e130", "-e", "143"], [130, 143]),
        (["-e", "063", "-e", "64", "-e", "127", "-e", "128"], [63, 64, 127, 128]),
    ])
    func `exit codes to remap add up`(words: [String], codes: [UInt8]) {
        let (outcome, options) = parse(words)
        #expect(outcome == .run(program: nil))
        #expect(successCodes(options) == codes)
    }

    @Test func `all 256 exit codes can be remapped, each alone and all together`() {
        for code in 0...255 as ClosedRange<UInt8> {
            #expect(successCodes(parse("-e", "\(code)").options) == [code])
        }
        let all = (0...255).flatMap { ["-e", "\($0)"] }
        #expect(successCodes(parse(all).options).count == 256)
    }

    @Test(arguments: [
        (["-r", "TERM:QUIT"], [15: 3]), (["-r15:3"], [15: 3]),
        (["--rewrite=SIGHUP:0"], [1: 0]), (["--rewrite", "hup:00"], [1: 0]),
        (["-r", "RTMIN+3:PWR", "-r64:1"], [37: 30, 64: 1]), (["-r", "1:64"], [1: 64]),
        (["-r", "TERM:QUIT", "-r", "TERM:INT"], [15: 2]), (["-r", "TERM:TERM"], [:]),
        (["-r", "TERM:0", "-r", "TERM:TERM"], [:]),
    ])
    func `rewrites add up, and the last of a signal holds`(
        words: [String], table: [Int32: Int32]
    ) {
        let (outcome, options) = parse(words)
        #expect(outcome == .run(program: nil))
        #expect(rewritten(options) == table)
    }

    @Test func `what is no signal is never forwarded`() {
        for number in [Int32.min, -1, 0, 65, .max] {
            #expect(Options().rewrites[Signal(rawValue: number)] == nil)
        }
    }

    @Test(
        arguments: [
            (["--grace", "0"], 0), (["--grace=5"], 5), (["--grace", "3600"], 3600),
            (["--grace", "5", "--grace=0007"], 7),
        ] as [([String], UInt16)])
    func `grace`(words: [String], seconds: UInt16) {
        let (outcome, options) = parse(words)
        #expect(outcome == .run(program: nil))
        #expect(options.graceSeconds == seconds)
    }

    @Test func `short options combine`() {
        let (outcome, options) = parse("-sgwvve143", "prog")
        #expect(outcome == .run(program: 2))
        #expect(options.isSubreaper && options.signalsGroup && options.warnsOfOrphans)
        #expect(options.verbosity == 2)
        #expect(successCodes(options) == [143])
    }

    @Test func `what was set before stays where the words say nothing else`() {
        withWords(["init", "-v"]) { words in
            var options = Options()
            options.graceSeconds = 3
            #expect(options.parse(words) == .run(program: nil))
            #expect(options.graceSeconds == 3)
        }
    }
}

@Suite struct OptionsProgramTests {
    @Test(arguments: [
        ([], nil), (["prog"], 1), (["-s", "prog"], 2), (["--", "prog"], 2), (["--"], nil),
        (["-s", "--"], nil), (["--", "--"], 2), (["--", "-s"], 2), (["--", "--help"], 2),
        (["-"], 1), (["-s", "-", "-g"], 2), ([""], 1), (["-s", ""], 2), (["--", ""], 2),
        (["s"], 1), (["-p", "--", "prog"], nil), (["-p", "1", "--", "--", "x"], 4),
        (["/bin/sh", "-c", "--", "--help"], 1),
    ])
    func `the program is the first word that is no option`(words: [String], program: Int?) {
        // `-p --` takes the dashes for its value, as getopt does.
        let expected: Options.Outcome =
            words.first == "-p" && words[1] == "--"
            ? .wrong(.notASignal, index: 2) : .run(program: program)
        #expect(parse(words).outcome == expected)
    }

    @Test(arguments: ["-g", "-x", "--help", "--grace=x", "-e", "--", "-v"])
    func `words behind the program are the program's`(word: String) {
        let (outcome, options) = parse("-s", "prog", word, word)
        #expect(outcome == .run(program: 2))
        #expect(options.isSubreaper && !options.signalsGroup && options.verbosity == 0)
    }

    @Test func `an argv without words is one without options`() {
        withWords([]) { words in
            var options = Options()
            #expect(options.parse(words) == .run(program: nil))
        }
    }

    @Test func `words before the first are left out`() {
        withWords(["init", "-s", "stray", "-g", "prog"]) { words in
            var options = Options()
            #expect(options.parse(words, from: 3) == .run(program: 4))
            #expect(!options.isSubreaper && options.signalsGroup)
        }
    }

    @Test(arguments: [Int.min, -1, 0])
    func `a first word below 0 is word 0`(first: Int) {
        withWords(["prog"]) { words in
            var options = Options()
            #expect(options.parse(words, from: first) == .run(program: 0))
        }
    }

    @Test(arguments: [1, 2, Int.max])
    func `a first word behind the last is none`(first: Int) {
        withWords(["prog"]) { words in
            var options = Options()
            #expect(options.parse(words, from: first) == .run(program: nil))
        }
    }
}

@Suite struct OptionsAnswersTests {
    @Test(arguments: [["-h"], ["--help"], ["-sh"], ["-s", "--help", "-x"], ["-hx"]])
    func `help`(words: [String]) {
        #expect(parse(words).outcome == .help)
    }

    @Test(arguments: [["--version"], ["-s", "--version", "prog"]])
    func `version`(words: [String]) {
        #expect(parse(words).outcome == .version)
    }

    @Test(arguments: [["-l"], ["--license"], ["-vl"]])
    func `license`(words: [String]) {
        #expect(parse(words).outcome == .license)
    }

    @Test func `the usage text names every option and each word of the kernel's`() {
        let usage = Options.usage.description
        for word in [
            "-s, --subreaper", "-g, --group", "-p, --parent-death SIGNAL", "-e, --remap CODE",
            "-r, --rewrite FROM:TO", "--grace SECONDS", "-w, --warn", "-v, --verbose",
            "-l, --license", "-h, --help", "--version", "hammock.grace=", "hammock.hostname=",
            "hammock.fault=", "hammock.log=", "128+N", "126", "127", "poweroff",
        ] {
            #expect(usage.contains(word), "\(word)")
        }
        #expect(usage.hasSuffix("\n"))
        #expect(usage.split(separator: "\n").allSatisfy { $0.count <= 80 })
    }
}

@Suite struct OptionsProblemTests {
    @Test(arguments: [
        "-x", "-S", "-1", "-sx", "-sgvx", "-s-", "-G", "-V", "-s.", "-é", "--x", "--subreape",
        "--subreaperr", "--Subreaper", "---", "--s", "--=", "--=x", "-=", "-:", "- ", "-- ",
        "--subreaper ", "--group w.warn",
    ])
    func `an unknown option`(word: String) {
        #expect(parse(word, "prog").outcome == .wrong(.unknownOption, index: 1))
        #expect(parse("-s", word, "prog").outcome == .wrong(.unknownOption, index: 2))
    }

    @Test(arguments: ["-p", "-e", "-r", "-sp", "--parent-death", "--remap", "--rewrite", "--grace"])
    func `a value that is missing`(word: String) {
        #expect(parse(word).outcome == .wrong(.valueMissing, index: 1))
        #expect(parse("-s", word).outcome == .wrong(.valueMissing, index: 2))
    }

    @Test(arguments: [
        "--subreaper=", "--group=yes", "--warn=1", "--verbose=3", "--license=x", "--help=x",
        "--version=",
    ])
    func `a value that nobody wants`(word: String) {
        #expect(parse(word).outcome == .wrong(.valueUnwanted, index: 1))
    }

    @Test(arguments: ["0", "65", "", "FOO", "-1", "TERM,INT", "1:2", "--"])
    func `a parent death signal that is none`(value: String) {
        #expect(parse("-p", value).outcome == .wrong(.notASignal, index: 2))
        #expect(parse("--parent-death", value).outcome == .wrong(.notASignal, index: 2))
        #expect(parse("--parent-death=" + value).outcome == .wrong(.notASignal, index: 1))
        if !value.isEmpty {
            #expect(parse("-p" + value).outcome == .wrong(.notASignal, index: 1))
        }
    }

    @Test(arguments: ["256", "-1", "", "+1", "0x1", "1 ", "TERM", "4294967296", "1,2"])
    func `an exit code that is none`(value: String) {
        let (outcome, options) = parse("-e", value)
        #expect(outcome == .wrong(.notACode, index: 2))
        #expect(successCodes(options) == [])
        #expect(parse("--remap=" + value).outcome == .wrong(.notACode, index: 1))
    }

    @Test(arguments: [
        "", ":", "TERM", "TERM:", ":TERM", "0:TERM", "TERM:65", "65:TERM", "TERM:QUIT:INT",
        "TERM=QUIT", "TERM:-1", "TERM :QUIT", "FOO:TERM", "TERM:FOO", "1:2:", "::",
    ])
    func `a rewrite that is none`(value: String) {
        let (outcome, options) = parse("-r", value)
        #expect(outcome == .wrong(.notARewrite, index: 2))
        #expect(rewritten(options) == [:])
    }

    @Test(arguments: ["", "-1", "3601", "1.5", "5s", "inf", "18446744073709551616"])
    func `a grace that is none`(value: String) {
        let (outcome, options) = parse("--grace", value)
        #expect(outcome == .wrong(.notSeconds, index: 2))
        #expect(options.graceSeconds == 10)
        #expect(parse("--grace=" + value).outcome == .wrong(.notSeconds, index: 1))
    }

    @Test func `each problem has a text of its own, without a newline`() {
        let problems: [UsageProblem] = [
            .unknownOption, .valueMissing, .valueUnwanted, .notASignal, .notACode, .notARewrite,
            .notSeconds, .strayWord, .notNow, .nothingScheduled, .onlyWithForce,
        ]
        #expect(Set(problems.map(\.text.string)).count == problems.count)
        #expect(problems.allSatisfy { !$0.text.string.contains("\n") })
    }
}
