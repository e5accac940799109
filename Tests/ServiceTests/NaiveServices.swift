@testable import InitCore

/// The services once more, and in another way: by what has happened to each run of a service and
/// by its moments, not by phases. It follows hammock.service(5), systemd.service(5) and section
/// "Services" of ARCHITECTURE. If this and the table disagree, one of them is wrong.
///
/// 1. A unit is wanted when it is asked for, or when a unit that needs it is. A unit that is not
///    wanted, or that is to come again, goes down; so does one that is bound to it.
/// 2. A run is prepared, started and settled within one limit of time. It is ready when `Type=`
///    says so. A command that fails ends it, unless it has the prefix `-`. A PID file, if there is
///    one, is looked at until it names a process, or nobody is left, or the time is over.
/// 3. A run that ends has stop commands if it was up; then SIGTERM, SIGKILL, and its commands of
///    clean. Each of these has its time. What SIGKILL does not end is stuck.
/// 4. The first reason for an end is the result; none counts against a run that was told to stop.
/// 5. After a run a unit is down, waits to start at once, or rests, as `Restart=` says.
/// 6. Whatever is due is done, one thing at a time. Which of several comes first is not said here.
struct NaiveServices: Sendable {
    /// A run of a unit, from its first command until nothing of it is left.
    struct Run: Sendable {
        enum End { case stopping, ending, killing, cleaning, stuck }

        /// The command that runs or was ordered.
        var stage: Stage?
        var number: UInt8 = 0
        var main: ProcessID?
        var control: ProcessID?
        var isReady = false
        var upSince: Int64?
        /// A reload or a probe goes on.
        var isBusy = false
        var isInterrupted = false
        var watchdog = Int64.max
        var probe = Int64.max
        var failedProbes: UInt8 = 0
        /// When its PID file is looked at next, and how often it was.
        var look = Int64.max
        var looks = 0
        /// How far its end has come.
        var end: End?
        /// When what it does now has to be over.
        var until = Int64.max
        var toldToStop = false
        var hasCleaned = false
        var wasStuck = false
        /// Whether anybody is left has to be asked.
        var asks = false
        var stepFailed = false
        var conditionFailed = false
        var lacksMemory = false
    }

    struct Service: Sendable {
        var isWanted = false
        var comesAgain = false
        /// It stops with a unit that the next plan lacks, and that plan wants it again.
        var returns = false
        /// When it comes again, its starts count from zero.
        var startsAnew = false
        var isQueued = false
        var restsUntil: Int64?
        var run: Run?
        /// Why the last run ended, and how its process did.
        var reason = ServiceOutcome.none
        var status: ProcessEnd?
        var starts: UInt8 = 0
        var windowBegan: Int64 = 0
        var restarts = 0
        /// How often in a row it rested because of too many starts.
        var limitRests = 0
    }

    var plot: Plot
    var services: [Service]
    var now: Int64 = 0
    var isStopping = false
    var owesSettled = false
    var owesEnded = false
    /// After `noChildLeft`: whose control, and then main, is lost next.
    var losing: Int?
    var orders: [ServiceAction] = []

    init(_ plot: Plot) {
        self.plot = plot
        services = Array(repeating: Service(), count: plot.units.count)
    }

    func id(_ index: Int) -> ServiceID { ServiceID(rawValue: UInt8(index)) }

    func unit(_ index: Int) -> Unit { plot.units[index] }

    func isTarget(_ index: Int) -> Bool { unit(index).kind == .target }

    // MARK: What is said of a unit

    func phase(_ index: Int) -> ServicePhase {
        let service = services[index]
        guard let run = service.run else {
            return service.isQueued ? .queued : service.restsUntil != nil ? .resting : .down
        }
        switch run.end {
        case .stopping: return .stopping
        case .ending: return .ending
        case .killing: return .killing
        case .cleaning: return .cleaning
        case .stuck: return .stuck
        case nil: break
        }
        if run.upSince != nil { return run.isBusy ? .busy : .up }
        if run.isReady { return .settling }
        return run.stage == .prepare ? .preparing : .starting
    }

    /// When something is due.
    func moment(_ index: Int) -> Int64 {
        let service = services[index]
        guard let run = service.run else { return service.restsUntil ?? .max }
        if phase(index) == .starting { return min(run.until, run.look) }
        guard phase(index) == .up else { return run.until }
        return min(run.until, run.watchdog, run.probe)
    }

    var deadline: Int64 { services.indices.map(moment).min() ?? .max }

    func isUp(_ index: Int) -> Bool {
        services[index].run.map { $0.upSince != nil && $0.end == nil } ?? false
    }

