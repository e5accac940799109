@testable import InitCore

/// A core and its clock, for tests that feed it events.
struct Subject {
    static let program = ProcessID(rawValue: 10)
    static let helper = ProcessID(rawValue: 50)
    static let orphan = ProcessID(rawValue: 100)

    var core: InitCore
    var now = Instant(milliseconds: 1_000_000)

    /// A core before its first event.
    init(
        _ role: Role, hasProgram: Bool = false, _ change: (inout Configuration) -> Void = { _ in }
    ) {
        core = InitCore(role: role)
        core.configuration.program = hasProgram ? 1 : nil
        change(&core.configuration)
    }

    /// A core that has performed its duties, and idles.
    static func idling(
        _ role: Role, _ change: (inout Configuration) -> Void = { _ in }
    ) -> Subject {
        var subject = Subject(role, change)
        subject.doDuties()
        return subject
    }

    /// A core whose program runs.
    static func running(
        _ role: Role, in place: ProgramPlace = .ownGroup,
        _ change: (inout Configuration) -> Void = { _ in }
    ) -> Subject {
        var subject = Subject(role, hasProgram: true, change)
        subject.doDuties()
        subject.feed(.spawned(program, place), .programRuns)
        return subject
    }

    /// A core whose planner runs.
    static func planning(
        _ role: Role, hasProgram: Bool = false, _ change: (inout Configuration) -> Void = { _ in }
    ) -> Subject {
        var subject = Subject(role, hasProgram: hasProgram) {
            $0.hasServices = true
            change(&$0)
        }
        subject.doDuties()
        subject.feed(.helperStarted(helper))
        return subject
    }

    /// A core whose program waits for the services. Stopping those takes 5 s at most.
    static func waiting(
        _ role: Role, _ change: (inout Configuration) -> Void = { _ in }
    ) -> Subject {
        var subject = Subject.planning(role, hasProgram: true, change)
        subject.feed(.planned(longestStop: 5_000), .childEnded(helper, .exited(0)))
        return subject
    }

    /// A machine's core in this phase of a shutdown. Its helper runs, if the phase has one.
    static func shuttingDown(_ phase: InitCore.Phase, for ending: Ending = .reboot) -> Subject {
        let request: Signal =
            switch ending {
            case .powerOff: .user2
            case .reboot: .terminate
            case .halt: .user1
            }
        var subject = Subject.idling(.machine)
        subject.feed(.signalled(request))
        if subject.core.phase != phase { subject.passPhase() }
        if subject.core.phase != phase { subject.feed(.noChildLeft) }
        // Every loop here has a bound, so that a wrong core does not hang its test.
        for _ in 0..<4 where subject.core.phase != phase {
            subject.feed(.helperStarted(helper), .childEnded(helper, .exited(0)))
        }
        if [.killing, .unmounting, .syncing, .leaving].contains(phase) {
            subject.feed(.helperStarted(helper))
        }
        return subject
    }

    /// A core in this phase.
    static func inPhase(_ phase: InitCore.Phase) -> Subject {
        switch phase {
        case .settingUp: return Subject(.machine)
        case .planning: return .planning(.machine)
        case .waiting: return .waiting(.machine)
        case .stoppingServices:
            var subject = Subject.waiting(.machine)
            subject.feed(.signalled(.terminate))
            return subject
        case .idling: return .idling(.machine)
        case .starting:
            var subject = Subject(.machine, hasProgram: true)
            subject.doDuties()
            subject.feed(.spawned(Subject.program, .ownSession))
            return subject
        case .running: return .running(.machine)
        case .exited:
            var subject = Subject.idling(.process)
            subject.feed(.signalled(.terminate))
            return subject
        case .stopping, .killing, .unmounting, .syncing, .leaving, .stranded:
            return .shuttingDown(phase)
        }
    }

    /// Hands the core these events, one after the other.
    ///
    /// - Returns: the core's actions after the last.
    @discardableResult
    mutating func feed(_ events: Event...) -> [Action] {
        var actions: [Action] = []
        for event in events {
            core.step(event, at: now)
            actions = []
            while let action = core.nextAction() { actions.append(action) }
        }
        return actions
    }

    /// Lets the time go by until the deadline.
    @discardableResult
    mutating func passDeadline() -> [Action] {
        if let deadline = core.deadline { now = max(now, deadline) }
        return feed(.deadlinePassed)
    }

    /// Lets the time go by until the phase is over. Measurements of the disks fail.
    ///
    /// - Returns: the core's last actions.
    @discardableResult
    mutating func passPhase() -> [Action] {
        let phase = core.phase
        var actions: [Action] = []
        for _ in 0..<10 where core.phase == phase {
            actions = passDeadline()
            if actions.last == .measureUnwritten { actions = feed(.unwritten(nil)) }
        }
        return actions
    }

    mutating func doDuties() {
        for duty in duties(of: core.role) { feed(.performed(duty, nil)) }
    }
}

extension Action {
    var isLog: Bool { if case .log = self { true } else { false } }
}

/// The actions without those for the log.
func deeds(_ actions: [Action]) -> [Action] { actions.filter { !$0.isLog } }
