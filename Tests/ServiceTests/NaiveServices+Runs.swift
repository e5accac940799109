import Foundation

@testable import InitCore

// What becomes of one run.
extension NaiveServices {
    private func moment(after time: UInt32, from start: Int64? = nil) -> Int64 {
        time == UnitTime.infinity ? .max : (start ?? now) + Int64(time)
    }

    /// TimeoutStopSec=; `infinity` is an hour.
    private func stopMoment(_ index: Int) -> Int64 {
        let time = unit(index).time(.stop)
        return now + (time == UnitTime.infinity ? 3_600_000 : Int64(time))
    }

    private mutating func order(_ index: Int, _ stage: Stage, _ number: UInt8) {
        services[index].run!.stage = stage
        services[index].run!.number = number
        services[index].run!.stepFailed = false
        services[index].run!.conditionFailed = false
        orders.append(.run(id(index), stage, command: number))
    }

    /// - Returns: false if there is no other command.
    mutating func orderNext(_ index: Int, _ stage: Stage) -> Bool {
        let next = services[index].run!.number + 1
        guard next < unit(index).count(stage) else { return false }
        order(index, stage, next)
        return true
    }

    // MARK: Up

    mutating func begin(_ index: Int) {
        if !isTarget(index), startsTooOften(index) { return rest(forTooManyStarts: index) }
        services[index].isQueued = false
        services[index].reason = .none
        services[index].status = nil
        var run = Run()
        run.hasCleaned = unit(index).count(.clean) == 0
        if isTarget(index) {
            run.upSince = now
            services[index].run = run
            return
        }
        run.until = moment(after: unit(index).time(.start))
        services[index].run = run
        services[index].comesAgain = false
        services[index].startsAnew = false
        if unit(index).count(.prepare) > 0 { order(index, .prepare, 0) } else { beginMain(index) }
    }

    private mutating func startsTooOften(_ index: Int) -> Bool {
        let interval = Int64(unit(index).time(.startLimit))
        let burst = unit(index).burst ?? 5
        guard interval > 0, burst > 0 else { return false }
        let service = services[index]
        let isOver = service.limitRests == 0 && now - service.windowBegan >= interval
        if service.starts == 0 || isOver {
            services[index].starts = 0
            services[index].windowBegan = now
        }
        if services[index].starts >= burst { return true }
        services[index].starts += 1
        return false
    }

    private mutating func rest(forTooManyStarts index: Int) {
        if unit(index).flags.contains(.limitIsFinal) {
            services[index].reason = .startLimit
            return comeDown(index, hasRun: false)
        }
        let seconds = [1, 2, 4, 8, 16, 32]
        let rests = services[index].limitRests
        services[index].isQueued = false
        services[index].restsUntil = now + 1_000 * Int64(rests < 6 ? seconds[rests] : 60)
        services[index].limitRests += 1
        // One more start, and then the next rest.
        services[index].starts = (unit(index).burst ?? 5) - 1
    }

    mutating func beginMain(_ index: Int) {
        services[index].run!.stage = .main
        if unit(index).count(.main) > 0 { order(index, .main, 0) } else { becomeReady(index) }
    }

    mutating func becomeReady(_ index: Int) {
        services[index].run!.isReady = true
        showLife(index)
        if unit(index).count(.settle) > 0 { order(index, .settle, 0) } else { comeUp(index) }
    }

    mutating func showLife(_ index: Int) {
        let time = unit(index).time(.watchdog)
        if time > 0 { services[index].run!.watchdog = moment(after: time) }
    }

    mutating func comeUp(_ index: Int) {
        services[index].run!.upSince = now
        goOnUp(index)
        planProbe(index)
        guard services[index].run!.main == nil, !unit(index).flags.contains(.remains) else {
            return
        }
        if unit(index).readiness == .ended {
            services[index].reason = .succeeded
            stop(index)
        } else if unit(index).readiness == .forked {
            services[index].run!.asks = true
        }
    }

