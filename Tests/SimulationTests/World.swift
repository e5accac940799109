import InitCore
import KernelInterface
import SeededRandom

/// A small Linux: it has PID 1's processes, signals, files and clock, and answers PID 1's system
/// calls. Everything in it follows from its scenario.
///
/// It counts events: steps of the core, and each `Happening`.
final class World {
    /// How a world ends.
    enum End: Equatable {
        case exited(UInt8)
        /// reboot(2) has switched the machine off, or restarted or halted it.
        case off(Ending)
        /// PID 1 sleeps, and nothing is left that could wake it.
        case quiet
        /// A promise was broken.
        case failed(String)
        /// PID 1 has had as many turns as it may have.
        case cut
    }

    private struct Scheduled {
        let time: Int64
        let happening: Happening
    }

    let scenario: Scenario
    var random: SplitMix64
    /// The true time. What PID 1 reads may be a little behind.
    private(set) var time: Int64 = 1_000
    /// How much of it went by in jumps.
    private(set) var jumped: Int64 = 0
    private var queue: [Scheduled] = []
    private var nextTime = Int64.max
    private(set) var end: End?
    var events = 0
    var mostTurns = 50_000
    /// What happened, if the world is traced.
    private(set) var trace: [String]?

    // System calls.
    private(set) var calls: [Call] = []
    private(set) var callCount = 0
    private var callsInTurn = 0
    /// Whether `calls` is filled.
    var keepsCalls = false
    /// This call, by its number, fails.
    var injected: (call: Int, error: Errno)?
    /// The calls that have failed because the scenario says so.
    var faulted: Set<Call> = []
    /// The helper whose system calls these are, `nil` for PID 1's own.
    var actor: Actor?

