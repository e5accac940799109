@testable import InitCore

/// What holds at every step, whatever happens.
enum Rule: String, CaseIterable, Sendable {
    case `a machine is never ordered to exit`
    case `the program is started once at most, and not once stopping began`
    case `init reaps whenever SIGCHLD comes`
    case `init knows a process number as long as the process exists, and no longer`
    case `no event that happens is reported as impossible`
    case `there is room for all actions`
    case `where the moment does not matter, any other moment has the same outcome`
    case `no phase takes longer than its limit`
    case `a deadline is set where there is a limit, until reboot(2) is tried directly`
    case `no deadline that has passed stays`
    case `init passes on the program's code, once it has seen the end`
    case `an init that is not PID 1 signals only its program`
    case `phases go forward, except when a stranded machine tries again`
    case `without a word for it there is not one step for services`
    case `the services begin once at most, and with a plan`
    case `the services stop once at most, and only if they have begun`
    case `the program waits for the services, and for their plan, but not for ever`
    case `nothing else is stopped before the services`
    case `a planner that takes too long is abandoned, and nothing else is`
    case `the core does what the naive model does`
    case `the core's deadline is the naive model's`
}

/// One step of the core, and what was before and after.
struct Step {
    let before: World
    let event: Event
    let actions: [Action]
    /// How many actions there were to perform after the step, with those left from before.
    let mostToDo: Int
    let overflowed: Bool
    /// Whether another moment has the same outcome, or the moment matters.
    let isSameAtAnyTime: Bool
    let after: World
    /// The actions of the naive model.
    let expected: [Action]

    /// The rules that this step breaks.
    var broken: [Rule] { Rule.allCases.filter { !holds($0) } }

    // The names say what has to hold; this says how it is checked.
    private func holds(_ rule: Rule) -> Bool {
        switch rule {
        case .`a machine is never ordered to exit`:
            after.core.role != .machine || (!after.hasExited && after.core.phase != .exited)
        case .`the program is started once at most, and not once stopping began`:
            !actions.contains(.spawn)
                || (!before.hasSpawned && !before.core.phase.isPartOfShutdown)
        case .`init reaps whenever SIGCHLD comes`:
            event != .signalled(.child) || after.isReaping || actions.contains(.reap)
        case .`init knows a process number as long as the process exists, and no longer`:
            programIsKnown && helperIsKnown
        case .`no event that happens is reported as impossible`:
            !actions.contains(.reportImpossible)
        case .`there is room for all actions`:
            !overflowed
        case .`where the moment does not matter, any other moment has the same outcome`:
            isSameAtAnyTime
        case .`no phase takes longer than its limit`:
            isInTime
        case .`a deadline is set where there is a limit, until reboot(2) is tried directly`:
            after.core.phase == .starting
                || (after.core.deadline != nil)
                    == (after.limit != nil && !after.isLeavingByItself)
        case .`no deadline that has passed stays`:
            event != .deadlinePassed || after.limit == 0
                || (after.core.deadline?.milliseconds ?? .max) > after.now
        case .`init passes on the program's code, once it has seen the end`:
            actions.allSatisfy(passesOnTheRightCode)
        case .`an init that is not PID 1 signals only its program`:
            after.core.role != .process || !actions.contains { $0.concernsOthers }
        case .`phases go forward, except when a stranded machine tries again`:
            goesForward
        case .`without a word for it there is not one step for services`:
            after.asksForServices
                || !actions.contains { $0.concernsServices }
                    && ![.planning, .waiting, .stoppingServices].contains(after.core.phase)
        case .`the services begin once at most, and with a plan`:
            !actions.contains(.beginServices)
                || !before.haveServicesBegun
                    && event == .planned(longestStop: Setup.longestStop)
                    && actions.count { $0 == .beginServices } == 1
        case .`the services stop once at most, and only if they have begun`:
            !actions.contains(.stopServices)
                || before.haveServicesBegun && !before.haveServicesStopped
                    && actions.count { $0 == .stopServices } == 1
        case .`the program waits for the services, and for their plan, but not for ever`:
            !after.asksForServices || !actions.contains(.spawn) || isEndOfWait
        case .`nothing else is stopped before the services`:
            !before.haveServicesBegun || before.haveServicesStopped
                || !actions.contains { $0.stopsEverything }
        case .`a planner that takes too long is abandoned, and nothing else is`:
            actions.filter { $0.isAbandoning } == planner
        case .`the core does what the naive model does`:
            actions.filter { !$0.isSaidOnly } == expected
        case .`the core's deadline is the naive model's`:
            after.naive.alarm == after.core.deadline?.milliseconds
        }
    }

