import Testing

@testable import InitCore
@testable import UnitFiles

/// Files that a test has made up. Directories are there because files are in them.
struct Tree: UnitSource {
    enum Node: Equatable {
        case file([UInt8])
        case link(String)
        case directory
        case pipe
        case device
        case socket
        /// Its kind can be asked for, and it cannot be opened.
        case locked
        /// Not even its kind can be asked for.
        case failing
    }

    struct Found: Equatable, CustomStringConvertible {
        var severity: Severity
        var unit: String
        var place: String
        var kind: ProblemKind
        var text: String

        var description: String { "\(place) \(unit) \(severity) \(kind): \(text)" }
    }

    var nodes: [String: Node] = [:]
    var problems: [Found] = []
    /// How many calls there were, to see that something ends.
    var calls = 0
    /// Whether it does not say which names a directory has, so that each has to be asked for.
    var hidesNames = false

    init(_ files: [String: String]) {
        for (path, text) in files { self[path] = .file(Array(text.utf8)) }
    }

    subscript(path: String) -> Node? {
        get { nodes[path] }
        set {
            nodes[path] = newValue
            var parent = path
            while let slash = parent.lastIndex(of: "/"), slash > parent.startIndex {
                parent = String(parent[..<slash])
                if nodes[parent] == nil { nodes[parent] = .directory }
            }
        }
    }

    mutating func kind(of path: ByteView) -> PathKind {
        calls += 1
        switch nodes[path.string] {
        case nil: return .missing
        case .file, .locked: return .file
        case .link: return .link
        case .directory: return .directory
        case .pipe: return .pipe
        case .device: return .device
        case .socket: return .socket
        case .failing: return .failed(.inputOutput)
        }
    }

    mutating func read(
        _ path: ByteView, into buffer: UnsafeMutableRawBufferPointer
    ) throws(Errno) -> Int {
        calls += 1
        switch nodes[path.string] {
        case .file(let bytes):
            let part = bytes.prefix(buffer.count)
            buffer.copyBytes(from: part)
            return part.count
        case .locked: throw .permissionDenied
        // A source that is asked for anything else would block, or fail.
        default:
            Issue.record("read of \(path.string)")
            throw .inputOutput
        }
    }

    mutating func list(
        _ path: ByteView, into buffer: UnsafeMutableRawBufferPointer
    ) throws(Errno) -> Int {
        calls += 1
        guard nodes[path.string] == .directory else {
            Issue.record("list of \(path.string)")
            throw .inputOutput
        }
        let prefix = path.string + "/"
        var names: [UInt8] = Array(".\0..\0".utf8)
        for other in nodes.keys where other.hasPrefix(prefix) {
            let name = other.dropFirst(prefix.count)
            if !name.contains("/") { names += Array(name.utf8) + [0] }
        }
        guard names.count <= buffer.count else { throw .tooLarge }
        buffer.copyBytes(from: names)
        return names.count
    }

    mutating func allNames(
        in path: ByteView, into buffer: UnsafeMutableRawBufferPointer
    ) -> Int? {
        hidesNames ? nil : try? list(path, into: buffer)
    }

    mutating func readLink(
        _ path: ByteView, into buffer: UnsafeMutableRawBufferPointer
    ) throws(Errno) -> Int {
        calls += 1
        guard case .link(let target) = nodes[path.string] else {
            Issue.record("readLink of \(path.string)")
            throw .inputOutput
        }
        let part = Array(target.utf8).prefix(buffer.count)
        buffer.copyBytes(from: part)
        return part.count
    }

    mutating func report(_ problem: Problem) {
        var text = ""
        problem.describe { text += $0.string }
        let line = problem.line > 0 ? ":\(problem.line)" : ""
        problems.append(
            Found(
                severity: problem.severity, unit: problem.unit.string,
                place: problem.file.string + line, kind: problem.kind, text: text))
    }
}

extension ByteView {
    /// Its bytes, read one by one; what is no UTF-8 becomes U+FFFD.
    var string: String { String(decoding: (0..<count).map { self[$0] }, as: UTF8.self) }
}

/// What a planner has made of a tree.
struct Planned {
    struct Unit: Equatable {
        var name: String
        var isRefused: Bool
        var warnings: Int
        var deviations: Deviations
    }

    var units: [Unit] = []
    var problems: [Tree.Found] = []
    var bytes: [UInt8] = []
    var bound = (services: UInt32(0), unit: String?.none, part: UInt32(0), place: "")
    var cappedServices: UInt32 = 0
    var calls = 0

