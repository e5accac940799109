import Testing

@testable import InitCore

private let stopEverything: [Action] = [.signalAll(.terminate), .signalAll(.continue), .reap]

@Suite struct SettingUpTests {
    @Test(arguments: everyRole)
    func `each duty follows the one before`(role: Role) {
        var subject = Subject(role)
        subject.core.begin()
        var actions = [subject.core.nextAction()!]
        for duty in duties(of: role) {
            #expect(actions == [.perform(duty)])
            #expect(subject.core.phase == .settingUp)
            actions = subject.feed(.performed(duty, nil))
        }
        #expect(actions == (role == .machine ? [.greet] : [.greet, .letGo, .reap]))
    }

    @Test(arguments: everyRole)
    func `without a program it greets and idles`(role: Role) {
        let subject = Subject.idling(role)
        #expect(subject.core.phase == .idling)
        #expect(subject.core.isIdle)
        #expect(subject.core.deadline == nil)
    }

    @Test(arguments: everyRole)
    func `with a program it runs that, and does not greet`(role: Role) {
        var subject = Subject(role, hasProgram: true)
        var last: [Action] = []
        for duty in duties(of: role) { last = subject.feed(.performed(duty, nil)) }
        #expect(last == [.spawn])
        #expect(subject.core.phase == .starting)
        #expect(!subject.core.isIdle)
    }

    @Test func `the command line counts as soon as the duty has read it`() {
        var subject = Subject(.machine)
        subject.feed(.performed(.mount(0), nil), .performed(.mount(1), nil))
        subject.core.configuration.program = 1
        #expect(
            subject.feed(.performed(.setHostName, nil), .performed(.bringUpLoopback, nil))
                == [.spawn])
    }

    @Test func `init logs a duty that fails, and goes on with the next`() {
        for error in everyError {
            var subject = Subject(.machine)
            #expect(
                subject.feed(.performed(.setHostName, error))
                    == [.log(.dutyFailed(.setHostName, error)), .perform(.bringUpLoopback)])
            #expect(subject.core.phase == .settingUp)
        }
    }

    @Test func `init does not log an error that the duty allows`() {
        var subject = Subject(.machine)
        #expect(subject.feed(.performed(.mount(0), .busy)) == [.perform(.mount(1))])
    }

    @Test func `init logs an unknown word once, before it runs anything`() {
        for hasProgram in [false, true] {
            var subject = Subject(.machine, hasProgram: hasProgram) { $0.hasUnknownOption = true }
            #expect(
                subject.feed(.performed(.bringUpLoopback, nil))
                    == [.log(.optionNotUnderstood), hasProgram ? .spawn : .greet])
        }
    }
}

@Suite struct IdlingTests {
    @Test func `each signal does what it means`() {
        for role in everyRole {
            for signal in everySignal {
                var subject = Subject.idling(role)
                let actions = subject.feed(.signalled(signal))
                switch SignalMeaning(of: signal, in: role) {
                case .end(let ending):
                    #expect(deeds(actions) == stopEverything)
                    #expect(subject.core.ending == ending)
                    #expect(subject.core.phase == .stopping)
                case .die(let code):
                    #expect(actions == [.exit(code)])
                    #expect(subject.core.phase == .exited)
                case .reap: #expect(actions == [.reap])
                case .report: #expect(actions == [.report])
                case .nothing: #expect(actions == [.log(.signalIgnored(signal))])
                }
            }
        }
    }

    @Test func `init logs a reaped orphan only if it is asked to`() {
        var subject = Subject.idling(.machine)
        #expect(subject.feed(.childEnded(Subject.orphan, .exited(1))) == [])
        #expect(subject.feed(.noChildLeft) == [])
        subject = Subject.idling(.machine) { $0.warnsOfOrphans = true }
        #expect(
            subject.feed(.childEnded(Subject.orphan, .exited(1)))
                == [.log(.orphanReaped(Subject.orphan, .exited(1)))])
        #expect(subject.core.phase == .idling)
    }
}

