import Testing

@testable import InitCore

/// The walks over two and three units that have to do with each other.
@Suite struct PairTests {
    @Test(arguments: Rule.allCases)
    func `in every state that two units can get into`(rule: Rule) {
        Walks.two.expect(rule)
    }

    @Test(arguments: Rule.allCases)
    func `in every state that three units can get into`(rule: Rule) {
        Walks.three.expect(rule)
    }

    @Test func `the walks over two and three units are large`() {
        #expect(Walks.two.states > 100_000, "it was cut short, or the table has changed much")
        #expect(Walks.three.states > 30_000, "it was cut short, or the table has changed much")
    }

    @Test func `no shutdown of two or three units takes longer than was computed`() {
        for slacks in [Walks.two.slacks, Walks.three.slacks] {
            #expect(slacks.values.allSatisfy { $0 >= 0 })
            #expect(slacks.values.contains(0), "one of them takes as long as was computed")
        }
    }
}
