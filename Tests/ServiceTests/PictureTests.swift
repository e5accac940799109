import Foundation
import Testing

@testable import InitCore

/// ARCHITECTURE's picture of a service's phases, and its table of events, against the table itself.
@Suite struct PictureTests {
    @Test func `ARCHITECTURE shows each way from one phase of a service to another, and no other`()
        throws
    {
        let shown = try lines(from: "```mermaid\nstateDiagram-v2\n    down -->", to: "```")
        let real = Picture.edges
        #expect(shown == real, "the picture should be:\n\(real.joined(separator: "\n"))")
    }

    @Test func `ARCHITECTURE has what each event does in each phase of a service`() throws {
        let shown = try lines(from: "| event | down D", to: "\n\n")
        let real = Picture.table
        #expect(shown == real, "the table should be:\n\(real.joined(separator: "\n"))")
    }

    /// The lines of ARCHITECTURE that begin with `start`, up to `end`.
    private func lines(from start: String, to end: String) throws -> [String] {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../ARCHITECTURE.md")
        let text = try String(contentsOf: file, encoding: .utf8)
        let first = try #require(text.range(of: start))
        let last = try #require(text[first.upperBound...].range(of: end))
        let lines = text[first.lowerBound..<last.lowerBound].split(separator: "\n")
        return lines.map(String.init).filter { !$0.hasPrefix("```") && $0 != "stateDiagram-v2" }
    }
}
