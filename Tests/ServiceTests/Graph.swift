import Dispatch
import SeededRandom

@testable import InitCore

/// Two to twelve units that have to do with each other as a seed says, and a random life of them
/// with a shutdown at its end.
struct Graph {
    private var chance: SplitMix64
    private let seed: UInt64
    private(set) var steps = 0
    private(set) var starts = 0
    private(set) var breach: String?
    /// How much shorter than computed the shutdown was.
    private(set) var slack: Int64 = 0

    init(seed: UInt64) {
        self.seed = seed
        chance = SplitMix64(seed: seed)
    }

    mutating func live() {
        var units: [Unit] = []
        let count = 2 + chance.below(11)
        for index in 0..<count { units.append(unit(index)) }
        // A unit may not conflict with what it pulls in. The planner refuses that.
        Graph.conflict(&units, &chance)
        var settings = Settings()
        settings.leavesOthers = chance.oneIn(2)
        settings.asks = [.start, .stop, .restart, .reload, .reset]
        settings.conditions = chance.oneIn(4)
        settings.memory = chance.oneIn(4)
        settings.notices = [.alive, .stopping, .extend(100_000), .extend(1_000)]
        settings.ends.append(.killed(.terminate))
        settings.stopsAll = false
        var world = World<12>(Plot(units), settings)
        go(.event(.beginAll), &world)
        let length = 50 + chance.below(200)
        for _ in 0..<length where breach == nil { takeOne(&world) }
        while world.awaited != nil, breach == nil { takeOne(&world) }
        go(.event(.stopAll), &world)
        for _ in 0..<5_000 where breach == nil && !world.hasEnded { takeOne(&world) }
        if breach == nil, !world.hasEnded { breach = "seed \(seed): it does not come to its end" }
        slack = world.plot.longestStop - (world.now - (world.stopBegan ?? world.now))
    }

    /// Time goes by once in a while, and processes seldom end: so chains build up.
    private mutating func takeOne(_ world: inout World<12>) {
        let moves = world.moves
        guard !moves.isEmpty else {
            breach = breach ?? "seed \(seed): nothing can happen"
            return
        }
        if world.stopBegan != nil, chance.oneIn(3) {
            let inTime = moves.filter { if case .time = $0 { true } else { false } }
            if let move = inTime.first {
                go(move, &world)
                return
            }
        }
        go(chance.pick(moves), &world)
    }

    private mutating func go(_ move: World<12>.Move, _ world: inout World<12>) {
        guard breach == nil else { return }
        let before = world
        guard let event = world.happen(move) else { return }
        steps += 1
        starts += world.beings.reduce(0) { $0 + ($1.begins ? 1 : 0) }
        var step = Step(before: before, event: event, after: world)
        let broken = step.broken
        if !broken.isEmpty {
            breach =
                "seed \(seed), step \(steps), \(event): \(broken.map(\.rawValue)) \(world.disagreement ?? "")\n"
                + world.beings.indices.map { index in
                    let (was, state) = (before.table.states[index], world.table.states[index])
                    let relations = world.plot.units[index].relations
                    return "    \(index): \(was.phase) \(state.phase) \(state.flags) \(relations)"
                }.joined(separator: "\n")
        }
    }
}

