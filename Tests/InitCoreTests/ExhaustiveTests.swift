import SeededRandom
import Testing

@testable import InitCore

@Suite struct ExhaustiveTests {
    @Test(arguments: Rule.allCases)
    func `in every state that can be reached`(rule: Rule) {
        guard let breach = Walk.whole.breaches[rule] else { return }
        Issue.record("broken in \(breach.count) steps:\n\(breach.ways.joined(separator: "\n"))")
    }

    @Test func `the walk reaches every phase and every event`() {
        #expect(Set(Walk.whole.cells.map(\.phase)).union([.exited]) == Set(everyPhase))
        #expect(Set(Walk.whole.cells.map(\.kind)) == Set(Kind.allCases))
        #expect(Walk.whole.states > 40_000, "it was cut short, or the core has changed much")
    }

    @Test func `the signals of the walk stand for all 64`() {
        for role in everyRole {
            let known = World.signals.map { sort(of: $0, in: role) }
            for signal in everySignal {
                #expect(known.contains(sort(of: signal, in: role)), "\(signal) in \(role)")
            }
        }
    }

    /// What a signal means, with the same code for all signals that end a process.
    private func sort(of signal: Signal, in role: Role) -> SignalMeaning {
        let meaning = SignalMeaning(of: signal, in: role)
        if case .die = meaning { return .die(0) }
        return meaning
    }

    /// No phase comes twice, so a shutdown takes no longer than all of them together. Each can
    /// really take so long.
    @Test func `each phase with a limit takes it, and no longer`() {
        #expect(
            Walk.whole.longest == [
                .planning: Limit.planMilliseconds, .waiting: Setup.serviceWait,
                .stoppingServices: Setup.longestStop + Limit.stopMarginMilliseconds,
                .stopping: 10_000, .killing: Limit.killMilliseconds,
                .unmounting: Setup.flush, .syncing: Setup.flush,
                .leaving: Limit.leaveMilliseconds,
            ])
        #expect(
            Walk.whole.longestIdle == [
                .unmounting: Limit.unmountMilliseconds, .syncing: Limit.syncMilliseconds,
            ], "without a disk that goes on writing")
        #expect(
            Limit.killMilliseconds + Limit.unmountMilliseconds + Limit.syncMilliseconds
                + Limit.leaveMilliseconds == 26_000)
    }

    @Test func `there is room for as many actions as there can be`() {
        #expect(Walk.whole.mostActions < Actions.capacity)
    }

    @Test(arguments: everyPhase)
    func `the core handles possible events, and reports impossible ones`(phase: InitCore.Phase) {
        for event in everyEvent {
            var subject = Subject.inPhase(phase)
            #expect(subject.core.phase == phase)
            let actions = subject.feed(event)
            if Walk.whole.cells.contains(Walk.Cell(phase: phase, kind: Kind(event))) {
                #expect(!actions.contains(.reportImpossible))
            } else if phase == .exited, case .sendingFailed = event {
                // As dumb-init, init sends a last signal, and there may be no process to get it.
                #expect(actions == [])
            } else {
                #expect(actions == [.reportImpossible])
                #expect(subject.core.phase == phase)
            }
        }
    }

    private let everyEvent: [Event] = [
        .performed(.setHostName, nil), .spawned(Subject.program, .ownGroup), .programRuns,
        .spawnFailed(.noSuchFile), .signalled(.hangUp), .childEnded(Subject.orphan, .exited(0)),
        .childStopped(Subject.orphan, .stop), .terminalLent(true), .wentOn(false), .noChildLeft,
        .deadlinePassed, .helperStarted(Subject.helper), .helperFailed(.wouldBlock),
        .planned(longestStop: 5_000), .servicesSettled, .servicesEnded,
        .endAsked(.powerOff, code: 3), .unwritten(5), .sendingFailed(.notPermitted),
        .leavingFailed(.notPermitted),
    ]

    @Test(arguments: Setup.all)
    func `whatever happens, a shutdown is over in time`(setup: Setup) {
        for seed in 1...100 as ClosedRange<UInt64> {
            var life = Life(setup, seed: seed)
            life.go()
            #expect(life.isOver, "seed \(seed): still \(life.world.core.phase)")
            let writing = Setup.flush - Limit.unmountMilliseconds
            let services = setup.runsServices ? Setup.longestStop + 1_000 : 0
            #expect(
                life.shutdown <= services + setup.grace + 26_000 + writing, "seed \(seed)")
        }
    }
}

/// One random life of the core, to its exit, or until it is stranded: the same for the same
/// seed.
private struct Life {
    var world: World
    /// How long the shutdown took, without the time of forks beyond a phase's end.
    var shutdown: Int64 = 0
    private var generator: SplitMix64

    init(_ setup: Setup, seed: UInt64) {
        world = World(setup)
        generator = SplitMix64(seed: seed)
    }

    var isOver: Bool { world.hasExited || world.core.phase == .stranded }

    mutating func go() {
        for _ in 0..<10_000 where !isOver {
            let before = world
            guard let move = world.moves.randomElement(using: &generator) else { return }
            world.happen(move)
            if case .event(let event, _) = move {
                // After a breach the core and the naive model may be in different states.
                guard world.step(event, before: before).broken.isEmpty else { return }
            }
            if before.core.phase.isPartOfShutdown {
                shutdown += world.now - before.now
                if world.core.phase != before.core.phase { shutdown -= before.overrun }
            }
        }
    }
}
