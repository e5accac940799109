import InitCore

// What only the child of a service needs goes into the recipe as text. It is parsed here all the
// same, so that the child has nothing to parse that could be wrong.

extension Planner where Source: ~Copyable {
    mutating func write(
        _ kind: Entry, _ assignment: Assignment, _ name: UnitName
    ) throws(Trouble) {
        let value = assignment.value
        switch kind {
        case .text(let key): try put(key, expanding: value, name)
        case .account(let key):
            try expand(value, name)
            guard Self.isAccount(entry.view) else { throw Trouble(.badValue, entry.view) }
            try put(key)
            putLine(key)
        case .path(let key): try putPath(key, value, name)
        case .pidFile: try putPIDFile(value, name)
        case .workingDirectory: try putWorkingDirectory(value, name)
        case .mode(let key): try putMode(key, value)
        case .preserve: try putPreserve(value)
        case .groups, .directories, .environment, .environmentFile, .names:
            try writeList(kind, value, name)
        case .input: try putInput(value, name)
        case .output(let key): try putOutput(key, value, name)
        case .switched(let key, let on): if try boolean(value) == on { try put(key, text: "yes") }
        case .logSize: try putNumber(.logSize, size(value))
        case .limit(let limit): try putLimit(limit, value)
        case .nice: try putNumber(.nice, value, from: -20, to: 19)
        case .oomScore: try putNumber(.oomScore, value, from: -1_000, to: 1_000)
        case .ioClass: draft.ioClass = try number(value, "none realtime best-effort idle", to: 3)
        case .ioPriority: draft.ioPriority = try number(value, "", to: 7)
        case .schedulingPolicy:
            draft.policy = try number(value, "other fifo rr batch - idle", to: 5)
        case .schedulingPriority: draft.priority = try number(value, "", to: 99)
        case .cgroup(let file): try putCgroup(file, value)
        case .delegate: try putDelegate(value, name)
        }
    }

    private mutating func writeList(
        _ kind: Entry, _ value: ByteView, _ name: UnitName
    ) throws(Trouble) {
        if kind == .environmentFile { return try putEnvironmentFile(value, name) }
        var reader = WordReader(value, unescapes: kind == .environment)
        while let word = try nextWord(&reader, name) {
            entry.clear()
            entry.append(word)
            try putWord(kind, word)
        }
    }

    /// One word of a list, which is in `entry`.
    private mutating func putWord(_ kind: Entry, _ word: ByteView) throws(Trouble) {
        switch kind {
        case .groups:
            guard Self.isAccount(word) else { throw Trouble(.badValue, word) }
            draft.groups &+= 1
            guard draft.groups <= 64 else { throw Trouble(.limit, "64 groups of a unit") }
            try put(.supplementaryGroup)
        case .environment:
            let length = word.length(before: UInt8(ascii: "="))
            guard length < word.count, Self.isVariable(word.slice(0, length)) else {
                throw Trouble(.badValue, word)
            }
            draft.environment &+= 1
            guard draft.environment <= 128 else { throw Trouble(.limit, "128 variables of a unit") }
            try put(.environment)
        case .names(let key):
            let length = word.length(before: UInt8(ascii: "="))
            guard Self.isVariable(word.slice(0, length)),
                length == word.count || key == .unsetEnvironment
            else { throw Trouble(.badValue, word) }
            try put(key)
        case .directories(let key):
            guard Self.isBelow(word) else { throw Trouble(.notRelative, word) }
            try put(key)
        case .text, .account, .path, .pidFile, .workingDirectory, .mode, .preserve,
            .environmentFile, .input, .output, .switched, .logSize, .limit, .nice, .oomScore,
            .ioClass, .ioPriority, .schedulingPolicy, .schedulingPriority, .cgroup, .delegate:
            break
        }
    }

    // MARK: Parts

    /// Fills `entry` with the value, its specifiers expanded.
    @inline(never)
    private mutating func expand(_ value: ByteView, _ name: UnitName) throws(Trouble) {
        entry.clear()
        try specifiers(name).expand(value, into: &entry)
    }

