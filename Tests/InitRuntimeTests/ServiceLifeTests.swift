import Foundation
import Testing

/// Lives of PID 1 with services, made from seeds.
@Suite struct ServiceLifeTests {
    /// The share of HAMMOCK_SIMULATION_EVENTS that is about services.
    private static let leastEvents =
        number("HAMMOCK_SIMULATION_EVENTS").map { $0 / 20 } ?? 50_000
    /// The seed of the only life to live, or `nil`.
    private static let seed = number("HAMMOCK_SERVICE_SEED")

    private static func number(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }

    @Test func `in 50,000 events, PID 1 keeps its promises about services and descriptors`() {
        var events = 0
        var starts = 0
        var named = 0
        var failures = 0
        var seed = Self.seed ?? 1
        repeat {
            let life = ServiceLife(seed: seed, isTraced: Self.seed != nil)
            life.live()
            events += life.events
            starts += life.starts
            named += life.named
            if let breach = life.breach {
                let again = ServiceLife(seed: seed, isTraced: true)
                again.live()
                Issue.record("\(breach)\n    \(again.trace.suffix(40).joined(separator: "\n    "))")
                failures += 1
            }
            seed += 1
        } while Self.seed == nil && failures < 3 && events < Self.leastEvents
        print("\(events) events in \(seed - 1) lives, \(starts) starts, \(named) by PID files")
        #expect(Self.seed != nil || failures > 0 || starts > events / 100 && named > events / 5_000)
    }
}
