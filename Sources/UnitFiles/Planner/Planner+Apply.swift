import InitCore

/// One line of a unit file that assigns a value.
struct Assignment {
    var row = 0
    /// 0: the unit's own file; above: its drop-ins.
    var file = 0
    /// Assert, and not Condition.
    var isAssert = false
    var line = 0
    var value = ByteView.empty

    /// How many bytes stand before the value in `Planner.assignments`.
    static let headerSize = 8
}

/// What the assignments of a unit come to beside what is written at once.
struct Draft {
    enum ServiceType: UInt8 {
        case simple
        case exec
        case idle
        case notify
        case notifyReload
        case forking
        case oneshot
        case dbus
    }

    var type: ServiceType?
    var hasBusName = false
    var restart = RestartPolicy.never
    var notifyAccess: NotifyAccess?
    var flags = UnitFlags.sendsKill.union(.guessesMain)
    var namesStart = false
    var namesStop = false
    var namesStartLimit = false
    var watchdog: UInt32 = 0
    /// In milliseconds.
    var stop: UInt32 = 10_000
    var reloadSignal: Signal?
    /// ExecReload= does no more than kill(1).
    var reloadCommandSignal: Signal?
    var hasSuccessAction = false
    var hasRoot = false
    var permissionsStartOnly = false
    var startsItself = true
    var hasDescriptor = false
    var environment = 0
    var environmentFiles = 0
    var groups = 0
    var ioClass: Int?
    var ioPriority: Int?
    var policy: Int?
    var priority: Int?
    /// How many entries the three lists of ways to end have.
    var exits = (0, 0, 0)
    /// How many lines each of the lists of commands has, of those that count.
    var lines = [8 of UInt8](repeating: 0)
    /// How many commands were written, of each list and together.
    var counts = [8 of UInt8](repeating: 0)
    var commands = 0
    var ignoredFailures: UInt16 = 0
}

extension Planner where Source: ~Copyable {
    // MARK: The assignments of a unit

    mutating func clearAssignments() {
        bytesRead = 0
        assignments.clear()
        room.lastAssignment.update(repeating: 0, count: Directive.count)
        room.lastReset.update(repeating: 0, count: Room.resetCapacity)
        assignmentCount = 0
    }

    mutating func append(_ assignment: Assignment) {
        let size = assignment.value.count
        guard assignments.count &+ size &+ Assignment.headerSize <= assignments.capacity else {
            return refuse(.limit, "32 KiB in a unit's file with its drop-ins")
        }
        assignments.append(number16: assignment.row)
        assignments.append(byte: UInt8(truncatingIfNeeded: assignment.file))
        assignments.append(byte: assignment.isAssert ? 1 : 0)
        assignments.append(number16: assignment.line)
        assignments.append(number16: size)
        assignments.append(assignment.value)
        assignmentCount &+= 1
        let number = UInt16(truncatingIfNeeded: assignmentCount)
        room.lastAssignment[assignment.row] = number
        if size == 0 { room.lastReset[resetGroup(of: assignment)] = number }
    }

    /// An empty condition clears conditions of all kinds.
    private func resetGroup(of assignment: Assignment) -> Int {
        guard Directive.row(assignment.row).section == .condition else { return assignment.row }
        return Directive.count &+ (assignment.isAssert ? 1 : 0)
    }

    /// The assignment at `offset`, which moves behind it.
    @inline(never)
    private func assignment(_ offset: inout Int) -> Assignment? {
        let all = assignments.view
        guard offset < all.count else { return nil }
        func number(_ place: Int) -> Int {
            Int(all[offset &+ place]) | Int(all[offset &+ place &+ 1]) << 8
        }
        let first = offset &+ Assignment.headerSize
        let assignment = Assignment(
            row: number(0), file: Int(all[offset &+ 2]), isAssert: all[offset &+ 3] == 1,
            line: number(4), value: all.slice(first, first &+ number(6)))
        offset = first &+ number(6)
        return assignment
    }

    /// Whether no later assignment replaces or clears this one.
    ///
    /// - Parameter number: which assignment it is, from 1.
    @inline(never)
    private func counts(_ assignment: Assignment, _ number: Int) -> Bool {
        let meaning = Directive.row(assignment.row).meaning
        if meaning.isList {
            return number > Int(room.lastReset[resetGroup(of: assignment)])
        }
        // Names of units only add up, and cannot be taken back. systemd.unit(5)
        if case .relation = meaning { return assignment.value.count > 0 }
        let isLast = number == Int(room.lastAssignment[assignment.row])
        return isLast && (assignment.value.count > 0 || meaning == .missingEvenEmpty)
    }

    /// Takes in all assignments that count: commands at last, list by list, since they stand in
    /// the plan in this order.
    mutating func apply(_ name: UnitName) {
        applyAll(of: nil, name)
        var number: UInt8 = 0
        while let list = CommandList(rawValue: number) {
            if draft.lines[Int(number)] > 0 { applyAll(of: list, name) }
            number &+= 1
        }
        place.line = 0
        place.directive = .empty
    }

    /// - Parameter wanted: commands of this list; `nil`: all but commands, which are counted.
    @inline(never)
    private mutating func applyAll(of wanted: CommandList?, _ name: UnitName) {
        var offset = 0
        var number = 0
        while let assignment = assignment(&offset) {
            number &+= 1
            guard counts(assignment, number) else { continue }
            place.path = text(room.files[assignment.file])
            place.line = assignment.line
            place.directive = directiveName(of: assignment)
            do throws(Trouble) {
                guard case .command(let list) = Directive.row(assignment.row).meaning else {
                    if wanted == nil { try apply(assignment, name) }
                    continue
                }
                if wanted == nil { draft.lines[Int(list.rawValue)] &+= 1 }
                if wanted == list { try command(list, assignment.value, name) }
            } catch {
                refuse(error)
            }
        }
    }

