@testable import InitCore

/// What holds at every step, whatever happens.
enum Rule: String, CaseIterable, Sendable {
    case `a machine is never told to exit`
    case `the program is started once at most, and not once stopping began`
    case `a child that ended is looked for whenever SIGCHLD comes`
    case `a number is known as long as its process exists, and no longer`
    case `nothing that happens is impossible`
    case `there is room for all that is to be done`
    case `where the moment does not matter, any other has the same outcome`
    case `no phase of a shutdown takes longer than its limit`
    case `a deadline is set from stopping on, until reboot(2) is tried directly`
    case `a deadline that has passed is not left standing`
    case `the code that is passed on is the program's, once its end was seen`
    case `a process signals nobody but its program`
    case `phases go forward, but for another try of who is stranded`
    case `what is done is what the naive model does`
    case `the deadline is when the naive model's alarm rings`
}

/// One step of the core, and what was before and after.
struct Step {
    let before: World
    let event: Event
    let actions: [Action]
    /// How much there was to do then, with what was left of before.
    let mostToDo: Int
    let overflowed: Bool
    /// Whether another moment would have made no difference, or may make one.
    let isSameAtAnyTime: Bool
    let after: World
    /// What the naive model does.
    let expected: [Action]

    /// The rules that this step breaks.
    var broken: [Rule] { Rule.allCases.filter { !holds($0) } }

    // The names are the rules' own words; what they mean stands here.
    private func holds(_ rule: Rule) -> Bool {
        switch rule {
        case .`a machine is never told to exit`:
            after.core.role != .machine || (!after.hasExited && after.core.phase != .exited)
        case .`the program is started once at most, and not once stopping began`:
            !actions.contains(.spawn) || (!before.hasSpawned && before.core.phase == .settingUp)
        case .`a child that ended is looked for whenever SIGCHLD comes`:
            event != .signalled(.child) || after.isReaping || actions.contains(.reap)
        case .`a number is known as long as its process exists, and no longer`:
            programIsKnown && helperIsKnown
        case .`nothing that happens is impossible`:
            !actions.contains(.reportImpossible)
        case .`there is room for all that is to be done`:
            !overflowed
        case .`where the moment does not matter, any other has the same outcome`:
            isSameAtAnyTime
        case .`no phase of a shutdown takes longer than its limit`:
            isInTime
        case .`a deadline is set from stopping on, until reboot(2) is tried directly`:
            after.core.phase == .starting
                || (after.core.deadline != nil)
                    == (after.limit != nil && !after.isLeavingByItself)
        case .`a deadline that has passed is not left standing`:
            event != .deadlinePassed || (after.core.deadline?.milliseconds ?? .max) > after.now
        case .`the code that is passed on is the program's, once its end was seen`:
            actions.allSatisfy(passesOnTheRightCode)
        case .`a process signals nobody but its program`:
            after.core.role != .process || !actions.contains { $0.concernsOthers }
        case .`phases go forward, but for another try of who is stranded`:
            goesForward
        case .`what is done is what the naive model does`:
            actions.filter { !$0.isSaidOnly } == expected
        case .`the deadline is when the naive model's alarm rings`:
            after.naive.alarm == after.core.deadline?.milliseconds
        }
    }

    /// The phase that the step began in, to the end of the step.
    private var isInTime: Bool {
        guard let limit = before.limit else { return true }
        let overrun = max(before.overrun, after.overrun)
        return after.now - before.phaseBegan - overrun <= limit
    }

    private var programIsKnown: Bool {
        switch after.core.program {
        case nil: !after.programExists || after.core.phase == .exited
        case let process?: process == World.program && after.endOfProgram == nil
        }
    }

    /// A helper is given up when its time is over, and only then.
    private var helperIsKnown: Bool {
        if after.hasGivenUpHelper, event != .deadlinePassed, Kind(event) != .unwritten {
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
            return code == 0
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
        case .reap, .greet, .letGo, .forward, .signalGroup, .signalAll, .log, .report, .exit,
            .reportImpossible:
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

    /// Answered only in failure.
    var isSending: Bool {
        switch self {
        case .forward, .signalGroup, .signalAll: true
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
