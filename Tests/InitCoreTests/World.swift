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
        /// The signal that is being sent arrives, of which PID 1 is not told.
        case arrival
    }

    static let program = ProcessID(rawValue: 10)
    /// Beyond this number the processes that nobody knows do not count any more.
    static let mostOthers = 4
    /// One signal of each kind: each meaning in each role, and each way to be forwarded.
    static let signals: [Signal] = [
        .hangUp, .interrupt, .quit, .user1, .user2, .alarm, dropped, .child, .windowChange,
        .realTimeReboot, .stopReading, .continue,
    ]
    /// Those where it matters that no process has sent them.
    static let signalsOfTheKernel: [Event] = [
        .signalled(.interrupt, from: .kernel), .signalled(.stopTyped, from: .kernel),
        .signalled(.brokenPipe, from: .itself), .signalled(.fileTooLarge, from: .itself),
        .signalled(.brokenPipe, from: .kernel),
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
    /// The action that is performed, and whose answer comes next, if it has one.
    var awaited: Action?
    var isReaping = false
    /// Whether the child has still to report how it became the program.
    var isReportDue = false
    let place: ProgramPlace

    // What the rules are about.
    /// When the phase began.
    var phaseBegan: Int64 = 1_000_000
    /// How long a fork took beyond the phase's end. Nobody can answer for that.
    var overrun: Int64 = 0
    /// What the program's end is to be passed on as, once it was seen.
    var endOfProgram: UInt8?
    var hasSpawned = false
    /// The code for what the child has reported it could not run.
    var codeOfFailure: UInt8?
    var hasExited = false
    /// What there may be to write.
    let sizes: [Int64?]
    /// When unmounting began.
    var writingBegan: Int64?
    /// When the disks were seen to have written something, in this phase.
    var wroteLast: Int64?
    /// How much they had to write when PID 1 last asked, in this phase.
    var unwritten: Int64?
    /// Whether the core has just forgotten a helper that still works.
    var hasGivenUpHelper = false

    init(_ setup: Setup) {
        core = InitCore(role: setup.role)
        core.configuration = setup.configuration
        naive = setup.naive
        place = setup.place
        sizes = setup.sizes
        core.begin()
        performUntilAwaited()
    }

    var inPhase: Int64 { now - phaseBegan }

    /// All that can happen next.
    var moves: [Move] {
        if hasExited { return [] }
        if let awaited { return answers(to: awaited) }
        var moves: [Move] = []
        if isReaping { moves += later(reaped) }
        if isReportDue, core.phase == .starting {
            moves += later(
                [.programRuns] + [.noSuchFile, .permissionDenied].map { .spawnFailed($0) })
        }
        if let deadline = core.deadline?.milliseconds {
            moves.append(.event(.deadlinePassed, after: max(0, deadline - now)))
            // The runtime looks at the clock before it takes a signal.
            if deadline <= now { return moves }
        }
        moves += later(World.signals.map { .signalled($0) })
        // During a shutdown nobody asks where a signal is from.
        if !core.phase.isPartOfShutdown || core.phase == .stopping {
            moves += later(World.signalsOfTheKernel)
        }
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
            later([.spawned(World.program, place), .spawnFailed(.wouldBlock)])
        case .start: answersToStart
        case .measureUnwritten:
            later(sizes.map { .unwritten($0) })
        case .leave: later([.leavingFailed(.notPermitted)])
        case .lendTerminal: later([.terminalLent(true), .terminalLent(false)])
        case .stopSelf: later([.wentOn(true), .wentOn(false)])
        default:
            [.arrival] + later([.sendingFailed(.notPermitted), .sendingFailed(.noSuchProcess)])
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
            // The runtime has the report before it tells of the end.
            if !isReportDue || core.phase != .starting {
                for status in [.exited(42), .exited(7), .killed(.terminate)] as [ExitStatus] {
                    events.append(.childEnded(World.program, status))
                }
            }
            for signal in [.stop, .stopTyped, .stopReading] as [Signal] {
                events.append(.childStopped(World.program, signal))
            }
        }
        if let helper {
            for status in [.exited(0), .exited(1)] as [ExitStatus] {
                events.append(.childEnded(helper, status))
            }
        }
        if others > 0 {
            events.append(.childEnded(ProcessID(rawValue: Int32(100 + others)), .exited(0)))
            events.append(.childStopped(ProcessID(rawValue: Int32(100 + others)), .stopTyped))
        }
        return events.isEmpty ? [.noChildLeft] : events
    }

    /// How long the core may stay in its phase, where there is a limit.
    var limit: Int64? {
        switch core.phase {
        case .stopping:
            naive.programRan
                ? core.configuration.graceMilliseconds
                : core.configuration.leftoverGraceMilliseconds
        case .killing: Limit.killMilliseconds
        // Longer only where a disk goes on writing, and not for ever.
        case .unmounting, .syncing: max(8_000, patience)
        case .leaving: Limit.leaveMilliseconds
        case .settingUp, .idling, .starting, .running, .stranded, .exited: nil
        }
    }
}