    init(_ tree: Tree, _ options: PlannerOptions = PlannerOptions()) {
        let size = Planner<Tree>.roomSize
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
        let plan = UnsafeMutableRawBufferPointer.allocate(
            byteCount: PlanWriter.mostBytes, alignment: 16)
        defer {
            room.deallocate()
            plan.deallocate()
        }
        // The planner must not depend on what was in the memory before.
        room.initializeMemory(as: UInt8.self, repeating: 0xaa)
        var planner = Planner(tree, options, room: room, plan: plan)
        let view = planner.run()
        bytes = (0..<view.count).map { view[$0] }
        problems = planner.source.problems
        calls = planner.source.calls
        for unit in 0..<planner.unitCount {
            units.append(
                Unit(
                    name: planner.name(of: unit).string, isRefused: planner.isRefused(unit),
                    warnings: planner.warnings(of: unit),
                    deviations: planner.deviations(of: unit)))
        }
        let found = planner.bound()
        bound = (
            found.services, found.unit.map { planner.name(of: $0).string }, found.part,
            found.line > 0 ? "\(found.file.string):\(found.line)" : ""
        )
        cappedServices = planner.bound(cap: 30_000).services
        if tree.hidesNames { return }
        // It must not matter whether the planner asks for each name.
        var hidden = tree
        hidden.hidesNames = true
        let other = Planned(hidden, options)
        #expect(bytes == other.bytes)
        #expect(problems == other.problems)
    }

    /// Files by their paths; a name without a slash is one of /etc/hammock.
    init(
        _ files: [String: String], target: StaticString? = nil, strict: Bool = false,
        checksPrograms: Bool = false
    ) {
        var tree = Tree([:])
        for (path, text) in files {
            tree[path.hasPrefix("/") ? path : "/etc/hammock/" + path] = .file(Array(text.utf8))
        }
        var options = PlannerOptions()
        options.target = target.map { ByteView(stringLiteral: $0) }
        options.isStrict = strict
        options.hostName = "box"
        options.checksPrograms = checksPrograms
        self.init(tree, options)
    }

    /// A service `a.service` of these lines in [Service].
    init(service lines: String) {
        self.init(["a.service": "[Service]\n" + lines])
    }

    func withPlan<Result>(_ body: (Plan) throws -> Result) throws -> Result {
        try bytes.withUnsafeBufferPointer {
            try body(Plan(ByteView(start: $0.baseAddress!, count: $0.count)))
        }
    }

    var kinds: [ProblemKind] { problems.map(\.kind) }

    /// The names of the units of the plan, in its order.
    var order: [String] {
        (try? withPlan { plan in
            (0..<plan.count).map { plan.name(of: plan.unit(inOrder: $0)).string }
        }) ?? ["no plan"]
    }

    /// The names of the units that are wanted.
    var wanted: [String] {
        (try? withPlan { plan in
            (0..<plan.count).map { ServiceID(rawValue: UInt8($0)) }
                .filter { plan.flags(of: $0).contains(.isWanted) }
                .map { plan.name(of: $0).string }.sorted()
        }) ?? ["no plan"]
    }

    func units(_ relation: Relation, of name: String) -> [String] {
        (try? withPlan { plan in
            guard let unit = plan.find(name) else { return ["no unit"] }
            let set = plan.units(relation, of: unit)
            return (0..<plan.count).map { ServiceID(rawValue: UInt8($0)) }
                .filter { set.contains($0) }.map { plan.name(of: $0).string }.sorted()
        }) ?? ["no plan"]
    }

    /// The texts of the entries of a recipe; NULs within as `|`.
    func recipe(_ key: RecipeKey, of name: String = "a.service") -> [String] {
        (try? withPlan { plan in
            guard let unit = plan.find(name) else { return ["no unit"] }
            return plan.entries(of: unit).filter { $0.key == key }.map(\.text)
        }) ?? ["no plan"]
    }

    /// All of the plan that says something, without lines and places in the heap.
    var dump: String {
        (try? withPlan { plan in
            (0..<plan.count).map { index in
                let unit = ServiceID(rawValue: UInt8(index))
                let record = PlanLayout.recordsOffset + index * PlanLayout.recordSize
                let settings = bytes[record..<(record + PlanLayout.nameStartOffset)]
                let recipe = plan.entries(of: unit).filter { $0.key != .line && $0.key != .file }
                    .map { "\($0.key)=\($0.text)" }
                return "\(plan.name(of: unit).string) \(Array(settings)) \(recipe)"
            }.joined(separator: "\n")
        }) ?? "no plan"
    }
}

extension Plan {
    func find(_ name: String) -> ServiceID? {
        (0..<count).map { ServiceID(rawValue: UInt8($0)) }
            .first { self.name(of: $0).string == name }
    }

    func entries(of unit: ServiceID) -> [(key: RecipeKey, text: String)] {
        var rest = recipe(of: unit)
        var entries: [(key: RecipeKey, text: String)] = []
        while rest.count > 0 {
            guard let key = RecipeKey(rawValue: rest[0]) else {
                Issue.record("no key: \(rest[0])")
                break
            }
            let size = Int(rest[1]) | Int(rest[2]) << 8
            let text = rest.slice(3, 3 + size).string.replacingNULs
            if rest[3 + size] != 0 || rest.count < 4 + size {
                Issue.record("no NUL behind \(text)")
            }
            entries.append((key, text))
            rest = rest.dropping(4 + size)
        }
        return entries
    }
}

extension String {
    var replacingNULs: String { String(map { $0 == "\0" ? "|" : $0 }) }
}
