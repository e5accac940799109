import InitCore

// What the units are to each other. It is known only when all of them are read.

extension Planner where Source: ~Copyable {
    /// - Returns: the longest stop of all services together, in milliseconds.
    @inline(never)
    mutating func settle() -> UInt32 {
        place = Place()
        takeReferences()
        refuseDependents()
        complete()
        refuseCycles()
        refuseConflicts()
        noteDeviations()
        markWanted()
        return findLongestStop()
    }

    // MARK: Sets

    @inline(never)
    func units(_ relation: Relation, of unit: Int) -> ServiceSet {
        room.sets[unit &* 8 &+ Int(relation.rawValue)]
    }

    @inline(never)
    private mutating func insert(_ other: Int, as relation: Relation, of unit: Int) {
        room.sets[unit &* 8 &+ Int(relation.rawValue)].insert(Self.id(other))
    }

    static func id(_ unit: Int) -> ServiceID {
        ServiceID(index: unit)
    }

    @inline(never)
    mutating func stand(at unit: Int) {
        place = Place(
            symbol: Int(room.units[unit].symbol), unit: unit, path: text(room.units[unit].file))
    }

    /// Makes sets of the names that units have for each other.
    private mutating func takeReferences() {
        var number = 0
        while number < referenceCount {
            let reference = room.references[number]
            take(Int(reference.unit), reference.relation, followed(Int(reference.symbol)))
            number &+= 1
        }
    }

    private mutating func take(_ unit: Int, _ number: UInt8, _ symbol: Int) {
        let state = room.symbols[symbol].state
        guard state == .loaded else {
            if isRefused(unit) { return }
            guard let relation = Relation(rawValue: number), relation.needs else { return }
            stand(at: unit)
            switch state {
            case .missing: refuse(.unitMissing, symbolName(symbol))
            case .masked: refuse(.unitMasked, symbolName(symbol))
            case .refused: refuse(.unitRefused, symbolName(symbol))
            case .mentioned, .queued, .loaded, .up, .alias: break
            }
            return
        }
        let other = Int(room.symbols[symbol].unit)
        // Another name of the unit itself.
        if other == unit { return }
        guard let relation = Relation(rawValue: number) else {
            return insert(unit, as: .after, of: other)
        }
        insert(other, as: relation, of: unit)
        if relation == .conflicts {
            insert(unit, as: .conflicts, of: other)
            fighters.insert(Self.id(unit))
            fighters.insert(Self.id(other))
        }
    }

    /// Refuses units that need one that is refused, again and again.
    @inline(never)
    mutating func refuseDependents() {
        var unit = 0
        while unit < unitCount {
            let needed = units(.requires, of: unit).union(units(.bindsTo, of: unit))
                .union(units(.requisite, of: unit))
            var lost = needed.subtracting(kept)
            if !isRefused(unit), let culprit = lost.removeFirst() {
                stand(at: unit)
                refuse(.unitRefused, name(of: culprit.index))
                unit = 0
            } else {
                unit &+= 1
            }
        }
    }

    /// Adds what files do not say.
    @inline(never)
    private mutating func complete() {
        var unit = 0
        while unit < unitCount {
            bind(unit)
            if room.units[unit].kind == .target, room.units[unit].hasDefaultDependencies {
                waitForParts(of: unit)
            }
            unit &+= 1
        }
        unit = 0
        while unit < unitCount {
            if room.units[unit].comesFirst { putFirst(unit) }
            unit &+= 1
        }
    }

    /// What a unit is bound to has to be up before it.
    private mutating func bind(_ unit: Int) {
        var bound = units(.bindsTo, of: unit)
        while let other = bound.removeFirst() {
            if !units(.after, of: unit).contains(other) {
                room.units[unit].deviations.insert(.comesAfterBound)
                insert(other.index, as: .after, of: unit)
            }
            if room.units[other.index].isOneshot, !room.units[other.index].remains {
                stand(at: unit)
                warn(.oneshotBinding, name(of: other.index))
            }
        }
    }

    /// A target is reached when all that it pulls in is, but for what comes after it.
    /// systemd.target(5), DefaultDependencies=
    private mutating func waitForParts(of unit: Int) {
        var parts = units(.wants, of: unit).union(units(.requires, of: unit))
        while let part = parts.removeFirst() {
            if !units(.after, of: part.index).contains(Self.id(unit)) {
                insert(part.index, as: .after, of: unit)
            }
        }
    }

    /// All others come after it, except those that it comes after itself.
    private mutating func putFirst(_ unit: Int) {
        var before = ServiceSet()
        var open = units(.after, of: unit)
        while let other = open.removeFirst() {
            if before.contains(other) { continue }
            before.insert(other)
            open.formUnion(units(.after, of: other.index).subtracting(before))
        }
        var other = 0
        while other < unitCount {
            if other != unit, !room.units[other].comesFirst, !before.contains(Self.id(other)) {
                insert(unit, as: .after, of: other)
            }
            other &+= 1
        }
    }

    // MARK: Order

    /// The units of a set that can stand in an order.
    private func orderable(_ units: ServiceSet) -> ServiceSet {
        var open = units
        var placed = ServiceSet()
        while let next = nextInOrder(open) {
            open.remove(next)
            placed.insert(next)
        }
        return placed
    }

