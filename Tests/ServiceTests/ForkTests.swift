import Testing

@testable import InitCore

/// When a service that forks is up, and which process is its main one.
@Suite struct ForkTests {
    private let service = ServiceID(rawValue: 0)
    private let daemon = ProcessID(rawValue: 70)

    /// A desk with a service whose first process has ended.
    private func desk(
        _ flags: UnitFlags = .all(.sendsKill, .hasPIDFile), policy: RestartPolicy = .never,
        startTime: UInt32 = 90_000
    ) -> Desk {
        let desk = Desk([
            Unit(readiness: .forked, policy: policy, flags: flags, times: [.start: startTime])
        ])
        desk.ask(.start, "x")
        desk.end("x")
        return desk
    }

    @Test func `a service with a PID file is starting until the file names its main process`() {
        let desk = desk()
        for delay in [20, 40, 80, 160, 320, 640, 640] {
            #expect(desk.phase("x") == .starting && desk.state("x").main == nil)
            #expect(desk.actions.last == .findMain(service))
            let before = desk.now
            desk.pass()
            #expect(desk.now.milliseconds - before.milliseconds == Int64(delay))
        }
        desk.answer = .mainFound(service, daemon)
        desk.pass()
        #expect(desk.phase("x") == .up && desk.state("x").main == daemon)
        #expect(desk.table.deadline == nil, "it is looked for no more")
        desk.end("x", .killed(.kill))
        #expect(desk.state("x").outcome == .failedSignal)
    }

    @Test func `each start looks for the PID file from the shortest delay on`() {
        let desk = desk(policy: .always)
        for _ in 0..<3 { desk.pass() }
        desk.answer = .mainFound(service, daemon)
        desk.pass()
        desk.answer = .mainNotFound(service)
        desk.end("x")
        desk.pass()
        #expect(desk.phase("x") == .starting)
        desk.end("x")
        let before = desk.now
        desk.pass()
        #expect(desk.now.milliseconds - before.milliseconds == 20)
    }

    @Test func `a PID file that never comes ends the start when its time is over`() {
        let desk = desk(startTime: 1_000)
        let began = desk.now
        for _ in 0..<20 where desk.phase("x") == .starting { desk.pass() }
        #expect(desk.now.milliseconds - began.milliseconds == 1_000)
        #expect(desk.state("x").outcome == .startTimedOut)
        #expect(desk.phase("x") == .down)
    }

    @Test func `where no process is left nobody waits for a PID file`() {
        let desk = desk()
        desk.answer = .emptied(service)
        desk.pass()
        #expect(desk.state("x").outcome == .endedEarly)
        #expect(desk.phase("x") == .down)
    }

    @Test func `what a service says is its main process does not take the place of a PID file`() {
        let desk = desk()
        desk.step(.noticed(service, .mainIs(ProcessID(rawValue: 71))))
        #expect(desk.phase("x") == .starting && desk.state("x").main?.rawValue == 71)
        desk.answer = .mainFound(service, daemon)
        desk.pass()
        #expect(desk.phase("x") == .up && desk.state("x").main == daemon)
    }

    @Test func `a service without a PID file is up without a main process that is known`() {
        let desk = desk(.all(.sendsKill, .remains))
        #expect(desk.phase("x") == .up && desk.state("x").main == nil)
        #expect(desk.table.deadline == nil)
    }
}
