import InitCore

extension World {
    func happen(_ happening: Happening) {
        note("\(happening)")
        switch happening {
        case .signal(let signal): raise(signal)
        case .flood(let signal, let count):
            promises.flood = (signal, count)
            raise(signal)
        case .killProgram(let signal):
            if let program = promises.program { self.signal(signal, to: Int(program.pid)) }
        case .ends(let handle, let waitStatus): endProcess(handle, waitStatus)
        case .signalled(let handle, let signal):
            if process(handle) != nil { self.signal(signal, to: Int(handle.pid)) }
        case .forks(let handle): fork(handle)
        case .wakes(let handle): wake(handle)
        case .execs(let handle): exec(handle)
        case .key(let signal): typeKey(signal)
        case .storm(let count):
            for _ in 0..<count { addOrphan() }
        case .theft: steal()
        case .visitor: if scenario.role != .process { makeOther(parent: 0) }
        case .hidesProc: mounts.removeAll { $0.path == "/proc" }
        case .jump(let duration): jump(duration)
        case .fills(let device): devices[device].room = 0
        case .empties(let device): devices[device].room = .max
        case .killsEverything(let handle):
            if process(handle) != nil { signalEverything(9, but: handle.pid) }
        case .leaves(let handle, let ending):
            if process(handle) != nil { goOff(ending) }
        }
    }

    /// A signal to PID 1 from outside or below.
    private func raise(_ signal: Int32) {
        if signal == 14, letsAlarmThrough {
            isInterrupted = true
            signals.carry(signal)
        } else {
            raiseToInit(signal)
        }
    }

    /// A key of the terminal: the whole group in the foreground gets its signal.
    private func typeKey(_ signal: Int32) {
        guard scenario.terminal.isThere, scenario.terminal.isForeground else { return }
        if !scenario.terminal.hasAllStreams { raiseToInit(signal, from: .kernel) }
        guard let program = promises.program, process(program) != nil else { return }
        self.signal(signal, to: Int(program.pid))
    }

    private func fork(_ handle: Handle) {
        guard let process = process(handle), process.forksLeft > 0, !process.isStopped else {
            return
        }
        processes[Int(handle.pid)]!.forksLeft -= 1
        // A double fork: the one in between ends at once.
        if random.oneIn(3), let between = makeProcess(.other, parent: handle.pid) {
            makeOther(parent: between.pid)
            endProcess(between, 0)
        } else {
            makeOther(parent: handle.pid, group: random.oneIn(2) ? process.group : nil)
        }
        if process.forksLeft > 1 { schedule(.forks(handle), after: random.duration() / 4) }
    }

    private func wake(_ handle: Handle) {
        guard process(handle) != nil else { return }
        processes[Int(handle.pid)]!.isStuck = false
        if let fate = processes[Int(handle.pid)]!.fate { endProcess(handle, fate) }
    }

    /// Makes an orphan, most of the time a dead one. A process that is no subreaper gets none.
    private func addOrphan() {
        guard scenario.role != .process || isSubreaper, promises.hasStarted else { return }
        if random.oneIn(4) {
            makeOther(parent: initPid)
        } else if let handle = makeProcess(.other, parent: initPid) {
            endProcess(handle, random.waitStatus())
        }
    }

    private func steal() {
        guard let program = promises.program, let process = process(program) else { return }
        programIsStolen = true
        // Its number stays taken, or PID 1 could not know.
        processes[Int(program.pid)] = Process(
            handle: process.handle, kind: .other, parent: 0, group: program.pid,
            born: time)
        processes[Int(program.pid)]!.isStuck = true
        raiseToInit(17)
    }

    func signalEverything(_ signal: Int32, but sender: Int32) {
        for index in processes.indices where index != Int(sender) {
            self.signal(signal, to: index)
        }
    }

    /// reboot(2) has its effect.
    func goOff(_ ending: Ending) {
        checkOff(ending)
        finish(.off(ending))
    }
}
