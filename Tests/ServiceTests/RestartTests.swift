import Testing

@testable import InitCore

/// When a service starts again, and the other rules of the table that have numbers in them.
@Suite struct RestartTests {
    private let service = ServiceID(rawValue: 0)

    private func table(_ unit: Unit) -> ServiceTable<1> { ServiceTable(plan: Plot([unit]).plan) }

    @Test func `a delay stays, doubles, or grows in steps, up to its most`() {
        let still = table(Unit(times: [.restart: 100]))
        #expect([0, 1, 9].map { still.restartDelay(service, after: $0) } == [100, 100, 100])
        let doubling = table(Unit(times: [.restart: 100, .restartMost: 1_000]))
        #expect(
            [0, 1, 2, 3, 4, 255].map { doubling.restartDelay(service, after: $0) }
                == [100, 200, 400, 800, 1_000, 1_000])
        let steps = table(Unit(times: [.restart: 1_000, .restartMost: 16_000], steps: 4))
        let grown = (0...5).map { steps.restartDelay(service, after: UInt8($0)) }
        #expect(grown == grown.sorted() && grown[0] == 1_000 && grown[4] == 16_000)
        #expect(grown[5] == 16_000 && abs(Int(grown[2]) - 4_000) < 250)
    }

    @Test(arguments: [
        (RestartPolicy.never, ""), (.always, "smgtw"), (.onSuccess, "s"), (.onFailure, "mgtw"),
        (.onAbnormal, "gtw"), (.onAbort, "g"), (.onWatchdog, "w"),
    ])
    func `each policy follows the outcomes that systemd's does`(
        policy: RestartPolicy, outcomes: String
    ) {
        let sorts: [(Character, [ServiceOutcome])] = [
            ("s", [.succeeded]), ("m", [.failedCode, .notExecuted, .notForked, .endedEarly]),
            ("g", [.failedSignal, .outOfMemory]),
            ("t", [.startTimedOut, .stopTimedOut, .runTimedOut]), ("w", [.watchdog]),
            ("-", [.none, .skipped, .dependency, .startLimit]),
        ]
        for (letter, sort) in sorts {
            for outcome in sort {
                #expect(policy.follows(outcome) == outcomes.contains(letter), "\(outcome)")
            }
        }
    }

    @Test func `lists of exit codes come before and after the policy`() {
        var forced = Unit()
        forced.matches = [(.restartForced, .code(3))]
        #expect(phase(of: forced, ending: .exited(3)) == .resting)
        #expect(phase(of: forced, ending: .exited(4)) == .down)
        var prevented = Unit(policy: .always)
        prevented.matches = [(.restartPrevented, .signal(.quit))]
        #expect(phase(of: prevented, ending: .killed(.quit)) == .down)
        #expect(phase(of: prevented, ending: .killed(.kill)) == .resting)
        var success = Unit(policy: .onFailure)
        success.matches = [(.success, .code(143))]
        #expect(phase(of: success, ending: .exited(143)) == .down)
    }

    @Test func `SIGTERM ends a oneshot badly, and any other service well`() {
        let oneshot = Unit(readiness: .ended, policy: .onFailure)
        #expect(phase(of: oneshot, ending: .killed(.terminate)) == .resting)
        #expect(phase(of: Unit(policy: .onFailure), ending: .killed(.terminate)) == .down)
        var told = oneshot
        told.matches = [(.success, .signal(.terminate))]
        #expect(phase(of: told, ending: .killed(.terminate)) == .down)
    }

    @Test func `a main command with the prefix "-" fails without effect, however late`() {
        let excused = Unit(policy: .onFailure, ignored: 1)
        #expect(phase(of: excused, ending: .exited(1)) == .down)
        #expect(phase(of: excused, ending: .killed(.kill)) == .down)
        let restarts = Unit(policy: .onSuccess, ignored: 1)
        #expect(phase(of: restarts, ending: .exited(1)) == .resting)
    }

    @Test func `hammock.stop caps the time of a stop, and infinity counts as an hour`() {
        let never = Unit(times: [.stop: UnitTime.infinity])
        #expect(timeToEnd(never, cap: nil) == 3_600_000)
        #expect(timeToEnd(never, cap: 30_000) == 30_000)
        #expect(timeToEnd(Unit(times: [.stop: 7_000]), cap: 30_000) == 7_000)
    }

    @Test func `a plan with more units than there is room for counts as none`() {
        var table = ServiceTable<1>(plan: Plot([Unit(), Unit()]).plan)
        table.step(.beginAll, at: Instant(milliseconds: 0))
        #expect(table.nextAction() == .settled)
        #expect(table.nextAction() == nil)
    }

    @Test func `what is asked for in vain is not accepted`() {
        var world = World<1>(Plot([Unit()]))
        let asks: [ServiceAsk] = [.start, .stop, .restart, .reload]
        #expect(asks.map { world.table.accepts($0, service) } == [true, true, true, false])
        let unknown = world.table.accepts(.start, ServiceID(rawValue: 1))
        #expect(!unknown)
        _ = world.happen(.event(.stopAll))
        #expect(asks.map { world.table.accepts($0, service) } == [false, true, false, false])
    }

    @Test func `a failure can end the machine, and a success too`() {
        let unit = Unit(endings: [true: .reboot, false: .powerOff])
        #expect(actions(of: unit, ending: .exited(1)).contains(.end(.reboot, service)))
        #expect(actions(of: unit, ending: .exited(0)).contains(.end(.powerOff, service)))
    }

    // MARK: Lives

    /// The service is started, executed, and ends so; then nothing is left of it.
    private func lived(_ unit: Unit, _ end: ProcessEnd) -> World<1> {
        var world = World<1>(Plot([unit]))
        let main = World<1>.number(0, World<1>.mainDigit)
        for event in [
            .asked(.start, service), .ran(service, main), .executed(service),
            .childEnded(main, end), .emptied(service),
        ] as [ServiceEvent] { _ = world.happen(.event(event)) }
        return world
    }

    private func phase(of unit: Unit, ending end: ProcessEnd) -> ServicePhase {
        lived(unit, end).table.states[0].phase
    }

    private func actions(of unit: Unit, ending end: ProcessEnd) -> [ServiceAction] {
        lived(unit, end).ordered
    }

    private func timeToEnd(_ unit: Unit, cap: UInt32?) -> Int64? {
        var world = World<1>(Plot([unit]))
        world.table.stopCap = cap
        let main = World<1>.number(0, World<1>.mainDigit)
        for event in [
            .asked(.start, service), .ran(service, main), .executed(service),
            .asked(.stop, service),
        ] as [ServiceEvent] { _ = world.happen(.event(event)) }
        return world.table.deadline.map { $0.milliseconds - world.now }
    }

    @Test func `what is bound to a unit that comes again stops before it, even if asked for anew`()
    {
        let desk = Desk([
            .target().named("base"),
            Unit(relations: [.bindsTo: [0], .after: [0]]).named("bound"),
            Unit(relations: [.bindsTo: [1], .after: [1]]).named("last"),
        ])
        desk.step(.beginAll)
        desk.ask(.restart, "base")
        #expect(desk.phase("last") == .ending)
        desk.ask(.stop, "bound")
        desk.ask(.start, "bound")
        #expect(desk.phase("base") == .up && desk.phase("bound") == .up)
        desk.end("last")
        #expect(desk.phase("base") == .up && desk.phase("bound") == .ending)
        desk.end("bound")
        #expect(desk.phase("base") == .up && desk.phase("bound") == .up)
    }
}
