import Glibc
import InitCore
import KernelInterface

/// What PID 1 promises, worked out from what the world sees of it, and from nothing that PID 1
/// thinks: which signals it took, whom it reaped, what it asked for.
struct Promises {
    /// The greeting may go to three consoles in turn, each with 20 stalls and a few bytes at
    /// a time; nothing else comes near.
    static let mostCallsInATurn = 700
    static let mostCallsOfAHelper = 100
    /// An alarm comes after 100 ms.
    static let longestWrite: Int64 = 100
    /// All writes and waits for room in a turn: three consoles that take nothing, 6.3 s, or
    /// a few bytes now and then.
    static let longestTurn: Int64 = 15_000
    /// How many turns a child may be dead before it is reaped: as long as 256 others are
    /// reaped, or as many signals taken, and a few.
    static let mostTurnsAsAZombie = 600

    var hasStarted = false
    var commandLineWasRead = false
    /// The program, until it was reaped.
    var program: Handle?
    var hasSpawned = false
    var flood: (signal: Int32, left: Int)?

    var heldUpInTurn: Int64 = 0

    /// What the program is to get because of the signal that was taken last.
    var owed: Int32?
    /// What everything is to get, now that a shutdown has begun.
    var owedToAll: [Int32] = []
    /// The code that PID 1 is to exit with, at once.
    var owedExit: UInt8?
    /// The code to pass on in the end.
    var code: UInt8 = 0

    var stoppingSince: Int64?
    var ending = Ending.powerOff
    /// When it has to be over.
    var dueBy: Int64 = 0
    var isStranded = false
    /// Whether everything had ended once. Orphans may still come, from outside.
    var nobodyWasLeft = false
    /// Time since then that PID 1 did not choose to wait.
    var excused: Int64 = 0
    var somethingHung = false
    var hasSynced = false
    /// Whether a helper could not mount /proc, where the list of mounts is.
    var mayLackList = false
    /// Whether fork(2) may go on failing. Where it fails now and then another try helps.
    var mayNotFork = false

    /// The helper that was started last.
    var work: Actor.Work?
    var worker: Handle?
    var workSince: Int64 = 0
    /// When PID 1 asked for the time. A jump may come between that and what it does then.
    var clockWasRead: Int64 = 0

    mutating func excuse(_ duration: Int64) { excused += duration }

    /// Whether a request of one who is stranded may make leaving begin again.
    var isRepeated = false
}

// MARK: What PID 1 sees

extension World {
    private var expectsProgram: Bool {
        scenario.hasProgram && (scenario.role != .machine || promises.commandLineWasRead)
    }

    /// What PID 1 of a machine knows of the grace period stands in the command line.
    private var grace: Int64 {
        scenario.role != .machine || promises.commandLineWasRead
            ? scenario.graceMilliseconds : Limit.graceMilliseconds
    }

    func took(_ signal: Int32) {
        if signal == 17 { return }
        if promises.stoppingSince != nil {
            if promises.isStranded, let ending = scenario.request(signal) {
                promises.isStranded = false
                promises.isRepeated = true
                promises.ending = ending
                promises.dueBy = time + 5_000
                promises.excused = 0
            }
        } else if expectsProgram {
            if scenario.role == .machine, let ending = scenario.request(signal) {
                beginStopping(ending)
            } else {
                promises.owed = scenario.forwarded(signal)
            }
        } else if let ending = scenario.request(signal) {
            beginStopping(ending)
        } else if scenario.role == .process, ![18, 20, 21, 22, 23, 28].contains(signal) {
            promises.owedExit = UInt8(128 + signal)
        }
    }

    private func beginStopping(_ ending: Ending) {
        note("a shutdown is due: \(ending)")
        promises.stoppingSince = time
        promises.ending = ending
        promises.owedToAll = [15, 18]
        promises.dueBy = time + grace + (scenario.role == .machine ? 26_000 : 10_000)
        promises.excused = 0
    }

    func reaped(_ process: Process) {
        if process.handle == promises.worker {
            promises.worker = nil
            if promises.work == .leaving { leavingFailed() }
        }
        if figures.turns - process.endedInTurn > Promises.mostTurnsAsAZombie {
            fail("a child was dead for \(figures.turns - process.endedInTurn) turns")
        }
        guard process.handle == promises.program else { return }
        promises.program = nil
        let number = process.waitStatus! & 0x7f
        programIsOver(UInt8(number == 0 ? process.waitStatus! >> 8 & 0xff : 128 + number))
    }

    func programFailed(_ error: Errno) {
        programIsOver(error.rawValue == 2 ? 127 : 126)
    }

    private func programIsOver(_ code: UInt8) {
        promises.code = scenario.remaps.contains(code) ? 0 : code
        if scenario.role == .process {
            promises.owedExit = promises.code
        } else if promises.stoppingSince == nil {
            beginStopping(.powerOff)
        }
    }

