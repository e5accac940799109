// One function for each event, which handles every phase. None has a `default`, so a new phase does
// not compile until every event handles it. ARCHITECTURE has the table.

extension ServiceTable {
    // MARK: Answers to `run`, and what its child reports

    mutating func ran(_ service: ServiceID, _ process: ProcessID) {
        switch states[service.index].phase {
        case .starting:
            states[service.index].main = process
        case .preparing, .settling, .busy, .stopping, .cleaning:
            states[service.index].control = process
        case .down, .queued, .up, .ending, .killing, .resting, .stuck:
            actions.append(.reportImpossible(service))
        }
    }

    mutating func notRun(_ service: ServiceID, _ error: Errno, at now: Instant) {
        switch states[service.index].phase {
        case .preparing, .starting, .settling:
            fail(service, .notForked, status: error.rawValue, at: now)
        case .busy:
            // That is not the service's fault, so it does not count against it.
            if states[service.index].flags.contains(.isProbing) {
                planProbe(service, at: now)
            } else {
                actions.append(.log(.reloadFailed(service)))
            }
            goOnUp(service, at: now)
        case .stopping:
            end(service, by: plan.killSignal(of: service), at: now)
        case .cleaning:
            // A command before it may have left something.
            kill(service, at: now)
        case .down, .queued, .up, .ending, .killing, .resting, .stuck:
            actions.append(.reportImpossible(service))
        }
    }

    mutating func executed(_ service: ServiceID, at now: Instant) {
        switch states[service.index].phase {
        case .starting:
            if plan.readiness(of: service) == .executed { ready(service, at: now) }
        case .down, .queued, .preparing, .settling, .up, .busy, .stopping, .ending, .killing,
            .cleaning, .resting, .stuck:
            break
        }
    }

    mutating func notExecuted(_ service: ServiceID, _ code: UInt8, _ error: Errno) {
        switch states[service.index].phase {
        case .preparing, .starting, .settling, .busy, .stopping, .cleaning:
            states[service.index].flags.insert(.stepFailed)
            actions.append(.log(.notExecuted(service, code: code, error)))
        case .down, .queued, .up, .ending, .killing, .resting, .stuck:
            break
        }
    }

    mutating func conditionFailed(_ service: ServiceID) {
        switch states[service.index].phase {
        case .preparing, .starting:
            states[service.index].flags.insert(.conditionFailed)
        case .down, .queued, .settling, .up, .busy, .stopping, .ending, .killing, .cleaning,
            .resting, .stuck:
            break
        }
    }

    mutating func killedForMemory(_ service: ServiceID) {
        switch states[service.index].phase {
        case .starting, .settling, .up, .busy:
            states[service.index].flags.insert(.lacksMemory)
        case .down, .queued, .preparing, .stopping, .ending, .killing, .cleaning, .resting, .stuck:
            break
        }
    }

    // MARK: Ends

    mutating func childEnded(_ process: ProcessID, _ status: ExitStatus, at now: Instant) {
        guard let service = owner(of: process) else {
            anotherEnded()
            return
        }
        if states[service.index].main == process {
            mainEnded(service, status, at: now)
        } else {
            controlEnded(service, status, isLost: false, at: now)
        }
    }

    /// It may have been the last process of any unit that waits for one to be without.
    private mutating func anotherEnded() {
        var index = 0
        while index < plan.count {
            switch states[index].phase {
            case .ending, .killing, .stuck:
                states[index].flags.insert(.looks)
            case .up, .busy:
                let service = ServiceID(index: index)
                if isUpWithoutMain(service) { states[index].flags.insert(.looks) }
            case .down, .queued, .preparing, .starting, .settling, .stopping, .cleaning, .resting:
                break
            }
            index &+= 1
        }
    }

    /// Whether it is up as long as it has any process.
    private mutating func isUpWithoutMain(_ service: ServiceID) -> Bool {
        states[service.index].main == nil && plan.kind(of: service) == .service
            && plan.readiness(of: service) == .forked
            && !plan.flags(of: service).contains(.remains)
    }

