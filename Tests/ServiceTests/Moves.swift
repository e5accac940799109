import Dispatch
import SeededRandom

@testable import InitCore

/// Units that have to do with each other as a seed says, and a random life of them in which plan
/// follows plan: in another order, without some units, and with others.
struct MovingGraph {
    private var chance: SplitMix64
    private let seed: UInt64
    private var steps = 0
    private var nextName = 0
    private(set) var breach: String?
    private(set) var adoptions = 0
    /// How many units were active when another plan came.
    private(set) var active = 0
    /// How many units were gone.
    private(set) var gone = 0

    init(seed: UInt64) {
        self.seed = seed
        chance = SplitMix64(seed: seed)
    }

    mutating func live() {
        var graph = Graph(seed: chance.next())
        var units: [Unit] = []
        for index in 0..<(2 + chance.below(7)) { units.append(name(graph.unit(index))) }
        Graph.conflict(&units, &chance)
        var settings = Settings()
        settings.leavesOthers = chance.oneIn(2)
        settings.asks = [.start, .stop, .restart, .reload, .reset]
        settings.notices = [.alive, .stopping, .extend(100_000)]
        settings.stopsAll = false
        var world = World<12>(Plot(units), settings)
        go(.event(.beginAll), &world)
        for _ in 0..<(2 + chance.below(4)) where breach == nil {
            for _ in 0..<chance.below(60) { takeOne(&world) }
            change(&world)
        }
        for _ in 0..<chance.below(60) { takeOne(&world) }
        answerAll(&world)
        go(.event(.stopAll), &world)
        for _ in 0..<5_000 where breach == nil && !world.hasEnded { takeOne(&world) }
        if breach == nil, !world.hasEnded { breach = "seed \(seed): it does not come to its end" }
    }

    private mutating func name(_ unit: Unit) -> Unit {
        nextName += 1
        return unit.named("u\(nextName)")
    }

    // MARK: Another plan

    private mutating func change(_ world: inout World<12>) {
        let (other, formers) = another(than: world.plot)
        answerAll(&world)
        guard breach == nil else { return }
        check(world.leave(for: other), .continued, world, "leave")
        // Somebody may want again what is to go.
        for _ in 0..<400 where breach == nil && !world.table.canAdopt(other.plan) {
            takeOne(&world)
        }
        answerAll(&world)
        guard breach == nil, world.table.canAdopt(other.plan) else { return }
        adoptions += 1
        active += world.beings.indices.count { world.table.states[$0].phase.isActive }
        gone += world.plot.units.count - formers.count { $0 != nil }
        check(world.adopt(other, formers), .continued, world, "adopt")
    }

    /// The same units in another order, maybe without one, maybe with another.
    private mutating func another(than plot: Plot) -> (Plot, [Int?]) {
        var formers: [Int?] = Array(plot.units.indices)
        if chance.oneIn(2), formers.count > 1 { formers.remove(at: chance.below(formers.count)) }
        for place in formers.indices { formers.swapAt(place, chance.below(formers.count)) }
        if chance.oneIn(2), formers.count < 10 {
            formers.insert(nil, at: chance.below(formers.count + 1))
        }
        let places = { (old: UInt8) in
            formers.firstIndex(of: Int(old)).map { UInt8($0) }
        }
        var units: [Unit] = []
        for former in formers {
            if let former {
                var unit = plot.units[former]
                unit.relations = unit.relations.mapValues { $0.compactMap(places) }
                if chance.oneIn(4) { unit.times[.restartMost] = UInt32(chance.below(500)) }
                units.append(unit)
            } else {
                // It comes after units that were there before, and nobody after it.
                var unit = Unit(policy: .onFailure)
                if let other = chance.pick(formers) {
                    let place = UInt8(formers.firstIndex(of: other)!)
                    unit.relations = [.requires: [place], .after: [place]]
                }
                units.append(name(unit))
            }
        }
        return (Plot(units), formers)
    }

    // MARK: Steps

    private mutating func answerAll(_ world: inout World<12>) {
        while world.awaited != nil, breach == nil { takeOne(&world) }
    }

    private mutating func takeOne(_ world: inout World<12>) {
        guard breach == nil else { return }
        let moves = world.moves
        guard !moves.isEmpty else {
            breach = "seed \(seed): nothing can happen"
            return
        }
        if world.stopBegan != nil, chance.oneIn(3) {
            let inTime = moves.first { if case .time = $0 { true } else { false } }
            if let inTime { return go(inTime, &world) }
        }
        go(chance.pick(moves), &world)
    }

