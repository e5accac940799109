@testable import InitCore

/// All that is around the core: its processes, its clock, and the runtime. It says which events can
/// come next, and performs what the core orders. It makes only events that the runtime can make.
struct World {
    /// What can happen next.
    enum Move {
        /// The core gets this event, so many milliseconds later.
        case event(Event, after: Int64)
        /// A debugger reaps PID 1's child, and PID 1 does not get to know it.
        case theft(of: ProcessID)
        /// The signal that PID 1 sends arrives. No event says so.
        case arrival
    }

    static let program = ProcessID(rawValue: 10)
    /// The most other processes that the world counts.
    static let mostOthers = 4
    /// One signal of each kind: each meaning in each role, and each way to be forwarded.
    static let signals: [Signal] = [
        .hangUp, .interrupt, .quit, .user1, .user2, .alarm, dropped, .child, .windowChange,
        .realTimeReboot, .stopReading, .continue,
    ]
    /// The signals that mean something else if no process has sent them.
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
    /// The helper that the core has to know.
    var helper: ProcessID?
    /// How many orphans, and helpers that took too long, there are. It begins with two.
    var others = 2
    /// The helper that a debugger has reaped.
    var stolenHelper: ProcessID?

    // The runtime.
    /// The action that is being performed, if its answer comes next.
    var awaited: Action?
    var isReaping = false
    /// Whether the child has yet to report whether it became the program.
    var isReportDue = false
    let place: ProgramPlace

    // The services.
    let asksForServices: Bool
    /// Whether a planner that the core waits for has yet to hand over a plan.
    var isPlanDue = false
    var haveServicesBegun = false
    var haveServicesStopped = false

    // What the rules look at.
    /// When the phase began.
    var phaseBegan: Int64 = 1_000_000
    /// How long a fork took beyond the phase's end. The core cannot prevent that.
    var overrun: Int64 = 0
    /// The code that init has to pass on, once it has seen the program's end.
    var endOfProgram: UInt8?
    var hasSpawned = false
    /// The code that came with a service's request to end.
    var codeAsked: UInt8 = 0
    /// The code for the error that the child has reported.
    var codeOfFailure: UInt8?
    var hasExited = false
    /// What the disks may have left to write, in KiB.
    let sizes: [Int64?]
    /// When unmounting began.
    var writingBegan: Int64?
    /// When a measurement in this phase last showed that disks have written something.
    var wroteLast: Int64?
    /// How much they had left to write at the last measurement in this phase.
    var unwritten: Int64?
    /// Whether the core has just forgotten a helper that still works.
    var hasGivenUpHelper = false

    init(_ setup: Setup) {
        core = InitCore(role: setup.role)
        core.configuration = setup.configuration
        naive = setup.naive
        place = setup.place
        sizes = setup.sizes
        asksForServices = setup.runsServices
        // The planner is one more.
        if asksForServices { others = 1 }
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
        // The runtime may have found these before it looks at the clock. Here they come in each
        // later phase, as often as they like.
        if haveServicesBegun { moves += later([.servicesSettled, endAsked]) }
        if haveServicesStopped { moves += later([.servicesEnded]) }
        if let deadline = core.deadline?.milliseconds {
            moves.append(.event(.deadlinePassed, after: max(0, deadline - now)))
            // The runtime looks at the clock before it takes a signal.
            if deadline <= now { return moves }
        }
        if isPlanDue {
            moves += later([Setup.longestStop, nil].map { .planned(longestStop: $0) })
        }
        moves += later(World.signals.map { .signalled($0) })
        // During a shutdown the origin of a signal makes no difference.
        if !core.phase.isPartOfShutdown || core.phase == .stopping
            || core.phase == .stoppingServices
        {
            moves += later(World.signalsOfTheKernel)
        }
        if programExists { moves.append(.theft(of: World.program)) }
        if let helper { moves.append(.theft(of: helper)) }
        return moves
    }

    /// A service's request to end. What a machine passes on to nobody is always 0 here.
    private var endAsked: Event {
        core.role == .machine
            ? .endAsked(.reboot, code: 0) : .endAsked(.powerOff, code: 3)
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

    /// fork(2) takes no time, or much, or longer than the phase has left. The third failure in a
    /// row takes much time, so that there are few tries.
    private var answersToStart: [Move] {
        // A number is free again when its process is reaped.
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
            // The runtime reads the report before it hands the end to the core.
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

    /// How long the core may stay in its phase, if there is a limit.
    var limit: Int64? {
        switch core.phase {
        case .stopping:
            naive.programRan
                ? core.configuration.graceMilliseconds
                : core.configuration.leftoverGraceMilliseconds
        case .killing: Limit.killMilliseconds
        // Longer only if a disk goes on writing, and not for ever.
        case .unmounting, .syncing: max(8_000, patience)
        case .leaving: Limit.leaveMilliseconds
        case .planning: Limit.planMilliseconds
        case .waiting: Setup.serviceWait
        case .stoppingServices: Setup.longestStop + 1_000
        case .settingUp, .idling, .starting, .running, .stranded, .exited: nil
        }
    }
}

extension World {
    /// How long PID 1 waits in this phase for a disk that goes on writing.
    private var patience: Int64 {
        guard let wroteLast, let writingBegan else { return 0 }
        let atMost = writingBegan + core.configuration.flushMilliseconds
        return min(wroteLast + 60_000, atMost) - phaseBegan
    }
}

// MARK: Moves

extension World {
    /// Changes the world by a move. The core gets the event, if there is one, after that.
    mutating func happen(_ move: Move) {
        switch move {
        case .theft(let process):
            if process == helper {
                helper = nil
                stolenHelper = process
            } else {
                programExists = false
                // Its report has come. No end follows.
                isReportDue = false
            }
        case .arrival:
            awaited = nil
            performUntilAwaited()
        case .event(let event, let delay):
            if case .start(.plan) = awaited, case .helperStarted = event { isPlanDue = true }
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
        case .planned:
            isPlanDue = false
        case .endAsked(_, let code):
            if !core.phase.isPartOfShutdown { codeAsked = code }
        case .performed, .signalled, .childStopped, .terminalLent, .wentOn, .deadlinePassed,
            .helperFailed, .servicesSettled, .servicesEnded, .sendingFailed, .leavingFailed:
            break
        }
    }

    private mutating func end(with code: UInt8) {
        endOfProgram = core.configuration.codesToZero.contains(code) ? 0 : code
    }

    /// Performs the core's actions until an answer is due.
    mutating func performUntilAwaited() {
        while awaited == nil, let action = core.nextAction() {
            if action.isAnswered || action.isSending { awaited = action }
            switch action {
            case .spawn: hasSpawned = true
            case .reap: isReaping = true
            case .exit: hasExited = true
            case .beginServices: haveServicesBegun = true
            case .stopServices: haveServicesStopped = true
            default: break
            }
        }
    }

    /// Notes for the rules what the core's step has changed.
    mutating func follow(_ phase: InitCore.Phase) {
        if core.phase != phase {
            phaseBegan = now
            overrun = 0
            // The runtime closes the planner's pipe.
            isPlanDue = false
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