    mutating func mainEnded(_ service: ServiceID, _ status: ExitStatus, at now: Instant) {
        states[service.index].main = nil
        let outcome = outcome(of: status, service)
        switch states[service.index].phase {
        case .starting:
            mainEndedWhileStarting(service, status, outcome, at: now)
        case .settling:
            if outcome != .succeeded || !plan.flags(of: service).contains(.remains) {
                fail(service, outcome, status: status.number, at: now)
            }
        case .up, .busy:
            if outcome == .succeeded, plan.flags(of: service).contains(.remains) { return }
            note(service, outcome, status.number)
            stop(service, at: now)
        case .stopping:
            note(service, outcome, status.number)
        case .ending, .killing, .stuck:
            note(service, outcome, status.number)
            states[service.index].flags.insert(.looks)
        case .down, .queued, .preparing, .cleaning, .resting:
            actions.append(.reportImpossible(service))
        }
    }

    private mutating func mainEndedWhileStarting(
        _ service: ServiceID, _ status: ExitStatus, _ outcome: ServiceOutcome, at now: Instant
    ) {
        let flags = states[service.index].flags
        if flags.contains(.conditionFailed) {
            skip(service, at: now)
            return
        }
        let isFine = outcome == .succeeded
        if flags.contains(.stepFailed), !isExcused(service) {
            fail(service, .notExecuted, status: status.number, at: now)
            return
        }
        switch plan.readiness(of: service) {
        case .ended where isFine:
            if !runNext(service, .main) { ready(service, at: now) }
        case .forked where isFine:
            lookForMain(service, at: now)
        case .notified where isFine:
            fail(service, .endedEarly, status: status.number, at: now)
        case .executed:
            // It was executed, and has ended before that was told.
            if isFine, plan.flags(of: service).contains(.remains) {
                ready(service, at: now)
            } else {
                states[service.index].flags.insert(.wasUp)
                states[service.index].upSince = now
                note(service, outcome, status.number)
                stop(service, at: now)
            }
        case .ended, .forked, .notified:
            fail(service, outcome, status: status.number, at: now)
        }
    }

    /// - Parameter isLost: whether it is gone without a status. That is never well.
    mutating func controlEnded(
        _ service: ServiceID, _ status: ExitStatus, isLost: Bool, at now: Instant
    ) {
        states[service.index].control = nil
        switch states[service.index].phase {
        case .preparing:
            prepareEnded(service, status, isLost: isLost, at: now)
        case .settling:
            if !isWell(service, .settle, status, isLost) {
                commandFailed(service, status, at: now)
            } else if !runNext(service, .settle) {
                comeUp(service, at: now)
            }
        case .busy:
            busyEnded(service, status, isLost: isLost, at: now)
        case .stopping:
            if states[service.index].flags.contains(.isInterrupted) {
                states[service.index].flags.remove(.isInterrupted)
                run(service, .stop, 0)
            } else if !isWell(service, .stop, status, isLost) || !runNext(service, .stop) {
                end(service, by: plan.killSignal(of: service), at: now)
            }
        case .ending, .killing, .stuck:
            states[service.index].flags.insert(.looks)
        case .cleaning:
            if !isWell(service, .clean, status, isLost) || !runNext(service, .clean) {
                kill(service, at: now)
            }
        case .down, .queued, .starting, .up, .resting:
            actions.append(.reportImpossible(service))
        }
    }

    private mutating func prepareEnded(
        _ service: ServiceID, _ status: ExitStatus, isLost: Bool, at now: Instant
    ) {
        let state = states[service.index]
        if state.flags.contains(.conditionFailed) {
            skip(service, at: now)
        } else if isWell(service, .prepare, status, isLost) {
            if !runNext(service, .prepare) { startMain(service, at: now) }
        } else if state.command < plan.conditionCount(of: service),
            !isLost, !state.flags.contains(.stepFailed), case .exited(1...254) = status
        {
            fail(service, .skipped, status: status.number, at: now)
        } else {
            commandFailed(service, status, at: now)
        }
    }

