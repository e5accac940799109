/// What a command line means, as text.
private func describe(_ answer: Configuration.Answer?, _ options: Configuration) -> String {
    if case .wrong(let problem, let index, _) = answer { return wrong(problem, index) }
    if let answer { return "\(answer)" }
    var rewrites: [Int32: Int32] = [:]
    for number in 1...64 as ClosedRange<Int32> {
        rewrites[number] = options.rewrites[Signal(rawValue: number)]?.rawValue ?? 0
    }
    return Naive(
        isSubreaper: options.isSubreaper, signalsGroup: options.signalsGroup,
        warnsOfOrphans: options.warnsOfOrphans, logLimit: Int(options.logLimit),
        grace: Int(options.graceMilliseconds / 1_000),
        parentDeathSignal: options.parentDeathSignal?.rawValue,
        successCodes: Set((0...255).filter { options.codesToZero.contains(UInt8($0)) }),
        rewrites: rewrites, services: NaiveServices(options)
    ).description(program: options.program)
}

/// The options once more, in simple types.
private struct Naive {
    var isSubreaper = false
    var signalsGroup = false
    var warnsOfOrphans = false
    var logLimit = 4
    var grace = 10
    var parentDeathSignal: Int32?
    var successCodes: Set<Int> = []
    var rewrites = Dictionary(uniqueKeysWithValues: (1...64).map { (Int32($0), Int32($0)) })
    var services = NaiveServices()

    func description(program: Int?) -> String {
        let changed = rewrites.filter { $0.key != $0.value }.sorted { $0.key < $1.key }
        return """
            \(isSubreaper) \(signalsGroup) \(warnsOfOrphans) \(logLimit) \(grace) \
            \(parentDeathSignal ?? 0) \(successCodes.sorted()) \(changed) \(program ?? -1) \
            \(services)
            """
    }

    /// - Returns: what is wrong, if anything.
    mutating func apply(_ option: String, _ value: Bytes) -> UsageProblem? {
        switch option {
        case "subreaper": isSubreaper = true
        case "group": signalsGroup = true
        case "warn": warnsOfOrphans = true
        case "verbose": logLimit = logLimit == 4 ? 6 : 7
        case "parent-death":
            guard let signal = naiveSignal(value) else { return .notASignal }
            parentDeathSignal = signal
        case "remap":
            guard let code = value.number(upTo: 255) else { return .notACode }
            successCodes.insert(code)
        case "rewrite":
            let parts = value.split(
                separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let from = naiveSignal(Bytes(parts[0])),
                let target = naiveSignal(Bytes(parts[1]))
                    ?? Bytes(parts[1]).number(upTo: 0).map(Int32.init)
            else { return .notARewrite }
            rewrites[from] = target
        case "services": services.areAsked = true
        case "strict": services.isStrict = true
        case "target":
            guard isTarget(value) else { return .notATarget }
            services.areAsked = true
            services.target = value
        case "logs":
            guard let areKept = areLogsKept(value) else { return .notAPlaceForLogs }
            services.keepsLogs = areKept
        default:
            guard let seconds = value.number(upTo: 3600) else { return .notSeconds }
            switch option {
            case "stop": services.stop = seconds
            case "wait": services.wait = seconds
            default: grace = seconds
            }
        }
        return nil
    }
}

private let letters: [Character: String] = [
    "s": "subreaper", "g": "group", "p": "parent-death", "e": "remap", "w": "warn",
    "v": "verbose", "r": "rewrite", "l": "license", "h": "help",
]
private let names = Set(letters.values).union([
    "grace", "version", "services", "target", "strict", "stop", "wait",
    "logs",
])
private let namesWithValue: Set = [
    "parent-death", "remap", "rewrite", "grace", "target", "stop", "wait", "logs",
]

/// An option as it is in a word: its name, and the value in the same word, if there is one.
private struct Met {
    let name: String?
    let attached: Bytes?
    let isLong: Bool
}

/// The options in one word. A short one with a value is the last.
private func options(in word: Bytes) -> [Met] {
    if word.starts(with: Bytes("--")) {
        let parts = word.dropFirst(2).split(
            separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
        let name = parts.first.map { Bytes($0).string } ?? ""
        let value = parts.count == 2 ? Bytes(parts[1]) : nil
        return [Met(name: names.contains(name) ? name : nil, attached: value, isLong: true)]
    }
    var met: [Met] = []
    for index in word.indices.dropFirst() {
        let name = letters[Character(Unicode.Scalar(word[index]))]
        let takesValue = name.map { namesWithValue.contains($0) } ?? false
        let rest = Bytes(word[(index + 1)...])
        met.append(
            Met(name: name, attached: takesValue && !rest.isEmpty ? rest : nil, isLong: false))
        if takesValue { break }
    }
    return met
}

private func naiveParse(_ words: [Bytes]) -> String {
    var naive = Naive()
    var index = 1
    while index < words.count {
        let word = words[index]
        if word == Bytes("--") {
            return naive.description(program: index + 1 < words.count ? index + 1 : nil)
        }
        guard word.count > 1, word[0] == UInt8(ascii: "-") else {
            return naive.description(program: index)
        }
        for met in options(in: word) {
            guard let name = met.name else { return wrong(.unknownOption, index) }
            if !namesWithValue.contains(name) && met.attached != nil {
                return wrong(.valueUnwanted, index)
            }
            if ["help", "version", "license"].contains(name) { return name }
            var value = met.attached
            if namesWithValue.contains(name) && value == nil {
                guard index + 1 < words.count else { return wrong(.valueMissing, index) }
                index += 1
                value = words[index]
            }
            if let problem = naive.apply(name, value ?? []) { return wrong(problem, index) }
        }
        index += 1
    }
    return naive.description(program: nil)
}

private func wrong(_ problem: UsageProblem, _ index: Int) -> String {
    "\(problem), word \(index)"
}

func fuzzOptions(_ input: UnsafeBufferPointer<UInt8>) {
    let words = words(of: input)
    let actual = withArgv(words) { argv in
        var options = Configuration(role: .process)
        return describe(options.readOptions(argv, from: 1), options)
    }
    agree(actual, naiveParse(words), "options")
}