    func noChildIsLeft() {
        if promises.stoppingSince != nil { promises.nobodyWasLeft = true }
        guard promises.program != nil else { return }
        promises.program = nil
        if promises.stoppingSince == nil { programIsOver(1) }
    }

    func leavingFailed() {
        guard actor == nil else { return }
        promises.isStranded = true
        if scenario.role == .container { promises.owedExit = promises.code }
    }
}

// MARK: What PID 1 does

extension World {
    /// A helper has begun, and its first system call shows at what.
    func begins(_ next: Actor.Work) {
        let patience: Int64 = [0, 5_000, 8_000, 8_000, 5_000][promises.work?.rawValue ?? 0]
        let isRepeated = promises.isRepeated
        if let work = promises.work {
            if work.rawValue >= next.rawValue, !isRepeated { fail("\(next) begins after \(work)") }
            if promises.worker != nil, work != .killing, !faulted.contains(.fork),
                time + tolerance < promises.workSince + patience
            {
                fail("\(next) begins while \(work) still has time")
            }
        }
        let order: [Actor.Work?] = [.unmounting, .syncing, .leaving]
        if scenario.role == .machine, let place = order.firstIndex(of: next), place > 0,
            promises.work != order[place - 1], !isRepeated, !promises.mayNotFork
        {
            fail("\(next) begins before \(order[place - 1]!)")
        }
        if next == .killing { checkGrace() }
        if next == .unmounting || next == .leaving && scenario.role == .container {
            checkNobodyIsForgotten()
        }
        promises.isRepeated = false
        promises.work = next
        promises.worker = actor!.handle
        promises.workSince = promises.clockWasRead
    }

    func checkSending(_ signal: Int32, to target: SignalTarget) {
        if target == .everything {
            if scenario.role == .process { fail("a process signals everything") }
            if promises.owedToAll.first == signal {
                promises.owedToAll.removeFirst()
            } else if signal == 9, faulted.contains(.fork) {
                checkGrace()
            } else {
                fail("signal \(signal) to everything, which nobody asked for")
            }
            return
        }
        guard let program = promises.program else {
            fail("signal \(signal) to \(target), and there is no program")
            return
        }
        let process = ProcessID(rawValue: program.pid)
        if target != (scenario.signalsGroup ? .group(process) : .process(process)) {
            fail("signal \(signal) to \(target), which is not the program")
        }
        if promises.owed != signal { fail("signal \(signal) to the program: nobody sent it") }
        promises.owed = nil
        figures.forwarded += 1
    }

    func checkSpawning(_ program: Program) {
        if promises.stoppingSince != nil { fail("the program starts after shutdown began") }
        if promises.hasSpawned { fail("the program starts twice") }
        if !expectsProgram { fail("the program starts, and there is none") }
        promises.hasSpawned = true
        let words = [program.arguments[0], program.arguments[1]].map {
            $0.map { String(cString: $0) }
        }
        if words != ["/prog", "x"] || program.arguments[2] != nil {
            fail("the program gets other words: \(words)")
        }
        if program.hasOwnSession != (scenario.role == .machine) {
            fail("the program's session is not as the role has it")
        }
    }

    /// A phase begins before its helper does, by a step of the clock and a line in the log.
    private var tolerance: Int64 { scenario.clockStep + 2 * Promises.longestWrite }

    func checkForking() {
        if scenario.role == .process { fail("a process forks") }
        if promises.stoppingSince == nil { fail("a helper before shutdown began") }
    }

    /// Nobody is killed before the grace period is over.
    func checkGrace() {
        guard let since = promises.stoppingSince else {
            fail("SIGKILL before shutdown began")
            return
        }
        if time + scenario.clockStep < since + grace {
            fail("SIGKILL before the grace period is over")
        }
    }

    /// PID 1 goes on without a child only when that child had its time.
    func checkNobodyIsForgotten() {
        guard hasOtherChildren, !promises.nobodyWasLeft, let since = promises.stoppingSince,
            !promises.isRepeated
        else {
            return
        }
        if time + tolerance < since + grace + 5_000 {
            fail("PID 1 goes on although a child lives and has time")
        }
    }

    private var hasOtherChildren: Bool {
        processes.contains { $0 != nil && $0!.parent == initPid && $0!.handle != actor?.handle }
    }

    func checkLeavingByItself() {
        let isTried = promises.work == .leaving && time + tolerance >= promises.workSince + 5_000
        if promises.stoppingSince == nil || !isTried && !faulted.contains(.fork) {
            fail("PID 1 itself calls reboot(2)")
        }
    }

    func checkOff(_ ending: Ending) {
        if ending != promises.ending {
            fail("the machine does \(ending), and \(promises.ending) was asked for")
        }
        if scenario.role == .process { fail("a process switches the machine off") }
        if scenario.role == .container, ending != .reboot { fail("a container does \(ending)") }
        checkTime()
        if scenario.role == .machine, !promises.mayNotFork { checkDisks() }
    }