    mutating func goOnUp(_ index: Int) {
        services[index].run!.isBusy = false
        let time = unit(index).readiness == .ended ? UnitTime.infinity : unit(index).time(.runtime)
        services[index].run!.until = moment(after: time, from: services[index].run!.upSince)
    }

    mutating func planProbe(_ index: Int) {
        let time = unit(index).time(.probe)
        if time > 0, unit(index).count(.probe) > 0 {
            services[index].run!.probe = moment(after: time)
        }
    }

    mutating func beBusy(_ index: Int, _ stage: Stage, for time: UnitTime) {
        services[index].run!.isBusy = true
        services[index].run!.isInterrupted = false
        services[index].run!.until = moment(after: unit(index).time(time))
        services[index].run!.stage = stage
        if unit(index).reloadSignal == nil || stage == .probe { order(index, stage, 0) }
    }

    // MARK: Down

    /// The first reason counts, and none against a run that was told to stop.
    mutating func note(_ index: Int, _ reason: ServiceOutcome, _ status: ProcessEnd? = nil) {
        guard services[index].reason == .none, !services[index].run!.toldToStop else { return }
        services[index].reason = reason
        services[index].status = status
    }

    mutating func fail(_ index: Int, _ reason: ServiceOutcome, _ status: ProcessEnd? = nil) {
        note(index, reason, status)
        askToEnd(index)
    }

    mutating func stop(_ index: Int) {
        if isTarget(index) { return runIsOver(index) }
        guard unit(index).count(.stop) > 0 else { return askToEnd(index) }
        services[index].run!.end = .stopping
        services[index].run!.until = stopMoment(index)
        services[index].run!.isInterrupted = services[index].run!.control != nil
        if services[index].run!.isInterrupted {
            orders.append(.signal(id(index), .kill, to: .control))
        } else {
            order(index, .stop, 0)
        }
    }

    mutating func beginStopCommands(_ index: Int) {
        services[index].run!.isInterrupted = false
        order(index, .stop, 0)
    }

    /// - Parameter signal: 0 if the service ends by itself.
    mutating func askToEnd(_ index: Int, _ signal: Int32 = 15) {
        services[index].run!.end = .ending
        services[index].run!.until = stopMoment(index)
        services[index].run!.asks = true
        services[index].run!.isBusy = false
        guard signal > 0 else { return }
        let run = services[index].run!
        let isWhole = unit(index).killMode == .controlGroup
        if isWhole || run.main != nil {
            let hangUp: [Int32] = unit(index).flags.contains(.sendsHangUp) ? [1] : []
            for each in [signal] + hangUp + [18] {
                orders.append(
                    .signal(id(index), Signal(rawValue: each), to: isWhole ? .everybody : .main))
            }
        }
        if !isWhole, run.control != nil {
            orders.append(.signal(id(index), Signal(rawValue: signal), to: .control))
        }
    }

    mutating func kill(_ index: Int) {
        let run = services[index].run!
        guard unit(index).flags.contains(.sendsKill) else {
            let isClean = run.end == .cleaning && run.main == nil && run.control == nil
            return isClean ? nobodyIsLeft(index) : becomeStuck(index)
        }
        services[index].run!.end = .killing
        services[index].run!.until = now + 5_000
        services[index].run!.asks = true
        guard unit(index).killMode == .process else { return orders.append(.killAll(id(index))) }
        if run.main != nil { orders.append(.signal(id(index), .kill, to: .main)) }
        if run.control != nil { orders.append(.signal(id(index), .kill, to: .control)) }
    }

    mutating func becomeStuck(_ index: Int) {
        services[index].run!.end = .stuck
        services[index].run!.wasStuck = true
        services[index].run!.asks = true
        services[index].run!.until = .max
    }