    @inline(never)
    private mutating func put(
        _ key: RecipeKey, expanding value: ByteView, _ name: UnitName
    ) throws(Trouble) {
        try expand(value, name)
        try put(key)
    }

    @inline(never)
    private mutating func put(_ key: RecipeKey, text: ByteView) throws(Trouble) {
        entry.clear()
        entry.append(text)
        try put(key)
    }

    @inline(never)
    private mutating func putNumber(_ key: RecipeKey, _ number: UInt64) throws(Trouble) {
        entry.clear()
        entry.append(number: number)
        try put(key)
    }

    @inline(never)
    private mutating func putNumber(
        _ key: RecipeKey, _ value: ByteView, from least: Int, to most: Int
    ) throws(Trouble) {
        guard let number = Values.number(value, from: least, to: most) else {
            throw Trouble(.badValue, value)
        }
        entry.clear()
        entry.append(signed: number)
        try put(key)
    }

    /// Says where the entry comes from, for messages of the child. Only for the unit's own file,
    /// whose path is in the recipe.
    @inline(never)
    mutating func putLine(_ key: RecipeKey) {
        guard let service, place.path.equals(text(room.units[service.index].file)) else { return }
        entry.clear()
        entry.append(number: UInt64(key.rawValue))
        entry.append(byte: 0x20)
        entry.append(number: UInt64(place.line))
        writer.append(.line, entry.view, to: service)
    }

    /// A word by its place in a list, or the number itself.
    @inline(never)
    private func number(_ value: ByteView, _ list: ByteView, to most: Int) throws(Trouble) -> Int {
        if let place = value.position(in: list), !value.equals("-") { return place }
        guard let number = value.decimal(upTo: most) else { throw Trouble(.badValue, value) }
        return number
    }

    @inline(never)
    private func size(_ value: ByteView) throws(Trouble) -> UInt64 {
        guard let size = Values.size(value) else { throw Trouble(.badValue, value) }
        return size
    }

    // MARK: Names and paths

    /// A name or a number of a user or group. Whether there is one, the child finds out.
    @inline(never)
    private static func isAccount(_ text: ByteView) -> Bool {
        guard text.count > 0, text.count <= 255, text[0] != UInt8(ascii: "-") else { return false }
        if isDigit(text[0]) { return text.decimal(upTo: 0xffff_fffe) != nil }
        var offset = 0
        while offset < text.count {
            let byte = text[offset]
            if byte <= 0x20 || byte == 0x7f || byte == UInt8(ascii: ":")
                || byte == UInt8(ascii: "/")
            {
                return false
            }
            offset &+= 1
        }
        return true
    }

    @inline(never)
    private static func isVariable(_ text: ByteView) -> Bool {
        guard text.count > 0, !isDigit(text[0]) else { return false }
        var offset = 0
        while offset < text.count {
            let letter = text[offset] | 0x20
            guard
                letter >= UInt8(ascii: "a") && letter <= UInt8(ascii: "z")
                    || isDigit(text[offset]) || text[offset] == UInt8(ascii: "_")
            else { return false }
            offset &+= 1
        }
        return true
    }

    /// Whether the path is relative and stays below the directory that it begins at.
    private static func isBelow(_ path: ByteView) -> Bool {
        var rest = path
        guard rest.count > 0, rest.length(before: UInt8(ascii: ":")) == rest.count else {
            return false
        }
        while rest.count > 0 {
            let part = rest.removeFirst(upTo: UInt8(ascii: "/"))
            if part.count == 0 || part.equals("..") || part.equals(".") { return false }
        }
        return true
    }

    private mutating func putPath(
        _ key: RecipeKey, _ value: ByteView, _ name: UnitName
    ) throws(Trouble) {
        try expand(value, name)
        guard entry.view[0] == UInt8(ascii: "/") else { throw Trouble(.notAbsolute, entry.view) }
        if key == .rootDirectory { draft.hasRoot = true }
        try put(key)
    }

