import InitCore
import Testing

/// The exact lines that short lives log, when every device takes them.
@Suite struct LogTests {
    private func lines(of life: Life, _ change: (inout Scenario) -> Void = { _ in }) -> [String] {
        var scenario = life.scenario
        // No other process runs.
        scenario.happenings = []
        scenario.program!.forks = 0
        change(&scenario)
        let world = World(scenario)
        run(world)
        #expect(world.end == life.end)
        return world.book.said
    }

    @Test func `a machine says that its program has ended, and last that it powers off`() {
        let end = ["program ended with code 7", "stopping everything, then power off", "power off"]
        let plain = lines(of: .machineRunsAProgram) { ($0.bootWords, $0.options) = ([], []) }
        #expect(plain == end)
        for words in [[], ["hammock.log=7"]] {
            let all = lines(of: .machineRunsAProgram) { $0.bootWords = words }
            #expect(all == ["program started, pid 2"] + end)
        }
        let some = lines(of: .machineRunsAProgram) { $0.bootWords = ["hammock.log=4"] }
        #expect(some == [end[0], end[2]])
        #expect(lines(of: .machineRunsAProgram) { $0.bootWords = ["hammock.log=1"] } == [])
    }

    @Test func `a container's -vv tells of its program's start and end`() {
        let all = ["program started, pid 2", "program ended with code 7"]
        #expect(lines(of: .containerRunsAProgram) == all)
        #expect(lines(of: .containerRunsAProgram) { $0.options = [] } == [])
    }

    /// The kernel takes ten lines in five seconds, and does not report that it drops more.
    @Test(arguments: [nil, "on", "off", "ratelimit"])
    func `of many orphans each is told of, unless the kernel's own command line forbids it`(
        word: String?
    ) {
        let told = lines(of: .machineRunsAProgram) { scenario in
            scenario.happenings = (0..<6).map { (Int64(10 + $0), .storm(10)) }
            scenario.forkBudget = 0
            scenario.options = ["-w"]
            scenario.bootWords = word.map { ["printk.devkmsg=\($0)"] } ?? []
        }
        let orphans = told.filter { $0.hasPrefix("reaped orphan ") }.count
        #expect(word == "ratelimit" ? orphans == RateLimit.burst : orphans > 2 * RateLimit.burst)
        #expect(told.contains("power off") == (word != "ratelimit"))
    }

    @Test func `the kernel takes ten lines, and ten more when five seconds are over`() {
        var limit = RateLimit()
        let moments: [Int64] = [1_000, 2_000, 6_000, 6_001, 11_001, 11_002]
        let taken = moments.map { moment in (0..<12).count { _ in limit.takes(at: moment) } }
        #expect(taken == [10, 0, 0, 10, 0, 10])
    }
}