@Suite struct RunningTests {
    @Test func `the program gets each signal except SIGCHLD and a machine's power requests`() {
        for role in everyRole {
            for signal in everySignal {
                var subject = Subject.running(role)
                let actions = subject.feed(.signalled(signal))
                let meaning = SignalMeaning(of: signal, in: role)
                if signal == .child {
                    #expect(actions == [.reap])
                } else if role == .machine, case .end(let ending) = meaning {
                    #expect(actions == [.log(.stopping(ending))] + stopEverything)
                } else if signal == .stopReading || signal == .stopWriting {
                    // Another process in init's group has used the terminal out of turn.
                    #expect(actions == [])
                } else {
                    #expect(actions == [.forward(signal, to: Subject.program)])
                    #expect(subject.core.phase == .running)
                }
            }
        }
    }

    @Test func `init forwards another signal if the options say so`() {
        var subject = Subject.running(.container) { _ = $0.rewrites.add("15:2") }
        for signal in [.terminate, .interrupt] as [Signal] {
            #expect(
                subject.feed(.signalled(signal)) == [.forward(.interrupt, to: Subject.program)])
        }
    }

    @Test func `init drops a signal that is rewritten to 0`() {
        var subject = Subject.running(.process) { _ = $0.rewrites.add("1:0") }
        #expect(subject.feed(.signalled(.hangUp)) == [])
    }

    @Test func `no rewrite prevents reaping or a machine's shutdown`() {
        var subject = Subject.running(.machine) { configuration in
            _ = configuration.rewrites.add("17:1")
            _ = configuration.rewrites.add("15:1")
        }
        #expect(subject.feed(.signalled(.child)) == [.reap])
        #expect(deeds(subject.feed(.signalled(.terminate))) == stopEverything)
    }

    @Test func `an init that is not PID 1 exits with its program's code at once`() {
        for code in 0...255 as ClosedRange<UInt8> {
            var subject = Subject.running(.process)
            #expect(
                subject.feed(.childEnded(Subject.program, .exited(code)))
                    == [.log(.programEnded(code)), .exit(code)])
            #expect(subject.core.phase == .exited)
        }
    }

    @Test(arguments: [.machine, .container] as [Role])
    func `when the program ends, init stops everything and keeps the code`(role: Role) {
        for signal in everySignal {
            var subject = Subject.running(role)
            let actions = subject.feed(.childEnded(Subject.program, .killed(signal)))
            let code = UInt8(128 + signal.rawValue)
            #expect(actions.first == .log(.programEnded(code)))
            #expect(deeds(actions) == stopEverything)
            #expect(subject.core.code == code)
            #expect(subject.core.ending == .powerOff)
            #expect(subject.core.program == nil)
        }
    }

    @Test func `init passes only the codes to remap on as 0`() {
        for code in 0...255 as ClosedRange<UInt8> {
            var subject = Subject.running(.process) { $0.codesToZero.insert(143) }
            let actions = subject.feed(.childEnded(Subject.program, .exited(code)))
            #expect(deeds(actions) == [.exit(code == 143 ? 0 : code)])
        }
        var subject = Subject.running(.process) { $0.codesToZero.insert(143) }
        let actions = subject.feed(.childEnded(Subject.program, .killed(.terminate)))
        #expect(deeds(actions) == [.exit(0)])
    }

    @Test func `a program that is not found gives 127, one that cannot be run 126`() {
        for error in everyError {
            let code: UInt8 = error == .noSuchFile ? 127 : 126
            var subject = Subject(.process, hasProgram: true)
            subject.doDuties()
            #expect(
                subject.feed(.spawnFailed(error)) == [
                    .log(.programNotStarted(error)), .log(.programEnded(code)), .exit(code),
                ])
        }
    }

    @Test(arguments: [.machine, .container] as [Role])
    func `if the program cannot be run, init still stops everything`(role: Role) {
        var subject = Subject(role, hasProgram: true)
        subject.doDuties()
        #expect(deeds(subject.feed(.spawnFailed(.noSuchFile))) == stopEverything)
        #expect(subject.core.code == 127)
    }

    @Test(arguments: everyRole)
    func `an orphan's end leaves the program alone`(role: Role) {
        var subject = Subject.running(role) { $0.warnsOfOrphans = true }
        #expect(
            subject.feed(.childEnded(Subject.orphan, .exited(9)))
                == [.log(.orphanReaped(Subject.orphan, .exited(9)))])
        #expect(subject.core.phase == .running)
        #expect(subject.core.program == Subject.program)
        #expect(subject.core.code == 0)
    }

    @Test func `init does not wait for a program that another process reaped, and exits with 1`() {
        var subject = Subject.running(.process)
        #expect(
            subject.feed(.noChildLeft)
                == [.log(.programLost), .log(.programEnded(1)), .exit(1)])
        subject = Subject.running(.machine)
        #expect(deeds(subject.feed(.noChildLeft)) == stopEverything)
    }

    @Test func `init logs a signal that it could not send`() {
        var subject = Subject.running(.container)
        #expect(
            subject.feed(.sendingFailed(.notPermitted)) == [.log(.sendingFailed(.notPermitted))])
        #expect(subject.core.phase == .running)
    }
}

