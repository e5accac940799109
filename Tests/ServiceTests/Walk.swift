@testable import InitCore

/// Every state that a few units and their world can get into, visited once: breadth first, until
/// nothing new turns up.
struct Walk: Sendable {
    /// A change of phase, and the kind of event that it came with.
    struct Edge: Hashable, Sendable {
        let from: ServicePhase
        let to: ServicePhase
        /// `nil` for the look through the table.
        let kind: Kind?
        /// Whether the event was about the unit, or about all.
        let isOwn: Bool
    }

    /// An event of this kind that came in this phase.
    struct Cell: Hashable, Sendable {
        let phase: ServicePhase
        let kind: Kind
    }

    private(set) var states = 0
    private(set) var steps = 0
    private(set) var edges: Set<Edge> = []
    private(set) var cells: Set<Cell> = []
    private(set) var mostActions = 0
    private(set) var mostGoOns = 0
    /// How much shorter than the bound the longest shutdown of each setup was.
    private(set) var slacks: [String: Int64] = [:]
    /// How often each rule was broken, and the shortest ways to do so.
    private(set) var breaches: [Rule: (count: Int, ways: [String])] = [:]

    private struct Node<let capacity: Int> {
        let world: World<capacity>
        /// The index of the node before.
        let parent: Int32
        let move: World<capacity>.Move?
    }

    mutating func explore<let capacity: Int>(_ world: World<capacity>, _ name: String) {
        var nodes = [Node(world: world, parent: -1, move: nil)]
        var first = world
        var seen: Set<Key> = [first.key]
        var index = 0
        var longest: Int64 = 0
        while index < nodes.count {
            var before = nodes[index].world
            for move in before.moves {
                var after = before
                if let event = after.happen(move) {
                    var step = Step(before: before, event: event, after: after)
                    let broken = step.broken
                    take(&step)
                    guard broken.isEmpty else {
                        // What comes after a breach would only tell of it again.
                        let last = ["\(move)"] + (after.disagreement.map { [$0] } ?? [])
                        note(broken, name, Walk.way(to: index, of: nodes) + last)
                        continue
                    }
                    if after.hasEnded, !before.hasEnded, let began = after.stopBegan {
                        longest = max(longest, after.now - began)
                    }
                }
                if seen.insert(after.key).inserted {
                    nodes.append(Node(world: after, parent: Int32(index), move: move))
                }
            }
            index += 1
        }
        states += nodes.count
        slacks[name] = world.plot.longestStop - longest
    }

    private mutating func take<let capacity: Int>(_ step: inout Step<capacity>) {
        steps += 1
        mostActions = max(mostActions, step.after.ordered.count)
        mostGoOns = max(mostGoOns, step.after.goOns)
        let concerned = step.before.concerned(by: step.event)
        let kind = Kind(step.event)
        for index in step.after.beings.indices {
            let from = step.before.table.states[index].phase
            let to = step.after.table.states[index].phase
            let between = step.after.beings[index].between
            let isOwn = concerned == nil || concerned == index
            if isOwn { cells.insert(Cell(phase: from, kind: kind)) }
            if from != between {
                edges.insert(Edge(from: from, to: between, kind: kind, isOwn: isOwn))
            }
            if between != to {
                edges.insert(Edge(from: between, to: to, kind: nil, isOwn: true))
            }
        }
    }

    mutating func add(_ other: Walk) {
        states += other.states
        steps += other.steps
        edges.formUnion(other.edges)
        cells.formUnion(other.cells)
        mostActions = max(mostActions, other.mostActions)
        mostGoOns = max(mostGoOns, other.mostGoOns)
        slacks.merge(other.slacks) { $1 }
        breaches.merge(other.breaches) {
            ($0.count + $1.count, Array(($0.ways + $1.ways).prefix(2)))
        }
    }

    private mutating func note(_ rules: [Rule], _ name: String, _ way: @autoclosure () -> [String])
    {
        for rule in rules {
            var breach = breaches[rule] ?? (0, [])
            breach.count += 1
            if breach.ways.count < 2 {
                breach.ways.append("\(name):\n    " + way().joined(separator: "\n    "))
            }
            breaches[rule] = breach
        }
    }

    private static func way<let capacity: Int>(
        to index: Int, of nodes: [Node<capacity>]
    ) -> [String] {
        var moves: [String] = []
        var index = index
        while index > 0 {
            moves.append("\(nodes[index].move!)")
            index = Int(nodes[index].parent)
        }
        return moves.reversed()
    }
}

extension World {
    /// The unit that an event is about; `nil` if it is about all.
    mutating func concerned(by event: ServiceEvent) -> Int? {
        switch event {
        case .asked(_, let service), .ran(let service, _), .notRun(let service, _),
            .executed(let service), .notExecuted(let service, _, _), .conditionFailed(let service),
            .killedForMemory(let service), .noticed(let service, _), .emptied(let service),
            .occupied(let service), .mainFound(let service, _), .mainNotFound(let service):
            return service.index
        case .childEnded(let process, _):
            return table.owner(of: process)?.index
        case .noChildLeft, .deadlinePassed, .continued, .beginAll, .stopAll:
            return nil
        }
    }
}

/// What an event is called, without what it is about.
enum Kind: String, CaseIterable, Sendable {
    case start, stop, restart, reload, reset
    case ran, notRun, executed, notExecuted, conditionFailed, killedForMemory
    case childEnded, noChildLeft, noticed, emptied, occupied, mainFound, mainNotFound
    case deadlinePassed, continued, beginAll, stopAll

    init(_ event: ServiceEvent) {
        self =
            switch event {
            case .asked(.start, _): .start
            case .asked(.stop, _): .stop
            case .asked(.restart, _): .restart
            case .asked(.reload, _): .reload
            case .asked(.reset, _): .reset
            case .ran: .ran
            case .notRun: .notRun
            case .executed: .executed
            case .notExecuted: .notExecuted
            case .conditionFailed: .conditionFailed
            case .killedForMemory: .killedForMemory
            case .childEnded: .childEnded
            case .noChildLeft: .noChildLeft
            case .noticed: .noticed
            case .emptied: .emptied
            case .occupied: .occupied
            case .mainFound: .mainFound
            case .mainNotFound: .mainNotFound
            case .deadlinePassed: .deadlinePassed
            case .continued: .continued
            case .beginAll: .beginAll
            case .stopAll: .stopAll
            }
    }
}
