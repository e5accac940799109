import InitCore

extension Planner where Source: ~Copyable {
    /// Reads a command line, and writes it into the recipe. systemd.service(5), COMMAND LINES
    mutating func command(
        _ list: CommandList, _ value: ByteView, _ name: UnitName
    ) throws(Trouble) {
        var reader = WordReader(value, unescapes: true)
        var flags = Flags()
        words.clear()
        switch reader.next(into: &words) {
        case .end: throw Trouble(.noProgram)
        case .wrong(let kind): throw Trouble(kind)
        case .word: break
        }
        let program = flags.takePrefixes(of: words.view)
        guard program.count > 0 else { throw Trouble(.noProgram) }
        if draft.permissionsStartOnly, list != .start { flags.keepsUser = true }

        entry.clear()
        entry.append(number: UInt64(list.stage.rawValue))
        entry.append(byte: 0)
        flags.write(to: &entry)
        entry.append(byte: 0)
        let file = entry.count
        try putProgram(program, name)
        entry.append(byte: 0)
        let first = entry.count
        if !flags.hasOwnName {
            try specifiers(name).expand(program, into: &entry)
            entry.append(byte: 0)
        }
        let count = try putWords(&reader, name) &+ (flags.hasOwnName ? 0 : 1)
        guard count > 0 else { throw Trouble(.noProgram) }
        if reader.hasUnknownEscape { warn(.unknownEscape) }
        if entry.overflowed { throw Trouble(.limit, "32 KiB of words of a unit") }
        let path = entry.view.slice(file, first &- 1)
        if list == .reload, draft.lines[Int(list.rawValue)] == 1, draft.type != .notifyReload,
            let signal = Self.signal(sentBy: path, entry.view(from: first))
        {
            draft.reloadCommandSignal = signal
            return
        }
        try finish(list, flags, path)
    }

    private mutating func finish(
        _ list: CommandList, _ flags: Flags, _ path: ByteView
    ) throws(Trouble) {
        guard draft.commands < PlanLayout.mostCommands else {
            throw Trouble(.limit, "16 commands of a unit")
        }
        if options.checksPrograms, !draft.hasRoot, resolveProgram(path) == .missing {
            warn(.fileMissing, path)
        }
        if flags.ignoresFailure { draft.ignoredFailures |= 1 << UInt16(draft.commands) }
        draft.commands &+= 1
        draft.counts[Int(list.rawValue)] &+= 1
        try put(.command)
        putLine(.command)
    }

    /// Appends the path of the program. One without a slash is looked for where systemd does.
    private mutating func putProgram(_ program: ByteView, _ name: UnitName) throws(Trouble) {
        let start = entry.count
        try specifiers(name).expand(program, into: &entry)
        let text = entry.view(from: start)
        if text[0] == UInt8(ascii: "/") { return }
        if text.length(before: UInt8(ascii: "/")) < text.count { throw Trouble(.notAbsolute, text) }
        // The file's text is read, so its memory is free.
        var found = TextBuffer(start: room.text, capacity: Room.pathBytes)
        var place = 0
        while let directory = Self.programDirectory(place) {
            found.clear()
            found.append(directory)
            found.append(text)
            if !found.overflowed, resolveProgram(found.view) == .file {
                entry.truncate(to: start)
                entry.append(found.view)
                return
            }
            place &+= 1
        }
        throw Trouble(.notHere, text)
    }

    private static func programDirectory(_ place: Int) -> ByteView? {
        switch place {
        case 0: "/usr/local/sbin/"
        case 1: "/usr/local/bin/"
        case 2: "/usr/sbin/"
        case 3: "/usr/bin/"
        case 4: "/sbin/"
        case 5: "/bin/"
        default: nil
        }
    }

    /// Appends the words behind the program.
    ///
    /// - Returns: how many.
    private mutating func putWords(
        _ reader: inout WordReader, _ name: UnitName
    ) throws(Trouble) -> Int {
        var count = 0
        while true {
            if reader.isNext(only: UInt8(ascii: ";")) { throw Trouble(.separator) }
            if reader.takesEscapedSemicolon() {
                entry.append(byte: UInt8(ascii: ";"))
            } else {
                words.clear()
                switch reader.next(into: &words) {
                case .end: return count
                case .wrong(let kind): throw Trouble(kind)
                case .word: try specifiers(name).expand(words.view, into: &entry)
                }
            }
            if words.overflowed { throw Trouble(.limit, "32 KiB of words of a unit") }
            entry.append(byte: 0)
            count &+= 1
            guard count < 256 else { throw Trouble(.limit, "256 words of a command") }
        }
    }

    /// The signal that `kill -SIGNAL $MAINPID` sends; `nil` for any other command.
    private static func signal(sentBy path: ByteView, _ words: ByteView) -> Signal? {
        guard path.equals("/bin/kill") || path.equals("/usr/bin/kill") else { return nil }
        var rest = words
        _ = rest.removeFirst(upTo: 0)
        var option = rest.removeFirst(upTo: 0)
        guard option[0] == UInt8(ascii: "-") else { return nil }
        option = option.equals("-s") ? rest.removeFirst(upTo: 0) : option.dropping(1)
        let target = rest.removeFirst(upTo: 0)
        guard rest.count == 0, target.equals("$MAINPID") || target.equals("${MAINPID}") else {
            return nil
        }
        return SignalName.parse(option)
    }
}

/// What stands in front of a program's path.
private struct Flags {
    var ignoresFailure = false
    var hasOwnName = false
    var isPrivileged = false
    var keepsUser = false
    var isLiteral = false

    /// - Returns: the path behind them.
    mutating func takePrefixes(of word: ByteView) -> ByteView {
        var rest = word
        while true {
            switch CommandFlag(rawValue: rest[0]) {
            case .ignoresFailure: ignoresFailure = true
            case .hasOwnName: hasOwnName = true
            case .isPrivileged: isPrivileged = true
            case .keepsUser:
                if rest[1] == rest[0] {
                    // `!!` differs from no prefix only on kernels before 4.3.
                    rest = rest.dropping(1)
                } else {
                    keepsUser = true
                }
            case .isLiteral: isLiteral = true
            case nil: return rest
            }
            rest = rest.dropping(1)
        }
    }

    func write(to buffer: inout TextBuffer) {
        if ignoresFailure { buffer.append(byte: CommandFlag.ignoresFailure.rawValue) }
        if hasOwnName { buffer.append(byte: CommandFlag.hasOwnName.rawValue) }
        if isPrivileged { buffer.append(byte: CommandFlag.isPrivileged.rawValue) }
        if keepsUser { buffer.append(byte: CommandFlag.keepsUser.rawValue) }
        if isLiteral { buffer.append(byte: CommandFlag.isLiteral.rawValue) }
    }
}

extension WordReader {
    /// Takes a word `\;`, which is a semicolon and no separator.
    mutating func takesEscapedSemicolon() -> Bool {
        var text = rest
        while text.count > 0, isSpace(text[0]) { text = text.dropping(1) }
        guard text[0] == UInt8(ascii: "\\"), text[1] == UInt8(ascii: ";"),
            text.count == 2 || isSpace(text[2])
        else { return false }
        skip(to: text.dropping(2))
        return true
    }
}
