@testable import InitCore

/// Every state that the core and its world can get into, visited once: breadth first, from
/// every setup, until nothing new turns up.
///
/// Time goes by in leaps: to the next deadline and, during a fork, to just before or just behind
/// the phase's end. Other moments make no difference to the core.
struct Walk: Sendable {
    /// A change of phase, and the kind of event that it came with.
    struct Edge: Hashable, Sendable {
        let from: InitCore.Phase
        let to: InitCore.Phase
        let kind: Kind
    }

    /// An event of this kind that came in this phase.
    struct Cell: Hashable, Sendable {
        let phase: InitCore.Phase
        let kind: Kind
    }

    private(set) var states = 0
    private(set) var steps = 0
    private(set) var edges: Set<Edge> = []
    private(set) var cells: Set<Cell> = []
    /// The longest that each phase took, without the time of forks beyond its end.
    private(set) var longest: [InitCore.Phase: Int64] = [:]
    /// The most actions that were still to be performed.
    /// The longest that each phase took in which no disk wrote.
    private(set) var longestIdle: [InitCore.Phase: Int64] = [:]
    private(set) var mostActions = 0
    /// How often each rule was broken, and the shortest ways to break it.
    private(set) var breaches: [Rule: (count: Int, ways: [String])] = [:]

    /// The walks from every setup together, made once for all tests.
    static let whole = Setup.all.reduce(into: Walk()) { $0.explore($1) }

    private struct Node {
        let world: World
        /// The index of the node before.
        let parent: Int
        let move: World.Move?
    }

    mutating func explore(_ setup: Setup) {
        var nodes = [Node(world: World(setup), parent: -1, move: nil)]
        var seen: Set<World.Key> = [nodes[0].world.key]
        var index = 0
        while index < nodes.count {
            let world = nodes[index].world
            for move in world.moves {
                var next = world
                var rules: [Rule] = []
                next.happen(move)
                if case .event(let event, _) = move {
                    let step = next.step(event, before: world)
                    count(step)
                    rules = step.broken
                }
                guard rules.isEmpty else {
                    // What comes after a breach would only show it again.
                    note(rules, setup, Walk.way(to: index, of: nodes) + ["\(move)"])
                    continue
                }
                if seen.insert(next.key).inserted {
                    nodes.append(Node(world: next, parent: index, move: move))
                }
            }
            index += 1
        }
        states += nodes.count
    }

    private mutating func count(_ step: Step) {
        steps += 1
        let (from, to) = (step.before.core.phase, step.after.core.phase)
        let kind = Kind(step.event)
        cells.insert(Cell(phase: from, kind: kind))
        if from != to { edges.insert(Edge(from: from, to: to, kind: kind)) }
        mostActions = max(mostActions, step.mostToDo)
        if from != to, step.before.limit != nil {
            let took = step.after.now - step.before.phaseBegan - step.before.overrun
            longest[from] = max(longest[from] ?? 0, took)
            if step.before.writingBegan != nil, step.before.wroteLast == nil {
                longestIdle[from] = max(longestIdle[from] ?? 0, took)
            }
        }
    }

    private mutating func note(_ rules: [Rule], _ setup: Setup, _ way: @autoclosure () -> [String])
    {
        for rule in rules {
            var breach = breaches[rule] ?? (0, [])
            breach.count += 1
            if breach.ways.count < 2 {
                breach.ways.append("\(setup):\n    " + way().joined(separator: "\n    "))
            }
            breaches[rule] = breach
        }
    }

    private static func way(to index: Int, of nodes: [Node]) -> [String] {
        var moves: [String] = []
        var index = index
        while index > 0 {
            moves.append("\(nodes[index].move!)")
            index = nodes[index].parent
        }
        return moves.reversed()
    }
}

extension World {
    /// Hands the event to the core and to the naive model, and performs the core's actions.
    mutating func step(_ event: Event, before: World) -> Step {
        let left = core.actions.count
        var other = core
        let hasMoment = core.hasMoment(event)
        core.step(event, at: Instant(milliseconds: now))
        if !hasMoment { other.step(event, at: Instant(milliseconds: now + 7_777)) }
        let isSame =
            hasMoment
            || other.phase == core.phase && other.deadline == core.deadline
                && other.phaseEnd == core.phaseEnd && other.actions.all == core.actions.all
        let ordered = core.actions
        let expected = naive.visible(after: event, at: now)
        performUntilAwaited()
        follow(before.core.phase)
        return Step(
            before: before, event: event, actions: Array(ordered.all.dropFirst(left)),
            mostToDo: ordered.count, overflowed: ordered.overflowed, isSameAtAnyTime: isSame,
            after: self,
            expected: expected)
    }
}

/// The kind of an event, without its values.
enum Kind: CaseIterable, Sendable {
    case performed, spawned, programRuns, spawnFailed, signalled, childEnded, childStopped
    case terminalLent, wentOn, noChildLeft, deadlinePassed, helperStarted, helperFailed
    case planned, servicesSettled, servicesEnded, endAsked
    case unwritten, sendingFailed, leavingFailed

    init(_ event: Event) {
        self =
            switch event {
            case .performed: .performed
            case .spawned: .spawned
            case .programRuns: .programRuns
            case .spawnFailed: .spawnFailed
            case .signalled: .signalled
            case .childEnded: .childEnded
            case .childStopped: .childStopped
            case .terminalLent: .terminalLent
            case .wentOn: .wentOn
            case .noChildLeft: .noChildLeft
            case .deadlinePassed: .deadlinePassed
            case .helperStarted: .helperStarted
            case .helperFailed: .helperFailed
            case .planned: .planned
            case .servicesSettled: .servicesSettled
            case .servicesEnded: .servicesEnded
            case .endAsked: .endAsked
            case .unwritten: .unwritten
            case .sendingFailed: .sendingFailed
            case .leavingFailed: .leavingFailed
            }
    }
}

extension InitCore.Phase {
    var isPartOfShutdown: Bool {
        [.stoppingServices, .stopping, .killing, .unmounting, .syncing, .leaving].contains(self)
    }
}
