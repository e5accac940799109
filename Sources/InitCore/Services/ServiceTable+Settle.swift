// What units are to each other. Nothing of it is remembered: it is read from the phases.

/// Units by what their phases mean to others.
private struct ServicePicture {
    /// Those that only come after one of them need not wait for it.
    var decided = ServiceSet()
    /// It is up, or has done what it was there for.
    var provided = ServiceSet()
    var up = ServiceSet()
    /// It is stuck, or down. A unit that is down is not wanted.
    var gone = ServiceSet()
    var active = ServiceSet()
    /// It is stopping, ending, killing or cleaning.
    var leaving = ServiceSet()
    var queued = ServiceSet()
    /// It is preparing, starting or settling.
    var beginning = ServiceSet()
    /// It rests.
    var resting = ServiceSet()
    /// It is to be asked whether it has a process.
    var looking = ServiceSet()
    /// Something will become of it by itself, before long.
    var isMoving = false

    mutating func insert(_ service: ServiceID, _ state: ServiceState) {
        switch state.phase {
        case .down:
            decided.insert(service)
            gone.insert(service)
            if state.outcome == .succeeded || state.outcome == .skipped { provided.insert(service) }
        case .queued:
            queued.insert(service)
        case .preparing, .starting, .settling:
            active.insert(service)
            beginning.insert(service)
            isMoving = true
        case .up:
            active.insert(service)
            decided.insert(service)
            provided.insert(service)
            up.insert(service)
            insertLooking(service, state)
        case .busy:
            active.insert(service)
            decided.insert(service)
            provided.insert(service)
            up.insert(service)
        case .ending, .killing:
            active.insert(service)
            leaving.insert(service)
            isMoving = true
            insertLooking(service, state)
        case .stopping, .cleaning:
            active.insert(service)
            leaving.insert(service)
            isMoving = true
        case .resting:
            decided.insert(service)
            resting.insert(service)
            if state.limits == 0 { isMoving = true }
        case .stuck:
            decided.insert(service)
            gone.insert(service)
            insertLooking(service, state)
        }
    }

    private mutating func insertLooking(
        _ service: ServiceID, _ state: ServiceState
    ) {
        if state.flags.contains(.looks), state.main == nil, state.control == nil {
            looking.insert(service)
        }
    }
}

extension ServiceTable {
    /// Does the first thing that is due.
    @inline(never)
    mutating func settle(at now: Instant) {
        var picture = ServicePicture()
        var index = 0
        while index < plan.count {
            picture.insert(
                ServiceID(index: index), states[index])
            index &+= 1
        }
        isMoving = true
        if doFirst(picture, at: now) {
            if !actions.awaitsAnswer { actions.append(.goOn) }
            return
        }
        isMoving = picture.isMoving
        if owesSettled, !isMoving {
            owesSettled = false
            actions.append(.settled)
        }
        if owesEnded, picture.active.isEmpty {
            owesEnded = false
            actions.append(.ended)
        }
    }

    private mutating func doFirst(_ picture: ServicePicture, at now: Instant) -> Bool {
        var looking = picture.looking
        if let service = looking.removeFirst() {
            states[service.index].flags.remove(.looks)
            actions.append(.look(service))
            return true
        }
        let stopping = haveToStop(picture)
        if stopFirst(stopping, picture, at: now) { return true }
        var resting = picture.resting
        while let service = resting.removeFirst() {
            if states[service.index].isWanted { continue }
            comeDown(service, at: now)
            return true
        }
        return startFirst(stopping, picture, at: now)
    }

    // MARK: Stopping

    /// The active units that have to go down.
    private mutating func haveToStop(_ picture: ServicePicture) -> ServiceSet {
        var stopping = ServiceSet()
        var rest = picture.active
        while let service = rest.removeFirst() {
            if mustStop(service, picture) { stopping.insert(service) }
        }
        // What is bound to one of them goes down as well, and before it.
        var before = ServiceSet()
        while stopping != before {
            before = stopping
            rest = picture.active.subtracting(stopping)
            while let service = rest.removeFirst() {
                let bounds = plan.units(.bindsTo, of: service)
                    .intersection(plan.units(.after, of: service))
                if !bounds.intersection(stopping).isEmpty { stopping.insert(service) }
            }
        }
        return stopping
    }

