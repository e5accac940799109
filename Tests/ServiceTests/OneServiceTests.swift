import Testing

@testable import InitCore

/// The walk over one service: each setting that changes its way, and all that can happen to it.
@Suite struct OneServiceTests {
    @Test(arguments: Rule.allCases)
    func `in every state that one service can get into`(rule: Rule) {
        Walks.one.expect(rule)
    }

    @Test func `the walk over one service gets everywhere`() {
        #expect(Set(Walks.one.cells.map(\.phase)) == Set(everyPhase))
        #expect(Set(Walks.one.cells.map(\.kind)) == Set(Kind.allCases))
        #expect(Walks.one.states > 400_000, "it was cut short, or the table has changed much")
    }

    @Test func `a shutdown of one service can take as long as was computed, and no longer`() {
        // What others reap is not waited for, and without SIGKILL there is no wait for its effect.
        let exempt = ["reaped by others", "SendSIGKILL=no"]
        let shorter = Walks.one.slacks.filter { $0.value != 0 && !exempt.contains($0.key) }
        #expect(shorter.isEmpty, "so much shorter than computed: \(shorter)")
    }

    @Test func `there is room for as many actions as are needed`() {
        #expect(Walks.one.mostActions < ServiceActions.capacity)
    }
}

extension Walk {
    /// Records the shortest ways to break a rule.
    func expect(_ rule: Rule) {
        guard let breach = breaches[rule] else { return }
        Issue.record("broken in \(breach.count) steps:\n\(breach.ways.joined(separator: "\n"))")
    }
}
