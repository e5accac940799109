import Glibc
import InitCore
import KernelInterface

/// What PID 1 promises. The world works this out from what it sees: which signals PID 1 took, which
/// children it reaped, which system calls it made. It does not look into PID 1.
struct Promises {
    /// The greeting may go to three consoles in turn, each with 20 stalls and a few bytes at a
    /// time. No other turn takes nearly as many.
    static let mostCallsInATurn = 700
    static let mostCallsOfAHelper = 300
    /// An alarm comes after 100 ms.
    static let longestWrite: Int64 = 100
    /// All writes and waits for room in a turn: three consoles that take nothing, 6.3 s, or
    /// a few bytes now and then.
    static let longestTurn: Int64 = 15_000
    /// How many turns a child may be dead before it is reaped: 256 others may be reaped first, and
    /// 256 signals taken.
    static let mostTurnsAsAZombie = 600

    var hasStarted = false
    var commandLineWasRead = false
    /// The program, until it was reaped.
    var program: Handle?
    var hasSpawned = false
    var flood: (signal: Int32, left: Int)?

    var heldUpInTurn: Int64 = 0

    /// The code for a child that could not become the program, and whether PID 1 has read that.
    var codeOfFailure: UInt8?
    var reportedFailure = false
    /// When the child was made, and how long PID 1 had been held up by then.
    var spawned: (handle: Handle, time: Int64, excused: Int64)?
    /// Whether PID 1 has tried to kill everything, through a helper or by itself.
    var hasKilled = false
    /// Whether PID 1 has seen the program stop, and may continue it.
    var mayGoOn = false
    /// Whether a second request has come for a container's end.
    var isHastened = false
    /// Whether there has been a process for the program.
    var wasForked = false

    /// The signal that the program has to get, because PID 1 has just taken one.
    var owed: Int32?
    /// The signals that all processes have to get, now that a shutdown has begun.
    var owedToAll: [Int32] = []
    /// The code that PID 1 is to exit with, at once.
    var owedExit: UInt8?
    /// The code to exit with in the end.
    var code: UInt8 = 0

    var stoppingSince: Int64?
    var ending = Ending.powerOff
    /// When the shutdown has to be over.
    var dueBy: Int64 = 0
    var isStranded = false
    /// Whether PID 1 once had no child left. Orphans may still come from outside.
    var nobodyWasLeft = false
    /// Time since then that PID 1 did not choose to wait.
    var excused: Int64 = 0
    var somethingHung = false
    var hasSynced = false
    /// Whether a helper could not mount /proc, where the list of mounts is.
    var mayLackList = false
    /// When unmounting was begun.
    var unmountingSince: Int64?
    /// Whether PID 1 could not read how much is left to write.
    var mayNotMeasure = false
    /// Whether the kernel may drop lines silently, as it does by default.
    var mayLoseLines = false
    /// wait4(2) or sigtimedwait(2) has failed. PID 1 has to wait before it tries again.
    var owesRest = false
    /// Whether fork(2) may go on failing. If it fails only sometimes, another try helps.
    var mayNotFork = false

    /// The helper that was started last.
    var work: Actor.Work?
    var worker: Handle?
    var workSince: Int64 = 0
    /// When PID 1 asked for the time. A jump may come between that and what it does then.
    var clockWasRead: Int64 = 0

    /// All the time that PID 1 did not choose to wait.
    var excusedEver: Int64 = 0

    mutating func excuse(_ duration: Int64) {
        excused += duration
        excusedEver += duration
    }

    /// Whether PID 1 could not leave, and a new request lets it try again.
    var isRepeated = false
}

// MARK: Events that PID 1 sees

extension World {
    var expectsProgram: Bool {
        scenario.hasProgram && (scenario.role != .machine || promises.commandLineWasRead)
    }

    /// A machine's PID 1 reads the grace period from the kernel's command line.
    var grace: Int64 {
        switch scenario.role {
        case .container, .process: scenario.graceMilliseconds
        case .machine:
            promises.commandLineWasRead ? scenario.graceMilliseconds : Limit.graceMilliseconds
        }
    }

