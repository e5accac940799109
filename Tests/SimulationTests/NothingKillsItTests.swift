import InitCore
import Testing

/// Each system call of a short life fails once, with each error there is.
@Suite struct NothingKillsItTests {
    /// After so many calls whose failure did harm, the test leaves out the others.
    private static let mostHarmful = 3

    @Test(arguments: Life.allCases)
    func `a life in which nothing goes wrong ends as it should`(life: Life) {
        let world = World(life.scenario)
        run(world)
        #expect(world.end == life.end)
    }

    /// ECHILD is no failure of wait4(2) but an answer, so it is not among the errors.
    @Test(arguments: Life.allCases)
    func `whichever system call fails, PID 1 lives, and ends as it should`(life: Life) throws {
        var harmful = 0
        for (number, call) in try calls(of: life).enumerated() where harmful < Self.mostHarmful {
            let problems = Call.errors.compactMap { problem(life, number, call, $0) }
            for problem in problems { Issue.record("\(problem)") }
            if !problems.isEmpty { harmful += 1 }
        }
    }

    /// Each end that the table allows does happen. Otherwise the table would hide mistakes.
    @Test(arguments: Life.allCases)
    func `no other end is allowed than one that a failing call leads to`(life: Life) throws {
        let calls = try calls(of: life)
        for call in Set(calls) {
            var allowed: [World.End] = []
            var seen: [World.End] = []
            for number in calls.indices where calls[number] == call {
                for error in Call.errors {
                    allowed += life.ends(without: call, error)
                    seen.append(live(life, without: number, error).end!)
                }
            }
            for end in allowed where !seen.contains(end) {
                Issue.record("\(life) without \(call): \(end) is allowed, and never happens")
                break
            }
        }
    }

    /// The system calls of a life in which none fails.
    private func calls(of life: Life) throws -> [Call] {
        let clean = World(life.scenario)
        clean.keepsCalls = true
        run(clean)
        try #require(clean.end == life.end)
        return clean.calls
    }

    /// - Returns: `nil` if the life went as it should.
    private func problem(_ life: Life, _ number: Int, _ call: Call, _ error: Errno) -> String? {
        let world = live(life, without: number, error)
        let ends = [life.end] + life.ends(without: call, error)
        let mostRead = [0, 2, 3].map { world.devices[$0].received }.max()!
        // Without /dev there is no file to write to.
        let isRead = mostRead >= Greeting.text.utf8CodeUnitCount || call == .mount
        if ends.contains(world.end!), isRead || !life.greets { return nil }
        let trace = live(life, without: number, error, isTraced: true).trace!.suffix(20)
        return """
            \(life): call \(number), \(call), fails with \(error.rawValue): \(world.end!), \
            and not one of \(ends); \(mostRead) bytes were read
                \(trace.joined(separator: "\n    "))
            """
    }

    private func live(
        _ life: Life, without call: Int, _ error: Errno, isTraced: Bool = false
    ) -> World {
        let world = World(life.scenario, isTraced: isTraced)
        world.injected = (call, error)
        world.mostTurns = 1_000
        run(world)
        return world
    }
}
