// What is asked of one unit, and what that means to those that need it and that it needs.

extension ServiceTable {
    mutating func asked(_ ask: ServiceAsk, _ service: ServiceID, at now: Instant) {
        switch ask {
        case .start: if !isStopping { want(service, byRequest: true, at: now) }
        case .stop: unwant(service)
        case .restart: if !isStopping { restart(service, at: now) }
        case .reload: reload(service, at: now)
        case .reset: reset(service)
        }
    }

    mutating func beginAll(at now: Instant) {
        guard !isStopping else { return }
        owesSettled = true
        var wanted = plan.wanted
        while let service = wanted.removeFirst() {
            want(service, byRequest: true, at: now)
        }
    }

    mutating func stopAll() {
        isStopping = true
        owesEnded = true
        owesSettled = false
        var index = 0
        while index < plan.count {
            states[index].flags.remove(.isWanted | .comesAgain | .returns)
            index &+= 1
        }
    }

    /// Wants a unit, and all that it needs. Units that conflict with one of them are not wanted
    /// any more.
    ///
    /// - Parameter byRequest: whether their starts are counted from zero.
    @inline(never)
    mutating func want(_ service: ServiceID, byRequest: Bool, at now: Instant) {
        let wanted = needed(by: service)
        var rest = wanted
        while let each = rest.removeFirst() {
            var others = plan.units(.conflicts, of: each).subtracting(wanted)
            while let other = others.removeFirst() { unwant(other) }
        }
        rest = wanted
        while let each = rest.removeFirst() { wantAlone(each, byRequest, at: now) }
    }

    /// The unit, and those it pulls in: by Requires=, Wants= and BindsTo=, again and again.
    private func needed(by service: ServiceID) -> ServiceSet {
        var all = ServiceSet(service)
        var fresh = all
        while let each = fresh.removeFirst() {
            let more = plan.units(.requires, of: each)
                .union(plan.units(.wants, of: each))
                .union(plan.units(.bindsTo, of: each))
                .subtracting(all)
            all.formUnion(more)
            fresh.formUnion(more)
        }
        return all
    }

    private mutating func wantAlone(
        _ service: ServiceID, _ byRequest: Bool, at now: Instant
    ) {
        let index = service.index
        states[index].flags.insert(.isWanted)
        switch states[index].phase {
        case .down, .resting:
            if byRequest { forgetStarts(service) }
            enqueue(service, at: now)
        case .queued, .preparing, .starting, .settling, .up, .busy:
            break
        case .stopping, .ending, .killing, .cleaning, .stuck:
            states[index].flags.insert(.comesAgain)
            if byRequest { states[index].flags.insert(.countsAnew) }
        }
    }

    /// A unit, and all that require it, are bound to it or part of it, again and again, are not
    /// wanted any more.
    @inline(never)
    mutating func unwant(_ service: ServiceID) {
        var all = relying(on: ServiceSet(service), by: .any)
        while let each = all.removeFirst() {
            states[each.index].flags.remove(.isWanted | .comesAgain | .returns)
        }
    }

    /// What makes a unit go down when another one goes.
    enum Reliance { case binding, any }

    /// The units, and all that rely on one of them, again and again.
    @inline(never)
    func relying(on services: ServiceSet, by reliance: Reliance) -> ServiceSet {
        var all = services
        var before = ServiceSet()
        while all != before {
            before = all
            var index = 0
            while index < plan.count {
                let each = ServiceID(index: index)
                var needs = plan.units(.bindsTo, of: each)
                switch reliance {
                case .binding:
                    needs = needs.intersection(plan.units(.after, of: each))
                case .any:
                    needs = needs.union(plan.units(.requires, of: each))
                        .union(plan.units(.partOf, of: each))
                }
                if !needs.intersection(all).isEmpty { all.insert(each) }
                index &+= 1
            }
        }
        return all
    }

    private mutating func restart(_ service: ServiceID, at now: Instant) {
        var others = relying(on: ServiceSet(service), by: .any)
        others.remove(service)
        while let each = others.removeFirst() {
            let state = states[each.index]
            if state.phase.isActive, state.isWanted {
                states[each.index].flags.insert(.comesAgain | .countsAnew)
            }
        }
        want(service, byRequest: true, at: now)
        switch states[service.index].phase {
        case .down, .queued, .resting: break
        case .preparing, .starting, .settling, .up, .busy, .stopping, .ending, .killing, .cleaning,
            .stuck:
            states[service.index].flags.insert(.comesAgain | .countsAnew)
        }
    }

    /// Whether there is a way to reload it now.
    mutating func canReload(_ service: ServiceID) -> Bool {
        if plan.reloadSignal(of: service) != nil { return states[service.index].main != nil }
        return plan.commandCount(.reload, of: service) > 0
    }

    private mutating func reload(_ service: ServiceID, at now: Instant) {
        switch states[service.index].phase {
        case .up:
            guard canReload(service) else { return }
            if let signal = plan.reloadSignal(of: service) {
                actions.append(.signal(service, signal, to: .main))
                if plan.flags(of: service).contains(.notifiesReload) {
                    enter(.busy, service, until: startEnd(service, now), at: now)
                    states[service.index].flags.remove(.isProbing | .isInterrupted)
                } else {
                    actions.append(.log(.reloaded(service)))
                }
            } else {
                enter(.busy, service, until: startEnd(service, now), at: now)
                states[service.index].flags.remove(.isProbing | .isInterrupted)
                run(service, .reload, 0)
            }
        case .down, .queued, .preparing, .starting, .settling, .busy, .stopping, .ending, .killing,
            .cleaning, .resting, .stuck:
            break
        }
    }

    private mutating func reset(_ service: ServiceID) {
        forgetStarts(service)
        let state = states[service.index]
        if state.phase == .down, state.outcome.isFailure {
            states[service.index].outcome = .none
            states[service.index].status = 0
            states[service.index].culprit = nil
        }
    }

    mutating func forgetStarts(_ service: ServiceID) {
        states[service.index].starts = 0
        states[service.index].rests = 0
        states[service.index].limits = 0
    }
}
