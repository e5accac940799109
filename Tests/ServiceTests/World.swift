@testable import InitCore

/// What there is of one unit, outside of the table.
struct Being: Hashable, Sendable {
    /// The main process, as a digit of its number; 0 for none.
    var main: UInt8 = 0
    var hasControl = false
    /// A process that is neither, in the same way.
    var other: UInt8 = 0
    /// The child has still to report how its steps before execve(2) went.
    var mainReports = false
    var controlReports = false

    // What the rules are about.
    /// A run has begun, and is not over.
    var hasBegun = false
    var cameUp = false
    var wasSkipped = false
    var wasStuck = false
    var ranStop = false
    var ranClean = false
    /// Its processes were asked to end.
    var wasSignalled = false
    /// The phase behind the event, and before the look through the table.
    var between = ServicePhase.down
    /// A run begins with this step.
    var begins = false
    /// A run was over, and its commands of `Stage.clean` have not run.
    var missesClean = false
    /// Starts that the limit counts, and when the first of them was.
    var starts: UInt8 = 0
    var windowBegan: Int64 = 0

    var hasOther: Bool { other != 0 }
    var hasProcess: Bool { main != 0 || hasControl || hasOther }
}

/// What can happen in a world, besides what always can.
struct Settings: Sendable {
    /// Commands leave processes behind.
    var leavesOthers = false
    /// Children of PID 1 are reaped by others.
    var isRobbed = false
    var asks: [ServiceAsk] = [.start, .stop, .restart]
    var stopsAll = true
    /// A service names another process as its main one.
    var tellsMain = false
    /// Notices other than these.
    var notices: [ServiceNotice] = []
    var conditions = false
    var memory = false
    /// Children can fail before execve(2), and forks can fail.
    var canFail = true
    /// Much time may go by.
    var isLong = true
    /// How the main process ends.
    var ends: [ExitStatus] = [.exited(0), .exited(1), .killed(.kill)]
}

/// All that is around the table: processes, the clock, those that ask, and the runtime. It says
/// which events can come next, and takes in what the table orders. Nothing that the runtime could
/// not tell the table ever comes from here.
struct World<let capacity: Int>: Sendable {
    static func number(_ service: Int, _ digit: UInt8) -> ProcessID {
        ProcessID(rawValue: Int32(100 * (service + 1)) + Int32(digit))
    }

    static var mainDigit: UInt8 { 1 }
    static var controlDigit: UInt8 { 2 }
    static var otherDigit: UInt8 { 3 }

    var plot: Plot
    let settings: Settings
    var table: ServiceTable<capacity>
    var now: Int64 = 1_000_000
    var beings: [Being]
    /// What is answered next.
    var awaited: ServiceAction?
    /// How often `goOn` came in a row.
    var goOns = 0
    /// When `stopAll` came.
    var stopBegan: Int64?
    var hasSettled = false
    var hasEnded = false
    /// What happened since the last step, for the rules.
    var ordered: [ServiceAction] = []
    /// The second model of the table, and what it disagrees about.
    var model: NaiveServices
    var disagreement: String?

    init(_ plot: Plot, _ settings: Settings = Settings()) {
        self.plot = plot
        self.settings = settings
        table = ServiceTable(plan: plot.plan)
        beings = Array(repeating: Being(), count: plot.units.count)
        model = NaiveServices(plot)
    }

    /// What can happen next.
    enum Move: Sendable {
        case event(ServiceEvent)
        /// The table's next moment comes.
        case time
        /// Nothing happens for so long.
        case quiet(Int64)
        /// A process of the unit leaves one behind.
        case leaves(Int)
        /// A process is gone, and PID 1 is not told.
        case theft(Int, UInt8)
    }

    func id(_ index: Int) -> ServiceID { ServiceID(rawValue: UInt8(index)) }
}

// MARK: What can happen