extension Graph {
    mutating func unit(_ index: Int) -> Unit {
        var unit = Unit()
        if chance.oneIn(5) {
            unit = .target()
        } else {
            unit.readiness = chance.pick([.executed, .executed, .notified, .ended, .forked])
            unit.policy = chance.pick([.never, .never, .onFailure, .always, .onSuccess])
            unit.killMode = chance.pick([.controlGroup, .controlGroup, .mixed, .process])
            if chance.oneIn(3) { unit.flags.insert(.remains) }
            if chance.oneIn(3) { unit.flags.insert(.limitIsFinal) }
            if unit.readiness == .forked, chance.oneIn(2) { unit.flags.insert(.hasPIDFile) }
            for stage in [.prepare, .settle, .reload, .stop, .clean] as [Stage] {
                if chance.oneIn(4) { unit.stages[stage] = UInt8(1 + chance.below(2)) }
            }
            unit.times[.stop] = chance.pick([1_000, 10_000, 90_000])
            if chance.oneIn(4) { unit.times[.watchdog] = 30_000 }
            if chance.oneIn(4) { unit.times[.startLimit] = 0 }
            if chance.oneIn(4) {
                unit.stages[.probe] = UInt8(1 + chance.below(2))
                unit.times[.probe] = 20_000
                unit.times[.probeTimeout] = 3_000
                unit.retries = UInt8(1 + chance.below(3))
            }
            if chance.oneIn(8) { unit.times[.runtime] = 25_000 }
            if chance.oneIn(8) { unit.times[.restartMost] = UInt32(100 << chance.below(5)) }
            unit.burst = UInt8(1 + chance.below(5))
            if chance.oneIn(4) { unit.ignored = UInt16(chance.below(64)) }
            if chance.oneIn(8) { unit.matches = [(.success, .code(1))] }
            if chance.oneIn(8) { unit.matches = [(.restartForced, .code(1))] }
            if chance.oneIn(8) { unit.matches = [(.restartPrevented, .signal(.kill))] }
        }
        for other in 0..<index where chance.oneIn(2 + index / 2) {
            relate(&unit, to: UInt8(other))
        }
        return unit
    }

    private mutating func relate(_ unit: inout Unit, to other: UInt8) {
        let kinds: [Relation] = [.requires, .wants, .bindsTo, .partOf, .requisite, .onFailure]
        let kind = chance.pick(kinds)
        // BindsTo= implies After=.
        if kind == .bindsTo || !chance.oneIn(4) {
            unit.relations[.after, default: []].append(other)
        }
        if !chance.oneIn(4) || kind == .bindsTo {
            unit.relations[kind, default: []].append(other)
        }
    }

    /// Two that do not need each other, nor are needed together, conflict once in a while.
    static func conflict(_ units: inout [Unit], _ chance: inout SplitMix64) {
        guard chance.oneIn(2), units.count > 2 else { return }
        let (first, second) = (chance.below(units.count), chance.below(units.count))
        let (one, two) = (min(first, second), max(first, second))
        guard one != two else { return }
        let given = units
        let pulls: (Int) -> Set<Int> = { start in
            var all: Set<Int> = [start]
            var fresh = [start]
            while let each = fresh.popLast() {
                for kind in [.requires, .wants, .bindsTo] as [Relation] {
                    for other in given[each].others(kind) where all.insert(other).inserted {
                        fresh.append(other)
                    }
                }
            }
            return all
        }
        // Nobody pulls in both, and neither is needed by what the other pulls in.
        guard units.indices.allSatisfy({ !pulls($0).isSuperset(of: [one, two]) }),
            pulls(one).isDisjoint(with: pulls(two))
        else { return }
        units[one].relations[.conflicts, default: []].append(UInt8(two))
        units[two].relations[.conflicts, default: []].append(UInt8(one))
    }
}

/// Lives of many graphs, each lived once for all the tests that look at them.
struct Graphs: Sendable {
    var count = 0
    var steps = 0
    var starts = 0
    var breaches: [String] = []
    var shortest = Int64.max

    static let all: Graphs = {
        let count = Setup.isLarge ? 60_000 : 1_000
        let whole = Mutex(Graphs())
        DispatchQueue.concurrentPerform(iterations: count) { index in
            var graph = Graph(seed: UInt64(index + 1))
            graph.live()
            let lived = graph
            whole.with { $0.add(lived) }
        }
        return whole.with { $0 }
    }()

    mutating func add(_ graph: Graph) {
        count += 1
        steps += graph.steps
        starts += graph.starts
        shortest = min(shortest, graph.slack)
        if let breach = graph.breach, breaches.count < 5 { breaches.append(breach) }
    }
}
