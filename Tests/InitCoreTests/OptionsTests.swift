import Testing

@testable import InitCore

/// What init does with a command line.
private enum Outcome: Equatable {
    case run(program: Int?)
    case answer(Configuration.Answer)

    static let help = Outcome.answer(.help)
    static let version = Outcome.answer(.version)
    static let license = Outcome.answer(.license)

    static func wrong(_ problem: UsageProblem, index: Int) -> Outcome {
        .answer(.wrong(problem, index: index, letter: 0))
    }
}

/// The outcome of `init WORDS...`, and the options as they are then.
private func parse(_ words: String...) -> (outcome: Outcome, options: Configuration) {
    parse(words)
}

private func parse(_ words: [String]) -> (outcome: Outcome, options: Configuration) {
    parse(["init"] + words, from: 1)
}

private func parse(
    _ words: [String], from first: Int
) -> (outcome: Outcome, options: Configuration) {
    withWords(words) {
        var options = Configuration(role: .process)
        let answer = options.readOptions($0, from: first)
        // These tests do not look at the letter.
        if case .wrong(let problem, let index, _) = answer {
            return (.wrong(problem, index: index), options)
        }
        return (answer.map { .answer($0) } ?? .run(program: options.program), options)
    }
}

/// The signals that are not forwarded as they are.
private func rewritten(_ options: Configuration) -> [Int32: Int32] {
    var table: [Int32: Int32] = [:]
    for number in 1...64 as ClosedRange<Int32> {
        let target = options.rewrites[Signal(rawValue: number)]?.rawValue ?? 0
        if target != number { table[number] = target }
    }
    return table
}

private func successCodes(_ options: Configuration) -> [UInt8] {
    (0...255 as ClosedRange<UInt8>).filter { options.codesToZero.contains($0) }
}

@Suite struct OptionsTests {
    @Test func `without options everything is as documented`() {
        let (outcome, options) = parse("prog")
        #expect(outcome == .run(program: 1))
        #expect(!options.isSubreaper && !options.signalsGroup && !options.warnsOfOrphans)
        #expect(options.logLimit == 4)
        #expect(options.graceMilliseconds == 10_000)
        #expect(options.parentDeathSignal == nil)
        #expect(successCodes(options) == [])
        #expect(rewritten(options) == [:])
    }