extension World {
    var moves: [Move] {
        mutating get {
            if let awaited { return answers(to: awaited) }
            var moves: [Move] = []
            for index in beings.indices { addMoves(of: index, to: &moves) }
            if !hasProcess { moves.append(.event(.noChildLeft)) }
            if stopBegan == nil {
                moves.append(.event(.beginAll))
                if settings.stopsAll { moves.append(.event(.stopAll)) }
            }
            if let deadline = table.deadline {
                moves.append(.time)
                // What comes in the last moment makes a shutdown as long as it can be.
                if stopBegan != nil, deadline.milliseconds > now {
                    moves.append(.quiet(deadline.milliseconds - now))
                }
                if stopBegan == nil, settings.isLong, isQuiet, deadline.milliseconds > now + 20_000
                {
                    moves.append(.quiet(15_000))
                }
            } else if stopBegan == nil, settings.isLong {
                moves.append(.quiet(15_000))
            }
            return moves
        }
    }

    /// Whether nothing is on its way, so that much time may go by.
    private var isQuiet: Bool {
        mutating get {
            for index in beings.indices {
                switch table.states[index].phase {
                case .down, .up, .resting, .stuck: break
                case .queued, .preparing, .starting, .settling, .busy, .stopping, .ending,
                    .killing, .cleaning:
                    return false
                }
            }
            return true
        }
    }

    var hasProcess: Bool { beings.contains { $0.hasProcess } }

    private func answers(to action: ServiceAction) -> [Move] {
        switch action {
        case .run(let service, let stage, _):
            // A number that is in use is given to no other.
            let main = beings[service.index].other == Self.mainDigit ? 4 : Self.mainDigit
            let digit = stage == .main ? main : Self.controlDigit
            let ran = Move.event(.ran(service, Self.number(service.index, digit)))
            return settings.canFail ? [ran, .event(.notRun(service, .wouldBlock))] : [ran]
        case .look(let service):
            let being = beings[service.index]
            return [.event(being.hasProcess ? .occupied(service) : .emptied(service))]
        case .findMain(let service):
            let other = Self.number(service.index, beings[service.index].other)
            var answers = [Move.event(.mainNotFound(service))]
            if beings[service.index].hasOther {
                answers.append(.event(.mainFound(service, other)))
            } else if !beings[service.index].hasProcess,
                plot.units[service.index].flags.contains(.hasPIDFile)
            {
                // Without cgroups nobody knows that.
                answers.append(.event(.emptied(service)))
            }
            return answers
        case .goOn:
            return [.event(.continued)]
        case .signal, .killAll, .forget, .log, .end, .settled, .ended, .reportImpossible:
            return []
        }
    }

    private mutating func addMoves(of index: Int, to moves: inout [Move]) {
        let service = id(index)
        let being = beings[index]
        let unit = plot.units[index]
        for ask in settings.asks {
            // During a shutdown the control socket answers "no" by itself.
            if stopBegan == nil || ask == .stop { moves.append(.event(.asked(ask, service))) }
        }
        guard unit.kind == .service, being.hasProcess else { return }
        if being.main != 0 { addMainMoves(of: index, to: &moves) }
        if being.hasControl {
            if being.controlReports { addReports(of: index, to: &moves) }
            let control = Self.number(index, Self.controlDigit)
            for code in [0, 1] as [UInt8] {
                moves.append(.event(.childEnded(control, .exited(code))))
            }
            if settings.isRobbed { moves.append(.theft(index, Self.controlDigit)) }
        }
        if being.hasOther {
            moves.append(
                .event(.childEnded(Self.number(index, being.other), .exited(0))))
        } else if settings.leavesOthers, being.main != Self.otherDigit, !being.mainReports,
            being.main != 0 || being.hasControl
        {
            moves.append(.leaves(index))
        }
    }