@Suite struct StoppingTests {
    @Test(arguments: [0, 1, 10_000, 3_600_000] as [Int64])
    func `everything has the grace period to end, and is killed after it`(grace: Int64) {
        var subject = Subject.running(.machine) { $0.graceMilliseconds = grace }
        subject.feed(.signalled(.terminate))
        let end = subject.now.advanced(byMilliseconds: grace)
        #expect(subject.passPhase() == [.log(.killing), .start(.killEverything)])
        #expect(subject.core.phase == .killing)
        #expect(subject.now == end)
    }

    @Test func `a moment later a helper hangs up shells, once`() {
        for answer in [.helperStarted(Subject.helper), .helperFailed(.noMemory)] as [Event] {
            var subject = Subject.idling(.container) { $0.warnsOfOrphans = true }
            let end = subject.now.advanced(byMilliseconds: Limit.leftoverGraceMilliseconds)
            subject.feed(.signalled(.terminate))
            let soon = subject.now.advanced(byMilliseconds: Limit.hangUpMilliseconds)
            #expect(subject.core.deadline == soon)
            #expect(subject.passDeadline() == [.start(.hangUp)])
            #expect(deeds(subject.feed(answer)) == [])
            #expect(subject.core.deadline == end)
            // It is not an orphan.
            if subject.core.helper != nil {
                #expect(subject.feed(.childEnded(Subject.helper, .exited(0))) == [])
            }
            #expect(subject.passDeadline() == [.log(.killing), .start(.killEverything)])
        }
    }

    @Test(arguments: [Role.machine, .container])
    func `leftover processes have a grace period of their own`(
        role: Role
    ) {
        var subject = Subject.running(role) { $0.leftoverGraceMilliseconds = 7 }
        subject.feed(.childEnded(Subject.program, .exited(0)))
        #expect(subject.core.deadline == subject.now.advanced(byMilliseconds: 7))
        subject = Subject.idling(role) { $0.leftoverGraceMilliseconds = 7 }
        subject.feed(.signalled(.terminate))
        #expect(subject.core.deadline == subject.now.advanced(byMilliseconds: 7))
    }

    @Test func `init does not wait if it has no child`() {
        var subject = Subject.shuttingDown(.stopping)
        #expect(subject.feed(.noChildLeft) == [.start(.unmount)])
        #expect(subject.core.phase == .unmounting)
    }

    @Test func `a machine shuts down although init has not seen its program end`() {
        var subject = Subject.running(.machine)
        subject.feed(.signalled(.user2))
        #expect(subject.feed(.noChildLeft) == [.start(.unmount)])
    }

    @Test func `a container exits with its program's code when no child is left`() {
        var subject = Subject.running(.container)
        subject.feed(.childEnded(Subject.program, .exited(42)))
        subject.feed(.childEnded(Subject.orphan, .exited(1)))
        #expect(subject.feed(.noChildLeft) == [.exit(42)])
    }