    @Test func `a configuration fits into three quarters of a kilobyte`() {
        #expect(MemoryLayout<Configuration>.size <= 768)
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
            ([], 4), (["-v"], 6), (["--verbose"], 6), (["-vv"], 7), (["-v", "-s", "--verbose"], 7),
            (["-vvv"], 7), ([String](repeating: "-vv", count: 200), 7),
        ] as [([String], UInt8)])
    func `each -v raises the limit, up to the highest`(words: [String], limit: UInt8) {
        #expect(parse(words).options.logLimit == limit)
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

    @Test func `a number that is not a signal is never forwarded`() {
        for number in [Int32.min, -1, 0, 65, .max] {
            #expect(SignalRewrites()[Signal(rawValue: number)] == nil)
        }
    }

    @Test(
        arguments: [
            (["--grace", "0"], 0), (["--grace=5"], 5), (["--grace", "3600"], 3600),
            (["--grace", "5", "--grace=0007"], 7),
        ] as [([String], Int64)])
    func `grace`(words: [String], seconds: Int64) {
        let (outcome, options) = parse(words)
        #expect(outcome == .run(program: nil))
        #expect(options.graceMilliseconds == seconds * 1_000)
    }

    @Test func `short options combine`() {
        let (outcome, options) = parse("-sgwvve143", "prog")
        #expect(outcome == .run(program: 2))
        #expect(options.isSubreaper && options.signalsGroup && options.warnsOfOrphans)
        #expect(options.logLimit == 7)
        #expect(successCodes(options) == [143])
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
    func `the program is the first word that is not an option`(words: [String], program: Int?) {
        // The dashes are the value of `-p --`, as in getopt.
        let expected: Outcome =
            words.first == "-p" && words[1] == "--"
            ? .wrong(.notASignal, index: 2) : .run(program: program)
        #expect(parse(words).outcome == expected)
    }

    @Test(arguments: ["-g", "-x", "--help", "--grace=x", "-e", "--", "-v"])
    func `words behind the program are the program's`(word: String) {
        let (outcome, options) = parse("-s", "prog", word, word)
        #expect(outcome == .run(program: 2))
        #expect(options.isSubreaper && !options.signalsGroup && options.logLimit == 4)
    }

    @Test func `an empty argv has no options`() {
        #expect(parse([], from: 1).outcome == .run(program: nil))
    }

    @Test func `words before the first are left out`() {
        let (outcome, options) = parse(["init", "-s", "stray", "-g", "prog"], from: 3)
        #expect(outcome == .run(program: 4))
        #expect(!options.isSubreaper && options.signalsGroup)
    }

    @Test(arguments: [Int.min, -1, 0])
    func `a first word below 0 is word 0`(first: Int) {
        #expect(parse(["prog"], from: first).outcome == .run(program: 0))
    }

    @Test(arguments: [1, 2, Int.max])
    func `a first word behind the last means no words`(first: Int) {
        #expect(parse(["prog"], from: first).outcome == .run(program: nil))
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

    @Test func `services run only if they are asked for`() {
        #expect(!parse("prog").options.hasServices)
        #expect(!parse("--strict", "--stop=5", "--wait=5", "prog").options.hasServices)
        #expect(parse("--services", "prog").options.hasServices)
        let options = parse(
            "--target", "multi-user.target", "--strict", "--stop=7", "--wait", "0", "prog"
        ).options
        #expect(options.hasServices && options.isStrict)
        #expect(text(of: options.target) == "multi-user.target")
        #expect(options.stopCapMilliseconds == 7_000 && options.serviceWaitMilliseconds == 0)
    }

    @Test func `what services write goes to a log where that is asked for`() {
        #expect(!parse("prog").options.keepsLogs)
        #expect(parse("--logs", "memory", "prog").options.keepsLogs)
        #expect(!parse("--logs=memory", "--logs=inherit", "prog").options.keepsLogs)
        #expect(!parse("--logs=memory", "prog").options.hasServices)
        for value in ["", "mem", "Memory", "disk", "memory ", "memory,inherit"] {
            let (outcome, options) = parse("--logs", value)
            #expect(outcome == .wrong(.notAPlaceForLogs, index: 2))
            #expect(!options.keepsLogs)
        }
    }

    @Test(arguments: [["-l"], ["--license"], ["-vl"]])
    func `license`(words: [String]) {
        #expect(parse(words).outcome == .license)
    }

    @Test func `the usage text names every option and every word for the kernel's command line`() {
        let usage = Personality.hammock.usage().string
        for word in [
            "-s, --subreaper", "-g, --group", "-p, --parent-death SIGNAL", "-e, --remap CODE",
            "-r, --rewrite FROM:TO", "--grace SECONDS", "-w, --warn", "-v, --verbose",
            "-l, --license", "-h, --help", "--version", "--services", "--target NAME", "--strict",
            "--stop SECONDS", "--wait SECONDS", "hammock.grace=", "hammock.hostname=",
            "hammock.fault=", "hammock.log=", "hammock.flush=", "hammock.services",
            "hammock.target=", "hammock.strict", "hammock.stop=", "hammock.wait=",
            "--logs memory|inherit", "hammock.logs=", "128+N", "126", "127", "poweroff",
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

    @Test(arguments: [
        "-p", "-e", "-r", "-sp", "--parent-death", "--remap", "--rewrite", "--grace", "--target",
        "--stop", "--wait", "--logs",
    ])
    func `a missing value`(word: String) {
        #expect(parse(word).outcome == .wrong(.valueMissing, index: 1))
        #expect(parse("-s", word).outcome == .wrong(.valueMissing, index: 2))
    }

    @Test(arguments: [
        "--subreaper=", "--group=yes", "--warn=1", "--verbose=3", "--license=x", "--help=x",
        "--version=", "--services=x", "--strict=1",
    ])
    func `a value for an option that takes none`(word: String) {
        #expect(parse(word).outcome == .wrong(.valueUnwanted, index: 1))
    }

    @Test(arguments: ["0", "65", "", "FOO", "-1", "TERM,INT", "1:2", "--"])
    func `a parent death signal that is not a signal`(value: String) {
        #expect(parse("-p", value).outcome == .wrong(.notASignal, index: 2))
        #expect(parse("--parent-death", value).outcome == .wrong(.notASignal, index: 2))
        #expect(parse("--parent-death=" + value).outcome == .wrong(.notASignal, index: 1))
        if !value.isEmpty {
            #expect(parse("-p" + value).outcome == .wrong(.notASignal, index: 1))
        }
    }

    @Test(arguments: ["256", "-1", "", "+1", "0x1", "1 ", "TERM", "4294967296", "1,2"])
    func `an exit code that is not a code`(value: String) {
        let (outcome, options) = parse("-e", value)
        #expect(outcome == .wrong(.notACode, index: 2))
        #expect(successCodes(options) == [])
        #expect(parse("--remap=" + value).outcome == .wrong(.notACode, index: 1))
    }

    @Test(arguments: [
        "", ":", "TERM", "TERM:", ":TERM", "0:TERM", "TERM:65", "65:TERM", "TERM:QUIT:INT",
        "TERM=QUIT", "TERM:-1", "TERM :QUIT", "FOO:TERM", "TERM:FOO", "1:2:", "::",
    ])
    func `a rewrite that is not a rewrite`(value: String) {
        let (outcome, options) = parse("-r", value)
        #expect(outcome == .wrong(.notARewrite, index: 2))
        #expect(rewritten(options) == [:])
    }

    @Test(arguments: ["", "-1", "3601", "1.5", "5s", "inf", "18446744073709551616"])
    func `a grace period that is not a number of seconds`(value: String) {
        let (outcome, options) = parse("--grace", value)
        #expect(outcome == .wrong(.notSeconds, index: 2))
        #expect(options.graceMilliseconds == 10_000)
        #expect(parse("--grace=" + value).outcome == .wrong(.notSeconds, index: 1))
    }

    @Test(arguments: ["--stop", "--wait"])
    func `the services' times are numbers of seconds`(option: String) {
        for value in ["", "-1", "3601", "1.5", "5s"] {
            let (outcome, options) = parse(option, value)
            #expect(outcome == .wrong(.notSeconds, index: 2))
            #expect(options.stopCapMilliseconds == nil)
            #expect(options.serviceWaitMilliseconds == 90_000)
        }
    }

    @Test(arguments: [
        "", ".target", "multi-user", "ssh.service", "a/b.target", "/etc/a.target", "a.targe",
        "a.target/", String(repeating: "t", count: 250) + ".target",
    ])
    func `a target that is not the name of one`(value: String) {
        let (outcome, options) = parse("--target", value)
        #expect(outcome == .wrong(.notATarget, index: 2))
        #expect(!options.hasServices && options.target.count == 0)
    }

    @Test func `each problem has a text of its own, without a newline`() {
        let problems: [UsageProblem] = [
            .unknownOption, .valueMissing, .valueUnwanted, .notASignal, .notACode, .notARewrite,
            .noProgram, .notSeconds, .strayWord, .notNow, .nothingScheduled, .onlyWithForce,
            .notATarget, .notAPlaceForLogs,
        ]
        #expect(Set(problems.map(\.text.string)).count == problems.count)
        #expect(problems.allSatisfy { !$0.text.string.contains("\n") })
    }
}
