@testable import InitCore

// What events mean to a run.
extension NaiveServices {
    mutating func take(_ event: ServiceEvent) {
        switch event {
        case .asked(let ask, let service): asked(ask, service.index)
        case .ran(let service, let process):
            if services[service.index].run!.stage == .main {
                services[service.index].run!.main = process
            } else {
                services[service.index].run!.control = process
            }
        case .notRun(let service, _): notRun(service.index)
        case .executed(let service):
            if phase(service.index) == .starting, unit(service.index).readiness == .executed {
                becomeReady(service.index)
            }
        case .notExecuted(let service, _, _): services[service.index].run?.stepFailed = true
        case .conditionFailed(let service): services[service.index].run?.conditionFailed = true
        case .killedForMemory(let service):
            if !isLeaving(service.index) { services[service.index].run?.lacksMemory = true }
        case .childEnded(let process, let status): childEnded(process, status)
        case .noChildLeft: losing = 0
        case .noticed(let service, let notice): noticed(service.index, notice)
        case .emptied(let service): answered(service.index, isEmpty: true)
        case .occupied(let service): answered(service.index, isEmpty: false)
        case .mainFound(let service, let process):
            services[service.index].run!.main = process
            becomeReady(service.index)
        case .mainNotFound(let service):
            if !hasPIDFile(service.index) { becomeReady(service.index) }
        case .deadlinePassed:
            if let index = services.indices.first(where: { moment($0) <= now }) { isDue(index) }
        case .continued: break
        case .beginAll:
            guard !isStopping else { return }
            owesSettled = true
            for index in services.indices where unit(index).isWanted {
                want(index, byRequest: true)
            }
        case .stopAll:
            isStopping = true
            owesSettled = false
            owesEnded = true
            for index in services.indices {
                services[index].isWanted = false
                services[index].comesAgain = false
                services[index].returns = false
            }
        }
    }

    private mutating func asked(_ ask: ServiceAsk, _ index: Int) {
        switch ask {
        case .start: if !isStopping { want(index, byRequest: true) }
        case .stop: unwant(index)
        case .restart: if !isStopping { restart(index) }
        case .reset:
            countAnew(index)
            let isFailure = ![.none, .succeeded, .skipped].contains(services[index].reason)
            if phase(index) == .down, isFailure { services[index].reason = .none }
        case .reload:
            guard phase(index) == .up else { return }
            if let signal = unit(index).reloadSignal {
                guard services[index].run!.main != nil else { return }
                orders.append(.signal(id(index), signal, to: .main))
                guard unit(index).flags.contains(.notifiesReload) else { return }
            } else if unit(index).count(.reload) == 0 {
                return
            }
            beBusy(index, .reload, for: .start)
        }
    }

    private mutating func notRun(_ index: Int) {
        switch services[index].run!.stage! {
        case .prepare, .main, .settle: fail(index, .notForked)
        case .reload: goOnUp(index)
        case .probe:
            // That is no fault of the service's.
            planProbe(index)
            goOnUp(index)
        case .stop: askToEnd(index)
        case .clean: kill(index)
        }
    }

    // MARK: Ends

    private mutating func childEnded(_ process: ProcessID, _ status: ProcessEnd) {
        if let index = services.indices.first(where: { services[$0].run?.main == process }) {
            mainEnded(index, status)
        } else if let index = services.indices.first(where: {
            services[$0].run?.control == process
        }) {
            controlEnded(index, status, isLost: false)
        } else {
            somebodyEnded()
        }
    }

    /// It may have been the last of any unit.
    private mutating func somebodyEnded() {
        for index in services.indices {
            switch services[index].run?.end {
            case .ending, .killing, .stuck: services[index].run!.asks = true
            case .stopping, .cleaning: break
            case nil: if livesByOthers(index) { services[index].run!.asks = true }
            }
        }
    }

    /// Whether it is up as long as anybody of it lives.
    private func livesByOthers(_ index: Int) -> Bool {
        isUp(index) && !isTarget(index) && services[index].run!.main == nil
            && unit(index).readiness == .forked && !unit(index).flags.contains(.remains)
    }

    /// systemd.service(5): a oneshot that a signal ended has not done its work.
    private func isClean(_ status: ProcessEnd, _ unit: Unit) -> Bool {
        if status == .exited(0) || unit.lists(.success, status) { return true }
        guard case .killed(let signal) = status, unit.readiness != .ended else { return false }
        return [1, 2, 13, 15].contains(signal.rawValue)
    }

    private func reason(of status: ProcessEnd, _ index: Int) -> ServiceOutcome {
        if isClean(status, unit(index)) { return .succeeded }
        switch status {
        case .exited: return .failedCode
        case .killed(let signal):
            return signal == .kill && services[index].run!.lacksMemory
                ? .outOfMemory : .failedSignal
        }
    }