    func isActive(_ index: Int) -> Bool { services[index].run.map { $0.end != .stuck } ?? false }

    /// It goes down, and is not there yet.
    func isLeaving(_ index: Int) -> Bool {
        services[index].run.map { $0.end != nil && $0.end != .stuck } ?? false
    }

    /// It has begun, and is not up yet.
    func isBeginning(_ index: Int) -> Bool {
        services[index].run.map { $0.upSince == nil && $0.end == nil } ?? false
    }

    /// It does not come by itself.
    func isGone(_ index: Int) -> Bool {
        let service = services[index]
        guard let run = service.run else { return !service.isQueued && service.restsUntil == nil }
        return run.end == .stuck
    }

    func isDecided(_ index: Int) -> Bool {
        !isBeginning(index) && !isLeaving(index) && !services[index].isQueued
    }

    func isProvided(_ index: Int) -> Bool {
        let service = services[index]
        if isUp(index) { return true }
        guard service.run == nil, isGone(index) else { return false }
        return service.reason == .succeeded || service.reason == .skipped
    }
}

// MARK: Against the table

extension NaiveServices {
    /// Takes in what the table took in.
    ///
    /// - Returns: what the two disagree about, or `nil`.
    mutating func follow<let capacity: Int>(
        _ event: ServiceEvent, at now: Int64, _ ordered: [ServiceAction],
        _ table: inout ServiceTable<capacity>
    ) -> String? {
        self.now = now
        orders.removeAll(keepingCapacity: true)
        take(event)
        return goOn(ordered, &table)
    }

    /// Does one of the things that are due: the one that the table has done, if it is one of them.
    mutating func goOn<let capacity: Int>(
        _ ordered: [ServiceAction], _ table: inout ServiceTable<capacity>
    ) -> String? {
        if orders.last?.isAnswered != true { lose() }
        guard orders.last?.isAnswered != true else { return disagreement(ordered, &table) }
        let due = due
        guard !due.isEmpty else {
            sayWhatIsOver()
            return disagreement(ordered, &table)
        }
        var first: String?
        for each in due {
            var other = self
            other.perform(each)
            if other.orders.last?.isAnswered != true { other.orders.append(.goOn) }
            guard let difference = other.disagreement(ordered, &table) else {
                self = other
                return nil
            }
            if first == nil { first = "\(each) is due: \(difference)" }
        }
        return first
    }

    private mutating func disagreement<let capacity: Int>(
        _ ordered: [ServiceAction], _ table: inout ServiceTable<capacity>
    ) -> String? {
        var place = 0
        for action in ordered where !action.isLog {
            guard place < orders.count, orders[place] == action else {
                return "\(ordered), not \(orders)"
            }
            place += 1
        }
        if place < orders.count { return "\(ordered), not \(orders)" }
        for index in services.indices {
            let state = table.states[index]
            let service = services[index]
            let phase = phase(index)
            if state.phase != phase { return "\(index): \(state.phase), not \(phase)" }
            if state.outcome != service.reason {
                return "\(index): \(state.outcome), not \(service.reason)"
            }
            if state.isWanted != service.isWanted || state.comesAgain != service.comesAgain {
                return "\(index): wanted \(state.isWanted), not \(service.isWanted)"
            }
            if state.main != service.run?.main || state.control != service.run?.control {
                return "\(index): another process"
            }
            if let difference = difference(index, state) { return "\(index): \(difference)" }
            let due = state.due.milliseconds
            guard due != moment(index) else { continue }
            guard unit(index).steps > 0, let until = service.restsUntil, near(due, until) else {
                return "\(index): due at \(due - now), not at \(moment(index) - now)"
            }
            services[index].restsUntil = due
        }
        return nil
    }

    /// What makes a difference later only: two states of a walk that differ in it are one to it.
    private func difference(_ index: Int, _ state: ServiceState) -> String? {
        let service = services[index]
        if state.starts != service.starts || state.limits != service.limitRests {
            return "\(state.starts) starts, not \(service.starts)"
        }
        if state.rests != service.restarts { return "\(state.rests) restarts" }
        guard let run = service.run, run.end == nil, run.isReady else { return nil }
        if state.probes != run.failedProbes { return "\(state.probes) failed probes" }
        if state.watchdogEnd.milliseconds != run.watchdog { return "another end of the watchdog" }
        return state.nextProbe.milliseconds == run.probe ? nil : "another moment of a probe"
    }

    /// A delay that grows in steps is computed in whole numbers by PID 1.
    private func near(_ due: Int64, _ until: Int64) -> Bool {
        abs(due - until) * 10 <= until - now
    }
}

extension ServiceAction {
    fileprivate var isLog: Bool { if case .log = self { true } else { false } }
}