    @Test func `a container without a program exits with 0`() {
        for signal in [.terminate, .interrupt, .user1, .realTimePowerOff] as [Signal] {
            var subject = Subject.idling(.container)
            subject.feed(.signalled(signal))
            #expect(subject.feed(.noChildLeft) == [.exit(0)])
        }
    }

    @Test func `a container that is asked to reboot calls reboot(2)`() {
        var subject = Subject.idling(.container)
        subject.feed(.signalled(.realTimeReboot))
        #expect(subject.feed(.noChildLeft) == [.start(.leave(.reboot))])
        #expect(subject.core.phase == .leaving)
    }

    @Test func `init keeps the program's code when it is asked to shut down`() {
        var subject = Subject.running(.machine)
        subject.feed(.signalled(.terminate))
        #expect(
            subject.feed(.childEnded(Subject.program, .exited(3))) == [.log(.programEnded(3))])
        #expect(subject.core.code == 3)
        #expect(subject.core.ending == .reboot)
        #expect(subject.core.phase == .stopping)
    }

    @Test func `init does not log that there was no process to signal`() {
        var subject = Subject.shuttingDown(.stopping)
        #expect(subject.feed(.sendingFailed(.noSuchProcess)) == [])
        #expect(
            subject.feed(.sendingFailed(.notPermitted)) == [.log(.sendingFailed(.notPermitted))])
    }
}

@Suite struct KillingTests {
    @Test func `init reaps the killed processes as soon as the helper runs`() {
        var subject = Subject.shuttingDown(.stopping)
        subject.passPhase()
        #expect(subject.feed(.helperStarted(Subject.helper)) == [.reap])
        #expect(subject.core.helper == Subject.helper)
    }

    @Test func `if the helper cannot be forked, PID 1 kills by itself`() {
        var subject = Subject.shuttingDown(.stopping)
        subject.passPhase()
        #expect(deeds(subject.feed(.helperFailed(.wouldBlock))) == [.signalAll(.kill), .reap])
        #expect(subject.feed(.sendingFailed(.noSuchProcess)) == [])
        #expect(
            subject.feed(.sendingFailed(.notPermitted)) == [.log(.sendingFailed(.notPermitted))])
        #expect(subject.core.phase == .killing)
    }

    @Test func `the helper's end does not end the phase`() {
        var subject = Subject.shuttingDown(.killing)
        #expect(subject.feed(.childEnded(Subject.helper, .exited(0))) == [])
        #expect(subject.core.phase == .killing)
        #expect(subject.feed(.noChildLeft) == [.start(.unmount)])
    }

    @Test func `init goes on without a process that cannot be killed`() {
        var subject = Subject.shuttingDown(.killing)
        #expect(
            subject.passDeadline()
                == [.log(.goingOnWithout(.killEverything)), .start(.unmount)])
        #expect(subject.core.helper == nil)
    }

    @Test func `init keeps the code of a program that ends only now`() {
        var subject = Subject.running(.machine)
        subject.feed(.signalled(.terminate))
        subject.passDeadline()
        subject.feed(.helperStarted(Subject.helper))
        subject.feed(.childEnded(Subject.program, .killed(.kill)))
        #expect(subject.core.code == 137)
    }
}

@Suite struct HelperTests {
    private static let workers: [(InitCore.Phase, Helper, Action)] = [
        (.unmounting, .unmount, .start(.sync)),
        (.syncing, .sync, .start(.leave(.reboot))),
    ]

