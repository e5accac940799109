import InitCore

/// The promises of PID 1, once more and in another way: not by phases, but by the facts that PID 1
/// has seen and their moments. If this and the core disagree, one of them is wrong.
///
/// 1. PID 1 first performs its duties. Then it runs the program, or greets.
/// 2. On SIGCHLD it always reaps.
/// 3. The program gets every other signal, after the rewrites. A machine's PID 1 does not forward
///    requests to shut down. PID 1 does not forward a signal that the program has had from its
///    terminal, or that init's own write has caused.
/// 4. Without a program PID 1 obeys requests. An init that is not PID 1 exits on a signal that
///    would kill another process.
/// 5. When the program ends, an init that is not PID 1 exits with its code. PID 1 stops everything.
/// 6. To stop, PID 1 sends all processes SIGTERM and SIGCONT. After the grace period (another one
///    if no program runs) a helper sends SIGKILL, or PID 1 itself if it cannot fork one. After
///    0.1 s a helper hangs up shells. This is over when no child is left, or 5 s after SIGKILL.
///    A second request to a container cuts the grace period short.
/// 7. Then a container exits with the program's code, or calls reboot(2) if it was asked to.
/// 8. A machine unmounts (8 s), syncs (8 s) and calls reboot(2) (5 s), each in a helper.
///    If PID 1 cannot fork one, it tries again every 100 ms. Every 2 s it measures how much the
///    disks have left to write. If that is less than before, they get another minute, but only up
///    to a moment that is set when unmounting begins.
/// 9. PID 1 calls reboot(2) itself when the helper's time is over. If that fails too, a container
///    exits, and a machine waits for another request.
/// 10. When its terminal stops the program, init stops too. If it cannot, it continues the program.
/// 11. If services are asked for, a helper makes a plan of them before the program runs (10 s). One
///    that takes longer is killed. With a plan the services begin, and the program runs once they
///    are settled, or its wait is over. Without a plan there are no services.
/// 12. Services that have begun stop before everything else does, and have the time that the plan
///    says and a second more. The program gets SIGTERM and SIGCONT together with them. A service
///    can ask for the end, too.
struct NaiveModel {
    let isMachine: Bool
    let isProcess: Bool
    let hasProgram: Bool
    let grace: Int64
    let leftoverGrace: Int64
    let flush: Int64
    let codesToZero: Set<UInt8>
    /// The signal that is forwarded for each that arrives; 0 for none.
    let forwards: [Int32: Int32]
    /// Whether a terminal's keys reach the program, and whether they reach init as well.
    let hasTerminal: Bool
    let sharesGroup: Bool
    let asksForServices: Bool
    /// How long the program waits for the services.
    let serviceWait: Int64

    var duties = 0
    /// When PID 1 logs that the program starts slowly.
    var slowAt: Int64?
    /// The code of a program that could not be run, until its process is reaped.
    var failure: UInt8?
    /// The signal that stopped the program, if init may continue it.
    var stop: Int32?
    var program: ProcessID?
    var worker: ProcessID?
    var result: UInt8 = 0
    var wish = Ending.powerOff
    /// The last step that has begun: 1 SIGTERM, 2 SIGKILL, 3 unmounting, 4 sync, 5 reboot(2) in a
    /// helper, 6 reboot(2) by PID 1, 7 nothing more.
    var step = 0
    /// When that step began.
    var since: Int64 = 0
    /// Whether the program ran then.
    var programRan = false
    /// When the next fork is due: after one that failed, or the first for shells.
    var nextTry: Int64?
    /// When the next measurement of the disks is due.
    var nextLook: Int64?
    /// When PID 1 measures again if no answer comes.
    var asksUntil: Int64?
    /// The last answer.
    var left: Int64?
    /// When this step has to end, and when it has to end at the latest if disks go on writing.
    var until: Int64 = 0
    var untilAtMost: Int64 = 0
    var hasExited = false
    /// Whether the program has been started.
    var hasStarted = false
    /// Until when PID 1 waits for a plan.
    var planUntil: Int64?
    /// Until when the program waits for the services.
    var waitUntil: Int64?
    /// How long the services take to stop, from the plan until they are asked to.
    var longestStop: Int64?
    /// Until when the services have to stop, from when they are asked to until they have.
    var endOfServices: Int64?