    mutating func nobodyIsLeft(_ index: Int) {
        let run = services[index].run!
        if run.hasCleaned || run.wasStuck { return runIsOver(index) }
        services[index].run!.hasCleaned = true
        services[index].run!.end = .cleaning
        services[index].run!.until = stopMoment(index)
        order(index, .clean, 0)
    }

    // MARK: Over

    mutating func runIsOver(_ index: Int) {
        let run = services[index].run!
        if !isTarget(index), let since = run.upSince {
            let interval = Int64(unit(index).time(.startLimit))
            if now - since >= (interval > 0 ? interval : 10_000) {
                services[index].restarts = 0
                services[index].limitRests = 0
            }
        }
        if services[index].reason == .none { services[index].reason = .succeeded }
        let service = services[index]
        if !service.isWanted { return comeDown(index) }
        if service.comesAgain || run.toldToStop {
            if service.startsAnew { countAnew(index) }
            services[index].comesAgain = false
            services[index].startsAnew = false
            services[index].run = nil
            queue(index)
        } else if startsAgain(service, unit(index)) {
            services[index].run = nil
            services[index].restsUntil = now + delay(unit(index), service.restarts)
            services[index].restarts += 1
        } else {
            comeDown(index)
        }
    }

    private func startsAgain(_ service: Service, _ unit: Unit) -> Bool {
        if let status = service.status {
            if unit.lists(.restartForced, status) { return true }
            if unit.lists(.restartPrevented, status) { return false }
        }
        let policies: [RestartPolicy]
        switch service.reason {
        case .succeeded: policies = [.onSuccess]
        case .failedCode, .notExecuted, .notForked, .endedEarly: policies = [.onFailure]
        case .failedSignal, .outOfMemory: policies = [.onFailure, .onAbnormal, .onAbort]
        case .startTimedOut, .stopTimedOut, .runTimedOut: policies = [.onFailure, .onAbnormal]
        case .watchdog: policies = [.onFailure, .onAbnormal, .onWatchdog]
        case .none, .skipped, .dependency, .startLimit: return false
        }
        return unit.policy == .always || policies.contains(unit.policy)
    }

    private func delay(_ unit: Unit, _ restarts: Int) -> Int64 {
        let (least, most) = (Double(unit.time(.restart)), Double(unit.time(.restartMost)))
        guard most > least else { return Int64(least) }
        let power = unit.steps == 0 ? Double(restarts) : Double(restarts) / Double(unit.steps)
        let base = unit.steps == 0 ? 2 : most / least
        return Int64(min(least * pow(base, power), most))
    }

    mutating func comeDown(_ index: Int, hasRun: Bool = true) {
        let reason = services[index].reason
        services[index].run = nil
        services[index].isQueued = false
        services[index].restsUntil = nil
        services[index].isWanted = false
        services[index].comesAgain = false
        services[index].startsAnew = false
        if !isTarget(index) { orders.append(.forget(id(index))) }
        guard !isStopping, hasRun || reason == .dependency || reason == .startLimit else { return }
        let isFailure = ![.none, .succeeded, .skipped].contains(reason)
        if isFailure {
            for other in unit(index).others(.onFailure) {
                let last = services[other].reason
                let hasNotRun = [.dependency, .startLimit, .notForked].contains(last)
                if !(phase(other) == .down && hasNotRun) { want(other, byRequest: false) }
            }
        }
        guard reason != .dependency, reason != .skipped else { return }
        if let ending = unit(index).endings[isFailure], ending != .none {
            orders.append(.end(ending, id(index)))
        }
    }
}

extension Unit {
    func lists(_ list: ExitList, _ status: ProcessEnd) -> Bool {
        matches.contains { each, match in
            guard each == list else { return false }
            switch (match, status) {
            case (.code(let code), .exited(let ended)): return code == ended
            case (.signal(let signal), .killed(let by)): return signal == by
            case (.code, .killed), (.signal, .exited): return false
            }
        }
    }
}
