// What becomes of one unit: begun, ready, up, stopping, ending, killing, cleaning, over.

extension ServiceTable {
    /// Brings a unit into another phase.
    @inline(never)
    mutating func enter(
        _ phase: ServicePhase, _ service: ServiceID, until end: Instant, at now: Instant
    ) {
        states[service.index].phase = phase
        states[service.index].phaseEnd = end
        states[service.index].since = now
    }

    /// Orders a command of a stage, and forgets what was reported of the one before.
    mutating func run(_ service: ServiceID, _ stage: Stage, _ command: UInt8) {
        states[service.index].command = command
        states[service.index].flags.remove(.stepFailed | .conditionFailed)
        actions.append(.run(service, stage, command: command))
    }

    /// Runs the command behind the one that has ended.
    ///
    /// - Returns: false if it was the stage's last one.
    mutating func runNext(_ service: ServiceID, _ stage: Stage) -> Bool {
        let next = states[service.index].command &+ 1
        guard next < plan.commandCount(stage, of: service) else { return false }
        run(service, stage, next)
        return true
    }

    func startEnd(_ service: ServiceID, _ now: Instant) -> Instant {
        now.later(by: plan.time(.start, of: service))
    }

    /// TimeoutStopSec= from now. `infinity` counts as an hour, so that a shutdown ends.
    func stopEnd(_ service: ServiceID, _ now: Instant) -> Instant {
        let time = plan.time(.stop, of: service)
        let finite = time == UnitTime.infinity ? ServiceLimit.longestStopMilliseconds : time
        return now.later(by: min(finite, stopCap ?? finite))
    }

    // MARK: The way up

    mutating func enqueue(_ service: ServiceID, at now: Instant) {
        enter(.queued, service, until: .never, at: now)
    }

    /// Begins a queued unit, unless it has started too often.
    mutating func begin(_ service: ServiceID, at now: Instant) {
        if plan.kind(of: service) == .target {
            states[service.index].outcome = .none
            states[service.index].culprit = nil
            states[service.index].upSince = now
            states[service.index].flags.remove(.isChanged)
            enter(.up, service, until: .never, at: now)
            return
        }
        guard countStart(service, at: now) else {
            startedTooOften(service, at: now)
            return
        }
        let index = service.index
        states[index].outcome = .none
        states[index].status = 0
        states[index].culprit = nil
        states[index].probes = 0
        states[index].watchdogEnd = .never
        states[index].nextProbe = .never
        states[index].flags.formIntersection(.isWanted)
        if plan.commandCount(.clean, of: service) == 0 { states[index].flags.insert(.isCleaned) }
        enter(.preparing, service, until: startEnd(service, now), at: now)
        actions.append(.log(.begins(service)))
        if plan.commandCount(.prepare, of: service) > 0 {
            run(service, .prepare, 0)
        } else {
            startMain(service, at: now)
        }
    }

    /// The deadline stays: there is one for preparing, starting and settling together.
    mutating func startMain(_ service: ServiceID, at now: Instant) {
        enter(.starting, service, until: states[service.index].phaseEnd, at: now)
        if plan.commandCount(.main, of: service) > 0 {
            run(service, .main, 0)
        } else {
            ready(service, at: now)
        }
    }

    mutating func ready(_ service: ServiceID, at now: Instant) {
        states[service.index].nextProbe = .never
        states[service.index].probes = 0
        touch(service, at: now)
        if plan.commandCount(.settle, of: service) > 0 {
            enter(.settling, service, until: states[service.index].phaseEnd, at: now)
            run(service, .settle, 0)
        } else {
            comeUp(service, at: now)
        }
    }

    /// The watchdog begins anew.
    mutating func touch(_ service: ServiceID, at now: Instant) {
        let time = plan.time(.watchdog, of: service)
        if time > 0 { states[service.index].watchdogEnd = now.later(by: time) }
    }

    mutating func comeUp(_ service: ServiceID, at now: Instant) {
        let index = service.index
        states[index].flags.insert(.wasUp)
        states[index].upSince = now
        goOnUp(service, at: now)
        planProbe(service, at: now)
        actions.append(.log(.started(service)))
        guard states[index].main == nil else { return }
        let remains = plan.flags(of: service).contains(.remains)
        switch plan.readiness(of: service) {
        case .ended:
            guard !remains else { return }
            states[index].outcome = .succeeded
            stop(service, at: now)
        case .forked:
            // It may have ended already.
            if !remains { states[index].flags.insert(.looks) }
        case .executed, .notified:
            break
        }
    }

