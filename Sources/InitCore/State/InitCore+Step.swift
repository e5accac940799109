// One function for each phase, which handles every event. None has a `default`, so a new event does
// not compile until every phase handles it.

extension InitCore {
    mutating func stepSettingUp(_ event: Event, at now: Instant, _ actions: inout Actions) {
        switch event {
        case .performed(let duty, let error):
            if let error, !duty.allows(error) { actions.append(.log(.dutyFailed(duty, error))) }
            if let next = duty.next(in: role) {
                actions.append(.perform(next))
            } else {
                begin(at: now, &actions)
            }
        case .signalled, .spawned, .programRuns, .spawnFailed, .childEnded, .childStopped,
            .terminalLent, .wentOn, .noChildLeft, .deadlinePassed, .helperStarted, .helperFailed,
            .planned, .servicesSettled, .servicesEnded, .endAsked, .sendingFailed, .unwritten,
            .leavingFailed:
            actions.append(.reportImpossible)
        }
    }

    mutating func stepPlanning(_ event: Event, at now: Instant, _ actions: inout Actions) {
        switch event {
        case .planned(let time):
            planned(time, at: now, &actions)
        case .helperStarted(let process):
            helper = process
        case .helperFailed(let error):
            actions.append(.log(.helperFailed(.plan, error)))
            tryAgainSoon(at: now)
        case .deadlinePassed where isTryDue(at: now):
            actions.append(.start(.plan))
        case .deadlinePassed:
            actions.append(.log(.goingOnWithout(.plan)))
            if let helper { actions.append(.abandon(helper)) }
            helper = nil
            runOrIdle(&actions)
        case .signalled(let signal, let origin):
            obey(signal, from: origin, at: now, &actions)
        case .childEnded(let process, let status):
            // What it wrote is still to be read. If that is no plan, PID 1 says so then.
            otherEnded(process, status, &actions)
        case .childStopped, .noChildLeft:
            break
        case .performed, .spawned, .programRuns, .spawnFailed, .terminalLent, .wentOn,
            .servicesSettled, .servicesEnded, .endAsked, .unwritten, .sendingFailed,
            .leavingFailed:
            actions.append(.reportImpossible)
        }
    }

    mutating func stepIdling(_ event: Event, at now: Instant, _ actions: inout Actions) {
        switch event {
        case .signalled(let signal, let origin):
            obey(signal, from: origin, at: now, &actions)
        case .childEnded(let process, let status):
            otherEnded(process, status, &actions)
        case .endAsked(let ending, let code):
            endAsked(ending, code, at: now, &actions)
        case .childStopped, .noChildLeft, .servicesSettled:
            break
        case .performed, .spawned, .programRuns, .spawnFailed, .terminalLent, .wentOn,
            .deadlinePassed, .helperStarted, .helperFailed, .planned, .servicesEnded, .unwritten,
            .sendingFailed, .leavingFailed:
            actions.append(.reportImpossible)
        }
    }

    mutating func stepWaiting(_ event: Event, at now: Instant, _ actions: inout Actions) {
        switch event {
        case .servicesSettled:
            runOrIdle(&actions)
        case .deadlinePassed:
            actions.append(.log(.servicesStartSlowly))
            runOrIdle(&actions)
        case .signalled(let signal, let origin):
            obey(signal, from: origin, at: now, &actions)
        case .endAsked(let ending, let code):
            endAsked(ending, code, at: now, &actions)
        case .childEnded(let process, let status):
            otherEnded(process, status, &actions)
        case .childStopped, .noChildLeft:
            break
        case .performed, .spawned, .programRuns, .spawnFailed, .terminalLent, .wentOn,
            .helperStarted, .helperFailed, .planned, .servicesEnded, .unwritten, .sendingFailed,
            .leavingFailed:
            actions.append(.reportImpossible)
        }
    }