    private mutating func putPIDFile(_ value: ByteView, _ name: UnitName) throws(Trouble) {
        entry.clear()
        if value[0] != UInt8(ascii: "/") { entry.append("/run/") }
        try specifiers(name).expand(value, into: &entry)
        draft.flags = draft.flags.union(.hasPIDFile)
        try put(.pidFile)
    }

    private mutating func putWorkingDirectory(
        _ value: ByteView, _ name: UnitName
    ) throws(Trouble) {
        try expand(value, name)
        let text = entry.view
        let path = text[0] == UInt8(ascii: "-") ? text.dropping(1) : text
        guard path[0] == UInt8(ascii: "/") || path.equals("~") else {
            throw Trouble(.notAbsolute, text)
        }
        try put(.workingDirectory)
        putLine(.workingDirectory)
    }

    private mutating func putEnvironmentFile(
        _ value: ByteView, _ name: UnitName
    ) throws(Trouble) {
        try expand(value, name)
        let text = entry.view
        guard text[text[0] == UInt8(ascii: "-") ? 1 : 0] == UInt8(ascii: "/") else {
            throw Trouble(.notAbsolute, text)
        }
        draft.environmentFiles &+= 1
        guard draft.environmentFiles <= 8 else {
            throw Trouble(.limit, "8 environment files of a unit")
        }
        try put(.environmentFile)
        putLine(.environmentFile)
    }

    private mutating func putMode(_ key: RecipeKey, _ value: ByteView) throws(Trouble) {
        guard Values.mode(value) != nil else { throw Trouble(.badValue, value) }
        try put(key, text: value)
    }

    private mutating func putPreserve(_ value: ByteView) throws(Trouble) {
        if value.equals("restart") { return try put(.runtimeDirectoryPreserve, text: value) }
        if try boolean(value) { try put(.runtimeDirectoryPreserve, text: "yes") }
    }

    // MARK: Streams

    private mutating func putInput(_ value: ByteView, _ name: UnitName) throws(Trouble) {
        if value.position(in: "null tty tty-force") != nil {
            return try put(.standardInput, text: value)
        }
        if value.position(in: "socket tty-fail data") != nil { throw Trouble(.refusedDirective) }
        if value.hasPrefix("fd:") { throw Trouble(.refusedDirective) }
        guard value.hasPrefix("file:/") else { throw Trouble(.badValue, value) }
        try put(.standardInput, expanding: value, name)
    }

    private mutating func putOutput(
        _ key: RecipeKey, _ value: ByteView, _ name: UnitName
    ) throws(Trouble) {
        // What went to syslog or to the console as well goes to the log.
        if value.position(in: "journal syslog journal+console syslog+console") != nil {
            return try put(key, text: "journal")
        }
        if value.equals("kmsg+console") { return try put(key, text: "kmsg") }
        if value.position(in: "inherit null tty kmsg") != nil { return try put(key, text: value) }
        if value.equals("socket") || value.hasPrefix("fd:") { throw Trouble(.refusedDirective) }
        guard
            value.hasPrefix("file:/") || value.hasPrefix("append:/")
                || value.hasPrefix("truncate:/")
        else { throw Trouble(.badValue, value) }
        try put(key, expanding: value, name)
    }

    // MARK: Limits

    private mutating func putLimit(_ limit: ResourceLimit, _ value: ByteView) throws(Trouble) {
        var rest = value
        let soft = rest.removeFirst(upTo: UInt8(ascii: ":"))
        let isPair = soft.count < value.count
        guard let low = Self.amount(soft, of: limit),
            let high = isPair ? Self.amount(rest, of: limit) : low, low <= high
        else { throw Trouble(.badValue, value) }
        entry.clear()
        entry.append(number: UInt64(limit.rawValue))
        appendAmount(low)
        appendAmount(high)
        try put(.limit)
    }

    private mutating func appendAmount(_ amount: UInt64) {
        entry.append(byte: 0x20)
        if amount == Values.infinity {
            entry.append(byte: UInt8(ascii: "-"))
        } else {
            entry.append(number: amount)
        }
    }