    private mutating func busyEnded(
        _ service: ServiceID, _ status: ExitStatus, isLost: Bool, at now: Instant
    ) {
        let index = service.index
        let isProbing = states[index].flags.contains(.isProbing)
        let wasInterrupted = states[index].flags.contains(.isInterrupted)
        let isWell =
            !wasInterrupted && isWell(service, isProbing ? .probe : .reload, status, isLost)
        if isWell, runNext(service, isProbing ? .probe : .reload) { return }
        if !isProbing {
            actions.append(.log(isWell ? .reloaded(service) : .reloadFailed(service)))
            goOnUp(service, at: now)
            return
        }
        states[index].probes = isWell ? 0 : states[index].probes &+ 1
        if !isWell, states[index].probes >= max(plan.probeRetries(of: service), 1) {
            watchdogExpired(service, at: now)
        } else {
            goOnUp(service, at: now)
            planProbe(service, at: now)
        }
    }

    /// A condition did not hold. Nothing of the service has run, so nothing is cleaned.
    private mutating func skip(_ service: ServiceID, at now: Instant) {
        note(service, .skipped, 0)
        states[service.index].flags.insert(.isCleaned)
        end(service, by: nil, at: now)
    }

    private mutating func commandFailed(
        _ service: ServiceID, _ status: ExitStatus, at now: Instant
    ) {
        let outcome: ServiceOutcome
        if states[service.index].flags.contains(.stepFailed) {
            outcome = .notExecuted
        } else if case .killed = status {
            outcome = .failedSignal
        } else {
            outcome = .failedCode
        }
        fail(service, outcome, status: status.number, at: now)
    }

    /// Whether the command that runs has the prefix `-`.
    @inline(never)
    private mutating func isIgnored(_ service: ServiceID, _ stage: Stage) -> Bool {
        plan.ignoresFailure(stage, states[service.index].command, of: service)
    }

    @inline(never)
    private mutating func isWell(
        _ service: ServiceID, _ stage: Stage, _ status: ExitStatus, _ isLost: Bool
    ) -> Bool {
        if isLost { return false }
        return status == .exited(0) || isIgnored(service, stage)
    }

    /// Whether the main command has the prefix `-`, so that its end is well, however late it comes.
    /// Behind the first process of a service that forks there is no command.
    private mutating func isExcused(_ service: ServiceID) -> Bool {
        let readiness = plan.readiness(of: service)
        if readiness == .forked, states[service.index].phase != .starting { return false }
        let command = readiness == .ended ? states[service.index].command : 0
        return plan.ignoresFailure(.main, command, of: service)
    }

    /// What the end of a main process means. What a signal ends has not done its work, if it is
    /// there for that.
    private mutating func outcome(of status: ExitStatus, _ service: ServiceID) -> ServiceOutcome {
        if isExcused(service) || plan.list(.success, of: service, contains: status) {
            return .succeeded
        }
        switch status {
        case .exited(let code):
            return code == 0 ? .succeeded : .failedCode
        case .killed(.hangUp), .killed(.interrupt), .killed(.terminate), .killed(.brokenPipe):
            return plan.readiness(of: service) == .ended ? .failedSignal : .succeeded
        case .killed(let signal):
            let lacksMemory = states[service.index].flags.contains(.lacksMemory)
            return signal == .kill && lacksMemory ? .outOfMemory : .failedSignal
        }
    }

    /// While no child is left, main and control of each unit are lost, one after the other.
    mutating func loseNext(at now: Instant) {
        while let place = losing, place < 2 &* plan.count {
            losing = place &+ 1
            let service = ServiceID(index: place >> 1)
            // The control comes first: no command follows one that is lost, but the end of main
            // may have one run, which is there then.
            if place & 1 == 0, states[service.index].control != nil {
                controlEnded(service, .exited(1), isLost: true, at: now)
            } else if place & 1 == 1, states[service.index].main != nil {
                mainEnded(service, .exited(1), at: now)
            } else {
                continue
            }
            if !actions.awaitsAnswer { actions.append(.goOn) }
            return
        }
        losing = nil
        anotherEnded()
        settle(at: now)
    }

    // MARK: What a service says of itself

