// Each input is what a file may hold: any bytes. The parsers have to come to an end, to stay within
// memory of just the right size, and to make plans that check.

/// Files by their names; a file each in the input, with a line `== PATH` before it.
private struct Files: UnitSource {
    private var texts: [String: Bytes] = [:]
    private(set) var calls = 0
    /// Whether it does not say which names a directory has, so that each has to be asked for.
    private let hidesNames: Bool

    init(_ input: Bytes, hidesNames: Bool) {
        self.hidesNames = hidesNames
        var path: String?
        for line in input.split(separator: 0x0a, omittingEmptySubsequences: false) {
            if line.starts(with: Bytes("== ")) {
                let name = Bytes(line.dropFirst(3)).string
                path = name.hasPrefix("/") ? name : "/etc/hammock/" + name
                texts[path!] = []
            } else if let path {
                texts[path]! += line + [0x0a]
            } else {
                path = "/etc/hammock/a.service"
                texts[path!] = line + [0x0a]
            }
        }
    }

    private func isDirectory(_ path: String) -> Bool {
        texts.keys.contains { $0.hasPrefix(path + "/") }
    }

    private mutating func count() {
        calls += 1
        // 128 units look for 13 things in each of 6 directories.
        if calls > 100_000 { fatalError("it does not end") }
    }

    mutating func kind(of path: ByteView) -> PathKind {
        count()
        let path = Bytes(path).string
        if isDirectory(path) { return .directory }
        guard let text = texts[path] else { return .missing }
        return text.starts(with: Bytes("-> ")) ? .link : .file
    }

    mutating func read(
        _ path: ByteView, into buffer: UnsafeMutableRawBufferPointer
    ) throws(Errno) -> Int {
        count()
        guard let text = texts[Bytes(path).string] else { throw .noSuchFile }
        buffer.copyBytes(from: text.prefix(buffer.count))
        return min(text.count, buffer.count)
    }

    mutating func list(
        _ path: ByteView, into buffer: UnsafeMutableRawBufferPointer
    ) throws(Errno) -> Int {
        count()
        let prefix = Bytes(path).string + "/"
        var names: Set<String> = []
        for other in texts.keys where other.hasPrefix(prefix) {
            names.insert(String(other.dropFirst(prefix.count).prefix { $0 != "/" }))
        }
        let bytes: Bytes = names.sorted().flatMap { (name: String) -> Bytes in Bytes(name) + [0] }
        guard bytes.count <= buffer.count else { throw .tooLarge }
        buffer.copyBytes(from: bytes)
        return bytes.count
    }

    mutating func allNames(
        in path: ByteView, into buffer: UnsafeMutableRawBufferPointer
    ) -> Int? {
        hidesNames ? nil : try? list(path, into: buffer)
    }

    mutating func readLink(
        _ path: ByteView, into buffer: UnsafeMutableRawBufferPointer
    ) throws(Errno) -> Int {
        count()
        guard let text = texts[Bytes(path).string] else { throw .noSuchFile }
        let target = text.dropFirst(3).prefix { $0 != 0x0a }.prefix(buffer.count)
        buffer.copyBytes(from: target)
        return target.count
    }

    mutating func report(_ problem: Problem) {
        // All of its views have to be readable.
        var sum = problem.unit.count &+ problem.file.count
        problem.describe { part in
            for offset in 0..<part.count { sum &+= Int(part[offset]) }
        }
        for view in [problem.unit, problem.file, problem.directive, problem.word] {
            for offset in 0..<view.count { sum &+= Int(view[offset]) }
        }
        if sum == .min { fatalError("never") }
    }
}

/// Memory of just this size.
private func withMemory<Result>(
    _ size: Int, _ body: (UnsafeMutableRawBufferPointer) -> Result
) -> Result {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
    defer { memory.deallocate() }
    return body(memory)
}

/// The whole planner: its plan has to check, and does not depend on how it finds files.
func fuzzPlanner(_ input: UnsafeBufferPointer<UInt8>) {
    if plan(input, hidesNames: false) != plan(input, hidesNames: true) {
        fatalError("the plan depends on whether all names are known")
    }
}

private func plan(_ input: UnsafeBufferPointer<UInt8>, hidesNames: Bool) -> Bytes {
    let files = Files(Bytes(input), hidesNames: hidesNames)
    return withMemory(Planner<Files>.roomSize) { room in
        withMemory(PlanWriter.mostBytes) { memory in
            var options = PlannerOptions()
            options.hostName = "box"
            options.checksPrograms = true
            options.isStrict = input.count % 2 == 1
            if input.count % 3 == 1 { options.target = "multi-user.target" }
            var planner = Planner(files, options, room: room, plan: memory)
            let bytes = planner.run()
            guard let plan = try? Plan(bytes) else { fatalError("the plan does not check") }
            let bound = planner.bound()
            agree(plan.longestStop, bound.services, "the longest stop")
            var kept = 0
            for unit in 0..<planner.unitCount where !planner.isRefused(unit) { kept += 1 }
            agree(plan.count, kept, "units")
            if planner.bound(cap: 30_000).services > bound.services { fatalError("the cap") }
            for unit in 0..<plan.count { readRecipe(of: ServiceID(rawValue: UInt8(unit)), plan) }
            return Bytes(bytes)
        }
    }
}

