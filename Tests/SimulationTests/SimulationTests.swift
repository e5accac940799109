import Foundation
import Testing

/// Whole lives of PID 1, in worlds that are made from seeds.
@Suite struct SimulationTests {
    /// How many events all worlds together have at least.
    private static let leastEvents = number("HAMMOCK_SIMULATION_EVENTS") ?? 1_000_000
    /// The seed of the only world to run, or `nil`.
    private static let seed = number("HAMMOCK_SIMULATION_SEED")
    private static let lanes = 2
    /// A lane ends after so many broken promises. Most likely all have the same cause.
    private static let mostFailures = 5

    private static func number(_ name: String) -> UInt64? {
        guard let text = ProcessInfo.processInfo.environment[name] else { return nil }
        let number = UInt64(text)
        if number == nil { Issue.record("\(name) is a whole number, not '\(text)'") }
        return number
    }

    /// Each lane has its own seeds, and a processor to itself if there are two.
    @Test(arguments: 0..<lanes)
    func `in a million events, PID 1 keeps its promises, whatever fails and whichever signals come`(
        lane: Int
    ) {
        // A single world runs in one lane only.
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

    /// Runs the world again with a trace, and reports how it ended.
    private func report(_ promise: String, _ seed: UInt64) {
        let world = World(Scenario(seed: seed), isTraced: true)
        run(world)
        let scenario = world.scenario
        Issue.record(
            """
            \(promise). To repeat this world with a trace:
            HAMMOCK_SIMULATION_SEED=\(seed) swift test --filter SimulationTests.SimulationTests
                \(scenario.role) \(scenario.words) \(scenario.commandLine)
                \(world.trace!.suffix(25).joined(separator: "\n    "))
            """)
    }
}