    mutating func noticed(_ service: ServiceID, _ notice: ServiceNotice, at now: Instant) {
        switch notice {
        case .ready: noticedReady(service, at: now)
        case .reloading: break
        case .stopping: noticedStopping(service, at: now)
        case .alive: noticedAlive(service, at: now)
        case .trigger: noticedTrigger(service, at: now)
        case .mainIs(let process): noticedMain(service, process)
        case .extend(let time): noticedExtension(service, time, at: now)
        }
    }

    private mutating func noticedReady(_ service: ServiceID, at now: Instant) {
        switch states[service.index].phase {
        case .starting:
            if plan.readiness(of: service) == .notified { ready(service, at: now) }
        case .busy:
            // The end of a reload by signal. Commands end by themselves.
            if states[service.index].control == nil {
                actions.append(.log(.reloaded(service)))
                goOnUp(service, at: now)
            }
        case .down, .queued, .preparing, .settling, .up, .stopping, .ending, .killing, .cleaning,
            .resting, .stuck:
            break
        }
    }

    private mutating func noticedStopping(_ service: ServiceID, at now: Instant) {
        switch states[service.index].phase {
        case .up:
            end(service, by: nil, at: now)
        case .down, .queued, .preparing, .starting, .settling, .busy, .stopping, .ending, .killing,
            .cleaning, .resting, .stuck:
            break
        }
    }

    private mutating func noticedAlive(_ service: ServiceID, at now: Instant) {
        switch states[service.index].phase {
        case .settling, .up, .busy:
            touch(service, at: now)
        case .down, .queued, .preparing, .starting, .stopping, .ending, .killing, .cleaning,
            .resting, .stuck:
            break
        }
    }

    private mutating func noticedTrigger(_ service: ServiceID, at now: Instant) {
        switch states[service.index].phase {
        case .settling, .up, .busy:
            watchdogExpired(service, at: now)
        case .down, .queued, .preparing, .starting, .stopping, .ending, .killing, .cleaning,
            .resting, .stuck:
            break
        }
    }

    private mutating func noticedMain(_ service: ServiceID, _ process: ProcessID) {
        switch states[service.index].phase {
        case .starting, .settling, .up, .busy:
            if owner(of: process) == nil { states[service.index].main = process }
        case .down, .queued, .preparing, .stopping, .ending, .killing, .cleaning, .resting, .stuck:
            break
        }
    }

    private mutating func noticedExtension(
        _ service: ServiceID, _ time: UInt32, at now: Instant
    ) {
        switch states[service.index].phase {
        case .preparing, .starting, .settling:
            let end = now.later(by: time)
            states[service.index].phaseEnd = max(states[service.index].phaseEnd, end)
        case .down, .queued, .up, .busy, .stopping, .ending, .killing, .cleaning, .resting, .stuck:
            // A stop is not extended: the longest shutdown is a promise.
            break
        }
    }

    // MARK: Answers to `look` and `findMain`

    mutating func emptied(_ service: ServiceID, at now: Instant) {
        guard states[service.index].main == nil, states[service.index].control == nil else {
            return
        }
        switch states[service.index].phase {
        case .up:
            if isUpWithoutMain(service) {
                note(service, .succeeded, 0)
                stop(service, at: now)
            }
        case .starting:
            // Nobody is left to write the PID file.
            fail(service, .endedEarly, at: now)
        case .ending, .killing, .stuck:
            over(service, at: now)
        case .down, .queued, .preparing, .settling, .busy, .stopping, .cleaning, .resting:
            break
        }
    }

    mutating func occupied(_ service: ServiceID, at now: Instant) {
        guard states[service.index].main == nil, states[service.index].control == nil else {
            return
        }
        switch states[service.index].phase {
        case .ending:
            switch plan.killMode(of: service) {
            case .controlGroup: break
            case .mixed: kill(service, at: now)
            case .process: over(service, at: now)
            }
        case .killing, .stuck:
            switch plan.killMode(of: service) {
            case .controlGroup, .mixed: break
            case .process: over(service, at: now)
            }
        case .down, .queued, .preparing, .starting, .settling, .up, .busy, .stopping, .cleaning,
            .resting:
            break
        }
    }