    /// The directive as it is written.
    private mutating func directiveName(of assignment: Assignment) -> ByteView {
        let directive = Directive.row(assignment.row)
        guard directive.section == .condition else { return directive.bytes }
        directiveName.clear()
        directiveName.append(assignment.isAssert ? "Assert" : "Condition")
        directiveName.append(directive.bytes)
        return directiveName.view
    }

    private mutating func apply(_ assignment: Assignment, _ name: UnitName) throws(Trouble) {
        let directive = Directive.row(assignment.row)
        let value = assignment.value
        switch directive.meaning {
        case .nothing, .command: break
        case .missing:
            if !Self.saysNothing(value) { tellMissing(directive.verdict) }
        case .missingEvenEmpty: tellMissing(directive.verdict)
        case .missingList:
            // Once, and not for each line.
            let row = assignment.row
            if room.lastReset[row] != .max { tellMissing(directive.verdict) }
            room.lastReset[row] = .max
        case .relation(let relation): try relate(relation, value, name)
        case .condition(let isPath): try condition(assignment, isPath: isPath, name)
        case .setting(let setting): try set(setting, value, assignment)
        case .entry(let entry): try write(entry, assignment, name)
        }
    }

    private mutating func tellMissing(_ verdict: Verdict) {
        switch verdict {
        case .refused: refuse(.refusedDirective)
        case .warned: warn(.notDone)
        case .done, .silent: break
        }
    }

    /// Whether the value leaves things as they are without the directive.
    private static func saysNothing(_ value: ByteView) -> Bool {
        Values.boolean(value) == false || value.position(in: "auto default none normal main") != nil
    }

    // MARK: Names of units

    @inline(never)
    private mutating func relate(
        _ relation: Relation?, _ value: ByteView, _ name: UnitName
    ) throws(Trouble) {
        guard let unit = place.unit else { return }
        var reader = WordReader(value, unescapes: false)
        while let word = try nextWord(&reader, name) {
            guard let other = UnitName(word), !other.isTemplate else {
                throw Trouble(.notAUnit, word)
            }
            if word.equals(name.text) {
                warn(.ownName)
                continue
            }
            guard let symbol = symbol(for: word) else { return }
            if let relation {
                if relation.pullsIn { queue(symbol) }
                refer(unit, relation.rawValue, to: symbol)
            } else {
                refer(unit, Reference.before, to: symbol)
            }
        }
    }

    /// The next word with its specifiers expanded, in `words`; `nil` at the end.
    @inline(never)
    mutating func nextWord(
        _ reader: inout WordReader, _ name: UnitName
    ) throws(Trouble) -> ByteView? {
        words.clear()
        switch reader.next(into: &words) {
        case .end: return nil
        case .wrong(let kind): throw Trouble(kind)
        case .word: break
        }
        let start = words.count
        try specifiers(name).expand(words.view, into: &words)
        if words.overflowed { throw Trouble(.limit, "32 KiB of words of a unit") }
        if reader.hasUnknownEscape { warn(.unknownEscape) }
        return words.view(from: start)
    }

    func specifiers(_ name: UnitName) -> Specifier {
        Specifier(name: name, hostName: options.hostName)
    }

    // MARK: Conditions

    @inline(never)
    private mutating func condition(
        _ assignment: Assignment, isPath: Bool, _ name: UnitName
    ) throws(Trouble) {
        entry.clear()
        entry.append(Directive.row(assignment.row).bytes)
        entry.append(byte: 0)
        var value = assignment.value
        if assignment.isAssert { entry.append(byte: UInt8(ascii: "=")) }
        if value[0] == UInt8(ascii: "|") {
            entry.append(byte: UInt8(ascii: "|"))
            value = UnitText.trim(value.dropping(1))
        }
        if value[0] == UInt8(ascii: "!") {
            entry.append(byte: UInt8(ascii: "!"))
            value = UnitText.trim(value.dropping(1))
        }
        entry.append(byte: 0)
        let start = entry.count
        try specifiers(name).expand(value, into: &entry)
        let argument = entry.view(from: start)
        if isPath, argument[0] != UInt8(ascii: "/") { throw Trouble(.notAbsolute, argument) }
        if argument.count == 0 { throw Trouble(.badValue, assignment.value) }
        entry.append(byte: 0)
        try put(.condition)
    }

    /// Appends what is in `entry` to the unit's recipe.
    @inline(never)
    mutating func put(_ key: RecipeKey) throws(Trouble) {
        if entry.overflowed { throw Trouble(.limit, "32 KiB of words of a unit") }
        guard let service else { return }
        writer.append(key, entry.view, to: service)
    }

    /// The unit that is being read.
    var service: ServiceID? {
        place.unit.map { ServiceID(index: $0) }
    }
}

extension Relation {
    /// Whether a unit that is named so has to be in the plan.
    fileprivate var pullsIn: Bool {
        switch self {
        case .requires, .wants, .bindsTo, .requisite, .onFailure: true
        case .after, .partOf, .conflicts: false
        }
    }
}

extension TextBuffer {
    /// Two bytes, little endian.
    mutating func append(number16 number: Int) {
        append(byte: UInt8(truncatingIfNeeded: number))
        append(byte: UInt8(truncatingIfNeeded: number >> 8))
    }
}
