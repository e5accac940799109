@testable import InitCore

/// What the walks saw, as ARCHITECTURE shows it.
enum Picture {
    static let walk: Walk = {
        var walk = Walks.one
        walk.add(Walks.two)
        walk.add(Walks.three)
        return walk
    }()

    /// The arrows of the picture. What changes a phase without an event of the unit's own is the
    /// look through the table: `settle`.
    static let edges: [String] = everyPhase.flatMap { from in
        everyPhase.compactMap { to in
            let all = walk.edges.filter { $0.from == from && $0.to == to }
            guard !all.isEmpty else { return nil }
            var kinds = Kind.allCases.filter { kind in
                all.contains { $0.isOwn && $0.kind == kind }
            }.map(\.rawValue)
            if all.contains(where: { $0.kind == nil }) { kinds.append("settle") }
            if kinds.isEmpty { kinds.append("another's event") }
            return "    \(from) --> \(to): \(kinds.joined(separator: ", "))"
        }
    }

    static func letter(_ phase: ServicePhase) -> String {
        switch phase {
        case .down: "D"
        case .queued: "Q"
        case .preparing: "P"
        case .starting: "S"
        case .settling: "T"
        case .up: "U"
        case .busy: "B"
        case .stopping: "X"
        case .ending: "E"
        case .killing: "K"
        case .cleaning: "C"
        case .resting: "R"
        case .stuck: "Z"
        }
    }

    /// The rows of the table: to which phases each event leads from each.
    static let table: [String] = {
        let names = everyPhase.map { "\($0) \(letter($0))" }
        let head = [
            "| event | \(names.joined(separator: " | ")) |",
            "|---|" + everyPhase.map { _ in "---|" }.joined(),
        ]
        return head
            + Kind.allCases.map { kind in
                let cells = everyPhase.map { cell(kind, $0) }
                return "| \(kind.rawValue) | \(cells.joined(separator: " | ")) |"
            }
    }()

    private static func cell(_ kind: Kind, _ phase: ServicePhase) -> String {
        guard walk.cells.contains(Walk.Cell(phase: phase, kind: kind)) else { return "" }
        let to = everyPhase.filter { to in
            walk.edges.contains(Walk.Edge(from: phase, to: to, kind: kind, isOwn: true))
        }
        return to.isEmpty ? "–" : to.map(letter).joined()
    }
}
