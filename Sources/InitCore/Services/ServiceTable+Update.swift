// Another plan takes the place of the one that the table goes by.

extension ServiceTable {
    /// The units that the other plan lacks are not wanted any more. What is bound to one of them
    /// stops with it, and comes back with the other plan, which does not bind it. What only
    /// requires one of them goes on. `nextAction` says what to do about it.
    public mutating func leave(unitsMissingIn other: Plan, at now: Instant) {
        actions.begin()
        let missing = units(missingIn: other)
        var rest = relying(on: missing, by: .binding)
        while let service = rest.removeFirst() {
            if states[service.index].isWanted, !missing.contains(service) {
                states[service.index].flags.insert(.returns)
            }
            states[service.index].flags.remove(.isWanted | .comesAgain)
        }
        goOn(at: now)
    }

    /// Whether `adopt` may come: none of the units that the other plan lacks has a process.
    public mutating func canAdopt(_ other: Plan) -> Bool {
        guard !actions.awaitsAnswer, actions.count == 0, losing == nil else { return false }
        var missing = units(missingIn: other)
        while let service = missing.removeFirst() {
            let phase = states[service.index].phase
            if phase.isActive || phase == .stuck { return false }
        }
        return true
    }

    /// Whether the other plan lacks a unit of this one.
    public func hasUnits(missingIn other: Plan) -> Bool { !units(missingIn: other).isEmpty }

    private func units(missingIn other: Plan) -> ServiceSet {
        var missing = ServiceSet()
        var index = 0
        while index < plan.count {
            let service = ServiceID(index: index)
            if plan.unit(like: service, in: other) == nil { missing.insert(service) }
            index &+= 1
        }
        return missing
    }

    /// Goes by the other plan from now on. A unit keeps its state by its name: what runs goes on,
    /// and is stopped, reloaded and started again by the new plan. New units start, if they are
    /// wanted from the start.
    ///
    /// - Parameters:
    ///   - other: of at most `capacity` units; `canAdopt` says that it may come.
    ///   - map: where each unit of the new plan was in the old one.
    public mutating func adopt(_ other: Plan, by map: UnitMap, at now: Instant) {
        actions.begin()
        let old = states
        let before = plan
        plan = other
        // Those that start with this plan.
        var fresh = ServiceSet()
        var index = 0
        while index < capacity {
            let service = ServiceID(index: index)
            states[index] = ServiceState()
            if index < other.count {
                if let former = map.former(of: service), former.index < capacity {
                    states[index] = old[former.index]
                    states[index].culprit = old[former.index].culprit.flatMap {
                        other.unit(named: before.name(of: $0))
                    }
                    if other.differs(service, before, former) {
                        states[index].flags.insert(.isChanged)
                    }
                    if states[index].flags.contains(.returns) { fresh.insert(service) }
                    states[index].flags.remove(.returns)
                } else if other.flags(of: service).contains(.isWanted), !isStopping {
                    fresh.insert(service)
                }
            }
            index &+= 1
        }
        while let service = fresh.removeFirst() { want(service, byRequest: true, at: now) }
        goOn(at: now)
    }
}

extension ServiceState {
    /// Its plan has changed since it began.
    public var isChanged: Bool { flags.contains(.isChanged) && phase.isActive }
}

/// Where the units of a plan were in the plan before it.
public struct UnitMap: Sendable {
    /// One more than the number; 0 for a unit that is new.
    private var formers = [128 of UInt8](repeating: 0)

    public init(from old: Plan, to new: Plan) {
        var index = 0
        while index < new.count {
            let service = ServiceID(index: index)
            if let former = new.unit(like: service, in: old) {
                formers[index] = former.rawValue &+ 1
            }
            index &+= 1
        }
    }

    /// `nil` if the unit is new.
    public func former(of service: ServiceID) -> ServiceID? {
        guard service.index < 128, formers[service.index] > 0 else { return nil }
        return ServiceID(rawValue: formers[service.index] &- 1)
    }

    /// The units of the old plan that are still there, by their numbers now.
    public func present(of formers: ServiceSet) -> ServiceSet {
        var (rest, units) = (formers, ServiceSet())
        while let former = rest.removeFirst() {
            if let unit = present(of: former) { units.insert(unit) }
        }
        return units
    }

    /// Where a unit of the old plan is now; `nil` if it is gone.
    @inline(never)
    public func present(of former: ServiceID) -> ServiceID? {
        var index: UInt8 = 0
        while index < 128 {
            let service = ServiceID(rawValue: index)
            if self.former(of: service) == former { return service }
            index &+= 1
        }
        return nil
    }
}

extension Plan {
    /// The unit of the same name in another plan. One of another kind is another unit: what a
    /// service has running a target would never end.
    fileprivate func unit(like service: ServiceID, in other: Plan) -> ServiceID? {
        guard let there = other.unit(named: name(of: service)),
            other.kind(of: there) == kind(of: service)
        else { return nil }
        return there
    }

    /// Whether a unit has other settings or another recipe than a unit of another plan. What it is
    /// to others counts at once, and makes no difference to a process that runs.
    func differs(_ service: ServiceID, _ other: Plan, _ otherService: ServiceID) -> Bool {
        let settings = settings(of: service)
        return !settings.equals(other.settings(of: otherService))
            || !recipe(of: service).equals(other.recipe(of: otherService))
    }

    /// The part of the record behind the sets and in front of the places in the heap.
    private func settings(of service: ServiceID) -> ByteView {
        let record = PlanLayout.record(of: service)
        return bytes.slice(
            record &+ PlanLayout.kindOffset, record &+ PlanLayout.nameStartOffset)
    }
}