    private mutating func stopFirst(
        _ stopping: ServiceSet, _ picture: ServicePicture, at now: Instant
    ) -> Bool {
        guard !stopping.isEmpty else { return false }
        var heldUp = ServiceSet()
        var rest = stopping
        while let service = rest.removeFirst() {
            heldUp.formUnion(plan.units(.after, of: service))
        }
        // A unit that has not come up yet ends at once: nobody can rely on it.
        var first = stopping.intersection(picture.beginning)
        if let service = first.removeFirst() {
            states[service.index].flags.insert(.wasStopped)
            end(service, by: plan.killSignal(of: service), at: now)
            return true
        }
        // Of those that are up, the last in the order goes first.
        first = stopping.intersection(picture.up).subtracting(heldUp)
        if let service = first.removeFirst() {
            states[service.index].flags.insert(.wasStopped)
            stop(service, at: now)
            return true
        }
        return false
    }

    /// Whether it has to go down: it is not wanted, or comes again, or what it is bound to is not
    /// up.
    private mutating func mustStop(_ service: ServiceID, _ picture: ServicePicture) -> Bool {
        let state = states[service.index].flags
        if !state.contains(.isWanted) || state.contains(.comesAgain) { return true }
        let bounds = plan.units(.bindsTo, of: service)
        return !bounds.isEmpty
            && !bounds.intersection(plan.units(.after, of: service)).subtracting(picture.up).isEmpty
    }

    // MARK: Starting

    private mutating func startFirst(
        _ stopping: ServiceSet, _ picture: ServicePicture, at now: Instant
    ) -> Bool {
        guard !picture.queued.isEmpty else { return false }
        var notYet = ServiceSet()
        var rest = picture.leaving
        while let service = rest.removeFirst() {
            notYet.formUnion(plan.units(.after, of: service))
        }
        rest = picture.queued
        while let service = rest.removeFirst() {
            if !states[service.index].isWanted {
                comeDown(service, at: now)
                return true
            }
            if let culprit = missing(service, picture) {
                states[service.index].outcome = .dependency
                states[service.index].culprit = culprit
                comeDown(service, at: now)
                return true
            }
            if !notYet.contains(service), mayStart(service, stopping, picture) {
                begin(service, at: now)
                return true
            }
        }
        return false
    }

    /// A unit that it needs, and that does not come: it is stuck, or down.
    private func missing(_ service: ServiceID, _ picture: ServicePicture) -> ServiceID? {
        let after = plan.units(.after, of: service)
        let requisite = plan.units(.requisite, of: service)
        let gone = picture.gone
        var missing = plan.units(.bindsTo, of: service).union(requisite)
            .intersection(after).intersection(gone)
        missing.formUnion(
            plan.units(.requires, of: service).intersection(after).intersection(gone)
                .subtracting(picture.provided))
        // What it does not come after it does not wait for, either.
        missing.formUnion(requisite.subtracting(after).subtracting(picture.up))
        return missing.removeFirst()
    }

    private func mayStart(
        _ service: ServiceID, _ stopping: ServiceSet, _ picture: ServicePicture
    ) -> Bool {
        let after = plan.units(.after, of: service)
        guard after.subtracting(picture.decided).isEmpty else { return false }
        let toBeUp = plan.units(.bindsTo, of: service).union(plan.units(.requisite, of: service))
        let required = plan.units(.requires, of: service)
        // What is up, and is about to stop, is nothing to begin on.
        return toBeUp.union(required).intersection(after).intersection(stopping).isEmpty
            && required.intersection(after).subtracting(picture.provided).isEmpty
            && toBeUp.intersection(after).subtracting(picture.up).isEmpty
            && plan.units(.conflicts, of: service).intersection(picture.active).isEmpty
    }
}
