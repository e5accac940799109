@preconcurrency import Glibc

/// struct option of getopt.h, which Swift's Glibc does not have.
private struct LongOption {
    var name: UnsafeMutablePointer<CChar>?
    var takesValue: Int32 = 0
    var flag: UnsafeMutablePointer<Int32>?
    var value: Int32 = 0
}

@_silgen_name("getopt_long")
private func getoptLong(
    _ count: Int32, _ words: UnsafePointer<UnsafeMutablePointer<CChar>?>?,
    _ letters: UnsafePointer<CChar>, _ options: UnsafePointer<LongOption>,
    _ index: UnsafeMutablePointer<Int32>?
) -> Int32

/// A peer's options as its manual describes them, for getopt_long(3), which decides here: the
/// letters, and the letter of each long name.
private struct Manual {
    let name: String
    let letters: String
    let longNames: [(String, Character)]
}

private let manuals = [
    // tini accepts --version only alone. Init accepts it anywhere.
    Manual(name: "tini", letters: "+p:hvwgle:s", longNames: [("version", "V")]),
    Manual(
        name: "dumb-init", letters: "+hvVcr:",
        longNames: [
            ("help", "h"), ("single-child", "c"), ("rewrite", "r"), ("verbose", "v"),
            ("version", "V"),
        ]),
    Manual(name: "catatonit", letters: "+ghLPV", longNames: [("version", "V")]),
]

/// What a command line means, in simple types.
private struct Told: Equatable {
    var outcome = ""
    var flags: Set<Character> = []
    var verbosity = 0
    var parentDeathSignal: Int32 = 0
    var codes: Set<Int> = []
    var rewrites: [Int32: Int32] = [:]
}

/// Reads a command line by getopt_long(3).
private func oracle(_ manual: Manual, _ words: Words) -> Told {
    var told = Told()
    var options: [LongOption] = []
    for (name, letter) in manual.longNames {
        options.append(
            LongOption(
                name: strdup(name), takesValue: name == "rewrite" ? 1 : 0, flag: nil,
                value: Int32(letter.asciiValue ?? 0)))
    }
    options.append(LongOption())
    defer { for option in options { free(option.name) } }
    optind = 0
    opterr = 0
    while true {
        let found = getoptLong(
            Int32(words.count), words.argv(from: 0), manual.letters, options, nil)
        if found == -1 { break }
        let letter = Character(Unicode.Scalar(UInt8(found)))
        let value = optarg.map { pointer in
            (0..<strlen(pointer)).map { UInt8(bitPattern: pointer[$0]) }
        }
        if !told.apply(letter, value ?? []) {
            told.outcome = "wrong"
            return told
        }
        if !told.outcome.isEmpty { return told }
    }
    let isPause = told.flags.contains("P")
    let hasProgram = Int(optind) < words.count
    told.outcome = isPause ? "pause" : hasProgram ? "run \(optind)" : "wrong"
    return told
}

extension Told {
    /// - Returns: whether the option can have this value.
    fileprivate mutating func apply(_ letter: Character, _ value: Bytes) -> Bool {
        switch letter {
        case "?": return false
        case "h", "V", "l", "L": outcome = "answer"
        case "v": verbosity += 1
        case "p":
            guard let signal = naiveSignal(value) else { return false }
            parentDeathSignal = signal
        case "e":
            guard let code = value.number(upTo: 255) else { return false }
            codes.insert(code)
        case "r":
            let parts = value.split(
                separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let from = Bytes(parts[0]).number(upTo: 31), from > 0,
                let to = Bytes(parts[1]).number(upTo: 31)
            else { return false }
            rewrites[Int32(from)] = Int32(to)
        default: flags.insert(letter)
        }
        return true
    }
}

/// What init makes of the command line, and what it prints.
private func actual(_ manual: Manual, _ words: Words) -> Told {
    let configuration = withArgv([]) {
        Configuration(words, kernelCommandLine: nil, environment: $0, role: .container)
    }
    var told = Told()
    var line = Line()
    let reply = configuration.reply(to: words, process: ProcessID(rawValue: 1), &line)
    switch configuration.answer {
    case .wrong:
        told.outcome = "wrong"
        agree(reply?.code, 1, "code")
    case nil:
        told.outcome =
            configuration.isPause ? "pause" : "run \(configuration.program ?? -1)"
        agree(reply == nil, true, "silence")
    default:
        told.outcome = "answer"
        agree(reply?.code, 0, "code")
    }
    return told
}

/// Compares the configurations if the command line is right.
private func compare(_ manual: Manual, _ words: Words, _ expected: Told) {
    let configuration = withArgv([]) {
        Configuration(words, kernelCommandLine: nil, environment: $0, role: .container)
    }
    let has = expected.flags.contains
    agree(configuration.isSubreaper, has("s") || manual.name == "catatonit", "subreaper")
    agree(
        configuration.warnsOfOrphans,
        has("w") || manual.name == "dumb-init" && expected.verbosity > 0, "warn")
    let ownsSession = manual.name == "dumb-init" && !has("c")
    agree(configuration.hasOwnSession, ownsSession, "session")
    agree(configuration.signalsGroup, has("g") || ownsSession, "group")
    agree(configuration.parentDeathSignal?.rawValue ?? 0, expected.parentDeathSignal, "-p")
    agree(
        Set((0...255).filter { configuration.codesToZero.contains(UInt8($0)) }), expected.codes,
        "-e")
    let limits: [UInt8] =
        manual.name == "tini" ? [4, 6, 7] : manual.name == "dumb-init" ? [3, 7] : [3]
    agree(configuration.logLimit, limits[min(expected.verbosity, limits.count - 1)], "-v")
    for number in 1...64 as ClosedRange<Int32> {
        let kept: Int32 = ownsSession ? 19 : 0
        let isStop = (manual.name == "tini" ? 21...22 : 20...22).contains(number)
        let usual = isStop && (manual.name != "dumb-init" || ownsSession) ? kept : number
        agree(
            configuration.rewrites[Signal(rawValue: number)]?.rawValue ?? 0,
            expected.rewrites[number] ?? usual, "signal \(number)")
    }
}

/// The first word's length selects the peer. The others are the peer's words.
func fuzzPeers(_ input: UnsafeBufferPointer<UInt8>) {
    let words = words(of: input)
    guard let first = words.first else { return }
    let manual = manuals[first.count % manuals.count]
    withArgv([Bytes(manual.name)] + words.dropFirst()) { argv in
        let expected = oracle(manual, argv)
        agree(actual(manual, argv).outcome, expected.outcome, "outcome")
        if expected.outcome.hasPrefix("run") || expected.outcome == "pause" {
            compare(manual, argv, expected)
        }
    }
}