    /// The phase that the step began in, to the end of the step.
    private var isInTime: Bool {
        guard let limit = before.limit else { return true }
        let overrun = max(before.overrun, after.overrun)
        return after.now - before.phaseBegan - overrun <= limit
    }

    /// What the program waited for has come, or takes too long.
    private var isEndOfWait: Bool {
        let waited = after.now - before.phaseBegan
        return before.haveServicesBegun
            ? event == .servicesSettled || waited >= Setup.serviceWait
            : event == .planned(longestStop: nil) || waited >= Limit.planMilliseconds
    }

    /// What has to be done about a planner that is known and takes too long.
    private var planner: [Action] {
        guard before.core.phase == .planning, event == .deadlinePassed,
            after.now - before.phaseBegan >= Limit.planMilliseconds, let late = before.core.helper
        else { return [] }
        return [.abandon(late)]
    }

    private var programIsKnown: Bool {
        switch after.core.program {
        case nil: !after.programExists || after.core.phase == .exited
        case let process?: process == World.program && after.endOfProgram == nil
        }
    }

    /// A helper is given up when its time is over, or as everything is asked to end, and only then.
    private var helperIsKnown: Bool {
        if after.hasGivenUpHelper, event != .deadlinePassed, Kind(event) != .unwritten,
            !actions.contains(.signalAll(.terminate))
        {
            return false
        }
        guard let known = after.core.helper else { return true }
        return known == after.helper || known == after.stolenHelper
    }

    private func passesOnTheRightCode(_ action: Action) -> Bool {
        switch action {
        case .log(.programEnded(let code)): return code == after.endOfProgram
        case .exit(let code):
            if let end = after.endOfProgram { return code == end }
            if case .signalled(let signal, _) = event {
                return code == UInt8(128 + signal.rawValue)
            }
            return code == after.codeAsked
        default: return true
        }
    }

    private var goesForward: Bool {
        let order = everyPhase
        let (from, to) = (before.core.phase, after.core.phase)
        if from == .stranded { return to == .stranded || to == .leaving }
        return order.firstIndex(of: from)! <= order.firstIndex(of: to)!
    }
}

extension World {
    var isLeavingByItself: Bool { if case .leave = awaited { true } else { false } }
}

extension Action {
    var isAnswered: Bool {
        switch self {
        case .perform, .spawn, .start, .measureUnwritten, .leave, .lendTerminal, .stopSelf: true
        case .reap, .greet, .letGo, .forward, .signalGroup, .signalAll, .abandon, .beginServices,
            .stopServices, .log, .report, .exit, .reportImpossible:
            false
        }
    }

    /// The naive model has no log and knows no duties by name.
    var isSaidOnly: Bool {
        switch self {
        case .log, .perform, .reportImpossible: true
        default: false
        }
    }

    /// Answered only by a failure.
    var isSending: Bool {
        switch self {
        case .forward, .signalGroup, .signalAll: true
        default: false
        }
    }

    var concernsServices: Bool {
        switch self {
        case .start(.plan), .beginServices, .stopServices: true
        default: isAbandoning
        }
    }

    var isAbandoning: Bool { if case .abandon = self { true } else { false } }

    /// Whether it asks all processes to end, or ends them.
    var stopsEverything: Bool {
        switch self {
        case .signalAll, .start(.hangUp), .start(.killEverything): true
        default: false
        }
    }

    var concernsOthers: Bool {
        switch self {
        case .signalAll, .start, .leave: true
        default: false
        }
    }
}