    /// Comes up, or back up from being busy.
    mutating func goOnUp(_ service: ServiceID, at now: Instant) {
        let runs = plan.readiness(of: service) != .ended
        let time = runs ? plan.time(.runtime, of: service) : UnitTime.infinity
        enter(.up, service, until: states[service.index].upSince.later(by: time), at: now)
    }

    mutating func planProbe(_ service: ServiceID, at now: Instant) {
        let time = plan.time(.probe, of: service)
        guard time > 0, plan.commandCount(.probe, of: service) > 0 else { return }
        states[service.index].nextProbe = now.later(by: time)
    }

    // MARK: The way down

    /// Ends a unit for a failure.
    @inline(never)
    mutating func fail(
        _ service: ServiceID, _ outcome: ServiceOutcome, status: Int32 = 0, at now: Instant
    ) {
        note(service, outcome, status)
        end(service, by: plan.killSignal(of: service), at: now)
    }

    /// Keeps the first reason for an end. What a unit does when it was told to stop is none.
    mutating func note(_ service: ServiceID, _ outcome: ServiceOutcome, _ status: Int32) {
        let index = service.index
        guard states[index].outcome == .none, !states[index].flags.contains(.wasStopped) else {
            return
        }
        states[index].outcome = outcome
        states[index].status = status
    }

    /// Stops a unit that is up: by its commands of `Stage.stop`, if there are any.
    mutating func stop(_ service: ServiceID, at now: Instant) {
        if plan.kind(of: service) == .target {
            finish(service, at: now)
        } else if plan.commandCount(.stop, of: service) == 0 {
            end(service, by: plan.killSignal(of: service), at: now)
        } else {
            enter(.stopping, service, until: stopEnd(service, now), at: now)
            states[service.index].flags.remove(.isInterrupted)
            if states[service.index].control == nil {
                run(service, .stop, 0)
            } else {
                // A reload or a probe is in the way. ExecStop comes when it has ended.
                states[service.index].flags.insert(.isInterrupted)
                actions.append(.signal(service, .kill, to: .control))
            }
        }
    }

    /// Asks the processes of a unit to end.
    ///
    /// - Parameter signal: `nil` if it ends by itself.
    mutating func end(_ service: ServiceID, by signal: Signal?, at now: Instant) {
        enter(.ending, service, until: stopEnd(service, now), at: now)
        states[service.index].flags.insert(.looks)
        guard let signal else { return }
        switch plan.killMode(of: service) {
        case .controlGroup:
            send(signal, service, to: .everybody)
        case .mixed, .process:
            if states[service.index].main != nil { send(signal, service, to: .main) }
            if states[service.index].control != nil {
                actions.append(.signal(service, signal, to: .control))
            }
        }
    }

    private mutating func send(_ signal: Signal, _ service: ServiceID, to target: ServiceTarget) {
        actions.append(.signal(service, signal, to: target))
        if plan.flags(of: service).contains(.sendsHangUp) {
            actions.append(.signal(service, .hangUp, to: target))
        }
        // A process that is stopped ends as well.
        if signal != .kill { actions.append(.signal(service, .continue, to: target)) }
    }

    /// Ends by force what is left. SendSIGKILL=no leaves it.
    mutating func kill(_ service: ServiceID, at now: Instant) {
        let state = states[service.index]
        guard plan.flags(of: service).contains(.sendsKill) else {
            if state.main == nil, state.control == nil, state.phase == .cleaning {
                over(service, at: now)
            } else {
                becomeStuck(service, at: now)
            }
            return
        }
        enter(.killing, service, until: now.later(by: ServiceLimit.killMilliseconds), at: now)
        states[service.index].flags.insert(.looks)
        switch plan.killMode(of: service) {
        case .controlGroup, .mixed:
            actions.append(.killAll(service))
        case .process:
            if state.main != nil { actions.append(.signal(service, .kill, to: .main)) }
            if state.control != nil { actions.append(.signal(service, .kill, to: .control)) }
        }
    }

    mutating func becomeStuck(_ service: ServiceID, at now: Instant) {
        enter(.stuck, service, until: .never, at: now)
        states[service.index].flags.insert(.wasStuck | .looks)
        actions.append(.log(.stuck(service)))
    }

