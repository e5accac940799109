import InitCore

/// What PID 1 promises, once more and in another way: by events instead of phases, as facts
/// that were seen and the moments of the last ones. Where this and the core disagree one of
/// them is wrong.
///
/// 1. Duties come first. Then the program is run, or the greeting said.
/// 2. SIGCHLD means: look for who has ended. Always.
/// 3. The program gets every other signal, as it is to be forwarded. Only a machine keeps
///    to itself what asks for its end. No program gets what it has had from its terminal
///    already, and none what init's own writing has caused.
/// 4. Without a program a request is obeyed; a process dies of a signal as any other would.
/// 5. When the program ends, a process exits with its code; anybody else stops everything.
/// 6. To stop is: SIGTERM and SIGCONT to all; after the grace period (another one, where no
///    program runs) SIGKILL, by a helper or, when there is none, by PID 1. In between, after
///    0.1 s, a helper hangs up shells. Once nobody is left, or 5 s later, it is done. Who asks a
///    container again need not wait for that period.
/// 7. Then a container exits with the program's code, or calls reboot(2) if that was asked.
/// 8. A machine unmounts (8 s), syncs (8 s) and calls reboot(2) (5 s), each in a helper.
///    Where none can be forked it is tried again every 100 ms. Every 2 s it is asked what the
///    disks have left to write. Less than before means a minute from then on, though not beyond a
///    moment that is set when unmounting begins.
/// 9. PID 1 calls reboot(2) itself once a helper had its time for it. When that fails too, a
///    container exits, and a machine waits for another request.
/// 10. A program that its terminal has stopped stops init too, if that can be; or else it goes on.
struct NaiveModel {
    let isMachine: Bool
    let isProcess: Bool
    let hasProgram: Bool
    let grace: Int64
    let leftoverGrace: Int64
    let flush: Int64
    let codesToZero: Set<UInt8>
    /// By the number of the signal that arrives; 0 for nothing.
    let forwards: [Int32: Int32]
    /// Whether the keys of a terminal are for the program, and for init as well.
    let hasTerminal: Bool
    let sharesGroup: Bool

    var duties = 0
    /// When the program has taken long to start.
    var slowAt: Int64?
    /// The code for what could not be run, until its process has gone.
    var failure: UInt8?
    /// The signal that has stopped the program, where it is to go on.
    var stop: Int32?
    var program: ProcessID?
    var worker: ProcessID?
    var result: UInt8 = 0
    var wish = Ending.powerOff
    /// What has been begun, as 1 SIGTERM, 2 SIGKILL, 3 unmounting, 4 sync, 5 reboot(2) in a
    /// helper, 6 reboot(2) by PID 1, 7 nothing more.
    var step = 0
    /// When that was.
    var since: Int64 = 0
    /// Whether the program ran then.
    var programRan = false
    /// When the next fork is due, after one that failed, or the first look for shells.
    var nextTry: Int64?
    /// When the next question is due about what is left to write.
    var nextLook: Int64?
    /// When it is asked again, while there is no answer.
    var asksUntil: Int64?
    /// The answer to the last one.
    var left: Int64?
    /// When the patience with this step is over, and when that with all disks.
    var until: Int64 = 0
    var untilAtMost: Int64 = 0
    var hasExited = false

    /// When PID 1 has to wake up by itself.
    var alarm: Int64? {
        if hasExited || step >= 6 { return nil }
        if step == 0 { return slowAt }
        return asksUntil ?? min(nextTry ?? nextLook ?? until, until)
    }

    /// What is seen of PID 1 after an event: all that it does but to log.
    mutating func visible(after event: Event, at now: Int64) -> [Action] {
        switch event {
        case .performed:
            duties += 1
            if duties < (isMachine ? 12 : 1) { return [] }
            return hasProgram ? [.spawn] : [.greet] + settling
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
            if hasProgram, step == 0 { return programIsOver(failure ?? 1, now) }
            if step == 1 || step == 2 { return nobodyIsLeft(now) }
            if worker != nil { return workIsOver(now) }
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
        case .sendingFailed:
            return []
        case .leavingFailed:
            return workIsOver(now)
        }
    }

    private var settling: [Action] { isMachine ? [] : [.letGo, .reap] }

    private var goOn: [Action] {
        let signal = Signal(rawValue: 18)
        return sharesGroup
            ? [.forward(signal, to: program!)] : [.signalGroup(signal, of: program!)]
    }

    /// Whether a signal to init was none to anybody else.
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

    private mutating func stop(_ ending: Ending, _ now: Int64) -> [Action] {
        wish = ending
        programRan = program != nil
        step = 1
        since = now
        until = now + (programRan ? grace : leftoverGrace)
        nextTry = now + 100
        return [.signalAll(Signal(rawValue: 15)), .signalAll(Signal(rawValue: 18)), .reap]
    }

    private mutating func nobodyIsLeft(_ now: Int64) -> [Action] {
        if isMachine { return begin(3, now) }
        return wish == .reboot ? begin(5, now) : exit(result)
    }

    /// The worker has come back, or will not.
    private mutating func workIsOver(_ now: Int64) -> [Action] {
        if step < 5 { return begin(step + 1, now) }
        worker = nil
        step = 7
        return isMachine ? [] : exit(result)
    }

    private mutating func timeIsOver(_ now: Int64) -> [Action] {
        if step == 2 { return nobodyIsLeft(now) }
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

    private mutating func begin(_ next: Int, _ now: Int64) -> [Action] {
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