    private var flush: Int64 {
        promises.commandLineWasRead ? scenario.flushMilliseconds : Limit.flushMilliseconds
    }

    /// The signal that the program has to get after PID 1 took this one.
    private func owedToProgram(_ signal: Int32, _ origin: SignalOrigin) -> Int32? {
        let isKey = [2, 3, 20, 28].contains(signal) && origin == .kernel
        if isKey, scenario.place == .initsGroup { return nil }
        if [13, 25].contains(signal), origin == .itself { return nil }
        if [21, 22].contains(signal), scenario.forwarded(signal) == signal { return nil }
        return scenario.forwarded(signal)
    }

    /// Whether this is a second request for a container's end. A key that the program got as well
    /// is no request.
    func hastens(_ signal: Int32, from origin: SignalOrigin) -> Bool {
        let isPrograms = origin == .kernel && scenario.place == .initsGroup && promises.wasForked
        return scenario.role == .container && [2, 3, 15].contains(signal) && !isPrograms
    }

    func took(_ signal: Int32, from origin: SignalOrigin) {
        oweLine(for: signal, from: origin)
        if signal == 17 { return }
        if promises.stoppingSince != nil {
            if hastens(signal, from: origin) { promises.isHastened = true }
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
                promises.owed = owedToProgram(signal, origin)
            }
        } else if [13, 25].contains(signal), origin == .itself {
            return
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
        if scenario.slowDisk != nil { promises.dueBy += max(0, flush - 8_000) }
        promises.excused = 0
        if scenario.role == .machine { owe(.stopping(ending)) }
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
        if promises.reportedFailure, let code = promises.codeOfFailure {
            programIsOver(code)
            return
        }
        let number = process.waitStatus! & 0x7f
        programIsOver(UInt8(number == 0 ? process.waitStatus! >> 8 & 0xff : 128 + number))
    }

    func programFailed(_ error: Errno) {
        owe(.programNotStarted(error))
        programIsOver(error.rawValue == 2 ? 127 : 126)
    }

    /// PID 1 has read the child's report. If it could not, it assumes that the program runs.
    func readReport(_ error: Errno?) {
        guard let (handle, began, excused) = promises.spawned else { return }
        let slowness = time - began - (promises.excusedEver - excused)
        if slowness > Limit.startMilliseconds + tolerance + 1_000 {
            checkAnnounced(.startingSlowly)
        }
        guard let error, let code = promises.codeOfFailure else {
            oweFirst(.programStarted(ProcessID(rawValue: handle.pid)))
            return
        }
        promises.reportedFailure = true
        // The child may have been reaped first. Its own code does not count.
        if promises.program == nil {
            let old = promises.code
            promises.code = passedOn(code)
            if promises.owedExit != nil { promises.owedExit = promises.code }
            correct(.programEnded(old), to: .programEnded(promises.code))
        }
        oweFirst(.programNotStarted(error))
    }

    private func passedOn(_ code: UInt8) -> UInt8 { scenario.remaps.contains(code) ? 0 : code }

    private func programIsOver(_ code: UInt8) {
        promises.code = passedOn(code)
        owe(.programEnded(promises.code))
        if scenario.role == .process {
            promises.owedExit = promises.code
        } else if promises.stoppingSince == nil {
            beginStopping(.powerOff)
        }
    }

    func noChildIsLeft() {
        if promises.stoppingSince != nil { promises.nobodyWasLeft = true }
        guard promises.program != nil else { return }
        if !programIsStolen { fail("the kernel has reaped the program, and init lost its code") }
        promises.program = nil
        if promises.stoppingSince == nil {
            if promises.reportedFailure {
                programIsOver(promises.codeOfFailure!)
            } else {
                owe(.programLost)
                programIsOver(1)
            }
        }
    }

    func leavingFailed() {
        guard actor == nil else { return }
        promises.isStranded = true
        if scenario.role == .container { promises.owedExit = promises.code }
    }
}

