@testable import InitCore

/// What holds at every step, whatever happens.
enum Rule: String, CaseIterable, Sendable {
    case `nothing that happens is impossible`
    case `there is room for what is to be done, and what is answered stands last`
    case `main and control are known as long as they exist, and no longer`
    case `no stage has two commands at once, and no service two main processes`
    case `nothing begins once all is to stop`
    case `a service begins when what it needs is there`
    case `no two that conflict are active`
    case `who came later stops first, if both have to`
    case `an end has a deadline, and so has a start that has a limit`
    case `a deadline that has passed is not left standing`
    case `a unit that is down, queued or resting has no process`
    case `no unit is wanted and down`
    case `a queued unit waits for one that will change`
    case `where nothing runs and nothing is due, each is down, stuck, or up without a process`
    case `goOn comes five times for each unit at most`
    case `a shutdown is over in the time that was computed`
    case `clean comes once for each run, and stop after up and before any signal`
    case `there are no more starts in an interval than the burst`
    case `the table does what the naive model does`
}

/// One step of the table, and what was before and after.
struct Step<let capacity: Int> {
    var before: World<capacity>
    let event: ServiceEvent
    var after: World<capacity>

    private var units: [Unit] { after.plot.units }
    private var actions: [ServiceAction] { after.ordered }

    /// The rules that this step breaks.
    var broken: [Rule] {
        mutating get {
            var broken: [Rule] = []
            for rule in Rule.allCases where !holds(rule) { broken.append(rule) }
            return broken
        }
    }

    private mutating func holds(_ rule: Rule) -> Bool {
        switch rule {
        case .`nothing that happens is impossible`:
            !actions.contains { if case .reportImpossible = $0 { true } else { false } }
        case .`there is room for what is to be done, and what is answered stands last`:
            !after.table.overflowed && actions.dropLast().allSatisfy { !$0.isAnswered }
        case .`main and control are known as long as they exist, and no longer`:
            each { $0.processesAreKnown($1) }
        case .`no stage has two commands at once, and no service two main processes`:
            runsOneCommand
        case .`nothing begins once all is to stop`:
            after.stopBegan == nil || each { !$0.hasJustBegun($1) }
        case .`a service begins when what it needs is there`:
            each { !$0.hasJustBegun($1) || $0.hasWhatItNeeds($1) }
        case .`no two that conflict are active`:
            each { $0.isAlone($1) }
        case .`who came later stops first, if both have to`:
            each { $0.stopsInOrder($1) }
        case .`an end has a deadline, and so has a start that has a limit`:
            each { $0.hasDeadline($1) }
        case .`a deadline that has passed is not left standing`:
            event != .deadlinePassed || hasFewerDue
        case .`a unit that is down, queued or resting has no process`:
            each { $0.hasNoProcess($1) }
        case .`no unit is wanted and down`:
            each { $0.phase($1) != .down || !$0.after.table.states[$1].isWanted }
        case .`a queued unit waits for one that will change`:
            after.awaited != nil || each { $0.phase($1) != .queued || $0.waits($1) }
        case .`where nothing runs and nothing is due, each is down, stuck, or up without a process`:
            after.awaited != nil || after.hasProcess || after.settings.isRobbed
                || after.table.deadline != nil || each { $0.isAtRest($1) }
        case .`goOn comes five times for each unit at most`:
            after.goOns <= 5 * units.count
        case .`a shutdown is over in the time that was computed`:
            isInTime
        case .`clean comes once for each run, and stop after up and before any signal`:
            each { $0.stagesAreInOrder($1) }
        case .`there are no more starts in an interval than the burst`:
            each { $0.startsAreFew($1) }
        case .`the table does what the naive model does`:
            after.disagreement == nil
        }
    }

    private mutating func each(_ holds: (inout Step, Int) -> Bool) -> Bool {
        for index in 0..<after.beings.count where !holds(&self, index) { return false }
        return true
    }

    private mutating func phase(_ index: Int) -> ServicePhase { after.table.states[index].phase }

    private mutating func phaseBefore(_ index: Int) -> ServicePhase {
        before.table.states[index].phase
    }

    private mutating func isUp(_ index: Int) -> Bool {
        phase(index) == .up || phase(index) == .busy
    }

    // MARK: Processes

    private mutating func processesAreKnown(_ index: Int) -> Bool {
        let state = after.table.states[index]
        let being = after.beings[index]
        let main = being.main == 0 ? nil : World<capacity>.number(index, being.main)
        let control =
            being.hasControl ? World<capacity>.number(index, World<capacity>.controlDigit) : nil
        // What others have reaped is known until no child is left.
        if after.settings.isRobbed {
            return (main == nil || state.main == main)
                && (control == nil || state.control == control)
        }
        return state.main == main && state.control == control
    }

    private var runsOneCommand: Bool {
        for action in actions {
            guard case .run(let service, let stage, _) = action else { continue }
            let being = after.beings[service.index]
            if stage == .main ? being.main != 0 : being.hasControl { return false }
            if stage != .main, stage != .reload, stage != .probe, stage != .settle,
                stage != .stop, being.main != 0
            {
                return false
            }
        }
        return true
    }

    private mutating func hasNoProcess(_ index: Int) -> Bool {
        let being = after.beings[index]
        switch phase(index) {
        case .down, .queued, .resting:
            // KillMode=process leaves others.
            return being.main == 0 && !being.hasControl
                && (!being.hasOther || mayLeave(units[index]))
        case .preparing, .starting, .settling, .up, .busy, .stopping, .ending, .killing, .cleaning,
            .stuck:
            return true
        }
    }