    mutating func stepStarting(_ event: Event, at now: Instant, _ actions: inout Actions) {
        switch event {
        case .spawned(let process, let place):
            program = process
            self.place = place
            deadline = now.advanced(byMilliseconds: Limit.startMilliseconds)
            if configuration.loggedSignals == .all, place == .ownSession {
                actions.append(.log(.sessionMade))
            }
            settleIn(&actions)
        case .programRuns:
            phase = .running
            deadline = nil
            if let program { actions.append(.log(.programStarted(program))) }
        case .spawnFailed(let error):
            deadline = nil
            actions.append(.log(.programNotStarted(error)))
            // The child, if there is one, is about to exit.
            spawnError = error
            if program == nil { programEnded(code(of: error), at: now, &actions) }
        case .deadlinePassed:
            deadline = nil
            actions.append(.log(.startingSlowly))
        case .signalled, .childEnded, .childStopped, .terminalLent, .wentOn, .noChildLeft,
            .sendingFailed, .performed, .helperStarted, .helperFailed, .planned, .servicesSettled,
            .servicesEnded, .endAsked, .unwritten, .leavingFailed:
            stepRunning(event, at: now, &actions)
        }
    }

    /// Handles every event while the program runs, and those that mean the same while it starts.
    mutating func stepRunning(_ event: Event, at now: Instant, _ actions: inout Actions) {
        switch event {
        case .signalled(let signal, let origin):
            forwardOrObey(signal, from: origin, at: now, &actions)
        case .childEnded(let process, let status) where process == program:
            logEnd(process, status, &actions)
            programEnded(code(of: status), at: now, &actions)
        case .childEnded(let process, let status):
            otherEnded(process, status, &actions)
        case .childStopped(let process, let signal):
            if process == program { programStopped(by: signal, &actions) }
        case .terminalLent(let isLent):
            terminalLent(isLent, &actions)
        case .wentOn(let wasStopped):
            wentOn(wasStopped, &actions)
        case .noChildLeft:
            // Another process, such as a debugger, has reaped it. Init would wait for ever.
            if let spawnError {
                programEnded(code(of: spawnError), at: now, &actions)
            } else {
                actions.append(.log(.programLost))
                programEnded(1, at: now, &actions)
            }
        case .sendingFailed(let error):
            actions.append(.log(.sendingFailed(error)))
        case .endAsked(let ending, let code):
            endAsked(ending, code, at: now, &actions)
        case .servicesSettled:
            break
        case .performed, .spawned, .programRuns, .spawnFailed, .deadlinePassed, .helperStarted,
            .helperFailed, .planned, .servicesEnded, .unwritten, .leavingFailed:
            actions.append(.reportImpossible)
        }
    }

    mutating func stepStoppingServices(
        _ event: Event, at now: Instant, _ actions: inout Actions
    ) {
        switch event {
        case .servicesEnded:
            stopEverything(at: now, &actions)
        case .deadlinePassed:
            actions.append(.log(.servicesStopSlowly))
            stopEverything(at: now, &actions)
        case .signalled(let signal, let origin) where hastens(signal, from: origin):
            kill(at: now, &actions)
        case .signalled(let signal, _):
            ignore(signal, &actions)
        case .childEnded(let process, let status):
            childEndedWhileStopping(process, status, &actions)
        case .sendingFailed(let error):
            sendingToAllFailed(error, &actions)
        case .childStopped, .noChildLeft, .servicesSettled, .endAsked:
            break
        case .performed, .spawned, .programRuns, .spawnFailed, .terminalLent, .wentOn,
            .helperStarted, .helperFailed, .planned, .unwritten, .leavingFailed:
            actions.append(.reportImpossible)
        }
    }

    mutating func stepStopping(_ event: Event, at now: Instant, _ actions: inout Actions) {
        switch event {
        case .signalled(let signal, let origin) where hastens(signal, from: origin):
            kill(at: now, &actions)
        case .signalled(let signal, _):
            ignore(signal, &actions)
        case .childEnded(let process, let status):
            childEndedWhileStopping(process, status, &actions)
        case .noChildLeft:
            everythingEnded(at: now, &actions)
        case .deadlinePassed where isTryDue(at: now):
            actions.append(.start(.hangUp))
        case .helperStarted(let process):
            helper = process
        case .helperFailed(let error):
            actions.append(.log(.helperFailed(.hangUp, error)))
        case .deadlinePassed:
            kill(at: now, &actions)
        case .sendingFailed(let error):
            sendingToAllFailed(error, &actions)
        case .childStopped, .servicesSettled, .servicesEnded, .endAsked:
            break
        case .performed, .spawned, .programRuns, .spawnFailed, .terminalLent, .wentOn, .planned,
            .unwritten, .leavingFailed:
            actions.append(.reportImpossible)
        }
    }

