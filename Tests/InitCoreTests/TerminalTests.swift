import Testing

@testable import InitCore

/// Where the program runs, and what init does when it stops.
@Suite struct TerminalTests {
    private func place(
        there: Bool, streams: Bool, foreground: Bool,
        _ change: (inout Configuration) -> Void = { _ in }
    ) -> ProgramPlace {
        var configuration = Configuration(role: .container)
        change(&configuration)
        let terminal = Terminal(
            isThere: there, hasAllStreams: streams, isForeground: foreground)
        return ProgramPlace(by: configuration, on: terminal)
    }

    @Test func `without a terminal the program leads a group of its own`() {
        for isTrue in [true, false] {
            #expect(place(there: false, streams: isTrue, foreground: isTrue) == .ownGroup)
        }
    }

    @Test func `if init has the terminal, the program gets it, in a group of its own`() {
        #expect(place(there: true, streams: true, foreground: true) == .ownForegroundGroup)
    }

    @Test func `in a pipeline, or in the background, the program stays in init's group`() {
        #expect(place(there: true, streams: false, foreground: true) == .initsGroup)
        #expect(place(there: true, streams: true, foreground: false) == .initsGroup)
        #expect(place(there: true, streams: false, foreground: false) == .initsGroup)
        let group = place(there: true, streams: false, foreground: true) {
            $0.signalsGroup = true
        }
        #expect(group == .ownGroup)
    }

    @Test func `dumb-init makes a session, or with -c not even a group`() {
        for isTrue in [true, false] {
            let session = place(there: isTrue, streams: true, foreground: true) {
                $0.hasOwnSession = true
            }
            #expect(session == .ownSession)
            let single = place(there: isTrue, streams: true, foreground: true) {
                $0.personality = .dumbInit
            }
            #expect(single == .initsGroup)
        }
    }

    private let program = Subject.program

    @Test func `init does not continue a program that stopped without a terminal`() {
        var subject = Subject.running(.container)
        #expect(subject.feed(.childStopped(program, .stopTyped)) == [])
        #expect(subject.feed(.signalled(.continue)) == [.forward(.continue, to: program)])
    }

    @Test func `PID 1 continues a program that its terminal has stopped`() {
        var subject = Subject.running(.container, in: .ownForegroundGroup)
        #expect(
            subject.feed(.childStopped(program, .stopTyped)) == [.lendTerminal(to: program)])
        #expect(subject.feed(.terminalLent(false)) == [.signalGroup(.continue, of: program)])
        subject.feed(.childStopped(program, .stopReading))
        #expect(subject.feed(.terminalLent(true)) == [.signalGroup(.continue, of: program)])
        subject.feed(.childStopped(program, .stopReading))
        // The terminal would only stop it again.
        #expect(subject.feed(.terminalLent(false)) == [])
        #expect(subject.feed(.childStopped(program, .stop)) == [])
    }

    @Test func `an init that is not PID 1 stops with its program, and later continues it`() {
        for (place, goesOn) in [
            (ProgramPlace.ownForegroundGroup, Action.signalGroup(.continue, of: program)),
            (.initsGroup, .forward(.continue, to: program)),
        ] {
            var subject = Subject.running(.process, in: place)
            #expect(subject.feed(.childStopped(program, .stopTyped)) == [.stopSelf(.stopTyped)])
            #expect(subject.feed(.wentOn(true)) == [])
            #expect(
                subject.feed(.signalled(.continue)) == [.lendTerminal(to: program), goesOn])
            #expect(subject.feed(.terminalLent(true)) == [])
            // There is no shell that could continue init.
            subject.feed(.childStopped(program, .stopTyped))
            #expect(subject.feed(.wentOn(false)) == [.lendTerminal(to: program)])
            #expect(subject.feed(.terminalLent(true)) == [goesOn])
        }
    }

    @Test func `init does not forward keys that have reached the program in init's group`() {
        for signal in [.interrupt, .quit, .stopTyped, .windowChange] as [Signal] {
            let handedOn: [Action] = [.forward(signal, to: program)]
            var shared = Subject.running(.process, in: .initsGroup)
            #expect(shared.feed(.signalled(signal, from: .kernel)) == [])
            #expect(shared.feed(.signalled(signal)) == handedOn)
            var own = Subject.running(.process, in: .ownForegroundGroup)
            #expect(own.feed(.signalled(signal, from: .kernel)) == handedOn)
        }
    }

    @Test func `a signal that init's own write caused goes to no process`() {
        for signal in [.brokenPipe, .fileTooLarge] as [Signal] {
            for role in everyRole {
                var idle = Subject.idling(role)
                #expect(idle.feed(.signalled(signal, from: .itself)) == [])
                var busy = Subject.running(role)
                #expect(busy.feed(.signalled(signal, from: .itself)) == [])
                #expect(busy.feed(.signalled(signal)) == [.forward(signal, to: program)])
            }
        }
    }

    @Test func `dumb-init forwards a stop, and stops itself`() {
        for signal in [.stopTyped, .stopReading, .stopWriting] as [Signal] {
            var subject = Subject.running(.process, in: .ownSession) {
                $0.suspendsItself = true
            }
            #expect(
                subject.feed(.signalled(signal)) == [
                    .forward(signal, to: program), .stopSelf(.stop),
                ])
            #expect(subject.feed(.wentOn(true)) == [])
            #expect(subject.feed(.signalled(.continue)) == [.forward(.continue, to: program)])
        }
    }

    @Test func `dumb-init asks the program's group to end, and then exits`() {
        var subject = Subject.running(.container, in: .ownSession) {
            $0.endsGroup = true
            $0.exitsWithProgram = true
        }
        let actions = deeds(subject.feed(.childEnded(program, .exited(3))))
        #expect(actions == [.signalGroup(.terminate, of: program), .exit(3)])
        // No process is left in the group.
        #expect(subject.feed(.sendingFailed(.noSuchProcess)) == [])
    }

    @Test func `in LXC and systemd-nspawn INT and TERM ask for a reboot`() {
        for signal in [.interrupt, .terminate] as [Signal] {
            var subject = Subject.idling(.container) { $0.isAskedAsMachine = true }
            subject.feed(.signalled(signal))
            #expect(subject.core.ending == .reboot)
            var process = Subject.idling(.process) { $0.isAskedAsMachine = true }
            #expect(process.feed(.signalled(signal)) == [.exit(UInt8(128 + signal.rawValue))])
        }
    }
}
