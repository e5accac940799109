// What the peers differ in: their defaults, and what their environment variables say.

extension Configuration {
    /// The highest priority number that is logged at a verbosity of tini, 0 or more.
    @inline(never)
    static func logLimit(_ verbosity: Int) -> UInt8 {
        let limits: [4 of Priority] = [.error, .warning, .info, .debug]
        return limits[min(verbosity, 3)].rawValue
    }

    /// The next one, for one more `-v`.
    static func logLimit(above limit: UInt8) -> UInt8 {
        var verbosity = 0
        while verbosity < 3, logLimit(verbosity) <= limit { verbosity &+= 1 }
        return logLimit(verbosity)
    }

    mutating func readAsPeer(_ words: Words, _ environment: Words) {
        // The peers only run the program; the kernel kills the processes that it leaves behind.
        leftoverGraceMilliseconds = 0
        exitsWithProgram = true
        keepsDispositions = personality != .dumbInit
        hasOwnSession = personality == .dumbInit
        if personality != .tini { logLimit = Priority.error.rawValue }
        answer = readOptions(words, from: 1)
        if answer == nil, program == nil, !isPause {
            answer = .wrong(.noProgram, index: 0, letter: 0)
        }
        // Backwards, because the first counts if there are two variables of a name.
        var index = environment.count
        while index > 0 {
            index &-= 1
            var value = environment[index]
            let name = value.removeFirst(upTo: UInt8(ascii: "="))
            apply(variable: name, value)
        }
        becomePeer()
    }

    private mutating func apply(variable name: ByteView, _ value: ByteView) {
        let names: ByteView = """
            TINI_SUBREAPER TINI_KILL_PROCESS_GROUP TINI_VERBOSITY \
            DUMB_INIT_DEBUG DUMB_INIT_SETSID CATATONIT_DEBUG CATATONIT_LOG
            """
        switch (personality, name.position(in: names)) {
        case (.tini, 0): isSubreaper = true
        case (.tini, 1): signalsGroup = true
        case (.tini, 2): logLimit = Self.logLimit(value.decimal(upTo: 1_000) ?? 0)
        case (.dumbInit, 3) where value.equals("1"), (.catatonit, 5):
            logLimit = Priority.debug.rawValue
        case (.dumbInit, 4) where value.equals("0"): hasOwnSession = false
        case (.catatonit, 6): answer = .wrong(.reservedVariable, index: 0, letter: 0)
        default: break
        }
    }

    /// What follows from the rest.
    private mutating func becomePeer() {
        let isVerbose = logLimit == Priority.debug.rawValue
        if personality == .tini {
            if isVerbose { loggedSignals = .child }
            warnsOfNoReaper = !isSubreaper
            rewrites.setDefaults(nil, from: .stopReading)
            return
        }
        warnsOfOrphans = isVerbose
        if personality == .catatonit {
            isSubreaper = true
            if isPause { program = nil }
            rewrites.setDefaults(nil, from: .stopTyped)
        } else {
            suspendsItself = true
            if isVerbose { loggedSignals = .all }
            // The program leads its own group, in a session in which no shell could resume it.
            guard hasOwnSession else { return }
            signalsGroup = true
            endsGroup = true
            rewrites.setDefaults(.stop, from: .stopTyped)
        }
    }
}