    private static func amount(_ text: ByteView, of limit: ResourceLimit) -> UInt64? {
        if text.equals("infinity") { return Values.infinity }
        switch limit {
        case .cpu:
            guard let time = Values.microseconds(text), time != Values.infinity else { return nil }
            return time / 1_000_000 &+ (time % 1_000_000 > 0 ? 1 : 0)
        case .realTime: return Values.microseconds(text, unit: 1)
        case .fileSize, .data, .stack, .core, .residentSet, .lockedMemory, .addressSpace,
            .messageQueue:
            return Values.size(text)
        case .nice:
            // With a sign it is a nice value, without one the number of setrlimit(2).
            if text[0] == UInt8(ascii: "+") || text[0] == UInt8(ascii: "-") {
                return Values.number(text, from: -20, to: 19).map { UInt64(20 &- $0) }
            }
            return text.decimal(upTo: 40).map { UInt64($0) }
        case .processes, .files, .locks, .pendingSignals, .realTimePriority:
            return Values.number(text)
        }
    }

    /// Writes what two directives make together.
    mutating func finishEntries() {
        guard let service else { return }
        if draft.ioClass != nil || draft.ioPriority != nil {
            // ioprio_set(2): the class is in the bits from 13 up. systemd's default is 4 of
            // best-effort.
            entry.clear()
            entry.append(signed: (draft.ioClass ?? 2) << 13 | (draft.ioPriority ?? 4))
            writer.append(.ioPriority, entry.view, to: service)
        }
        if draft.policy != nil || draft.priority != nil {
            let policy = draft.policy ?? 0
            let isRealTime = policy == 1 || policy == 2
            let priority = draft.priority ?? (isRealTime ? 1 : 0)
            place.directive = "CPUSchedulingPriority"
            if isRealTime ? priority < 1 : priority > 0 {
                entry.clear()
                entry.append(signed: priority)
                refuse(.badValue, entry.view)
            }
            place.directive = .empty
            entry.clear()
            entry.append(signed: policy)
            entry.append(byte: 0x20)
            entry.append(signed: priority)
            writer.append(.scheduling, entry.view, to: service)
        }
    }

    // MARK: The cgroup

    private mutating func putCgroup(_ file: CgroupFile, _ value: ByteView) throws(Trouble) {
        var number = Values.infinity
        switch file {
        case .processorQuota: return try putQuota(value)
        case .processorWeight, .diskWeight:
            if file == .processorWeight, value.equals("idle") {
                return try put(.cgroupFile, text: "cpu.idle 1")
            }
            guard let weight = Values.number(value, from: 1, to: 10_000) else {
                throw Trouble(.badValue, value)
            }
            number = UInt64(weight)
        case .tasksMost, .memoryMost, .memoryHigh, .memoryLow, .memoryLeast, .memorySwapMost:
            // A share is of what the machine has, which the planner does not know.
            if Values.share(value) != nil { return warn(.notDone) }
            number = try size(value)
        }
        entry.clear()
        entry.append(file.name)
        entry.append(file == .diskWeight ? " default " : " ")
        if number == Values.infinity { entry.append("max") } else { entry.append(number: number) }
        try put(.cgroupFile)
    }

    /// cgroup-v2: so many microseconds of each 100,000.
    private mutating func putQuota(_ value: ByteView) throws(Trouble) {
        guard let share = Values.share(value), share > 0 else { throw Trouble(.badValue, value) }
        entry.clear()
        entry.append("cpu.max ")
        entry.append(number: UInt64(share) &* 10)
        entry.append(" 100000")
        try put(.cgroupFile)
    }

    private mutating func putDelegate(_ value: ByteView, _ name: UnitName) throws(Trouble) {
        if let isOn = Values.boolean(value) {
            if isOn { try put(.delegate, text: "yes") }
            return
        }
        var reader = WordReader(value, unescapes: false)
        while let word = try nextWord(&reader, name) {
            guard
                word.position(
                    in: """
                        cpu cpuacct cpuset io blkio memory devices pids bpf-firewall bpf-devices
                        """) != nil
            else { throw Trouble(.badValue, word) }
        }
        try put(.delegate, text: "yes")
    }
}
