// One function for each phase, and in it every event. None has a `default`: a new event does
// not compile before every phase has an answer.

extension InitCore {
    mutating func stepSettingUp(_ event: Event, at now: Instant, _ actions: inout Actions) {
        switch event {
        case .performed(let duty, let error):
            if let error, !duty.allows(error) { actions.append(.log(.dutyFailed(duty, error))) }
            if let next = duty.next(in: role) {
                actions.append(.perform(next))
            } else {
                begin(&actions)
            }
        case .signalled, .spawned, .spawnFailed, .childEnded, .noChildLeft, .deadlinePassed,
            .helperStarted, .helperFailed, .sendingFailed, .leavingFailed:
            actions.append(.reportImpossible)
        }
    }

    mutating func stepIdling(_ event: Event, at now: Instant, _ actions: inout Actions) {
        switch event {
        case .signalled(let signal):
            obey(signal, at: now, &actions)
        case .childEnded(let process, let status):
            orphanEnded(process, status, &actions)
        case .noChildLeft:
            break
        case .performed, .spawned, .spawnFailed, .deadlinePassed, .helperStarted,
            .helperFailed, .sendingFailed, .leavingFailed:
            actions.append(.reportImpossible)
        }
    }

    mutating func stepRunning(_ event: Event, at now: Instant, _ actions: inout Actions) {
        switch event {
        case .spawned(let process):
            program = process
            actions.append(.log(.programStarted(process)))
        case .spawnFailed(let error):
            actions.append(.log(.programNotStarted(error)))
            programEnded(error == .noSuchFile ? 127 : 126, at: now, &actions)
        case .signalled(let signal):
            handOn(signal, at: now, &actions)
        case .childEnded(let process, let status) where process == program:
            programEnded(status.code, at: now, &actions)
        case .childEnded(let process, let status):
            orphanEnded(process, status, &actions)
        case .noChildLeft:
            // Somebody else has reaped it, a debugger say. Waiting on would be for ever.
            actions.append(.log(.programLost))
            programEnded(1, at: now, &actions)
        case .sendingFailed(let error):
            actions.append(.log(.sendingFailed(error)))
        case .performed, .deadlinePassed, .helperStarted, .helperFailed, .leavingFailed:
            actions.append(.reportImpossible)
        }
    }

    mutating func stepStopping(_ event: Event, at now: Instant, _ actions: inout Actions) {
        switch event {
        case .signalled(let signal):
            ignore(signal, &actions)
        case .childEnded(let process, let status):
            childEndedWhileStopping(process, status, &actions)
        case .noChildLeft:
            everythingEnded(at: now, &actions)
        case .deadlinePassed:
            actions.append(.log(.killing))
            enter(.killing, for: Limit.killMilliseconds, at: now)
            actions.append(.start(.killEverything))
        case .sendingFailed(let error):
            sendingToAllFailed(error, &actions)
        case .performed, .spawned, .spawnFailed, .helperStarted, .helperFailed, .leavingFailed:
            actions.append(.reportImpossible)
        }
    }

    mutating func stepKilling(_ event: Event, at now: Instant, _ actions: inout Actions) {
        switch event {
        case .signalled(let signal):
            ignore(signal, &actions)
        case .helperStarted(let process):
            helper = process
            // What it has killed may be reaped already, and its signal taken.
            actions.append(.reap)
        case .helperFailed(let error):
            // No room for one more process: PID 1 makes room itself. It may block on a
            // process that cannot be killed, which is better than never to come to an end.
            actions.append(.log(.helperFailed(.killEverything, error)))
            actions.append(.signalAll(.kill))
            actions.append(.reap)
        case .childEnded(let process, let status):
            childEndedWhileStopping(process, status, &actions)
        case .noChildLeft:
            everythingEnded(at: now, &actions)
        case .deadlinePassed:
            actions.append(.log(.goingOnWithout(.killEverything)))
            everythingEnded(at: now, &actions)
        case .sendingFailed(let error):
            sendingToAllFailed(error, &actions)
        case .performed, .spawned, .spawnFailed, .leavingFailed:
            actions.append(.reportImpossible)
        }
    }

    /// Unmounting and syncing differ in what the helper does, and in what comes next.
    mutating func stepHelper(
        _ work: Helper, _ event: Event, at now: Instant, _ actions: inout Actions
    ) {
        switch event {
        case .signalled(let signal):
            ignore(signal, &actions)
        case .helperStarted(let process):
            helper = process
        case .helperFailed(let error):
            actions.append(.log(.helperFailed(work, error)))
            tryAgainSoon(at: now)
        case .childEnded(let process, let status) where process == helper:
            if status != .exited(0) { actions.append(.log(.helperEnded(work, status))) }
            afterHelper(work, at: now, &actions)
        case .childEnded(let process, let status):
            childEndedWhileStopping(process, status, &actions)
        case .noChildLeft:
            // Not while the helper lives. Without one the next try is due.
            if helper != nil { afterHelper(work, at: now, &actions) }
        case .deadlinePassed where isTryDue(at: now):
            actions.append(.start(work))
        case .deadlinePassed:
            actions.append(.log(.goingOnWithout(work)))
            afterHelper(work, at: now, &actions)
        case .performed, .spawned, .spawnFailed, .sendingFailed, .leavingFailed:
            actions.append(.reportImpossible)
        }
    }

    mutating func stepLeaving(_ event: Event, at now: Instant, _ actions: inout Actions) {
        switch event {
        case .signalled(let signal):
            ignore(signal, &actions)
        case .helperStarted(let process):
            helper = process
        case .helperFailed(let error):
            actions.append(.log(.helperFailed(.leave(ending), error)))
            tryAgainSoon(at: now)
        case .childEnded(let process, _) where process == helper:
            // reboot(2) came back: the kernel refuses, or cannot.
            strand(&actions)
        case .childEnded(let process, let status):
            childEndedWhileStopping(process, status, &actions)
        case .noChildLeft:
            if helper != nil { strand(&actions) }
        case .deadlinePassed where isTryDue(at: now):
            actions.append(.start(.leave(ending)))
        case .deadlinePassed:
            // The last thing there is to try. No deadline after it.
            actions.append(.log(.goingOnWithout(.leave(ending))))
            helper = nil
            deadline = nil
            actions.append(.leave(ending))
        case .leavingFailed:
            strand(&actions)
        case .performed, .spawned, .spawnFailed, .sendingFailed:
            actions.append(.reportImpossible)
        }
    }

    mutating func stepStranded(_ event: Event, at now: Instant, _ actions: inout Actions) {
        switch event {
        case .signalled(let signal):
            // Another request may do what this one could not: reboot where there is no way
            // to switch the power off.
            switch SignalMeaning(of: signal, in: role) {
            case .end(let other):
                ending = other
                leave(at: now, &actions)
            case .reap: actions.append(.reap)
            case .report: actions.append(.report)
            case .die, .nothing: actions.append(.log(.signalIgnored(signal)))
            }
        case .childEnded(let process, let status):
            childEndedWhileStopping(process, status, &actions)
        case .noChildLeft:
            break
        case .performed, .spawned, .spawnFailed, .deadlinePassed, .helperStarted,
            .helperFailed, .sendingFailed, .leavingFailed:
            actions.append(.reportImpossible)
        }
    }
}