    /// When PID 1 has to wake up without a signal.
    var alarm: Int64? {
        if hasExited || step >= 6 { return nil }
        if let endOfServices { return endOfServices }
        if let planUntil { return min(nextTry ?? planUntil, planUntil) }
        if step == 0 { return waitUntil ?? slowAt }
        return asksUntil ?? min(nextTry ?? nextLook ?? until, until)
    }

    /// The actions of PID 1 after an event, without those for the log.
    mutating func visible(after event: Event, at now: Int64) -> [Action] {
        if let actions = servicesAct(on: event, at: now) { return actions }
        switch event {
        case .performed:
            duties += 1
            if duties < (isMachine ? 12 : 1) { return [] }
            return beginAfterDuties(now)
        case .spawned(let process, _):
            program = process
            slowAt = now + 10_000
            return settling
        case .programRuns:
            slowAt = nil
            return []
        case .spawnFailed(let error):
            slowAt = nil
            failure = error.rawValue == 2 ? 127 : 126
            return program == nil ? programIsOver(failure!, now) : []
        case .signalled(let signal, let origin):
            return received(signal.rawValue, origin, now)
        case .childStopped(let process, let signal):
            if process != program || !hasTerminal || step > 0 { return [] }
            stop = signal.rawValue
            if isProcess { return [.stopSelf(.stopTyped)] }
            return stop == 19 ? [] : [.lendTerminal(to: process)]
        case .wentOn(let wasStopped):
            return wasStopped || stop == 19 || stop == nil ? [] : [.lendTerminal(to: program!)]
        case .terminalLent(let isLent):
            defer { stop = nil }
            return stop != nil && (isLent || stop == 20) ? goOn : []
        case .childEnded(let process, let status):
            if process == program { return programIsOver(failure ?? status.code, now) }
            if process == worker {
                worker = nil
                return step <= 2 ? [] : workIsOver(now)
            }
            return []
        case .noChildLeft:
            if hasStarted, step == 0 { return programIsOver(failure ?? 1, now) }
            if step == 1 || step == 2 { return noChildIsLeft(now) }
            if worker != nil, step > 2 { return workIsOver(now) }
            return []
        case .deadlinePassed:
            if step == 0 {
                slowAt = nil
                return []
            }
            return timeIsOver(now)
        case .helperStarted(let process):
            worker = process
            if step == 3 || step == 4 { nextLook = now + 2_000 }
            return step == 2 ? [.reap] : []
        case .helperFailed:
            if step == 2 { return [.signalAll(Signal(rawValue: 9)), .reap] }
            if step > 1 { nextTry = now + 100 }
            return []
        case .unwritten(let size):
            if let size, let left, size < left {
                until = max(until, min(now + 60_000, untilAtMost))
            }
            left = size
            asksUntil = nil
            nextLook = now + 2_000
            return now < until ? [] : begin(step + 1, now)
        case .planned, .servicesSettled, .servicesEnded, .endAsked, .sendingFailed:
            return []
        case .leavingFailed:
            return workIsOver(now)
        }
    }

    /// A program that has waited for services leaves init with descriptors to keep.
    var settling: [Action] {
        if isMachine { return [] }
        return longestStop != nil && hasProgram ? [.reap] : [.letGo, .reap]
    }

    private var goOn: [Action] {
        let signal = Signal(rawValue: 18)
        return sharesGroup
            ? [.forward(signal, to: program!)] : [.signalGroup(signal, of: program!)]
    }

    /// Whether a signal was only for init itself.
    private func isInitsOwn(_ number: Int32, _ origin: SignalOrigin) -> Bool {
        if number == 13 || number == 25 { return origin == .itself }
        if number == 21 || number == 22 { return true }
        return [2, 3, 20, 28].contains(number) && origin == .kernel && sharesGroup
    }