    /// Whether the failure of its main process is none: the command has the prefix `-`.
    private func isExcused(_ index: Int) -> Bool {
        let number = unit(index).readiness == .ended ? services[index].run!.number : 0
        let isItsOwn = unit(index).readiness != .forked || phase(index) == .starting
        return isItsOwn && ignores(index, .main, number)
    }

    private func ignores(_ index: Int, _ stage: Stage, _ number: UInt8) -> Bool {
        plot.plan.ignoresFailure(stage, number, of: id(index))
    }

    private mutating func mainEnded(_ index: Int, _ status: ProcessEnd) {
        services[index].run!.main = nil
        let isExcused = isExcused(index)
        let reason = isExcused ? .succeeded : reason(of: status, index)
        let isFine = reason == .succeeded
        let remains = unit(index).flags.contains(.remains)
        switch phase(index) {
        case .starting: mainEndedWhileStarting(index, status, reason, isExcused)
        case .settling:
            if !(isFine && remains) { fail(index, reason, status) }
        case .up, .busy:
            if isFine, remains { return }
            note(index, reason, status)
            stop(index)
        case .stopping: note(index, reason, status)
        case .ending, .killing, .stuck:
            note(index, reason, status)
            services[index].run!.asks = true
        case .down, .queued, .preparing, .cleaning, .resting: orders.append(.goOn)
        }
    }

    private mutating func mainEndedWhileStarting(
        _ index: Int, _ status: ProcessEnd, _ reason: ServiceOutcome, _ isExcused: Bool
    ) {
        let run = services[index].run!
        let isFine = reason == .succeeded
        if run.conditionFailed { return skip(index) }
        if run.stepFailed, !isExcused { return fail(index, .notExecuted, status) }
        switch unit(index).readiness {
        case .ended:
            if !isFine {
                fail(index, reason, status)
            } else if !orderNext(index, .main) {
                becomeReady(index)
            }
        case .forked:
            if isFine { lookForMain(index) } else { fail(index, reason, status) }
        case .notified: fail(index, isFine ? .endedEarly : reason, status)
        case .executed:
            // It ran, and has ended before that was told.
            if isFine, unit(index).flags.contains(.remains) { return becomeReady(index) }
            services[index].run!.upSince = now
            note(index, reason, status)
            stop(index)
        }
    }

    private func hasPIDFile(_ index: Int) -> Bool { unit(index).flags.contains(.hasPIDFile) }

    private mutating func lookForMain(_ index: Int) {
        if hasPIDFile(index) {
            let delays: [Int64] = [20, 40, 80, 160, 320, 640]
            services[index].run!.look = now + delays[min(services[index].run!.looks, 5)]
            services[index].run!.looks += 1
        }
        orders.append(.findMain(id(index)))
    }

    /// A condition does not hold, and nothing has run.
    private mutating func skip(_ index: Int) {
        note(index, .skipped)
        services[index].run!.hasCleaned = true
        askToEnd(index, 0)
    }

    private mutating func controlEnded(_ index: Int, _ status: ProcessEnd, isLost: Bool) {
        services[index].run!.control = nil
        let run = services[index].run!
        let isWell =
            !isLost && (status == .exited(0) || ignores(index, run.stage ?? .main, run.number))
        switch run.end {
        case .stopping:
            if run.isInterrupted {
                beginStopCommands(index)
            } else if !isWell || !orderNext(index, .stop) {
                askToEnd(index)
            }
        case .cleaning: if !isWell || !orderNext(index, .clean) { kill(index) }
        case .ending, .killing, .stuck: services[index].run!.asks = true
        case nil:
            if run.stage == .prepare {
                prepareEnded(index, status, isWell, isLost)
            } else if run.stage == .settle {
                if !isWell {
                    commandFailed(index, status)
                } else if !orderNext(index, .settle) {
                    comeUp(index)
                }
            } else {
                busyEnded(index, isWell && !run.isInterrupted)
            }
        }
    }

    private mutating func prepareEnded(
        _ index: Int, _ status: ProcessEnd, _ isWell: Bool, _ isLost: Bool
    ) {
        let run = services[index].run!
        if run.conditionFailed { return skip(index) }
        if isWell {
            if !orderNext(index, .prepare) { beginMain(index) }
            return
        }
        // ExecCondition=: these codes skip the unit.
        if case .exited(1...254) = status, run.number < unit(index).conditions, !isLost,
            !run.stepFailed
        {
            return fail(index, .skipped, status)
        }
        commandFailed(index, status)
    }