    /// Looks for the main process: once, or of a unit with a PID file again and again, at intervals
    /// that double.
    private mutating func lookForMain(_ service: ServiceID, at now: Instant) {
        let index = service.index
        if plan.flags(of: service).contains(.hasPIDFile) {
            let looks = states[index].probes
            states[index].nextProbe = now.later(
                by: ServiceLimit.firstLookMilliseconds &<< UInt32(looks))
            states[index].probes = min(looks &+ 1, ServiceLimit.mostLookDoublings)
        }
        actions.append(.findMain(service))
    }

    mutating func mainLookedFor(_ service: ServiceID, _ process: ProcessID?, at now: Instant) {
        switch states[service.index].phase {
        case .starting:
            if process == nil, plan.flags(of: service).contains(.hasPIDFile) { return }
            states[service.index].main = process
            ready(service, at: now)
        case .down, .queued, .preparing, .settling, .up, .busy, .stopping, .ending, .killing,
            .cleaning, .resting, .stuck:
            actions.append(.reportImpossible(service))
        }
    }

    // MARK: Time

    /// The first unit that is due.
    mutating func deadlinePassed(at now: Instant) {
        var index = 0
        while index < plan.count {
            if states[index].due <= now {
                isDue(ServiceID(index: index), at: now)
                return
            }
            index &+= 1
        }
    }

    private mutating func isDue(_ service: ServiceID, at now: Instant) {
        let index = service.index
        switch states[index].phase {
        case .starting where states[index].phaseEnd > now:
            lookForMain(service, at: now)
        case .preparing, .starting, .settling:
            fail(service, .startTimedOut, at: now)
        case .up:
            upIsDue(service, at: now)
        case .busy:
            busyIsDue(service, at: now)
        case .stopping:
            noteStopTimedOut(service)
            end(service, by: plan.killSignal(of: service), at: now)
        case .ending:
            noteStopTimedOut(service)
            kill(service, at: now)
        case .killing:
            becomeStuck(service, at: now)
        case .cleaning:
            noteStopTimedOut(service)
            kill(service, at: now)
        case .resting:
            enqueue(service, at: now)
        case .down, .queued, .stuck:
            actions.append(.reportImpossible(service))
        }
    }

    /// Unlike other reasons it counts for a unit that was told to stop, too.
    private mutating func noteStopTimedOut(_ service: ServiceID) {
        if states[service.index].outcome == .none {
            states[service.index].outcome = .stopTimedOut
        }
    }

    private mutating func upIsDue(_ service: ServiceID, at now: Instant) {
        let index = service.index
        if states[index].phaseEnd <= now {
            note(service, .runTimedOut, 0)
            stop(service, at: now)
        } else if states[index].watchdogEnd <= now {
            watchdogExpired(service, at: now)
        } else {
            states[index].nextProbe = .never
            states[index].flags.insert(.isProbing)
            states[index].flags.remove(.isInterrupted)
            let time = plan.time(.probeTimeout, of: service)
            enter(.busy, service, until: now.later(by: time), at: now)
            run(service, .probe, 0)
        }
    }

    @inline(never)
    private mutating func watchdogExpired(_ service: ServiceID, at now: Instant) {
        note(service, .watchdog, 0)
        end(service, by: plan.watchdogSignal(of: service), at: now)
    }

    private mutating func busyIsDue(_ service: ServiceID, at now: Instant) {
        let index = service.index
        if states[index].control == nil {
            // It has not said that its reload is over.
            actions.append(.log(.reloadFailed(service)))
            goOnUp(service, at: now)
        } else if !states[index].flags.contains(.isInterrupted) {
            // Its end brings the service back up.
            states[index].flags.insert(.isInterrupted)
            states[index].phaseEnd = now.later(by: ServiceLimit.killMilliseconds)
            actions.append(.signal(service, .kill, to: .control))
        } else {
            fail(
                service, states[index].flags.contains(.isProbing) ? .watchdog : .stopTimedOut,
                at: now)
        }
    }
}