/// Entries have a key, a length, a text and a NUL, and fill the recipe.
private func readRecipe(of unit: ServiceID, _ plan: Plan) {
    var rest = plan.recipe(of: unit)
    var commands = 0
    while rest.count > 0 {
        let size = Int(rest[1]) | Int(rest[2]) << 8
        guard let key = RecipeKey(rawValue: rest[0]), rest.count >= size + 4, rest[size + 3] == 0
        else { fatalError("an entry is wrong") }
        if key == .command { commands += 1 }
        rest = rest.dropping(size + 4)
    }
    var expected = 0
    for number in 0..<UInt8(7) {
        if let stage = Stage(rawValue: number) {
            expected += Int(plan.commandCount(stage, of: unit))
        }
    }
    agree(commands, expected, "commands")
}

/// A text's lines, against a naive reader.
func fuzzUnitText(_ input: UnsafeBufferPointer<UInt8>) {
    var text = Bytes(input)
    var actual: [String] = []
    text.withUnsafeMutableBufferPointer { buffer in
        var reader = UnitText(buffer)
        loop: while true {
            switch reader.next() {
            case .end: break loop
            case .section(let name): actual.append("\(reader.line) [\(Bytes(name))]")
            case .assignment(let name, let value):
                actual.append("\(reader.line) \(Bytes(name))=\(Bytes(value))")
            case .wrong(let kind, let word): actual.append("\(reader.line) \(kind) \(Bytes(word))")
            }
        }
    }
    agree(actual, naiveItems(Bytes(input)), "items")
}

private func trim(_ text: Bytes) -> Bytes {
    func isSpace(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0a, 0x0d].contains(byte) }
    return Bytes(text.drop(while: isSpace).reversed().drop(while: isSpace).reversed())
}

private func isComment(_ line: Bytes) -> Bool {
    ["#", ";"].contains(String(decoding: trim(line).prefix(1), as: UTF8.self))
}

private func naiveItems(_ input: Bytes) -> [String] {
    let mark: Bytes = [0xef, 0xbb, 0xbf]
    var lines = (input.starts(with: mark) ? Bytes(input.dropFirst(3)) : input)
        .split(separator: 0x0a, omittingEmptySubsequences: false).map(Bytes.init)
    // What is behind the last newline is no line if it is empty.
    if lines.last == [] { lines.removeLast() }
    var items: [String] = []
    var number = 0
    while number < lines.count {
        var line = lines[number]
        number += 1
        let first = number
        if isComment(line) || trim(line).isEmpty { continue }
        while line.reversed().prefix(while: { $0 == UInt8(ascii: "\\") }).count % 2 == 1 {
            line[line.count - 1] = 0x20
            while number < lines.count, isComment(lines[number]) { number += 1 }
            guard number < lines.count else { break }
            line += lines[number]
            number += 1
        }
        line = trim(line)
        if line.isEmpty { continue }
        items.append("\(first) " + naiveItem(line))
    }
    return items
}

private func naiveItem(_ line: Bytes) -> String {
    if line.first == UInt8(ascii: "[") {
        guard line.count > 2, line.last == UInt8(ascii: "]") else { return "noSectionName \(line)" }
        return "[\(Bytes(line.dropFirst().dropLast()))]"
    }
    let parts = line.split(
        separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { return "noEqualsSign \(line)" }
    let name = trim(Bytes(parts[0]))
    return name.isEmpty ? "noDirective \(line)" : "\(name)=\(trim(Bytes(parts[1])))"
}

/// A value as each kind of value, and as a command.
func fuzzUnitValues(_ input: UnsafeBufferPointer<UInt8>) {
    let bytes = Bytes(input.prefix(4_096))
    let block = UnsafeMutablePointer<UInt8>.allocate(capacity: max(bytes.count, 1))
    defer { block.deallocate() }
    for (offset, byte) in bytes.enumerated() { block[offset] = byte }
    let view = ByteView(start: block, count: bytes.count)
    agree(Values.number(view), UInt64(bytes.isNumber ? bytes.string : "x"), "number")
    agree(
        UnitText.lineOfBadByte(in: view) == nil,
        String(validating: bytes, as: UTF8.self) != nil && !bytes.contains(0), "text")
    if let time = Values.microseconds(view), bytes.isNumber {
        agree(time, (UInt64(bytes.string) ?? 0) * 1_000_000, "seconds")
    }
    if let mode = Values.mode(view) { agree(mode, Int(bytes.string, radix: 8) ?? -1, "mode") }
    _ = Values.boolean(view)
    _ = Values.size(view)
    _ = Values.share(view)
    _ = Values.exit(view)
    if let name = UnitName(view) {
        agree(Bytes(name.stem) + Bytes(name.suffix), bytes, "name")
    }
    for unescapes in [true, false] { readWords(view, unescapes) }
}

/// Words are never longer than what they are read from, but for what stands for more bytes.
private func readWords(_ view: ByteView, _ unescapes: Bool) {
    withMemory(view.count + 1) { memory in
        guard let base = memory.baseAddress else { return }
        let start = base.assumingMemoryBound(to: UInt8.self)
        var reader = WordReader(view, unescapes: unescapes)
        var left = view.count
        while true {
            var word = TextBuffer(start: start, capacity: memory.count)
            guard reader.next(into: &word) == .word else { return }
            if word.overflowed { fatalError("a word is longer than its value") }
            if unescapes, Bytes(word.view).contains(0), !Bytes(view).contains(0) {
                fatalError("a NUL was made")
            }
            if reader.rest.count >= left { fatalError("no byte was taken") }
            left = reader.rest.count
        }
    }
}