    private mutating func commandFailed(_ index: Int, _ status: ProcessEnd) {
        var reason = ServiceOutcome.failedCode
        if case .killed = status { reason = .failedSignal }
        if services[index].run!.stepFailed { reason = .notExecuted }
        fail(index, reason, status)
    }

    private mutating func busyEnded(_ index: Int, _ isWell: Bool) {
        let stage = services[index].run!.stage!
        if isWell, orderNext(index, stage) { return }
        if stage == .probe {
            services[index].run!.failedProbes =
                isWell ? 0 : services[index].run!.failedProbes + 1
            if services[index].run!.failedProbes >= max(unit(index).retries, 1) {
                return watchdogExpired(index)
            }
            planProbe(index)
        }
        goOnUp(index)
    }

    private mutating func watchdogExpired(_ index: Int) {
        note(index, .watchdog)
        askToEnd(index, 6)
    }

    /// What is known of processes is lost, one after the other.
    mutating func lose() {
        guard let first = losing else { return }
        for place in first..<2 * services.count {
            losing = place + 1
            let index = place / 2
            if place % 2 == 0, services[index].run?.control != nil {
                controlEnded(index, .exited(1), isLost: true)
            } else if place % 2 == 1, services[index].run?.main != nil {
                mainEnded(index, .exited(1))
            } else {
                continue
            }
            if orders.last?.isAnswered != true { orders.append(.goOn) }
            return
        }
        losing = nil
        somebodyEnded()
    }

    // MARK: Notices, answers, time

    private mutating func noticed(_ index: Int, _ notice: ServiceNotice) {
        guard let run = services[index].run, run.end == nil else { return }
        switch notice {
        case .reloading: break
        case .ready:
            if phase(index) == .starting, unit(index).readiness == .notified {
                becomeReady(index)
            } else if run.isBusy, run.control == nil {
                goOnUp(index)
            }
        case .stopping: if phase(index) == .up { askToEnd(index, 0) }
        case .alive: if run.isReady { showLife(index) }
        case .trigger: if run.isReady { watchdogExpired(index) }
        case .mainIs(let process):
            let isKnown = services.contains {
                $0.run.map { $0.main == process || $0.control == process } ?? false
            }
            if !isKnown, phase(index) != .preparing { services[index].run!.main = process }
        case .extend(let time):
            guard run.upSince == nil else { return }
            services[index].run!.until = max(run.until, now + Int64(time))
        }
    }

    /// Whether anybody is left of a unit that ends, or that lives by others.
    private mutating func answered(_ index: Int, isEmpty: Bool) {
        guard let run = services[index].run, run.main == nil, run.control == nil else { return }
        let mode = unit(index).killMode
        switch run.end {
        case .stopping, .cleaning: break
        case nil:
            if phase(index) == .starting {
                fail(index, .endedEarly)
            } else if isEmpty, livesByOthers(index) {
                note(index, .succeeded)
                stop(index)
            }
        case .ending:
            if isEmpty || mode == .process {
                nobodyIsLeft(index)
            } else if mode == .mixed {
                kill(index)
            }
        case .killing, .stuck:
            if isEmpty || mode == .process { nobodyIsLeft(index) }
        }
    }

    private mutating func isDue(_ index: Int) {
        guard let run = services[index].run else { return queue(index) }
        switch run.end {
        case .stopping:
            noteLateStop(index)
            askToEnd(index)
        case .ending, .cleaning:
            noteLateStop(index)
            kill(index)
        case .killing: becomeStuck(index)
        case .stuck: break
        case nil:
            if phase(index) == .starting, run.until > now {
                lookForMain(index)
            } else if run.upSince == nil {
                fail(index, .startTimedOut)
            } else if run.isBusy {
                busyIsDue(index)
            } else if run.until <= now {
                note(index, .runTimedOut)
                stop(index)
            } else if run.watchdog <= now {
                watchdogExpired(index)
            } else {
                services[index].run!.probe = .max
                beBusy(index, .probe, for: .probeTimeout)
            }
        }
    }

    /// That counts for a run that was told to stop as well.
    private mutating func noteLateStop(_ index: Int) {
        guard services[index].reason == .none else { return }
        services[index].reason = .stopTimedOut
        services[index].status = nil
    }

    private mutating func busyIsDue(_ index: Int) {
        let run = services[index].run!
        if run.control == nil {
            goOnUp(index)
        } else if !run.isInterrupted {
            services[index].run!.isInterrupted = true
            services[index].run!.until = now + 5_000
            orders.append(.signal(id(index), .kill, to: .control))
        } else {
            fail(index, run.stage == .probe ? .watchdog : .stopTimedOut)
        }
    }
}