    @Test func `after unmounting comes the sync, and after that the end`() {
        for (phase, work, next) in Self.workers {
            for status in [.exited(0), .exited(1), .killed(.kill)] as [Status] {
                var subject = Subject.shuttingDown(phase)
                let actions = subject.feed(.childEnded(Subject.helper, status))
                #expect(deeds(actions) == [next])
                #expect(
                    actions.contains(.log(.helperEnded(work, status))) == (status != .exited(0)))
            }
        }
    }

    @Test func `init goes on without a helper that takes too long, and ignores its end`() {
        for (phase, work, next) in Self.workers {
            var subject = Subject.shuttingDown(phase)
            let began = subject.now
            let actions = subject.passPhase()
            #expect(subject.now == began.advanced(byMilliseconds: 8_000))
            #expect(actions.first == .log(.goingOnWithout(work)))
            #expect(deeds(actions) == [next])
            let reached = subject.core.phase
            #expect(subject.feed(.childEnded(Subject.helper, .exited(0))) == [])
            #expect(subject.core.phase == reached)
        }
    }

    @Test func `init waits for a disk that goes on writing, and for no other`() {
        for (phase, work, next) in Self.workers {
            var subject = Subject.shuttingDown(phase)
            let began = subject.now
            for left in [3_000, 2_000, 2_000, 1_500, 1_200, 1_199, 1_199] as [Int64] {
                #expect(subject.passDeadline() == [.measureUnwritten])
                #expect(subject.feed(.unwritten(left)) == [.log(.leftToWrite(work, left))])
            }
            // It last wrote something after 12 s. A larger number is no progress.
            var actions: [Action] = []
            for _ in 0..<100 where subject.core.phase == phase {
                #expect(subject.passDeadline() == [.measureUnwritten])
                actions = subject.feed(.unwritten(1_300))
            }
            #expect(actions.first == .log(.goingOnWithout(work)))
            #expect(deeds(actions) == [next])
            #expect(subject.now == began.advanced(byMilliseconds: 12_000 + 60_000))
        }
    }

    @Test func `init does not log a disk that has nothing left to write`() {
        var subject = Subject.shuttingDown(.unmounting)
        #expect(subject.passDeadline() == [.measureUnwritten])
        #expect(subject.feed(.unwritten(0)) == [])
    }

    @Test(arguments: [(0, 8_000), (9, 9_000), (600, 600_000)])
    func `init waits for a disk no longer than the option says`(seconds: Int64, expected: Int64) {
        var subject = Subject.idling(.machine) { $0.flushMilliseconds = seconds * 1_000 }
        subject.feed(.signalled(.user2))
        subject.feed(.noChildLeft)
        subject.feed(.helperStarted(Subject.helper))
        let began = subject.now
        for left in (0..<1_000 as Range<Int64>).reversed() where subject.core.phase == .unmounting {
            subject.passDeadline()
            subject.feed(.unwritten(left))
        }
        #expect(subject.core.phase == .syncing)
        #expect(subject.now == began.advanced(byMilliseconds: expected))
    }

    @Test func `init does not wait for a helper that another process reaped`() {
        for (phase, _, next) in Self.workers {
            var subject = Subject.shuttingDown(phase)
            #expect(deeds(subject.feed(.noChildLeft)) == [next])
        }
    }

    @Test func `a fork that fails is tried again until the phase is over`() {
        let phases: [(InitCore.Phase, Action, Int64, InitCore.Phase)] = [
            (.unmounting, .start(.unmount), Limit.unmountMilliseconds, .syncing),
            (.syncing, .start(.sync), Limit.syncMilliseconds, .leaving),
            (.leaving, .start(.leave(.reboot)), Limit.leaveMilliseconds, .leaving),
        ]
        var subject = Subject.shuttingDown(.stopping)
        subject.feed(.noChildLeft)
        for (phase, work, limit, next) in phases {
            let start = subject.now
            var tries: Int64 = 1
            #expect(subject.core.phase == phase)
            #expect(deeds(subject.feed(.helperFailed(.wouldBlock))) == [])
            while tries < 1_000, subject.passDeadline() == [work] {
                tries += 1
                subject.feed(.helperFailed(.wouldBlock))
            }
            #expect(tries == limit / Limit.retryMilliseconds)
            #expect(subject.now == start.advanced(byMilliseconds: limit))
            #expect(subject.core.phase == next)
        }
        #expect(subject.core.deadline == nil)
        let actions = subject.feed(.leavingFailed(.invalidArgument))
        #expect(actions == [.log(.cannotLeave(.reboot))])
    }

    @Test func `init does not try again earlier if it has no child`() {
        var subject = Subject.shuttingDown(.stopping)
        subject.feed(.noChildLeft, .helperFailed(.wouldBlock))
        let deadline = subject.core.deadline
        #expect(subject.feed(.noChildLeft) == [])
        #expect(subject.core.deadline == deadline)
        #expect(subject.core.phase == .unmounting)
    }

    @Test func `a fork that takes longer than its phase is not tried again`() {
        var subject = Subject.shuttingDown(.stopping)
        subject.feed(.noChildLeft)
        subject.now = subject.now.advanced(byMilliseconds: Limit.unmountMilliseconds + 1)
        subject.feed(.helperFailed(.wouldBlock))
        #expect(subject.passDeadline() == [.log(.goingOnWithout(.unmount)), .start(.sync)])
    }

    @Test func `init does not mistake an orphan's end for the helper's`() {
        for (phase, _, _) in Self.workers {
            var subject = Subject.shuttingDown(phase)
            #expect(subject.feed(.childEnded(Subject.orphan, .exited(0))) == [])
            #expect(subject.core.phase == phase)
            #expect(subject.core.helper == Subject.helper)
        }
    }
}