    mutating func stepKilling(_ event: Event, at now: Instant, _ actions: inout Actions) {
        switch event {
        case .signalled(let signal, _):
            ignore(signal, &actions)
        case .helperStarted(let process):
            helper = process
            // PID 1 may already have taken SIGCHLD for processes that the helper killed.
            actions.append(.reap)
        case .helperFailed(let error):
            // There is no room for another process, so PID 1 makes room itself. It may block on a
            // process that cannot be killed, but otherwise it might never finish.
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
        case .childStopped, .servicesSettled, .servicesEnded, .endAsked:
            break
        case .performed, .spawned, .programRuns, .spawnFailed, .terminalLent, .wentOn,
            .planned, .unwritten, .leavingFailed:
            actions.append(.reportImpossible)
        }
    }

    /// Unmounting and syncing differ only in the helper's work and in the next phase.
    mutating func stepHelper(
        _ work: Helper, _ event: Event, at now: Instant, _ actions: inout Actions
    ) {
        switch event {
        case .signalled(let signal, _):
            ignore(signal, &actions)
        case .helperStarted(let process):
            helper = process
            lookAgain(in: Limit.measureMilliseconds, at: now)
        case .helperFailed(let error):
            actions.append(.log(.helperFailed(work, error)))
            tryAgainSoon(at: now)
        case .childEnded(let process, let status) where process == helper:
            if status != .exited(0) { actions.append(.log(.helperEnded(work, status))) }
            afterHelper(work, at: now, &actions)
        case .childEnded(let process, let status):
            childEndedWhileStopping(process, status, &actions)
        case .noChildLeft:
            // This cannot come while the helper lives. Without a helper the next try is due.
            if helper != nil { afterHelper(work, at: now, &actions) }
        case .deadlinePassed where isTryDue(at: now):
            actions.append(.start(work))
        case .deadlinePassed where helper != nil:
            // If no answer comes, asks again.
            deadline = now.advanced(byMilliseconds: Limit.measureMilliseconds)
            actions.append(.measureUnwritten)
        case .deadlinePassed:
            giveUp(work, at: now, &actions)
        case .unwritten(let size):
            measured(size, work, at: now, &actions)
        case .childStopped, .servicesSettled, .servicesEnded, .endAsked:
            break
        case .performed, .spawned, .programRuns, .spawnFailed, .terminalLent, .wentOn,
            .planned, .sendingFailed, .leavingFailed:
            actions.append(.reportImpossible)
        }
    }

    mutating func stepLeaving(_ event: Event, at now: Instant, _ actions: inout Actions) {
        switch event {
        case .signalled(let signal, _):
            ignore(signal, &actions)
        case .helperStarted(let process):
            helper = process
        case .helperFailed(let error):
            actions.append(.log(.helperFailed(.leave(ending), error)))
            tryAgainSoon(at: now)
        case .childEnded(let process, _) where process == helper:
            // reboot(2) returned: the kernel refuses, or cannot do it.
            strand(&actions)
        case .childEnded(let process, let status):
            childEndedWhileStopping(process, status, &actions)
        case .noChildLeft:
            if helper != nil { strand(&actions) }
        case .deadlinePassed where isTryDue(at: now):
            actions.append(.start(.leave(ending)))
        case .deadlinePassed:
            // The last attempt. No deadline follows it.
            actions.append(.log(.goingOnWithout(.leave(ending))))
            helper = nil
            deadline = nil
            actions.append(.leave(ending))
        case .leavingFailed:
            strand(&actions)
        case .childStopped, .servicesSettled, .servicesEnded, .endAsked:
            break
        case .performed, .spawned, .programRuns, .spawnFailed, .terminalLent, .wentOn,
            .planned, .unwritten, .sendingFailed:
            actions.append(.reportImpossible)
        }
    }

    mutating func stepStranded(_ event: Event, at now: Instant, _ actions: inout Actions) {
        switch event {
        case .signalled(let signal, _):
            // Another request may work where this one failed: a reboot, if the power cannot be
            // switched off.
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
        case .childStopped, .noChildLeft, .servicesSettled, .servicesEnded, .endAsked:
            break
        case .performed, .spawned, .programRuns, .spawnFailed, .terminalLent, .wentOn,
            .deadlinePassed, .helperStarted, .helperFailed, .planned, .unwritten, .sendingFailed,
            .leavingFailed:
            actions.append(.reportImpossible)
        }
    }
}