    // The rest of the kernel is in the extensions.
    var processes: [Process?]
    var lastPid: Int32 = 1
    var births = 0
    var forksLeft: Int
    var programIsStolen = false
    /// What the child has reported of execve(2): no error where it is the program now.
    var report: (isThere: Bool, error: Errno?) = (false, nil)
    /// What reports of execve(2), and the program's pidfd, if there is one.
    var reportDescriptor: Int32?
    var programDescriptor: Int32?
    var foregroundGroup: ForegroundGroup
    /// Whether /dev/tty was opened without O_NONBLOCK.
    var terminalBlocks = false
    /// Init's working directory.
    var directory: String
    /// How often init has stopped.
    var stops = 0
    var signals = SignalQueue()
    var dispositions: Dispositions
    var devices: [Device]
    /// The open file of each descriptor.
    var files: [File?]
    var alarmInterval: Int64 = 0
    var nextAlarm = Int64.max
    var letsAlarmThrough = false
    /// Whether a handler has run, and the system call that it interrupts has yet to return.
    var isInterrupted = false
    var isSubreaper = false
    var mounts: [Mount] = []
    /// When the slow disk has begun to write.
    var writesSince: Int64?
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 8_192, alignment: 16)
    var kernelLogUse: KernelLogUse
    var promises = Promises()
    var book = LogBook()
    var figures = Figures()

    /// - Parameter isTraced: whether `trace` is kept, which takes most of the time.
    init(_ scenario: Scenario, isTraced: Bool = false) {
        self.scenario = scenario
        trace = isTraced ? [] : nil
        random = SplitMix64(seed: ~scenario.seed)
        processes = [Process?](repeating: nil, count: scenario.pidLimit)
        forksLeft = scenario.forkBudget
        foregroundGroup = scenario.terminal.isForeground ? .inits : .anothers
        dispositions = Dispositions(scenario.inheritance)
        devices = scenario.devices
        kernelLogUse = scenario.kernelLogWord ?? .limited
        files = (0..<3).map { number in
            scenario.openStreams[number] ? File(device: number == 2 ? 1 : 0) : nil
        }
        directory = scenario.inheritance.directory
        for number in scenario.inheritance.descriptors {
            while files.count <= number { files.append(nil) }
            files[number] = File(device: Device.null, isInherited: true)
        }
        mountFirst()
        for _ in 0..<scenario.zombies {
            guard let zombie = makeProcess(.other, parent: initPid) else { break }
            processes[Int(zombie.pid)]!.waitStatus = 0
        }
        for (after, happening) in scenario.happenings { schedule(happening, after: after) }
        if scenario.role != .machine { runDue() }
    }

    deinit { buffer.deallocate() }

    /// The number of the process that is tested.
    var initPid: Int32 { scenario.role == .process ? 5 : 1 }

    // MARK: What happened

    func note(_ text: @autoclosure () -> String) {
        if trace != nil { trace!.append("\(time) \(actor == nil ? "" : "helper: ")\(text())") }
    }

    func fail(_ promise: String) {
        if case .failed = end { return }
        note("BROKEN: \(promise)")
        end = .failed(promise)
    }

    func finish(_ end: End) {
        guard self.end == nil else { return }
        note("the end: \(end)")
        self.end = end
    }

    // MARK: Time

    func schedule(_ happening: Happening, after delay: Int64) {
        schedule(happening, at: time + delay)
    }

    func schedule(_ happening: Happening, at moment: Int64) {
        // The next to happen stands last. Of two with the same time, the one that was scheduled
        // first happens first.
        var index = queue.count
        while index > 0, queue[index - 1].time <= moment { index -= 1 }
        queue.insert(Scheduled(time: moment, happening: happening), at: index)
        nextTime = queue[queue.count - 1].time
    }

    /// Runs each happening that is due by now.
    func runDue() {
        while nextTime <= time, end == nil {
            let happening = queue.removeLast().happening
            nextTime = queue.last?.time ?? .max
            events += 1
            happen(happening)
        }
    }

    /// Lets time pass, up to a moment, or until an alarm that PID 1 lets through.
    ///
    /// - Parameter wakes: asked after each thing that happens.
    /// - Returns: whether an alarm interrupts.
    @discardableResult
    func pass(until moment: Int64, wakes: () -> Bool = { false }) -> Bool {
        while end == nil {
            if isInterrupted {
                isInterrupted = false
                return true
            }
            let next = min(nextTime, nextAlarm, moment)
            if next == .max { return false }
            time = max(time, next)
            if nextAlarm <= time {
                nextAlarm = alarmInterval > 0 ? time + alarmInterval : .max
                events += 1
                if letsAlarmThrough { return true }
                raiseToInit(14)
            } else if nextTime <= time {
                runDue()
            } else {
                return false
            }
            if wakes() { return false }
        }
        return false
    }

    func jump(_ duration: Int64) {
        time += duration
        jumped += duration
        // There may be no time left for another try.
        if faulted.contains(.fork) { promises.mayNotFork = true }
        promises.excuse(duration)
    }

    /// What the clock shows.
    var shownTime: Int64 { time / scenario.clockStep * scenario.clockStep }

    // MARK: System calls

    /// A step of the core.
    func turnBegins() {
        events += 1
        callsInTurn = 0
        figures.turns += 1
        if figures.turns > mostTurns { finish(.cut) }
        checkTurn()
    }

    /// Each system call that can fail comes through here, and may fail here.
    func enter(_ call: Call) throws(Errno) {
        if end != nil { throw call == .reap ? .noChildProcess : .inputOutput }
        let number = callCount
        callCount += 1
        if keepsCalls { calls.append(call) }
        if actor != nil {
            try enterAsHelper(call)
        } else {
            // The streams are one duty, and the log is opened in it.
            if ![.openStandardStream, .openForWriting, .setParameter].contains(call) {
                oweDuty()
            }
            callsInTurn += 1
            if callsInTurn > Promises.mostCallsInATurn { fail("a turn has too many system calls") }
            // Nothing else runs on a machine before its init.
            if scenario.role == .machine, call == .catchSignals { return }
            if scenario.isSlow, random.oneIn(3) { passBusily(Int64(random.below(6))) }
            runDue()
            isInterrupted = false
        }
        try failPerhaps(call, number)
    }

    /// Lets time pass in a system call. A shutdown may take that much longer.
    func passBusily(_ duration: Int64) {
        let began = time
        pass(until: time + duration)
        promises.excuse(time - began)
    }

    private func failPerhaps(_ call: Call, _ number: Int) throws(Errno) {
        var error: Errno?
        if let injected, injected.call == number { error = injected.error }
        if let broken = scenario.broken[call] {
            error = broken
            if call == .fork { promises.mayNotFork = true }
        }
        if scenario.faultRate > 0, !isExempt(call), random.oneIn(scenario.faultRate) {
            error = random.pick(Call.errors)
        }
        guard let error else { return }
        faulted.insert(call)
        if call == .mount, actor != nil { promises.mayLackList = true }
        actor?.hasFailed = true
        note("\(call) fails with \(error.rawValue)")
        throw error
    }

    /// These calls fail only if a filter refuses them. Without an alarm, PID 1 lets a write hold it
    /// up rather than not write at all.
    private func isExempt(_ call: Call) -> Bool {
        call == .setAlarmInterval || call == .letThrough || call == .catchSignals
    }
}

/// Counts what happened in a run.
struct Figures {
    var turns = 0
    var reaped = 0
    var forwarded = 0
    var spawned = 0
    var helpers = 0

    static func += (total: inout Figures, more: Figures) {
        total.turns += more.turns
        total.reaped += more.reaped
        total.forwarded += more.forwarded
        total.spawned += more.spawned
        total.helpers += more.helpers
    }
}
