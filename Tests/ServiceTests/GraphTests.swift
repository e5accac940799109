import Testing

@testable import InitCore

/// Graphs of two to twelve units, made from seeds.
@Suite struct GraphTests {
    @Test func `whatever the graph and whatever happens, all rules hold and a shutdown is in time`()
    {
        #expect(Graphs.all.breaches.isEmpty, "\(Graphs.all.breaches.joined(separator: "\n"))")
    }

    @Test func `the graphs are large enough to tell`() {
        #expect(Graphs.all.starts > Graphs.all.count)
        #expect(Graphs.all.steps > 100 * Graphs.all.count)
    }
}
