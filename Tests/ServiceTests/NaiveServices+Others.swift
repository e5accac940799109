@testable import InitCore

// What units are to each other.
extension NaiveServices {
    // MARK: What is asked

    /// The unit and what it reaches by these relations, again and again.
    private func reached(from start: Int, _ relations: [Relation], backwards: Bool = false)
        -> Set<Int>
    {
        var all: Set<Int> = [start]
        var fresh = [start]
        while let each = fresh.popLast() {
            for other in services.indices where !all.contains(other) {
                let (from, to) = backwards ? (other, each) : (each, other)
                guard relations.contains(where: { unit(from).others($0).contains(to) }) else {
                    continue
                }
                all.insert(other)
                fresh.append(other)
            }
        }
        return all
    }

    private func relying(on index: Int) -> Set<Int> {
        reached(from: index, [.requires, .bindsTo, .partOf], backwards: true)
    }

    mutating func want(_ index: Int, byRequest: Bool) {
        let all = reached(from: index, [.requires, .wants, .bindsTo])
        for each in all {
            for other in unit(each).others(.conflicts) where !all.contains(other) { unwant(other) }
        }
        for each in all {
            services[each].isWanted = true
            if services[each].run == nil {
                guard !services[each].isQueued else { continue }
                if byRequest { countAnew(each) }
                queue(each)
            } else if isLeaving(each) || isGone(each) {
                services[each].comesAgain = true
                if byRequest { services[each].startsAnew = true }
            }
        }
    }

    mutating func unwant(_ index: Int) {
        for each in relying(on: index) {
            leave(each)
            services[each].returns = false
        }
    }

    mutating func restart(_ index: Int) {
        for other in relying(on: index)
        where other != index && isActive(other) && services[other].isWanted {
            services[other].comesAgain = true
            services[other].startsAnew = true
        }
        let runs = services[index].run != nil
        want(index, byRequest: true)
        if runs {
            services[index].comesAgain = true
            services[index].startsAnew = true
        }
    }

    mutating func countAnew(_ index: Int) {
        services[index].starts = 0
        services[index].restarts = 0
        services[index].limitRests = 0
    }

    mutating func queue(_ index: Int) {
        services[index].restsUntil = nil
        services[index].isQueued = true
    }

    // MARK: What is due

    enum Due {
        case look(Int)
        case stop(Int)
        case giveUp(Int)
        case fail(Int)
        case begin(Int)
    }

    /// All that can be done next.
    var due: [Due] {
        var due: [Due] = []
        var stopping: Set<Int>?
        for index in services.indices {
            let service = services[index]
            if let run = service.run {
                if run.asks, run.main == nil, run.control == nil, !run.isBusy,
                    run.end != .stopping, run.end != .cleaning, !isBeginning(index)
                {
                    due.append(.look(index))
                }
                guard isUp(index) || isBeginning(index) else { continue }
                if stopping == nil { stopping = mustStop }
                guard stopping!.contains(index) else { continue }
                let isHeldUp = stopping!.contains { unit($0).others(.after).contains(index) }
                if isBeginning(index) || !isHeldUp { due.append(.stop(index)) }
            } else if service.isQueued || service.restsUntil != nil {
                if !service.isWanted {
                    due.append(.giveUp(index))
                } else if service.isQueued, lacks(index) {
                    due.append(.fail(index))
                } else if service.isQueued {
                    if stopping == nil { stopping = mustStop }
                    if mayBegin(index, stopping!) { due.append(.begin(index)) }
                }
            }
        }
        return due
    }

    /// The active units that have to go down.
    private var mustStop: Set<Int> {
        var all: Set<Int> = []
        var count = -1
        while all.count > count {
            count = all.count
            for index in services.indices where isActive(index) {
                let service = services[index]
                let isBound = needs(index, .bindsTo).contains { !isUp($0) || all.contains($0) }
                if !service.isWanted || service.comesAgain || isBound { all.insert(index) }
            }
        }
        return all
    }

    /// What it needs and comes after.
    private func needs(_ index: Int, _ relation: Relation) -> [Int] {
        unit(index).others(relation).filter { unit(index).others(.after).contains($0) }
    }

    /// Whether something that it needs does not come.
    private func lacks(_ index: Int) -> Bool {
        let after = unit(index).others(.after)
        return needs(index, .bindsTo).contains(where: isGone)
            || needs(index, .requires).contains { isGone($0) && !isProvided($0) }
            || unit(index).others(.requisite).contains {
                after.contains($0) ? isGone($0) : !isUp($0)
            }
    }

    private func mayBegin(_ index: Int, _ stopping: Set<Int>) -> Bool {
        unit(index).others(.after).allSatisfy(isDecided)
            && needs(index, .bindsTo).allSatisfy { isUp($0) && !stopping.contains($0) }
            && needs(index, .requisite).allSatisfy { isUp($0) && !stopping.contains($0) }
            && needs(index, .requires).allSatisfy { isProvided($0) && !stopping.contains($0) }
            && !unit(index).others(.conflicts).contains(where: isActive)
            && !services.indices.contains {
                isLeaving($0) && unit($0).others(.after).contains(index)
            }
    }

    mutating func perform(_ due: Due) {
        switch due {
        case .look(let index):
            services[index].run!.asks = false
            orders.append(.look(id(index)))
        case .stop(let index):
            services[index].run!.toldToStop = true
            if isBeginning(index) { askToEnd(index) } else { stop(index) }
        case .giveUp(let index):
            comeDown(index, hasRun: false)
        case .fail(let index):
            services[index].reason = .dependency
            comeDown(index, hasRun: false)
        case .begin(let index):
            begin(index)
        }
    }

    mutating func sayWhatIsOver() {
        let moves = services.indices.contains {
            isBeginning($0) || isLeaving($0)
                || services[$0].restsUntil != nil && services[$0].limitRests == 0
        }
        if owesSettled, !moves {
            owesSettled = false
            orders.append(.settled)
        }
        if owesEnded, !services.indices.contains(where: isActive) {
            owesEnded = false
            orders.append(.ended)
        }
    }

    // MARK: Another plan

    mutating func leave(for other: Plot, at now: Int64) {
        self.now = now
        orders.removeAll()
        let gone = services.indices.filter { place(of: unit($0), in: other) == nil }
        // What is bound to one of them, and comes after it, goes with it.
        var bound = Set(gone)
        func isBound(_ index: Int) -> Bool {
            let after = Set(unit(index).others(.after))
            return !after.intersection(unit(index).others(.bindsTo)).isDisjoint(with: bound)
        }
        while let more = services.indices.first(where: { !bound.contains($0) && isBound($0) }) {
            bound.insert(more)
            if services[more].isWanted { services[more].returns = true }
        }
        for index in bound { leave(index) }
    }

    private mutating func leave(_ index: Int) {
        services[index].isWanted = false
        services[index].comesAgain = false
    }

    mutating func adopt(_ other: Plot, at now: Int64) {
        self.now = now
        orders.removeAll()
        let (before, old) = (services, plot)
        plot = other
        services = other.units.map { unit in
            place(of: unit, in: old).map { before[$0] } ?? Service()
        }
        let starting = services.indices.filter { index in
            let isNew = place(of: unit(index), in: old) == nil
            return services[index].returns || isNew && unit(index).isWanted && !isStopping
        }
        for index in starting {
            services[index].returns = false
            want(index, byRequest: true)
        }
    }

    private func place(of unit: Unit, in plot: Plot) -> Int? {
        plot.units.firstIndex { $0.name == unit.name && $0.kind == unit.kind }
    }
}
