@testable import InitCore

/// All that is around the core: its processes, its clock, and the runtime. It says which
/// events can come next, and takes in what the core orders. Nothing that the runtime could
/// not tell the core ever comes from here.
struct World {
    /// What can happen next.
    enum Move {
        /// The core is told of this, so many milliseconds later.
        case event(Event, after: Int64)
        /// A debugger reaps PID 1's child: it is gone, and PID 1 is not told.
        case theft(of: ProcessID)
    }

    static let program = ProcessID(rawValue: 10)
    /// Beyond this number the processes that nobody knows do not count any more.
    static let mostOthers = 4
    /// One signal of each kind: each meaning in each role, and each way to be forwarded.
    static let signals: [Signal] = [
        .hangUp, .interrupt, .quit, .user1, .user2, .alarm, dropped, .child, .windowChange,
        .realTimeReboot,
    ]
    static let dropped = Signal(rawValue: 16)

    var core: InitCore
    var naive: NaiveModel
    var now: Int64 = 1_000_000

    // The processes. Whether one still lives or waits to be reaped makes no difference.
    var programExists = false
    /// The helper that the core is to know of.
    var helper: ProcessID?
    /// Orphans, and helpers that took too long. Two are there from the beginning.
    var others = 2
    /// The helper that is gone without a word.
    var stolenHelper: ProcessID?

    // The runtime.
    /// The action that is performed, and whose answer comes next.
    var awaited: Action?
    /// Whether a signal was sent, which may turn out to have failed.
    var isSending = false
    var isReaping = false

    // What the rules are about.
    /// When the phase began.
    var phaseBegan: Int64 = 1_000_000
    /// How long a fork took beyond the phase's end. Nobody can answer for that.
    var overrun: Int64 = 0
    /// What the program's end is to be passed on as, once it was seen.
    var endOfProgram: UInt8?
    var hasSpawned = false
    var hasExited = false
    /// Whether the core has just forgotten a helper that still works.
    var hasGivenUpHelper = false

    init(_ setup: Setup) {
        core = InitCore(role: setup.role)
        core.settings = setup.settings
        naive = setup.naive
        awaited = core.firstAction
    }

    var inPhase: Int64 { now - phaseBegan }

    /// All that can happen next.
    var moves: [Move] {
        if hasExited { return [] }
        if let awaited { return answers(to: awaited) }
        var moves: [Move] = []
        if isSending {
            moves += later([.sendingFailed(.notPermitted), .sendingFailed(.noSuchProcess)])
        }
        if isReaping { moves += later(reaped) }
        if let deadline = core.deadline?.milliseconds {
            moves.append(.event(.deadlinePassed, after: max(0, deadline - now)))
            // The runtime looks at the clock before it takes a signal.
            if deadline <= now { return moves }
        }
        moves += later(World.signals.map { .signalled($0) })
        if programExists { moves.append(.theft(of: World.program)) }
        if let helper { moves.append(.theft(of: helper)) }
        return moves
    }

    private func later(_ events: [Event]) -> [Move] { events.map { .event($0, after: 0) } }

    private func answers(to action: Action) -> [Move] {
        switch action {
        case .perform(let duty):
            later([nil, .notPermitted, .noSuchDevice].map { .performed(duty, $0) })
        case .spawn:
            later(
                [.spawned(World.program)]
                    + [.noSuchFile, .permissionDenied, .wouldBlock].map { .spawnFailed($0) })
        case .start: answersToStart
        case .leave: later([.leavingFailed(.notPermitted)])
        default: []
        }
    }

    /// fork(2) takes no time, or much, or more than there is. So that the tries in a row are
    /// few, the third one that fails takes much.
    private var answersToStart: [Move] {
        // A number is anybody's again once its process was reaped.
        let isFree = endOfProgram != nil && !programExists
        let process = isFree ? World.program : ProcessID(rawValue: 50)
        let left = (limit ?? 0) - inPhase
        var delays: [Int64] = [0]
        if left > 150 { delays.append(left - 150) }
        delays.append(left + 50)
        var moves: [Move] = []
        for delay in delays {
            moves.append(.event(.helperStarted(process), after: delay))
            if delay > 0 || left <= 150 || inPhase < 200 {
                moves.append(.event(.helperFailed(.wouldBlock), after: delay))
            }
        }
        return moves
    }

    /// What wait4(2) may say.
    private var reaped: [Event] {
        var events: [Event] = []
        if programExists {
            for status in [.exited(42), .exited(7), .killed(.terminate)] as [ExitStatus] {
                events.append(.childEnded(World.program, status))
            }
        }
        if let helper {
            for status in [.exited(0), .exited(1)] as [ExitStatus] {
                events.append(.childEnded(helper, status))
            }
        }
        if others > 0 {
            events.append(.childEnded(ProcessID(rawValue: Int32(100 + others)), .exited(0)))
        }
        return events.isEmpty ? [.noChildLeft] : events
    }

    /// How long the core may stay in its phase, where there is a limit.
    var limit: Int64? {
        switch core.phase {
        case .stopping: core.settings.graceMilliseconds
        case .killing: Limit.killMilliseconds
        case .unmounting: Limit.unmountMilliseconds
        case .syncing: Limit.syncMilliseconds
        case .leaving: Limit.leaveMilliseconds
        case .settingUp, .idling, .running, .stranded, .exited: nil
        }
    }
}

// MARK: What becomes of it

extension World {
    /// Takes in a theft, or that an event is about to be told.
    mutating func happen(_ move: Move) {
        switch move {
        case .theft(let process):
            if process == helper {
                helper = nil
                stolenHelper = process
            } else {
                programExists = false
            }
        case .event(let event, let delay):
            if let limit, case .start = awaited { overrun = max(0, inPhase + delay - limit) }
            now += delay
            awaited = nil
            isSending = false
            happen(event)
        }
    }

    private mutating func happen(_ event: Event) {
        switch event {
        case .spawned:
            programExists = true
        case .spawnFailed(let error):
            end(with: error == .noSuchFile ? 127 : 126)
        case .childEnded(let process, let status):
            if process == helper {
                helper = nil
            } else if process == World.program, programExists {
                programExists = false
                end(with: status.code)
            } else {
                others -= 1
            }
        case .noChildLeft:
            isReaping = false
            if hasSpawned, endOfProgram == nil, core.phase == .running { end(with: 1) }
        case .helperStarted(let process):
            helper = process
            stolenHelper = nil
        case .performed, .signalled, .deadlinePassed, .helperFailed, .sendingFailed,
            .leavingFailed:
            break
        }
    }

    private mutating func end(with code: UInt8) {
        endOfProgram = core.settings.codesToZero.contains(code) ? 0 : code
    }

    /// Does as the core says.
    mutating func perform(_ actions: Actions, after phase: InitCore.Phase) {
        for index in 0..<actions.count {
            switch actions[index] {
            case .perform, .start, .leave: awaited = actions[index]
            case .spawn:
                awaited = .spawn
                hasSpawned = true
            case .forward, .signalAll: isSending = true
            case .reap: isReaping = true
            case .exit: hasExited = true
            case .greet, .log, .report, .reportImpossible: break
            }
        }
        if core.phase != phase {
            phaseBegan = now
            overrun = 0
        }
        // A helper that the core has given up is like any other process.
        hasGivenUpHelper = helper != nil && core.helper != helper
        if hasGivenUpHelper {
            helper = nil
            others = min(others + 1, World.mostOthers)
        }
    }
}