    /// The first unit that comes after none of the set.
    @inline(never)
    func nextInOrder(_ open: ServiceSet) -> ServiceID? {
        var rest = open
        while let service = rest.removeFirst() {
            if units(.after, of: service.index).intersection(open).isEmpty { return service }
        }
        return nil
    }

    private mutating func refuseCycles() {
        while true {
            let rest = kept.subtracting(orderable(kept))
            var search = rest
            guard let first = search.removeFirst() else { return }
            refuseCycle(from: first, in: rest)
            refuseDependents()
        }
    }

    /// Each unit of `rest` comes after another one of it, so going back must lead into a circle.
    private mutating func refuseCycle(from first: ServiceID, in rest: ServiceSet) {
        var seen = ServiceSet()
        var here = first
        while !seen.contains(here) {
            seen.insert(here)
            var before = units(.after, of: here.index).intersection(rest)
            guard let next = before.removeFirst() else { return }
            here = next
        }
        var cycle = ServiceSet()
        words.clear()
        let start = here
        repeat {
            cycle.insert(here)
            words.append(name(of: here.index))
            words.append(" after ")
            var before = units(.after, of: here.index).intersection(rest)
            guard let next = before.removeFirst() else { return }
            here = next
        } while here != start
        words.append(name(of: start.index))
        while let unit = cycle.removeFirst() {
            stand(at: unit.index)
            refuse(.cycle, words.view)
        }
    }

    // MARK: Conflicts

    private mutating func refuseConflicts() {
        markWanted()
        if fighters.isEmpty { return }
        while let (unit, other) = conflict(in: wanted) {
            // Of two that are wanted the later one has to go.
            if wanted.contains(Self.id(other)) {
                refuseConflict(max(unit, other), min(unit, other))
            } else {
                refuseConflict(unit, other)
            }
        }
        var unit = 0
        while unit < unitCount {
            if !isRefused(unit) {
                var set = ServiceSet()
                set.insert(Self.id(unit))
                if let (_, other) = conflict(in: pulledIn(by: set)) {
                    refuseConflict(unit, other)
                }
            }
            unit &+= 1
        }
    }

    @inline(never)
    private mutating func refuseConflict(_ unit: Int, _ other: Int) {
        stand(at: unit)
        refuse(.conflict, name(of: other))
        refuseDependents()
        markWanted()
    }

    /// Two units that cannot be up together although both are of the set: one of them conflicts
    /// with the other, or with what the other needs to stay up.
    @inline(never)
    private func conflict(in set: ServiceSet) -> (Int, Int)? {
        var rest = set.intersection(fighters)
        while let service = rest.removeFirst() {
            var enemies = units(.conflicts, of: service.index).intersection(kept)
            var ended = unwanted(with: enemies).intersection(set)
            let endsItself = ended.contains(service)
            ended.remove(service)
            if let other = ended.removeFirst() { return (service.index, other.index) }
            if endsItself, let other = enemies.removeFirst() {
                return (service.index, other.index)
            }
        }
        return nil
    }

    /// These, and all that they pull in.
    @inline(never)
    func pulledIn(by set: ServiceSet) -> ServiceSet {
        var all = ServiceSet()
        var open = set
        while let service = open.removeFirst() {
            all.insert(service)
            let more = units(.requires, of: service.index).union(units(.wants, of: service.index))
                .union(units(.bindsTo, of: service.index))
            open.formUnion(more.intersection(kept).subtracting(all))
        }
        return all
    }

    /// These, and all that stop with them.
    @inline(never)
    private func unwanted(with set: ServiceSet) -> ServiceSet {
        var all = set
        var unit = 0
        while unit < unitCount {
            let tied = units(.requires, of: unit).union(units(.bindsTo, of: unit))
                .union(units(.partOf, of: unit))
            if !all.contains(Self.id(unit)), !tied.intersection(all).isEmpty {
                all.insert(Self.id(unit))
                unit = 0
            } else {
                unit &+= 1
            }
        }
        return all
    }

    // MARK: What is wanted

    @inline(never)
    private mutating func markWanted() {
        var roots = ServiceSet()
        var unit = 0
        while unit < unitCount {
            if room.units[unit].isRoot, !isRefused(unit) { roots.insert(Self.id(unit)) }
            unit &+= 1
        }
        let all = pulledIn(by: roots)
        unit = 0
        while unit < unitCount {
            room.units[unit].isWanted = all.contains(Self.id(unit))
            unit &+= 1
        }
    }

    private var wanted: ServiceSet {
        var set = ServiceSet()
        var unit = 0
        while unit < unitCount {
            if room.units[unit].isWanted { set.insert(Self.id(unit)) }
            unit &+= 1
        }
        return set
    }

    private mutating func noteDeviations() {
        var unit = 0
        while unit < unitCount {
            var before = units(.after, of: unit).intersection(kept)
            while let other = before.removeFirst(), !isRefused(unit) {
                if room.units[other.index].isSimple {
                    room.units[other.index].deviations.insert(.readyWhenItRuns)
                }
                if room.units[other.index].restarts,
                    units(.requires, of: unit).contains(other)
                {
                    room.units[unit].deviations.insert(.waitsForRestart)
                }
            }
            unit &+= 1
        }
    }
}

extension Relation {
    /// Whether a unit cannot do without one that it names so.
    fileprivate var needs: Bool {
        switch self {
        case .requires, .bindsTo, .requisite: true
        case .after, .wants, .partOf, .conflicts, .onFailure: false
        }
    }
}