    private func mayLeave(_ unit: Unit) -> Bool {
        unit.killMode == .process || !unit.flags.contains(.sendsKill)
    }

    // MARK: Order

    private mutating func hasJustBegun(_ index: Int) -> Bool { after.beings[index].begins }

    private mutating func hasWhatItNeeds(_ index: Int) -> Bool {
        let unit = units[index]
        for other in unit.others(.after) {
            switch phase(other) {
            case .down, .up, .busy, .resting, .stuck: break
            case .queued, .preparing, .starting, .settling, .stopping, .ending, .killing,
                .cleaning:
                return false
            }
            if unit.others(.requires).contains(other), !isProvided(other) { return false }
            if unit.others(.bindsTo).contains(other), !isUp(other) { return false }
        }
        for other in unit.others(.requisite) where !isUp(other) { return false }
        for other in after.beings.indices where after.plot.before[index] >> UInt32(other) & 1 == 1 {
            if isLeaving(other) { return false }
        }
        return true
    }

    private mutating func isLeaving(_ index: Int) -> Bool {
        switch phase(index) {
        case .stopping, .ending, .killing, .cleaning: true
        case .down, .queued, .preparing, .starting, .settling, .up, .busy, .resting, .stuck: false
        }
    }

    private mutating func isProvided(_ index: Int) -> Bool {
        let outcome = after.table.states[index].outcome
        return isUp(index)
            || phase(index) == .down && (outcome == .succeeded || outcome == .skipped)
    }

    private mutating func isAlone(_ index: Int) -> Bool {
        guard phase(index).isActive else { return true }
        for other in units[index].others(.conflicts) where phase(other).isActive { return false }
        return true
    }

    private mutating func mustStop(_ index: Int) -> Bool {
        let state = after.table.states[index]
        if !state.isWanted || state.comesAgain { return true }
        for other in units[index].others(.bindsTo) where !isUp(other) || mustStop(other) {
            return true
        }
        return false
    }

    /// Whether nothing of what has to stop, too, and came later is active.
    private mutating func stopsInOrder(_ index: Int) -> Bool {
        guard phaseBefore(index) == .up || phaseBefore(index) == .busy,
            !isUp(index),
            after.table.states[index].flags.contains(.wasStopped)
                || units[index].kind == .target
        else { return true }
        let followers = after.plot.before[index]
        for other in after.beings.indices where followers >> UInt32(other) & 1 == 1 {
            if phase(other).isActive, mustStop(other) { return false }
        }
        return true
    }

    // MARK: Time

    private mutating func hasDeadline(_ index: Int) -> Bool {
        let has = after.table.states[index].phaseEnd != .never
        switch phase(index) {
        case .stopping, .ending, .killing, .cleaning, .resting, .busy: return has
        case .preparing, .starting, .settling:
            return has || units[index].time(.start) == UnitTime.infinity
        case .down, .queued, .stuck: return !has
        case .up: return true
        }
    }

    /// One unit that was due is not, and no other has become so.
    private var hasFewerDue: Bool {
        mutating get {
            var dueBefore = 0
            var dueAfter = 0
            let now = Instant(milliseconds: after.now)
            for index in after.beings.indices {
                if before.table.states[index].due <= now { dueBefore += 1 }
                if after.table.states[index].due <= now { dueAfter += 1 }
            }
            return dueBefore == 0 || dueAfter < dueBefore
        }
    }

    private mutating func waits(_ index: Int) -> Bool {
        for other in after.beings.indices where other != index && blocks(other, index) {
            switch phase(other) {
            case .queued, .preparing, .starting, .settling, .stopping, .ending, .killing,
                .cleaning, .resting:
                return true
            case .up, .busy: if mustStop(other) { return true }
            case .down, .stuck: break
            }
        }
        return false
    }

    private mutating func blocks(_ other: Int, _ index: Int) -> Bool {
        let unit = units[index]
        return after.plot.after[index] >> UInt32(other) & 1 == 1
            || after.plot.before[index] >> UInt32(other) & 1 == 1
            || unit.others(.conflicts).contains(other)
    }

    private mutating func isAtRest(_ index: Int) -> Bool {
        switch phase(index) {
        case .down, .stuck: true
        case .up:
            units[index].kind == .target || units[index].flags.contains(.remains)
        case .queued, .preparing, .starting, .settling, .busy, .stopping, .ending, .killing,
            .cleaning, .resting:
            false
        }
    }

    private var isInTime: Bool {
        mutating get {
            guard let began = after.stopBegan else { return true }
            if after.hasEnded {
                // A unit that was stuck may still come down.
                return before.hasEnded || after.now - began <= after.plot.longestStop
            }
            return after.now - began <= after.plot.longestStop
        }
    }

    // MARK: Stages

    private mutating func stagesAreInOrder(_ index: Int) -> Bool {
        let (was, being) = (before.beings[index], after.beings[index])
        for action in actions {
            guard case .run(let service, let stage, let command) = action,
                service.index == index, command == 0
            else { continue }
            if stage == .clean, was.ranClean || !was.hasBegun { return false }
            // A process that has ended before its execve(2) was told was up.
            let wasUp = being.cameUp || units[index].readiness == .executed
            if stage == .stop, was.ranStop || was.wasSignalled || !wasUp { return false }
        }
        return !being.missesClean
    }

    private mutating func startsAreFew(_ index: Int) -> Bool {
        let unit = units[index]
        guard unit.flags.contains(.limitIsFinal), unit.time(.startLimit) > 0 else { return true }
        return after.beings[index].starts <= unit.burst ?? 5
    }
}