    private mutating func received(
        _ number: Int32, _ origin: SignalOrigin, _ now: Int64
    ) -> [Action] {
        if number == 17 { return [.reap] }
        let wishes: [Int32: Ending] = [
            10: .halt, 37: .halt, 12: .powerOff, 38: .powerOff, 30: .powerOff, 39: .reboot,
            2: isMachine ? .reboot : .powerOff, 15: isMachine ? .reboot : .powerOff,
        ]
        let asked = isProcess ? nil : wishes[number]
        if step == 0, let program, !isMachine || asked == nil {
            if isInitsOwn(number, origin) { return [] }
            if number == 18, hasTerminal {
                stop = nil
                return [.lendTerminal(to: program)] + goOn
            }
            let forward = forwards[number] ?? number
            return forward == 0 ? [] : [.forward(Signal(rawValue: forward), to: program)]
        }
        if step == 0, number == 13 || number == 25, origin == .itself { return [] }
        if step == 0, isProcess {
            if [18, 20, 21, 22, 23, 28].contains(number) { return [] }
            return exit(UInt8(128 + number))
        }
        if step == 0, let asked { return stop(asked, now) }
        let isSecond = origin != .kernel || !sharesGroup
        if step == 1, !isMachine, isSecond, [2, 3, 15].contains(number) { return begin(2, now) }
        if step == 7, let asked {
            wish = asked
            return begin(5, now)
        }
        if number == 3 { return [.report] }
        return []
    }

    private mutating func programIsOver(_ code: UInt8, _ now: Int64) -> [Action] {
        program = nil
        result = codesToZero.contains(code) ? 0 : code
        if isProcess { return exit(result) }
        return step == 0 ? stop(.powerOff, now) : []
    }

    mutating func stop(_ ending: Ending, _ now: Int64) -> [Action] {
        wish = ending
        return stopServices(now) ?? stopEverything(now)
    }

    mutating func stopEverything(_ now: Int64) -> [Action] {
        endOfServices = nil
        // A planner that still runs gets SIGTERM like everything.
        worker = nil
        programRan = program != nil
        step = 1
        since = now
        until = now + (programRan ? grace : leftoverGrace)
        nextTry = now + 100
        return [.signalAll(Signal(rawValue: 15)), .signalAll(Signal(rawValue: 18)), .reap]
    }

    private mutating func noChildIsLeft(_ now: Int64) -> [Action] {
        if isMachine { return begin(3, now) }
        return wish == .reboot ? begin(5, now) : exit(result)
    }

    /// The worker has ended, or is given up.
    private mutating func workIsOver(_ now: Int64) -> [Action] {
        if step < 5 { return begin(step + 1, now) }
        worker = nil
        step = 7
        return isMachine ? [] : exit(result)
    }

    private mutating func timeIsOver(_ now: Int64) -> [Action] {
        if step == 2 { return noChildIsLeft(now) }
        if nextTry != nil, now < until {
            nextTry = nil
            return [step == 1 ? .start(.hangUp) : work(step)]
        }
        if step == 3 || step == 4, worker != nil {
            asksUntil = now + 2_000
            return [.measureUnwritten]
        }
        return begin(step + 1, now)
    }

    mutating func begin(_ next: Int, _ now: Int64) -> [Action] {
        worker = nil
        nextTry = nil
        nextLook = nil
        left = nil
        step = next
        since = now
        until = now + [0, 0, 5_000, 8_000, 8_000, 5_000, 0, 0][step]
        if step == 3 { untilAtMost = now + flush }
        return [work(next)]
    }

    private func work(_ step: Int) -> Action {
        if step == 2 { return .start(.killEverything) }
        if step == 3 { return .start(.unmount) }
        if step == 4 { return .start(.sync) }
        return step == 5 ? .start(.leave(wish)) : .leave(wish)
    }

    private mutating func exit(_ code: UInt8) -> [Action] {
        hasExited = true
        return [.exit(code)]
    }
}