    private mutating func addMainMoves(of index: Int, to moves: inout [Move]) {
        let service = id(index)
        let being = beings[index]
        let unit = plot.units[index]
        if being.mainReports {
            addReports(of: index, to: &moves)
        } else {
            if unit.readiness == .notified { moves.append(.event(.noticed(service, .ready))) }
            if settings.tellsMain, being.hasOther {
                let other = Self.number(index, being.other)
                moves.append(.event(.noticed(service, .mainIs(other))))
            }
            for notice in settings.notices { moves.append(.event(.noticed(service, notice))) }
        }
        // Whatever the child has to report comes before its end; without a report it was killed.
        let main = Self.number(index, being.main)
        if being.mainReports {
            if settings.canFail { moves.append(.event(.childEnded(main, .killed(.kill)))) }
        } else {
            for end in settings.ends { moves.append(.event(.childEnded(main, end))) }
        }
        if settings.memory { moves.append(.event(.killedForMemory(service))) }
        if settings.isRobbed { moves.append(.theft(index, being.main)) }
    }

    private func addReports(of index: Int, to moves: inout [Move]) {
        moves.append(.event(.executed(id(index))))
        guard settings.canFail else { return }
        moves.append(.event(.notExecuted(id(index), code: 203, .noSuchFile)))
        if settings.conditions, !beings[index].cameUp {
            moves.append(.event(.conditionFailed(id(index))))
        }
    }
}

// MARK: What becomes of it

extension World {
    /// Does a move. The table is told of it, if it is an event.
    ///
    /// - Returns: the event.
    mutating func happen(_ move: Move) -> ServiceEvent? {
        ordered.removeAll(keepingCapacity: true)
        for index in beings.indices { beings[index].begins = false }
        let event: ServiceEvent
        switch move {
        case .leaves(let index):
            beings[index].other = Self.otherDigit
            return nil
        case .theft(let index, let digit):
            if digit == Self.controlDigit {
                beings[index].hasControl = false
                beings[index].controlReports = false
            } else {
                beings[index].main = 0
                beings[index].mainReports = false
            }
            return nil
        case .quiet(let time):
            now += time
            return nil
        case .time:
            now = max(now, table.deadline?.milliseconds ?? now)
            event = .deadlinePassed
        case .event(let each):
            event = each
        }
        awaited = nil
        happen(event)
        if event == .continued { goOns += 1 } else { goOns = 0 }
        // The two halves of `step`, to see where the phases are between them.
        let was = table
        table.take(event, at: Instant(milliseconds: now))
        for index in beings.indices {
            beings[index].between = table.states[index].phase
            noteRequest(event, index, was.states[index].phase)
        }
        table.goOn(at: Instant(milliseconds: now))
        while let action = table.nextAction() { perform(action) }
        for index in beings.indices { follow(index) }
        disagreement = model.follow(event, at: now, ordered, &table)
        return event
    }

    private mutating func happen(_ event: ServiceEvent) {
        switch event {
        case .ran(let service, let process):
            let digit = UInt8(process.rawValue % 100)
            if digit != Self.controlDigit {
                beings[service.index].main = digit
                beings[service.index].mainReports = true
            } else {
                beings[service.index].hasControl = true
                beings[service.index].controlReports = true
            }
        case .executed(let service), .notExecuted(let service, _, _),
            .conditionFailed(let service):
            if case .conditionFailed = event { beings[service.index].wasSkipped = true }
            if beings[service.index].hasControl, beings[service.index].controlReports {
                beings[service.index].controlReports = false
            } else {
                beings[service.index].mainReports = false
            }
        case .childEnded(let process, _):
            let index = Int(process.rawValue) / 100 - 1
            let digit = UInt8(process.rawValue % 100)
            if digit == Self.controlDigit {
                beings[index].hasControl = false
                beings[index].controlReports = false
            } else if beings[index].main == digit {
                beings[index].main = 0
                beings[index].mainReports = false
            } else {
                beings[index].other = 0
            }
        case .mainFound(let service, _):
            beings[service.index].main = beings[service.index].other
            beings[service.index].other = 0
        case .noticed(let service, .mainIs):
            // One that ends is not heard any more.
            guard table.states[service.index].phase.hearsMain else { return }
            let being = beings[service.index]
            (beings[service.index].main, beings[service.index].other) = (being.other, being.main)
        case .stopAll:
            stopBegan = now
        case .asked(let ask, let service):
            if ask == .reset { beings[service.index].starts = 0 }
        case .notRun, .killedForMemory, .noChildLeft, .noticed, .emptied, .occupied,
            .mainNotFound, .deadlinePassed, .continued, .beginAll:
            break
        }
    }