// MARK: Actions of PID 1

extension World {
    /// A helper has begun. Its first system call shows its work.
    func begins(_ next: Actor.Work) {
        checkAnnouncements(before: next)
        let patience: Int64 = [0, 0, 5_000, 8_000, 8_000, 5_000][promises.work?.rawValue ?? 0]
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
        if next == .killing {
            promises.hasKilled = true
            checkGrace()
            checkShells()
        }
        if next == .unmounting || next == .leaving && scenario.role == .container {
            checkNobodyIsForgotten()
        }
        if next == .unmounting { promises.unmountingSince = promises.clockWasRead }
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
                promises.hasKilled = true
                checkGrace()
            } else {
                fail("signal \(signal) to everything, without a request")
            }
            return
        }
        guard let program = promises.program else {
            let isEnd = scenario.name == "dumb-init" && signal == 15 && promises.wasForked
            if !isEnd { fail("signal \(signal) to \(target), and there is no program") }
            return
        }
        if !programIsStolen, let other = processes[Int(program.pid)], other.handle != program {
            fail("signal \(signal) to \(target), whose number another process has")
        }
        if !isProgram(target, program, signal) {
            fail("signal \(signal) to \(target), which is not the program")
        }
        if signal == 18, promises.mayGoOn {
            promises.mayGoOn = false
            if promises.owed == 18 { promises.owed = nil }
            return
        }
        if promises.owed != signal {
            fail("signal \(signal) to the program, which no process sent")
        }
        promises.owed = nil
        figures.forwarded += 1
    }

    /// Whether a signal goes to the program, or to its group if the group has to get it.
    private func isProgram(_ target: SignalTarget, _ program: Handle, _ signal: Int32) -> Bool {
        let process = ProcessID(rawValue: program.pid)
        if target == .group(process) {
            return scenario.signalsGroup || signal == 18 && scenario.place == .ownForegroundGroup
        }
        if scenario.signalsGroup { return false }
        return target
            == (programDescriptor.map { .program(process, FileDescriptor(rawValue: $0)) }
                ?? .process(process))
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
        if program.place != scenario.place { fail("the program runs in \(program.place)") }
        checkDispositions(program)
        checkBelongings()
    }

    /// The program gets the directory and the descriptors that init's parent meant for it, and no
    /// others.
    private func checkBelongings() {
        if directory != scenario.inheritance.directory {
            fail("the program starts in \(directory)")
        }
        let open = files.indices.filter { $0 > 2 && files[$0]?.closesOnExec == false }
        if open != scenario.inheritance.descriptors {
            fail("the program starts with the descriptors \(open)")
        }
    }

    /// The program starts with the signals that the table says. Init relies on its own.
    private func checkDispositions(_ program: Program) {
        let all = Set(Int32(1)...64).subtracting([9, 19])
        let handled = faulted.contains(.handleFault) ? all.subtracting(Dispositions.faults) : all
        if !dispositions.caught.isSuperset(of: handled) {
            fail("the program starts before init catches every signal")
        }
        let none = (ignored: Set<Int32>(), blocked: Set<Int32>())
        let left = program.keepsDispositions ? dispositions.remembered : none
        let inherited = scenario.inheritance
        let due = scenario.keepsDispositions ? (inherited.ignored, inherited.blocked) : none
        // Of a fault that has no handler init does not know whether it was ignored.
        if left.ignored.intersection(handled) != due.0.intersection(handled) {
            fail("the program starts with other signals ignored: \(left.ignored.sorted())")
        }
        if left.blocked != due.1 {
            fail("the program starts with other signals blocked: \(left.blocked.sorted())")
        }
    }

    /// A phase begins before its helper does, by a step of the clock and a line in the log.
    var tolerance: Int64 { scenario.clockStep + 2 * Promises.longestWrite }

    func checkForking() {
        if scenario.role == .process { fail("a process forks") }
        if promises.stoppingSince == nil { fail("a helper before shutdown began") }
        // Killing begins while a shell may still be hung up on.
        if promises.work != .hangingUp || promises.hasKilled { book.helper = nil }
    }

    /// PID 1 kills no process before the grace period is over.
    func checkGrace() {
        guard let since = promises.stoppingSince else {
            fail("SIGKILL before shutdown began")
            return
        }
        if time + scenario.clockStep < since + grace, !promises.isHastened {
            fail("SIGKILL before the grace period is over")
        }
    }

    /// Before PID 1 kills, shells get SIGHUP, and no other process does.
    func checkHelperSending(_ signal: Int32, to target: SignalTarget) {
        guard case .process(let process) = target else { return }
        guard case .hangsUp? = processes[Int(process.rawValue)]?.manners, [1, 18].contains(signal)
        else {
            fail("a helper sends \(signal) to \(target)")
            return
        }
    }

    /// A shutdown does not wait for a shell that ignores SIGTERM.
    private func checkShells() {
        guard grace >= 1_000, scenario.clockStep == 1, !scenario.disksHang, !scenario.isSlow,
            jumped == 0, faulted.isDisjoint(with: [.fork, .read, .list, .send]),
            !promises.mayNotFork, !promises.isHastened, let since = promises.stoppingSince,
            scenario.role != .machine || mounts.contains(where: { $0.path == "/proc" })
        else { return }
        for process in processes {
            guard let process, !process.isZombie, case .hangsUp = process.manners,
                process.kind == .other, !process.isStopped, !process.isStuck, process.born < since
            else { continue }
            fail("process \(process.handle.pid), a shell, got no SIGHUP")
        }
    }

    /// PID 1 goes on without a child only after the child's time is over.
    func checkNobodyIsForgotten() {
        guard hasOtherChildren, !promises.nobodyWasLeft, let since = promises.stoppingSince,
            !promises.isRepeated
        else {
            return
        }
        if time + tolerance < since + (promises.isHastened ? 0 : grace) + 5_000 {
            fail("PID 1 goes on although a child lives and has time")
        }
    }

    private var hasOtherChildren: Bool {
        processes.contains { $0 != nil && $0!.parent == initPid && $0!.handle != actor?.handle }
    }

    func checkLeavingByItself() {
        book.helper = nil
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

    /// The machine goes off with all data on its disks.
    private func checkDisks() {
        if promises.somethingHung { return }
        if !promises.hasSynced { fail("the machine goes off without a sync") }
        checkSlowDisk()
        let dispensable: Set<Call> = [
            .unmount, .makeReadOnly, .readLines, .list, .swapOff, .detachLoop, .removeMappings,
        ]
        guard faulted.isDisjoint(with: dispensable) else { return }
        for mount in mounts where mount.isDisk && !mount.isReadOnly && mount.path != "/proc" {
            // Without the list of mounts PID 1 knows of none but the root.
            if promises.mayLackList, mount.path != "/" { continue }
            if mount.holder.flatMap({ process($0) }) == nil {
                fail("the machine goes off with \(mount.path) mounted")
            }
        }
    }

    /// PID 1 waits for a disk that goes on writing, as long as `hammock.flush` allows.
    private func checkSlowDisk() {
        guard unwritten > 0, !promises.mayNotMeasure, !faulted.contains(.read), jumped == 0,
            let began = promises.unmountingSince
        else { return }
        // One that begins only then has done nothing for too long.
        if (writesSince ?? .max) < began + 4_000, time - began + tolerance < flush {
            fail("the machine goes off with \(unwritten) KiB unwritten")
        }
    }

    /// PID 1 has exited.
    func exited(_ code: UInt8) {
        note("PID 1 exits with \(code)")
        if end != nil { return }
        if foregroundGroup == .programs {
            fail("init exits, and leaves the terminal to its program's group")
        }
        checkSaid()
        switch scenario.role {
        case .machine: fail("PID 1 of a machine exits")
        case .process:
            if promises.owedExit != code {
                fail("code \(code), not \(String(describing: promises.owedExit))")
            }
        case .container:
            if promises.stoppingSince == nil { fail("the container ends without a reason") }
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

    /// PID 1 must never log the core's line for an impossible event.
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

// MARK: Between two actions

extension World {
    /// PID 1 does all that one event asks for before it looks for the next.
    func checkSettled() {
        if end != nil { return }
        if let signal = promises.owed { fail("signal \(signal) did not get to the program") }
        if let signal = promises.owedToAll.first { fail("not everything got signal \(signal)") }
        if let code = promises.owedExit { fail("PID 1 did not exit with \(code)") }
        checkSaid()
        if promises.owesRest { fail("PID 1 repeats a failed call without a rest") }
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

    /// - Parameter timeout: after how many milliseconds PID 1 wakes up by itself.
    func checkSleeping(_ timeout: Int64?, for descriptor: FileDescriptor?) {
        checkProgramIsKnown()
        if let zombie = firstZombie { fail("PID 1 sleeps, and \(zombie.handle.pid) is dead") }
        if alarmInterval > 0, !faulted.contains(.setAlarmInterval) {
            fail("an alarm is left behind")
        }
        if expectsProgram != promises.hasSpawned { fail("the program was not started") }
        guard promises.stoppingSince != nil else {
            let isStarting = promises.program != nil && !report.isThere
            if timeout != nil, !isStarting { fail("PID 1 has a timeout and no reason for it") }
            if isStarting, descriptor == nil, !faulted.contains(.readReport) {
                fail("PID 1 does not wait for its program's report")
            }
            checkHoldsNothing()
            checkTerminal()
            return
        }
        if promises.isStranded { return }
        if timeout == nil { fail("a shutdown waits, and has no deadline") }
        let isPatient = (promises.work?.rawValue ?? 0) <= Actor.Work.killing.rawValue
        if isPatient, !hasChildren, !faulted.contains(.fork) {
            fail("PID 1 waits, and has no child")
        }
        checkTime()
    }

    /// Init keeps neither the file system busy in which it was started, nor files of its parent's
    /// open: a pipe's reader may wait for the end of that pipe.
    private func checkHoldsNothing() {
        if directory != "/" { fail("init is set up, and still in \(directory)") }
        for number in files.indices where files[number]?.isInherited == true {
            fail("init is set up, and keeps descriptor \(number) open")
        }
    }

    /// Init does not sleep while its program is gone, unless another process has reaped it.
    private func checkProgramIsKnown() {
        guard let program = promises.program, processes[Int(program.pid)]?.handle != program,
            !programIsStolen
        else { return }
        fail("init has missed that its program, process \(program.pid), has ended")
    }

    /// A program that has stopped on a terminal can be continued.
    private func checkTerminal() {
        guard let program = promises.program, let process = process(program), process.isStopped,
            let signal = process.stoppedBy, [20, 21, 22].contains(signal),
            scenario.place.isUnderJobControl, scenario.forwarded(18) == 18,
            !faulted.contains(.send), !programIsStolen
        else { return }
        if signal != 20, !scenario.terminal.isForeground { return }
        fail("the program has stopped by signal \(signal), and is not continued")
    }

    /// A shutdown takes the grace period and 26 s; a container has less to do.
    func checkTime() {
        guard promises.stoppingSince != nil, !promises.isStranded else { return }
        if time - promises.excused > promises.dueBy + 8 * scenario.clockStep {
            fail("the shutdown is late by \(time - promises.dueBy) ms")
        }
    }

    func checkQuiet() {
        checkProgramIsKnown()
        if promises.stoppingSince != nil, !promises.isStranded { fail("a shutdown never ends") }
        let isHealthy =
            faulted.isEmpty && scenario.openStreams[1] && devices[0].room == .max
            && devices[0].writeError == nil && scenario.devices[0].room == .max
        if isHealthy, !expectsProgram, devices[0].received != Greeting.text.utf8CodeUnitCount {
            fail("PID 1 did not greet")
        }
    }
}