extension World {
    /// How long a disk that has gone on writing in this phase is waited for.
    private var patience: Int64 {
        guard let wroteLast, let writingBegan else { return 0 }
        let atMost = writingBegan + core.configuration.flushMilliseconds
        return min(wroteLast + 60_000, atMost) - phaseBegan
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
                // Its report is there, and nobody's end is told behind it.
                isReportDue = false
            }
        case .arrival:
            awaited = nil
            performUntilAwaited()
        case .event(let event, let delay):
            if let limit, case .start = awaited { overrun = max(0, inPhase + delay - limit) }
            now += delay
            awaited = nil
            happen(event)
        }
    }

    private mutating func happen(_ event: Event) {
        switch event {
        case .spawned:
            programExists = true
            isReportDue = true
        case .programRuns:
            isReportDue = false
        case .spawnFailed(let error):
            let code: UInt8 = error == .noSuchFile ? 127 : 126
            isReportDue = false
            if programExists { codeOfFailure = code } else { end(with: code) }
        case .childEnded(let process, let status):
            if process == helper {
                helper = nil
            } else if process == World.program, programExists {
                programExists = false
                end(with: codeOfFailure ?? status.code)
            } else {
                others -= 1
            }
        case .noChildLeft:
            isReaping = false
            if hasSpawned, endOfProgram == nil, core.phase == .running || core.phase == .starting {
                end(with: codeOfFailure ?? 1)
            }
        case .helperStarted(let process):
            helper = process
            stolenHelper = nil
        case .unwritten(let size):
            if let size, let unwritten, size < unwritten { wroteLast = now }
            unwritten = size
        case .performed, .signalled, .childStopped, .terminalLent, .wentOn, .deadlinePassed,
            .helperFailed, .sendingFailed, .leavingFailed:
            break
        }
    }

    private mutating func end(with code: UInt8) {
        endOfProgram = core.configuration.codesToZero.contains(code) ? 0 : code
    }

    /// Does as the core says, until an answer is due.
    mutating func performUntilAwaited() {
        while awaited == nil, let action = core.nextAction() {
            if action.isAnswered || action.isSending { awaited = action }
            switch action {
            case .spawn: hasSpawned = true
            case .reap: isReaping = true
            case .exit: hasExited = true
            default: break
            }
        }
    }

    /// Notes what the core's step means to the rules.
    mutating func follow(_ phase: InitCore.Phase) {
        if core.phase != phase {
            phaseBegan = now
            overrun = 0
            wroteLast = nil
            unwritten = nil
            switch core.phase {
            case .unmounting: writingBegan = now
            case .syncing: break
            default: writingBegan = nil
            }
        }
        // A helper that the core has given up is like any other process.
        hasGivenUpHelper = helper != nil && core.helper != helper
        if hasGivenUpHelper {
            helper = nil
            others = min(others + 1, World.mostOthers)
        }
    }
}
