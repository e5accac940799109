import InitCore
import Testing

/// Each system call of a short life fails once, with each error there is.
@Suite struct NothingKillsItTests {
    @Test(arguments: Life.allCases)
    func `a life in which nothing goes wrong ends as it should`(life: Life) {
        let world = World(life.scenario)
        run(world)
        #expect(world.end == life.end)
    }

    /// ECHILD is no failure of wait4(2) but an answer, so it is not among the errors.
    @Test(arguments: Life.allCases)
    func `whichever system call fails, PID 1 lives, and ends as it should`(life: Life) {
        let clean = World(life.scenario)
        clean.keepsCalls = true
        run(clean)
        for (number, call) in clean.calls.enumerated() {
            for error in Call.errors {
                let world = live(life, without: number, error)
                let ends = [life.end] + life.ends(without: call, error)
                if !ends.contains(world.end!) {
                    Issue.record(
                        """
                        \(life): call \(number), \(call), fails with \(error.rawValue): \
                        \(String(describing: world.end!)), and not one of \(ends)
                            \(trace(of: life, without: number, error))
                        """)
                }
                let mostRead = [0, 2, 3].map { world.devices[$0].received }.max()!
                // Without /dev there is nothing to write to.
                let isRead = mostRead >= Greeting.text.utf8CodeUnitCount || call == .mount
                #expect(!life.greets || isRead, "\(call) fails with \(error.rawValue)")
            }
        }
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

    /// The last lines of what happened, in another run of the same.
    private func trace(of life: Life, without call: Int, _ error: Errno) -> String {
        live(life, without: call, error, isTraced: true).trace!.suffix(20)
            .joined(separator: "\n    ")
    }
}
