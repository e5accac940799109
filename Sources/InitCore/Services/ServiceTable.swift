/// All decisions about services: a table that learns what happened and says what to do.
///
/// It asks the kernel nothing, allocates nothing, cannot trap, and decides the same for the same
/// events. `ServiceTable+Events` has each event with each phase; `+Requests`, `+Settle` and
/// `+Life` have what units are to each other and what becomes of one; `Restart` when it starts
/// again. No unit remembers who waits for it: after each event the table is looked through, and
/// the first thing that is due is done.
///
/// Its functions are `mutating`, because reading one entry of an InlineArray in any other function
/// copies all of them.
public struct ServiceTable<let capacity: Int>: Sendable {
    /// At most `capacity` units.
    public internal(set) var plan: Plan
    /// What every TimeoutStopSec= is at most, in milliseconds. `hammock.stop=`
    public var stopCap: UInt32?
    /// `beginAll` came, and `settled` was not said yet.
    var owesSettled = false
    /// Something becomes of a unit by itself, before long.
    public internal(set) var isMoving = false
    /// `stopAll` came: nothing begins any more.
    public internal(set) var isStopping = false
    /// `stopAll` came, and `ended` was not said yet.
    var owesEnded = false
    /// While no child is left: the next unit whose processes are lost, twice, and one more if its
    /// control is done.
    var losing: Int?

    // What is large comes last: the code reaches what is near a value's beginning by shorter
    // instructions.

    var states = [capacity of ServiceState](repeating: ServiceState())
    var actions = ServiceActions()

    /// - Parameter plan: of at most `capacity` units. One with more counts as none.
    public init(plan: Plan) {
        self.plan = plan.count <= capacity ? plan : .none
    }

    /// The next action, or `nil` if there is none until the next event.
    public mutating func nextAction() -> ServiceAction? { actions.next() }

    /// Whether there were more actions than room. Tests assert that there never are.
    public var overflowed: Bool { actions.overflowed }

    /// When `deadlinePassed` is due: the earliest moment of all units.
    public var deadline: Instant? {
        mutating get {
            var earliest = Instant.never
            var index = 0
            while index < plan.count {
                earliest = min(earliest, states[index].due)
                index &+= 1
            }
            return earliest == .never ? nil : earliest
        }
    }

    @inline(never)
    public mutating func state(of service: ServiceID) -> ServiceState {
        service.index < plan.count ? states[service.index] : ServiceState()
    }

    /// Whether any unit has a process, or is up without one.
    public var isActive: Bool {
        mutating get {
            var index = 0
            while index < plan.count {
                if states[index].phase.isActive { return true }
                index &+= 1
            }
            return false
        }
    }

    /// The unit whose main or control process this is.
    public mutating func owner(of process: ProcessID) -> ServiceID? {
        var index = 0
        while index < plan.count {
            if states[index].main == process || states[index].control == process {
                return ServiceID(index: index)
            }
            index &+= 1
        }
        return nil
    }

    /// Whether it makes a difference if this is asked now. The control socket answers "no"
    /// otherwise.
    public mutating func accepts(_ ask: ServiceAsk, _ service: ServiceID) -> Bool {
        guard service.index < plan.count else { return false }
        switch ask {
        case .start, .restart: return !isStopping
        case .reload: return states[service.index].phase == .up && canReload(service)
        case .stop, .reset: return true
        }
    }

    /// Takes in an event. `nextAction` says what to do about it, and all of that is done before
    /// the next event.
    ///
    /// - Parameters:
    ///   - event: what happened.
    ///   - now: when it happened.
    @inline(never)
    public mutating func step(_ event: ServiceEvent, at now: Instant) {
        take(event, at: now)
        goOn(at: now)
    }

    /// Does the first thing that is due, unless an answer is due first.
    mutating func goOn(at now: Instant) {
        guard !actions.awaitsAnswer else { return }
        if losing == nil { settle(at: now) } else { loseNext(at: now) }
    }

    mutating func take(_ event: ServiceEvent, at now: Instant) {
        actions.begin()
        switch event {
        case .asked(let ask, let service):
            if knows(service) { asked(ask, service, at: now) }
        case .ran(let service, let process):
            if knows(service) { ran(service, process) }
        case .notRun(let service, let error):
            if knows(service) { notRun(service, error, at: now) }
        case .executed(let service):
            if knows(service) { executed(service, at: now) }
        case .notExecuted(let service, let code, let error):
            if knows(service) { notExecuted(service, code, error) }
        case .conditionFailed(let service):
            if knows(service) { conditionFailed(service) }
        case .killedForMemory(let service):
            if knows(service) { killedForMemory(service) }
        case .childEnded(let process, let status):
            childEnded(process, status, at: now)
        case .noChildLeft:
            losing = 0
        case .noticed(let service, let notice):
            if knows(service) { noticed(service, notice, at: now) }
        case .emptied(let service):
            if knows(service) { emptied(service, at: now) }
        case .occupied(let service):
            if knows(service) { occupied(service, at: now) }
        case .mainFound(let service, let process):
            if knows(service) { mainLookedFor(service, process, at: now) }
        case .mainNotFound(let service):
            if knows(service) { mainLookedFor(service, nil, at: now) }
        case .deadlinePassed:
            deadlinePassed(at: now)
        case .continued:
            break
        case .beginAll:
            beginAll(at: now)
        case .stopAll:
            stopAll()
        }
    }

    private mutating func knows(_ service: ServiceID) -> Bool {
        if service.index < plan.count { return true }
        actions.append(.reportImpossible(service))
        return false
    }
}

extension ServicePhase {
    /// Whether the unit has a process, or is up without one.
    public var isActive: Bool {
        switch self {
        case .preparing, .starting, .settling, .up, .busy, .stopping, .ending, .killing, .cleaning:
            true
        case .down, .queued, .resting, .stuck: false
        }
    }
}
