private let quote = UInt8(ascii: "\"")
private let equalsSign = UInt8(ascii: "=")

/// A word of the kernel's command line, in its parts.
private struct NaiveWord {
    let raw: Bytes
    let name: Bytes
    let value: Bytes?

    init(_ raw: Bytes) {
        self.raw = raw
        let isQuoted = raw.first == quote
        let text = isQuoted ? Bytes(raw.dropFirst()) : raw
        guard let split = text.dropFirst().firstIndex(of: equalsSign) else {
            name = isQuoted ? Self.withoutLastQuote(text) : text
            value = nil
            return
        }
        name = Bytes(text[..<split])
        var rest = Bytes(text[(split + 1)...])
        if rest.first == quote {
            rest.removeFirst()
            rest = Self.withoutLastQuote(rest)
        } else if isQuoted {
            rest = Self.withoutLastQuote(rest)
        }
        value = rest
    }

    private static func withoutLastQuote(_ text: Bytes) -> Bytes {
        text.last == quote ? Bytes(text.dropLast()) : text
    }

    var isDashes: Bool { value == nil && name == Bytes("--") }

    /// The word as init gets it.
    var argument: Bytes { value.map { name + [equalsSign] + $0 } ?? name }
}

private func naiveLine(_ input: UnsafeBufferPointer<UInt8>) -> Bytes {
    var line = Bytes(input.prefix(4096).prefix { $0 != 0 })
    if line.last == UInt8(ascii: "\n") { line.removeLast() }
    return line
}

/// Each quote begins or ends a part in which spaces belong to the word.
private func naiveWords(_ line: Bytes) -> [NaiveWord] {
    var words: [Bytes] = []
    var word: Bytes = []
    var inQuotes = false
    for byte in line {
        if byte == quote { inQuotes.toggle() }
        if !inQuotes && [9, 10, 11, 12, 13, 32, 160].contains(byte) {
            words.append(word)
            word = []
        } else {
            word.append(byte)
        }
    }
    words.append(word)
    return words.filter { !$0.isEmpty }.map(NaiveWord.init)
}

/// What the `hammock.` words mean, as text.
private func naiveOptions(_ words: some Sequence<NaiveWord>) -> String {
    var grace = 10
    var flush = 600
    var hostname: Bytes?
    var kernels = false
    var fault = 0
    var log = 6
    var isWrong = false
    var services = NaiveServices(keepsLogs: true)
    for word in words {
        if word.name == Bytes("hostname"), word.value?.isEmpty == false { kernels = true }
        guard word.name.starts(with: Bytes("hammock.")) else { continue }
        let value = word.value ?? []
        switch word.name.string {
        case "hammock.grace" where value.number(upTo: 3600) != nil:
            grace = value.number(upTo: 3600) ?? 0
        case "hammock.flush" where value.number(upTo: 3600) != nil:
            flush = value.number(upTo: 3600) ?? 0
        case "hammock.log" where value.number(upTo: 7) != nil:
            log = value.number(upTo: 7) ?? 0
        case "hammock.hostname" where isHostname(value):
            hostname = value
        case "hammock.services" where word.value == nil: services.areAsked = true
        case "hammock.strict" where word.value == nil: services.isStrict = true
        case "hammock.target" where isTarget(value):
            services.areAsked = true
            services.target = value
        case "hammock.stop" where value.number(upTo: 3600) != nil:
            services.stop = value.number(upTo: 3600)
        case "hammock.wait" where value.number(upTo: 3600) != nil:
            services.wait = value.number(upTo: 3600) ?? 0
        case "hammock.logs" where areLogsKept(value) != nil:
            services.keepsLogs = value == Bytes("memory")
        case "hammock.fault":
            guard
                let index = ["pause", "poweroff", "reboot"].map({ Bytes($0) }).firstIndex(of: value)
            else { fallthrough }
            fault = index
        default: isWrong = true
        }
    }
    let name = hostname ?? (kernels ? nil : Bytes("hammock"))
    return "\(grace) \(flush) \(name ?? []) \(fault) \(log) \(isWrong) \(services)"
}

private func isHostname(_ name: Bytes) -> Bool {
    let alphanumeric = Set(Bytes("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"))
    return name.count <= 64
        && name.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy {
            guard let first = $0.first, let last = $0.last else { return false }
            return alphanumeric.contains(first) && alphanumeric.contains(last)
                && $0.allSatisfy { alphanumeric.contains($0) || $0 == UInt8(ascii: "-") }
        }
}

/// What init makes of them, as text. There are no words for init itself.
private func describe(_ line: KernelCommandLine) -> String {
    withArgv([]) { argv in
        let options = Configuration(
            argv, kernelCommandLine: line, environment: argv, role: .machine)
        let name = options.hostName.withBytes { Bytes($0) }
        return "\(options.graceMilliseconds / 1_000) \(options.flushMilliseconds / 1_000) "
            + "\(name) "
            + "\(options.faultResponse.rawValue) \(options.logLimit) "
            + "\(options.hasUnknownOption) \(NaiveServices(options))"
    }
}

func fuzzKernelCommandLine(_ input: UnsafeBufferPointer<UInt8>) {
    let line = KernelCommandLine(UnsafeRawBufferPointer(input))
    let words = naiveWords(naiveLine(input))
    let before = words.prefix { !$0.isDashes }
    let forInit = words.dropFirst(before.count + 1).prefix { !$0.isDashes }.map(\.argument)

    // This argv lacks the words for init. Init notes that like an unknown word.
    if forInit.isEmpty { agree(describe(line), naiveOptions(before), "options") }
    agree(line.wordCountForInit, forInit.count, "words for init")
    let stray = [Bytes("init")] + before.map(\.argument)
    agree(place(line, stray + forInit), forInit.isEmpty ? .none : .from(stray.count), "place")
    guard let last = forInit.last else { return }
    let spoilt = stray + forInit.dropLast() + [last + [UInt8(ascii: "x")]]
    agree(place(line, spoilt), .withheld, "place with another last word")
    agree(place(line, forInit), .withheld, "place without a name of init's own")
}

private func place(_ line: KernelCommandLine, _ argv: [Bytes]) -> KernelCommandLine.Place {
    withArgv(argv) { line.placeOfWords(in: $0) }
}