    /// Nothing that was written is lost.
    private func checkDisks() {
        if promises.somethingHung { return }
        if !promises.hasSynced { fail("the machine goes off without a sync") }
        guard faulted.isDisjoint(with: [.unmount, .makeReadOnly, .read]) else { return }
        for mount in mounts where mount.isDisk && !mount.isReadOnly && mount.path != "/proc" {
            // Without the list of mounts PID 1 knows of none but the root.
            if promises.mayLackList, mount.path != "/" { continue }
            if mount.holder.flatMap({ process($0) }) == nil {
                fail("the machine goes off with \(mount.path) mounted")
            }
        }
    }

    /// PID 1 has exited.
    func exited(_ code: UInt8) {
        note("PID 1 exits with \(code)")
        if end != nil { return }
        switch scenario.role {
        case .machine: fail("PID 1 of a machine exits")
        case .process:
            if promises.owedExit != code {
                fail("code \(code), not \(String(describing: promises.owedExit))")
            }
        case .container:
            if promises.stoppingSince == nil { fail("the container ends of itself") }
            if promises.code != code { fail("code \(code), not \(promises.code)") }
            if promises.ending == .reboot, !promises.isStranded {
                fail("it exits instead of a reboot")
            }
            checkNobodyIsForgotten()
            checkTime()
        }
        finish(.exited(code))
    }

    /// PID 1 has waited for a device.
    func wasHeldUp(since began: Int64, _ jumpedBefore: Int64) {
        promises.excuse(time - began)
        promises.heldUpInTurn += time - began - (jumped - jumpedBefore)
        if promises.heldUpInTurn > Promises.longestTurn {
            fail("devices hold PID 1 up for \(promises.heldUpInTurn) ms")
        }
    }

    /// The line that the core has for what cannot be.
    func checkWords(_ bytes: UnsafeRawBufferPointer) {
        let words: StaticString = "init: something happened that cannot"
        // In the kernel's log a priority stands in front.
        for start in [0, 3] where bytes.count > start + words.utf8CodeUnitCount {
            if memcmp(bytes.baseAddress! + start, words.utf8Start, words.utf8CodeUnitCount) == 0 {
                fail("something happened that cannot")
            }
        }
    }
}

// MARK: Between two deeds

extension World {
    /// What a signal or an end made due is done before PID 1 looks for the next.
    func checkSettled() {
        if end != nil { return }
        if let signal = promises.owed { fail("signal \(signal) did not get to the program") }
        if let signal = promises.owedToAll.first { fail("not everything got signal \(signal)") }
        if let code = promises.owedExit { fail("PID 1 did not exit with \(code)") }
    }

    func checkTurn() {
        promises.hasStarted = true
        promises.heldUpInTurn = 0
        guard figures.turns % 128 == 0, let zombie = firstZombie else { return }
        if figures.turns - zombie.endedInTurn > Promises.mostTurnsAsAZombie {
            fail(
                "process \(zombie.handle.pid) is dead for \(figures.turns - zombie.endedInTurn) turns"
            )
        }
    }

    /// - Parameter timeout: when PID 1 would wake up by itself.
    func checkSleeping(_ timeout: Int64?) {
        if let zombie = firstZombie { fail("PID 1 sleeps, and \(zombie.handle.pid) is dead") }
        if alarmInterval > 0, !faulted.contains(.setAlarmInterval) {
            fail("an alarm is left behind")
        }
        if expectsProgram != promises.hasSpawned { fail("the program was not started") }
        guard promises.stoppingSince != nil else {
            if timeout != nil { fail("PID 1 would wake up for nothing") }
            return
        }
        if promises.isStranded { return }
        if timeout == nil { fail("a shutdown waits, and has no deadline") }
        let isPatient = promises.work == nil || promises.work == .killing
        if isPatient, !hasChildren, !faulted.contains(.fork) { fail("PID 1 waits for nobody") }
        checkTime()
    }

    /// A shutdown takes the grace period and 26 s; a container has less to do.
    func checkTime() {
        guard promises.stoppingSince != nil, !promises.isStranded else { return }
        if time - promises.excused > promises.dueBy + 8 * scenario.clockStep {
            fail("the shutdown is late by \(time - promises.dueBy) ms")
        }
    }

    func checkQuiet() {
        if promises.stoppingSince != nil, !promises.isStranded { fail("a shutdown never ends") }
        let isHealthy =
            faulted.isEmpty && scenario.openStreams[1] && devices[0].room == .max
            && devices[0].writeError == nil && scenario.devices[0].room == .max
        if isHealthy, !expectsProgram, devices[0].received != Greeting.text.utf8CodeUnitCount {
            fail("PID 1 did not greet")
        }
    }
}
