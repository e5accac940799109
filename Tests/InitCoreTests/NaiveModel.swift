import InitCore

/// What PID 1 promises, once more and in another way: by events instead of phases, as facts
/// that were seen and the moments of the last ones. Where this and the core disagree one of
/// them is wrong.
///
/// 1. Duties come first. Then the program is run, or the greeting said.
/// 2. SIGCHLD means: look for who has ended. Always.
/// 3. The program gets every other signal, as it is to be forwarded. Only a machine keeps
///    to itself what asks for its end.
/// 4. Without a program a request is obeyed; a process dies of a signal as any other would.
/// 5. When the program ends, a process exits with its code; anybody else stops everything.
/// 6. To stop is: SIGTERM and SIGCONT to all; after the grace period SIGKILL, by a helper or,
///    when there is none, by PID 1. Once nobody is left, or 5 s later, it is done.
/// 7. Then a container exits with the program's code, or calls reboot(2) if that was asked.
/// 8. A machine unmounts (8 s), syncs (8 s) and calls reboot(2) (5 s), each in a helper.
///    Where none can be forked it is tried again every 100 ms.
/// 9. PID 1 calls reboot(2) itself once a helper had its time for it. When that fails too, a
///    container exits, and a machine waits for another request.
struct NaiveModel {
    let isMachine: Bool
    let isProcess: Bool
    let hasProgram: Bool
    let grace: Int64
    let codesToZero: Set<UInt8>
    /// By the number of the signal that arrives; 0 for nothing.
    let forwards: [Int32: Int32]

    var duties = 0
    var program: ProcessID?
    var worker: ProcessID?
    var result: UInt8 = 0
    var wish = Ending.powerOff
    /// What has been begun, as 1 SIGTERM, 2 SIGKILL, 3 unmounting, 4 sync, 5 reboot(2) in a
    /// helper, 6 reboot(2) by PID 1, 7 nothing more.
    var step = 0
    /// When that was.
    var since: Int64 = 0
    /// When the next fork is due, after one that failed.
    var nextTry: Int64?
    var hasExited = false

    /// When PID 1 has to wake up by itself.
    var alarm: Int64? {
        if hasExited || step == 0 || step >= 6 { return nil }
        return nextTry ?? (since + patience)
    }

    private var patience: Int64 { [0, grace, 5_000, 8_000, 8_000, 5_000, 0, 0][step] }

    /// What is seen of PID 1 after an event: all that it does but to log.
    mutating func visible(after event: Event, at now: Int64) -> [Action] {
        switch event {
        case .performed:
            duties += 1
            if duties < (isMachine ? 12 : 1) { return [] }
            return hasProgram ? [.spawn] : [.greet]
        case .spawned(let process):
            program = process
            return []
        case .spawnFailed(let error):
            return programIsOver(error.rawValue == 2 ? 127 : 126, now)
        case .signalled(let signal):
            return received(signal.rawValue, now)
        case .childEnded(let process, let status):
            if process == program { return programIsOver(status.code, now) }
            if process == worker {
                worker = nil
                return step == 2 ? [] : workIsOver(now)
            }
            return []
        case .noChildLeft:
            if hasProgram, step == 0 { return programIsOver(1, now) }
            if step == 1 || step == 2 { return nobodyIsLeft(now) }
            if worker != nil { return workIsOver(now) }
            return []
        case .deadlinePassed:
            return timeIsOver(now)
        case .helperStarted(let process):
            worker = process
            return step == 2 ? [.reap] : []
        case .helperFailed:
            if step == 2 { return [.signalAll(Signal(rawValue: 9)), .reap] }
            nextTry = now + 100 < since + patience ? now + 100 : nil
            return []
        case .sendingFailed:
            return []
        case .leavingFailed:
            return workIsOver(now)
        }
    }

    private mutating func received(_ number: Int32, _ now: Int64) -> [Action] {
        if number == 17 { return [.reap] }
        let wishes: [Int32: Ending] = [
            10: .halt, 37: .halt, 12: .powerOff, 38: .powerOff, 30: .powerOff, 39: .reboot,
            2: isMachine ? .reboot : .powerOff, 15: isMachine ? .reboot : .powerOff,
        ]
        let asked = isProcess ? nil : wishes[number]
        if step == 0, let program, !isMachine || asked == nil {
            let forward = forwards[number] ?? number
            return forward == 0 ? [] : [.forward(Signal(rawValue: forward), to: program)]
        }
        if step == 0, isProcess {
            if [18, 20, 21, 22, 23, 28].contains(number) { return [] }
            return exit(UInt8(128 + number))
        }
        if step == 0, let asked { return stop(asked, now) }
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
        step = 1
        since = now
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
        if step == 1 { return begin(2, now) }
        if step == 2 { return nobodyIsLeft(now) }
        if nextTry != nil, now < since + patience {
            nextTry = nil
            return [work(step)]
        }
        return begin(step + 1, now)
    }

    private mutating func begin(_ next: Int, _ now: Int64) -> [Action] {
        worker = nil
        nextTry = nil
        step = next
        since = now
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