    private mutating func go(_ move: World<12>.Move, _ world: inout World<12>) {
        guard breach == nil else { return }
        let before = world
        guard let event = world.happen(move) else { return }
        check(before, event, world, "\(event)")
    }

    private mutating func check(
        _ before: World<12>, _ event: ServiceEvent, _ after: World<12>, _ what: String
    ) {
        steps += 1
        var step = Step(before: before, event: event, after: after)
        let broken = step.broken
        guard !broken.isEmpty else { return }
        let (was, world) = (before, after)
        breach =
            "seed \(seed), step \(steps), \(what): \(broken.map(\.rawValue)) \(after.disagreement ?? "")\n"
            + world.beings.indices.map { index in
                let (before, state) = (was.table.states[index], world.table.states[index])
                let unit = world.plot.units[index]
                return "    \(unit.name): \(before.phase) \(state.phase) \(unit.relations)"
            }.joined(separator: "\n")
    }
}

extension World {
    /// The units that the other plan lacks are to go.
    ///
    /// - Returns: the world before that.
    mutating func leave(for other: Plot) -> World {
        let before = self
        ordered.removeAll()
        for index in beings.indices { beings[index].begins = false }
        goOns = 0
        table.leave(unitsMissingIn: other.plan, at: Instant(milliseconds: now))
        finish()
        model.leave(for: other, at: now)
        disagreement = model.goOn(ordered, &table)
        return before
    }

    /// The other plan comes.
    ///
    /// - Parameter formers: where each of its units was.
    /// - Returns: the world before that, with the units in their new order.
    mutating func adopt(_ other: Plot, _ formers: [Int?]) -> World {
        var before = self
        before.plot = other
        before.beings = formers.map { $0.map { beings[$0] } ?? Being() }
        before.table.plan = other.plan
        for (index, former) in formers.enumerated() {
            before.table.states[index] = former.map { table.states[$0] } ?? ServiceState()
            before.rename(index)
        }
        let map = UnitMap(from: plot.plan, to: other.plan)
        (plot, beings, goOns) = (other, before.beings, 0)
        ordered.removeAll()
        for index in beings.indices { beings[index].begins = false }
        table.adopt(other.plan, by: map, at: Instant(milliseconds: now))
        for index in beings.indices {
            rename(index)
            // What a new unit pulls in is asked for: its starts count from zero.
            let (was, state) = (before.table.states[index].phase, table.states[index])
            let comes = (was == .down || was == .resting) && state.phase != was
            if comes || state.comesAgain { beings[index].starts = 0 }
        }
        finish()
        model.adopt(other, at: now)
        for index in beings.indices {
            let digit = { (process: ProcessID) in UInt8(process.rawValue % 100) }
            let run = model.services[index].run
            model.services[index].run?.main = run?.main.map { Self.number(index, digit($0)) }
            model.services[index].run?.control = run?.control.map { Self.number(index, digit($0)) }
        }
        disagreement = model.goOn(ordered, &table)
        return before
    }

    /// Processes are called by the number of their unit here. To the table that is all the same.
    private mutating func rename(_ index: Int) {
        let state = table.states[index]
        let digit = { (process: ProcessID) in UInt8(process.rawValue % 100) }
        table.states[index].main = state.main.map { Self.number(index, digit($0)) }
        table.states[index].control = state.control.map { Self.number(index, digit($0)) }
    }

    private mutating func finish() {
        while let action = table.nextAction() { perform(action) }
        for index in beings.indices {
            beings[index].between = table.states[index].phase
            follow(index)
        }
    }
}

/// Lives of many graphs, each lived once for all the tests that look at them.
struct Moves: Sendable {
    var count = 0
    var adoptions = 0
    var active = 0
    var gone = 0
    var breaches: [String] = []

    static let all: Moves = {
        let whole = Mutex(Moves())
        DispatchQueue.concurrentPerform(iterations: Setup.isLarge ? 60_000 : 1_000) { index in
            var graph = MovingGraph(seed: UInt64(index + 1))
            graph.live()
            let lived = graph
            whole.with { $0.add(lived) }
        }
        return whole.with { $0 }
    }()

    mutating func add(_ graph: MovingGraph) {
        count += 1
        adoptions += graph.adoptions
        active += graph.active
        gone += graph.gone
        if let breach = graph.breach, breaches.count < 5 { breaches.append(breach) }
    }
}
