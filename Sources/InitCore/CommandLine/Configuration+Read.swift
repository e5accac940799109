extension Configuration {
    /// Reads all that init is told. The more explicit word wins: an option beats the environment,
    /// and a `hammock.` word of the kernel's command line beats an option.
    ///
    /// - Parameters:
    ///   - words: init's argv.
    ///   - kernelCommandLine: a machine's; `nil` if it could not be read. Then nothing in argv
    ///     can be trusted.
    ///   - environment: a variable each, `NAME=VALUE`. Not a machine's, where it is the
    ///     kernel's words that are no options of its own.
    @inline(never)
    public init(
        _ words: Words, kernelCommandLine: KernelCommandLine?, environment: Words, role: Role
    ) {
        self.init(role: role)
        if role == .machine {
            read(kernelCommandLine, words)
        } else {
            personality = Personality(calledBy: words.baseName)
            if personality == .hammock {
                read(words, environment)
            } else {
                readAsPeer(words, environment)
            }
        }
    }

    private mutating func read(_ words: Words, _ environment: Words) {
        let isGrace = environment.value(of: "HAMMOCK_GRACE").map { set(.grace, to: $0) } ?? true
        answer = readOptions(words, from: 1)
        if !isGrace, answer == nil { answer = .wrongGraceVariable }
        let manager = environment.value(of: "container") ?? .empty
        isAskedAsMachine = manager.position(in: "lxc systemd-nspawn") != nil
    }

    private mutating func read(_ line: KernelCommandLine?, _ words: Words) {
        guard let line else { return setHostName("hammock") }
        switch line.placeOfWords(in: words) {
        case .from(let first): hasUnknownOption = readOptions(words, from: first) != nil
        case .withheld: hasUnknownOption = true
        case .none: break
        }
        var kernelWords = line.words
        var isNamedByKernel = false
        while let word = kernelWords.next(), !word.isDashes {
            if word.name.hasPrefix("hammock.") {
                if !apply(word: word.name.dropping(8), word.value) { hasUnknownOption = true }
            } else if word.name.equals("hostname"), let name = word.value, name.count > 0 {
                isNamedByKernel = true
            }
        }
        if hostName.count == 0, !isNamedByKernel { setHostName("hammock") }
    }

    /// Applies one word of the kernel's command line.
    ///
    /// - Parameter name: what follows `hammock.` in its name.
    /// - Returns: whether there is such a word and it can have this value.
    @inline(never)
    private mutating func apply(word name: ByteView, _ value: ByteView?) -> Bool {
        guard let value else {
            switch name.position(in: "services strict") {
            case 0: hasServices = true
            case 1: isStrict = true
            default: return false
            }
            return true
        }
        switch name.position(in: "grace hostname fault log flush target stop wait logs") {
        case 0:
            return set(.grace, to: value)
        case 1:
            guard isHostName(value) else { return false }
            setHostName(value)
        case 2:
            guard let position = value.position(in: "pause poweroff reboot"),
                let response = FaultResponse(rawValue: UInt8(truncatingIfNeeded: position))
            else { return false }
            faultResponse = response
        case 3:
            guard let priority = value.decimal(upTo: 7) else { return false }
            logLimit = UInt8(truncatingIfNeeded: priority)
        case 4:
            return set(.flush, to: value)
        case 5: return setTarget(value)
        case 6: return set(.stopCap, to: value)
        case 7: return set(.serviceWait, to: value)
        case 8: return setLogs(value)
        default:
            return false
        }
        return true
    }
}

// MARK: Options

extension Configuration {
    /// Reads `[options] [--] PROGRAM [ARGUMENTS...]`.
    ///
    /// The words behind the program's name belong to the program, and init does not look at them.
    /// The first of `--help`, `--version`, `--license` and mistakes decides. Then nothing is run.
    ///
    /// - Parameter first: the word to begin with.
    /// - Returns: what to print in place of running anything.
    mutating func readOptions(_ words: Words, from first: Int) -> Answer? {
        var scanner = OptionScanner(
            words, from: first, grammar: personality.grammar,
            mayAbbreviate: personality != .hammock)
        while true {
            switch scanner.next() {
            case .end: return nil
            case .word:
                program = scanner.index
                return nil
            case .wrong(let problem):
                return .wrong(problem, index: scanner.index, letter: scanner.letter)
            case .option(UInt8(ascii: "h")): return .help
            case .option(UInt8(ascii: "V")): return .version
            case .option(UInt8(ascii: "l")), .option(UInt8(ascii: "L")): return .license
            case .option(let letter):
                if let problem = apply(option: letter, scanner.value) {
                    return .wrong(problem, index: scanner.index, letter: scanner.letter)
                }
            }
        }
    }

    /// Applies one option, or returns what is wrong with its value.
    private mutating func apply(option letter: UInt8, _ value: ByteView) -> UsageProblem? {
        switch letter {
        case UInt8(ascii: "s"): isSubreaper = true
        case UInt8(ascii: "g"): signalsGroup = true
        case UInt8(ascii: "w"): warnsOfOrphans = true
        case UInt8(ascii: "v"):
            logLimit =
                personality == .dumbInit ? Priority.debug.rawValue : Self.logLimit(above: logLimit)
        case UInt8(ascii: "c"): hasOwnSession = false
        case UInt8(ascii: "P"): isPause = true
        case UInt8(ascii: "p"):
            parentDeathSignal = SignalName.parse(value)
            return parentDeathSignal == nil ? .notASignal : nil
        case UInt8(ascii: "e"):
            guard let code = value.decimal(upTo: 255) else { return .notACode }
            codesToZero.insert(UInt8(truncatingIfNeeded: code))
        case UInt8(ascii: "r"):
            let isRewrite = rewrites.add(value, onlyNumbers: personality == .dumbInit)
            return isRewrite ? nil : .notARewrite
        case UInt8(ascii: "S"): hasServices = true
        case UInt8(ascii: "t"): return setTarget(value) ? nil : .notATarget
        case UInt8(ascii: "x"): isStrict = true
        case UInt8(ascii: "m"): return setLogs(value) ? nil : .notAPlaceForLogs
        default:
            let setting: TimeSetting =
                letter == UInt8(ascii: "o")
                ? .stopCap : letter == UInt8(ascii: "W") ? .serviceWait : .grace
            return set(setting, to: value) ? nil : .notSeconds
        }
        return nil
    }
}

/// Whether this is a host name as hostname(7) has it: labels of letters, digits and inner
/// hyphens, with dots between. Linux keeps 64 bytes of one, sethostname(2).
private func isHostName(_ name: ByteView) -> Bool {
    guard name.count > 0 && name.count <= 64 else { return false }
    let dot = UInt8(ascii: ".")
    let hyphen = UInt8(ascii: "-")
    var previous = dot
    var offset = 0
    while offset < name.count {
        let byte = name[offset]
        // Set bit 5 makes a capital letter small.
        guard isLowercase(byte | 0x20) || isDigit(byte) || byte == dot || byte == hyphen else {
            return false
        }
        if previous == dot && (byte == dot || byte == hyphen) { return false }
        if previous == hyphen && byte == dot { return false }
        previous = byte
        offset &+= 1
    }
    return previous != dot && previous != hyphen
}