@Suite struct LeavingTests {
    @Test(arguments: everyEnding)
    func `the machine ends as it was asked to`(ending: Ending) {
        var subject = Subject.shuttingDown(.syncing, for: ending)
        #expect(
            subject.feed(.childEnded(Subject.helper, .exited(0)))
                == [.log(.leaving(ending)), .start(.leave(ending))])
    }

    @Test func `when the helper returns from reboot(2), reboot(2) has failed`() {
        for status in [.exited(0), .exited(1), .killed(.terminate)] as [Status] {
            var subject = Subject.shuttingDown(.leaving)
            #expect(
                subject.feed(.childEnded(Subject.helper, status))
                    == [.log(.cannotLeave(.reboot))])
            #expect(subject.core.phase == .stranded)
            #expect(subject.core.isIdle)
        }
    }

    @Test func `when the helper hangs, PID 1 calls reboot(2) itself, once`() {
        var subject = Subject.shuttingDown(.leaving, for: .halt)
        #expect(deeds(subject.passDeadline()) == [.leave(.halt)])
        #expect(subject.core.deadline == nil)
        #expect(subject.feed(.leavingFailed(.notPermitted)) == [.log(.cannotLeave(.halt))])
        #expect(subject.core.phase == .stranded)
    }

    @Test func `a container that cannot reboot exits`() {
        var returned = Subject.idling(.container)
        returned.feed(.signalled(.realTimeReboot), .noChildLeft, .helperStarted(Subject.helper))
        var stolen = returned
        var hanging = returned
        #expect(returned.feed(.childEnded(Subject.helper, .exited(1))) == [.exit(0)])
        #expect(stolen.feed(.noChildLeft) == [.exit(0)])
        #expect(deeds(hanging.passDeadline()) == [.leave(.reboot)])
        #expect(hanging.feed(.leavingFailed(.notPermitted)) == [.exit(0)])
    }
}

@Suite struct ShutdownTests {
    private static let phases: [InitCore.Phase] = [
        .stopping, .killing, .unmounting, .syncing, .leaving,
    ]

    @Test func `a second request during shutdown changes nothing`() {
        for phase in Self.phases {
            for signal in everySignal {
                var subject = Subject.shuttingDown(phase, for: .halt)
                let before = subject
                let actions = subject.feed(.signalled(signal))
                switch SignalMeaning(of: signal, in: .machine) {
                case .reap: #expect(actions == [.reap])
                case .report: #expect(actions == [.report])
                default: #expect(actions == [.log(.signalIgnored(signal))])
                }
                #expect(subject.core.phase == phase)
                #expect(subject.core.ending == .halt)
                #expect(subject.core.deadline == before.core.deadline)
                #expect(subject.core.helper == before.core.helper)
            }
        }
    }

