// When a unit starts again. systemd.service(5), Restart=; systemd.unit(5), StartLimit...=

extension ServiceTable {
    /// Whether the policy starts a unit that has ended by itself, or failed, again.
    func comesBack(_ service: ServiceID, _ state: ServiceState) -> Bool {
        let policy = plan.restartPolicy(of: service)
        let follows = policy.follows(state.outcome)
        guard let status = state.exitStatus else { return follows }
        if plan.list(.restartForced, of: service, contains: status) { return true }
        return follows && !plan.list(.restartPrevented, of: service, contains: status)
    }

    mutating func comesBack(_ service: ServiceID) -> Bool {
        comesBack(service, states[service.index])
    }

    /// Rests before the next start.
    mutating func rest(_ service: ServiceID, at now: Instant) {
        let delay = restartDelay(service, after: states[service.index].rests)
        if states[service.index].rests < UInt8.max { states[service.index].rests &+= 1 }
        enter(.resting, service, until: now.later(by: delay), at: now)
        actions.append(.log(.restarts(service, inMilliseconds: delay)))
    }

    /// - Parameter rests: how many restarts there were in a row.
    func restartDelay(_ service: ServiceID, after rests: UInt8) -> UInt32 {
        let least = plan.time(.restart, of: service)
        let most = plan.time(.restartMost, of: service)
        guard most > least, least > 0 else { return least }
        let steps = plan.restartSteps(of: service)
        guard steps > 0 else {
            guard rests < 32 else { return most }
            return UInt32(min(UInt64(least) << UInt64(rests), UInt64(most)))
        }
        guard rests < steps else { return most }
        let first = Logarithm(of: least)
        let whole = Logarithm(of: most).value &- first.value
        return min(
            Logarithm(value: first.value &+ whole &* UInt64(rests) / UInt64(steps)).number, most)
    }

    // MARK: The start limit

    /// Counts a start.
    ///
    /// - Returns: false if there were too many.
    mutating func countStart(_ service: ServiceID, at now: Instant) -> Bool {
        let interval = plan.time(.startLimit, of: service)
        let burst = plan.startLimitBurst(of: service)
        guard interval > 0, burst > 0 else { return true }
        let index = service.index
        // While it rests for too many starts no window begins, or it would get a burst each time.
        if states[index].starts == 0
            || states[index].limits == 0
                && now >= states[index].windowBegan.later(by: interval)
        {
            states[index].windowBegan = now
            states[index].starts = 0
        }
        guard states[index].starts < burst else { return false }
        states[index].starts &+= 1
        return true
    }

    /// A unit that has named the limit is given up. Any other rests, longer each time, and then
    /// gets one start.
    mutating func startedTooOften(_ service: ServiceID, at now: Instant) {
        let index = service.index
        if plan.flags(of: service).contains(.limitIsFinal) {
            states[index].outcome = .startLimit
            comeDown(service, at: now)
            return
        }
        let doublings = UInt32(min(states[index].limits, 16))
        let delay = min(
            ServiceLimit.firstRestMilliseconds << doublings, ServiceLimit.longestRestMilliseconds)
        if states[index].limits < UInt8.max { states[index].limits &+= 1 }
        states[index].starts = plan.startLimitBurst(of: service) &- 1
        enter(.resting, service, until: now.later(by: delay), at: now)
        actions.append(.log(.restarts(service, inMilliseconds: delay)))
    }

    /// A unit that was up for long enough begins to count from zero.
    mutating func noteCalm(_ service: ServiceID, at now: Instant) {
        let index = service.index
        guard states[index].flags.contains(.wasUp) else { return }
        let interval = plan.time(.startLimit, of: service)
        let calm = interval == 0 ? ServiceLimit.calmMilliseconds : interval
        guard now >= states[index].upSince.later(by: calm) else { return }
        states[index].rests = 0
        states[index].limits = 0
    }
}

extension RestartPolicy {
    /// Whether a unit with this outcome starts again. systemd.service(5) has the same table.
    func follows(_ outcome: ServiceOutcome) -> Bool {
        switch outcome {
        case .succeeded: self == .always || self == .onSuccess
        case .failedCode, .notExecuted, .notForked, .endedEarly:
            self == .always || self == .onFailure
        case .failedSignal, .outOfMemory:
            self == .always || self == .onFailure || self == .onAbnormal || self == .onAbort
        case .startTimedOut, .stopTimedOut, .runTimedOut:
            self == .always || self == .onFailure || self == .onAbnormal
        case .watchdog:
            self == .always || self == .onFailure || self == .onAbnormal || self == .onWatchdog
        case .none, .skipped, .dependency, .startLimit: false
        }
    }
}

extension ServiceState {
    /// How the process ended that `outcome` is about, if one did.
    public var exitStatus: ExitStatus? {
        switch outcome {
        case .succeeded, .failedCode, .failedSignal, .outOfMemory, .endedEarly, .notExecuted:
            status < 256
                ? .exited(UInt8(truncatingIfNeeded: status))
                : .killed(Signal(rawValue: status &- 256))
        case .none, .skipped, .notForked, .startTimedOut, .stopTimedOut, .runTimedOut, .watchdog,
            .dependency, .startLimit:
            nil
        }
    }
}

extension ExitStatus {
    /// As `ServiceState.status` has it.
    var number: Int32 {
        switch self {
        case .exited(let code): Int32(code)
        case .killed(let signal): 256 &+ signal.rawValue
        }
    }
}

/// A binary logarithm of 16 bits behind the point, straight between the powers of two. It and its
/// inverse are exact inverses at whole numbers, which is all that growing delays need.
private struct Logarithm {
    let value: UInt64

    init(value: UInt64) { self.value = value }

    /// - Parameter number: above 0.
    init(of number: UInt32) {
        let whole = UInt64(31 &- number.leadingZeroBitCount)
        let rest = UInt64(number) &- (1 << whole)
        value = whole << 16 | (rest << 16) >> whole
    }

    var number: UInt32 {
        let whole = value >> 16
        guard whole < 32 else { return .max }
        let rest = ((value & 0xffff) << whole) >> 16
        return UInt32(truncatingIfNeeded: 1 << whole &+ rest)
    }
}
