import Foundation
import Testing

/// Whole lives of PID 1 in worlds that seeds make.
@Suite struct SimulationTests {
    /// As many events as all worlds together have at least.
    private static let leastEvents = number("HAMMOCK_SIMULATION_EVENTS") ?? 1_000_000
    /// The only world to live in, if there is a choice.
    private static let seed = number("HAMMOCK_SIMULATION_SEED")
    private static let lanes = 2
    /// After so many broken promises a lane gives up: they are all the same, most likely.
    private static let mostFailures = 5

    private static func number(_ name: String) -> UInt64? {
        guard let text = ProcessInfo.processInfo.environment[name] else { return nil }
        let number = UInt64(text)
        if number == nil { Issue.record("\(name) is a whole number, not '\(text)'") }
        return number
    }

    /// One lane for each processor, and every world in one of them.
    @Test(arguments: 0..<lanes)
    func `in a million events, whatever fails and whoever signals, PID 1 keeps its promises`(
        lane: Int
    ) {
        // One world is lived in once.
        if Self.seed != nil, lane > 0 { return }
        var events: UInt64 = 0
        var worlds = 0
        var failures = 0
        var figures = Figures()
        var ends: [String: Int] = [:]
        var seed = Self.seed ?? UInt64(lane)
        repeat {
            let world = World(Scenario(seed: seed), isTraced: Self.seed != nil)
            run(world)
            if let trace = world.trace { print(trace.joined(separator: "\n")) }
            events += UInt64(world.events)
            worlds += 1
            figures += world.figures
            ends[kind(of: world.end!), default: 0] += 1
            if case .failed(let promise) = world.end {
                report(promise, seed)
                failures += 1
            }
            seed &+= UInt64(Self.lanes)
        } while Self.seed == nil && failures < Self.mostFailures
            && events < Self.leastEvents / UInt64(Self.lanes)
        print("lane \(lane): \(events) events in \(worlds) worlds, \(figures), \(ends)")
    }

    private func kind(of end: World.End) -> String {
        String(describing: end).prefix { $0 != "(" }.description
    }

    /// Lives through the world once more, to tell how it ended.
    private func report(_ promise: String, _ seed: UInt64) {
        let world = World(Scenario(seed: seed), isTraced: true)
        run(world)
        let scenario = world.scenario
        Issue.record(
            """
            \(promise). Once more, with all of it:
            HAMMOCK_SIMULATION_SEED=\(seed) swift test --filter SimulationTests.SimulationTests
                \(scenario.role) \(scenario.words) \(scenario.commandLine)
                \(world.trace!.suffix(25).joined(separator: "\n    "))
            """)
    }
}