    @Test func `an orphan's end leaves the program's code alone`() {
        for phase in Self.phases + [.stranded] {
            var subject = Subject.shuttingDown(phase)
            subject.core.configuration.warnsOfOrphans = true
            subject.core.program = Subject.program
            #expect(
                subject.feed(.childEnded(Subject.orphan, .exited(9)))
                    == [.log(.orphanReaped(Subject.orphan, .exited(9)))])
            #expect(subject.core.code == 0)
            #expect(subject.core.program == Subject.program)
        }
    }

    @Test func `init keeps the program's code in every phase of a shutdown`() {
        for phase in Self.phases + [.stranded] {
            var subject = Subject.shuttingDown(phase)
            subject.core.program = Subject.program
            #expect(
                subject.feed(.childEnded(Subject.program, .exited(9)))
                    == [.log(.programEnded(9))])
            #expect(subject.core.code == 9)
            #expect(subject.core.program == nil)
            #expect(subject.core.phase == phase)
        }
    }

    @Test func `the helper may get the number that was the program's`() {
        var subject = Subject.running(.machine)
        subject.feed(.childEnded(Subject.program, .exited(3)), .noChildLeft)
        subject.feed(.helperStarted(Subject.program))
        #expect(deeds(subject.feed(.childEnded(Subject.program, .exited(1)))) == [.start(.sync)])
        #expect(subject.core.code == 3)
    }

    @Test func `the longest shutdown takes the grace period and 26 s`() {
        var subject = Subject.shuttingDown(.stopping)
        let start = subject.now
        for _ in 0..<100 where subject.core.deadline != nil { subject.passDeadline() }
        #expect(subject.now == start.advanced(byMilliseconds: 36_000))
        #expect(subject.core.phase == .leaving)
    }
}

@Suite struct StrandedTests {
    @Test(arguments: everyEnding)
    func `a stranded machine tries another request`(ending: Ending) {
        let requests = everySignal.filter { SignalMeaning(of: $0, in: .machine) == .end(ending) }
        #expect(!requests.isEmpty)
        for signal in requests {
            var subject = Subject.shuttingDown(.stranded, for: .powerOff)
            #expect(
                subject.feed(.signalled(signal))
                    == [.log(.leaving(ending)), .start(.leave(ending))])
            #expect(subject.core.phase == .leaving)
            #expect(
                subject.core.deadline
                    == subject.now.advanced(byMilliseconds: Limit.leaveMilliseconds))
        }
    }

    @Test func `any other signal does what it does while init idles`() {
        for signal in everySignal {
            var subject = Subject.shuttingDown(.stranded)
            let actions = subject.feed(.signalled(signal))
            switch SignalMeaning(of: signal, in: .machine) {
            case .end: continue
            case .reap: #expect(actions == [.reap])
            case .report: #expect(actions == [.report])
            case .die, .nothing: #expect(actions == [.log(.signalIgnored(signal))])
            }
            #expect(subject.core.phase == .stranded)
        }
    }

    @Test func `a stranded machine still reaps its children`() {
        var subject = Subject.shuttingDown(.stranded)
        #expect(subject.feed(.childEnded(Subject.orphan, .exited(0))) == [])
        #expect(subject.feed(.noChildLeft) == [])
        #expect(subject.core.phase == .stranded)
    }
}

@Suite struct ActionsTests {
    @Test func `actions come out in the order they went in`() {
        var actions = Actions()
        let codes = 0..<UInt8(Actions.capacity)
        for code in codes { actions.append(.exit(code)) }
        #expect(actions.all == codes.map { .exit($0) })
        #expect(!actions.overflowed)
    }

    @Test func `an action too many is dropped, and this is known`() {
        var actions = Actions()
        for code in 0...UInt8(Actions.capacity) { actions.append(.exit(code)) }
        #expect(actions.count == Actions.capacity)
        #expect(actions.overflowed)
        #expect(actions.all.last == .exit(UInt8(Actions.capacity) - 1))
    }
}