    /// No process is left, or none that counts.
    mutating func over(_ service: ServiceID, at now: Instant) {
        let flags = states[service.index].flags
        // Others did not wait for a unit that was stuck. They may be up by now, and it must not
        // get in their way.
        if flags.contains(.isCleaned) || flags.contains(.wasStuck) {
            finish(service, at: now)
            return
        }
        states[service.index].flags.insert(.isCleaned)
        enter(.cleaning, service, until: stopEnd(service, now), at: now)
        run(service, .clean, 0)
    }

    /// A run is over with all that belongs to it. Decides what comes next.
    mutating func finish(_ service: ServiceID, at now: Instant) {
        let index = service.index
        noteCalm(service, at: now)
        if states[index].outcome == .none { states[index].outcome = .succeeded }
        let flags = states[index].flags
        if isStopping || !flags.contains(.isWanted) {
            comeDown(service, at: now)
        } else if flags.contains(.comesAgain) || flags.contains(.wasStopped) {
            // It was asked for again, or what it is bound to has gone.
            if flags.contains(.countsAnew) { forgetStarts(service) }
            states[index].flags.remove(.comesAgain | .wasStopped | .countsAnew)
            enqueue(service, at: now)
        } else if comesBack(service) {
            rest(service, at: now)
        } else {
            comeDown(service, at: now)
        }
    }

    /// Comes down for good, until it is wanted again.
    mutating func comeDown(_ service: ServiceID, at now: Instant) {
        let index = service.index
        let before = states[index].phase
        let outcome = states[index].outcome
        enter(.down, service, until: .never, at: now)
        states[index].flags.remove(.isWanted | .comesAgain | .countsAnew | .looks)
        if plan.kind(of: service) == .service { actions.append(.forget(service)) }
        // What it ended with before it waited has been told.
        guard before != .queued && before != .resting || outcome.isDecidedInQueue else { return }
        switch outcome {
        case .none, .succeeded: actions.append(.log(.stopped(service)))
        case .skipped: actions.append(.log(.skipped(service)))
        case .startLimit: actions.append(.log(.gaveUp(service)))
        case .failedCode, .failedSignal, .outOfMemory, .notExecuted, .notForked, .endedEarly,
            .startTimedOut, .stopTimedOut, .runTimedOut, .watchdog, .dependency:
            actions.append(.log(.failed(service, outcome, states[index].status)))
        }
        guard !isStopping else { return }
        if outcome.isFailure { wantOnFailure(of: service, at: now) }
        // A unit that has never run, for want of another, ends nothing.
        guard outcome != .dependency, outcome != .skipped else { return }
        let ending = plan.ending(of: service, failed: outcome.isFailure)
        if ending != .none { actions.append(.end(ending, service)) }
    }

    /// OnFailure=. Those that have failed without having run are left out, or two units that name
    /// each other would go on for ever.
    private mutating func wantOnFailure(of service: ServiceID, at now: Instant) {
        var others = plan.units(.onFailure, of: service)
        while let other = others.removeFirst() {
            let state = states[other.index]
            if state.phase == .down, state.outcome.isDecidedInQueue || state.outcome == .notForked {
                continue
            }
            want(other, byRequest: false, at: now)
        }
    }
}

extension ServiceOutcome {
    /// Whether the unit has failed.
    public var isFailure: Bool {
        switch self {
        case .none, .succeeded, .skipped: false
        case .failedCode, .failedSignal, .outOfMemory, .notExecuted, .notForked, .endedEarly,
            .startTimedOut, .stopTimedOut, .runTimedOut, .watchdog, .dependency, .startLimit:
            true
        }
    }

    /// Whether it came down without having begun.
    var isDecidedInQueue: Bool { self == .dependency || self == .startLimit }
}

/// How long the table waits where the plan says nothing.
public enum ServiceLimit {
    /// For processes that got SIGKILL: the kernel ends them, unless a device holds them.
    public static let killMilliseconds: UInt32 = 5_000
    /// For a stop that may take for ever: an hour, so that the longest shutdown is a number.
    public static let longestStopMilliseconds: UInt32 = 3_600_000
    /// Between the first two looks at a PID file.
    static let firstLookMilliseconds: UInt32 = 20
    /// How often that time doubles: up to 640 ms.
    static let mostLookDoublings: UInt8 = 5
    /// For the first rest of a unit that has started too often. Each one takes twice as long.
    static let firstRestMilliseconds: UInt32 = 1_000
    /// For the longest of these rests.
    static let longestRestMilliseconds: UInt32 = 60_000
    /// A unit that was up for so long counts as calm, if it has no StartLimitIntervalSec=.
    static let calmMilliseconds: UInt32 = 10_000
}
