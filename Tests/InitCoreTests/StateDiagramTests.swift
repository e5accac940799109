import Foundation
import Testing

@testable import InitCore

/// ARCHITECTURE's picture of the phases against the core itself.
@Suite struct StateDiagramTests {
    @Test func `ARCHITECTURE shows each way from one phase to another, and no other`() throws {
        let shown = try diagram()
        let real = edges()
        #expect(Set(shown) == Set(real), "the diagram should be:\n\(real.joined(separator: "\n"))")
        #expect(shown.count == Set(shown).count, "an edge is shown twice")
    }

    /// The edges that the walk took, as the diagram writes them.
    private func edges() -> [String] {
        everyPhase.flatMap { from in
            everyPhase.compactMap { to in
                let kinds = Kind.allCases.filter {
                    Walk.whole.edges.contains(Walk.Edge(from: from, to: to, kind: $0))
                }
                guard !kinds.isEmpty else { return nil }
                let label = kinds.map { "\($0)" }.joined(separator: ", ")
                return "    \(from) --> \(to): \(label)"
            }
        }
    }

    /// The edges in ARCHITECTURE.
    private func diagram() throws -> [String] {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../ARCHITECTURE.md")
        let text = try String(contentsOf: file, encoding: .utf8)
        let start = try #require(text.range(of: "```mermaid\nstateDiagram-v2\n"))
        let end = try #require(text[start.upperBound...].range(of: "```"))
        return text[start.upperBound..<end.lowerBound].split(separator: "\n").map(String.init)
    }
}