    /// A start by request counts from zero.
    private mutating func noteRequest(_ event: ServiceEvent, _ index: Int, _ was: ServicePhase) {
        switch event {
        case .asked, .beginAll:
            let comes = beings[index].between == .queued && was != .queued
            if comes || table.states[index].comesAgain { beings[index].starts = 0 }
        case .ran, .notRun, .executed, .notExecuted, .conditionFailed, .killedForMemory,
            .childEnded, .noChildLeft, .noticed, .emptied, .occupied, .mainFound, .mainNotFound,
            .deadlinePassed, .continued, .stopAll:
            break
        }
    }

    mutating func perform(_ action: ServiceAction) {
        ordered.append(action)
        if action.isAnswered { awaited = action }
        switch action {
        case .run(let service, let stage, let command):
            let first: Stage =
                plot.units[service.index].count(.prepare) > 0 ? .prepare : .main
            if stage == first, command == 0 { begin(service.index) }
            switch stage {
            case .stop: beings[service.index].ranStop = true
            case .clean: beings[service.index].ranClean = true
            case .prepare, .main, .settle, .reload, .probe: break
            }
        case .signal(let service, _, let target):
            if target != .control { beings[service.index].wasSignalled = true }
        case .killAll(let service):
            beings[service.index].wasSignalled = true
        case .log(.stuck(let service)): beings[service.index].wasStuck = true
        case .log(.started(let service)):
            // It has no command to begin with.
            let unit = plot.units[service.index]
            if unit.count(.prepare) + unit.count(.main) == 0 { begin(service.index) }
            beings[service.index].cameUp = true
        case .settled: hasSettled = true
        case .ended: hasEnded = true
        case .look, .findMain, .forget, .log, .end, .goOn, .reportImpossible: break
        }
    }

    private mutating func begin(_ index: Int) {
        endRun(index)
        beings[index].hasBegun = true
        beings[index].begins = true
        let interval = Int64(plot.units[index].time(.startLimit))
        guard interval > 0, plot.units[index].kind == .service else { return }
        if beings[index].starts == 0 || now - beings[index].windowBegan >= interval {
            beings[index].starts = 0
            beings[index].windowBegan = now
        }
        beings[index].starts += 1
    }

    private mutating func endRun(_ index: Int) {
        let being = beings[index]
        guard being.hasBegun else { return }
        if plot.units[index].count(.clean) > 0, !being.ranClean, !being.wasSkipped,
            !being.wasStuck
        {
            beings[index].missesClean = true
        }
        beings[index].hasBegun = false
        beings[index].cameUp = false
        beings[index].wasSkipped = false
        beings[index].wasStuck = false
        beings[index].ranStop = false
        beings[index].ranClean = false
        beings[index].wasSignalled = false
    }

    /// Notes what the step means to the rules.
    mutating func follow(_ index: Int) {
        switch table.states[index].phase {
        case .down, .queued, .resting:
            endRun(index)
        case .up:
            if plot.units[index].kind == .target, !beings[index].hasBegun { begin(index) }
            beings[index].cameUp = true
        case .preparing, .starting, .settling, .busy, .stopping, .ending, .killing, .cleaning,
            .stuck:
            break
        }
    }
}

extension ServicePhase {
    fileprivate var hearsMain: Bool {
        switch self {
        case .starting, .settling, .up, .busy: true
        case .down, .queued, .preparing, .stopping, .ending, .killing, .cleaning, .resting,
            .stuck:
            false
        }
    }
}
