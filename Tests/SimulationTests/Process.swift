import InitCore

/// A process of the world.
struct Process {
    enum Kind { case program, helper, other }

    let handle: Handle
    let kind: Kind
    /// 0: a process outside, which reaps at once.
    var parent: Int32
    var group: Int32
    var manners = Scenario.Manners.dies
    /// Whether it reaps its children.
    var reapsChildren = false
    /// The status that wait4(2) reports, once it has ended.
    var waitStatus: Int32?
    /// The turn in which it ended.
    var endedInTurn = 0
    var isStopped = false
    /// The signal that has stopped it. `unseenStop` is the same until its parent has seen it.
    var stoppedBy: Int32?
    var unseenStop: Int32?
    /// In a system call that cannot be interrupted (state D).
    var isStuck = false
    /// The status that it ends with when it wakes.
    var fate: Int32?
    var forksLeft = 0
    let born: Int64

    var isZombie: Bool { waitStatus != nil }
}

// MARK: Beginning and ending

extension World {
    func process(_ handle: Handle) -> Process? {
        guard let process = processes[Int(handle.pid)], process.handle == handle,
            !process.isZombie
        else { return nil }
        return process
    }

    /// - Returns: `nil` if every number is taken, and fork(2) fails with EAGAIN.
    func makeProcess(_ kind: Process.Kind, parent: Int32, group: Int32? = nil) -> Handle? {
        var pid = lastPid
        for _ in 0..<processes.count {
            pid = pid + 1 < Int32(processes.count) ? pid + 1 : 2
            // A process group keeps its number taken.
            if processes[Int(pid)] == nil, pid != initPid, !isGroup(pid) {
                lastPid = pid
                births += 1
                let handle = Handle(pid: pid, birth: births)
                processes[Int(pid)] = Process(
                    handle: handle, kind: kind, parent: parent, group: group ?? pid, born: time)
                return handle
            }
        }
        return nil
    }

    private func isGroup(_ number: Int32) -> Bool {
        for process in processes {
            if let process, process.group == number { return true }
        }
        return false
    }

    /// Makes a process that runs by itself, and ends by itself sooner or later, or never.
    func makeOther(parent: Int32, group: Int32? = nil) {
        guard forksLeft > 0, let handle = makeProcess(.other, parent: parent, group: group) else {
            return
        }
        forksLeft -= 1
        let index = Int(handle.pid)
        processes[index]!.manners = .draw(&random)
        processes[index]!.reapsChildren = random.oneIn(2)
        processes[index]!.forksLeft = random.pick([0, 0, 1, 3])
        if processes[index]!.forksLeft > 0 { schedule(.forks(handle), after: random.duration()) }
        if !random.oneIn(4) {
            schedule(.ends(handle, waitStatus: random.waitStatus()), after: random.duration())
        }
        if scenario.disksHang, random.oneIn(10) {
            processes[index]!.isStuck = true
            if random.oneIn(2) { schedule(.wakes(handle), after: random.duration()) }
            if !mounts.isEmpty { mounts[random.below(mounts.count)].holder = handle }
        }
        note("process \(handle.pid) begins, parent \(parent)")
    }

    func endProcess(_ handle: Handle, _ waitStatus: Int32) {
        guard let process = process(handle) else { return }
        let index = Int(handle.pid)
        if process.isStuck {
            processes[index]!.fate = waitStatus
            return
        }
        note("process \(handle.pid) ends with \(waitStatus), parent \(process.parent)")
        processes[index]!.waitStatus = waitStatus
        processes[index]!.endedInTurn = figures.turns
        for child in processes.indices {
            if let orphan = processes[child], orphan.parent == handle.pid { handOver(child) }
        }
        tellParent(index)
    }

    /// Gives an orphan to init, or to a process outside if init is no reaper.
    private func handOver(_ child: Int) {
        let toInit = scenario.role != .process || isSubreaper
        processes[child]!.parent = toInit ? initPid : 0
        if processes[child]!.isZombie {
            processes[child]!.endedInTurn = figures.turns
            tellParent(child)
        }
    }

    private func tellParent(_ index: Int) {
        let parent = processes[index]!.parent
        if parent == initPid, !dispositions.ignoresChildren {
            raiseToInit(17)
        } else if parent == initPid {
            note("the kernel itself reaps process \(processes[index]!.handle.pid)")
            processes[index] = nil
        } else if parent == 0 || processes[Int(parent)]?.reapsChildren != false {
            processes[index] = nil
        }
    }

    /// The child that ended first, as wait4(2) finds it, or whether there is any child.
    func reapOne() -> (process: Process?, hasChildren: Bool) {
        var hasChildren = false
        for index in processes.indices {
            guard let process = processes[index], process.parent == initPid else { continue }
            hasChildren = true
            if process.isZombie {
                processes[index] = nil
                return (process, true)
            }
        }
        return (nil, hasChildren)
    }

    /// A child that has stopped. wait4(2) reports each stop once.
    func stoppedOne() -> Process? {
        for index in processes.indices {
            guard let process = processes[index], process.parent == initPid, !process.isZombie,
                process.unseenStop != nil
            else { continue }
            processes[index]!.unseenStop = nil
            return process
        }
        return nil
    }

    var hasChildren: Bool {
        for process in processes {
            if let process, process.parent == initPid { return true }
        }
        return false
    }

    var firstZombie: Process? {
        for process in processes {
            if let process, process.parent == initPid, process.isZombie { return process }
        }
        return nil
    }
}

// MARK: Signals

extension World {
    /// Makes a signal wait for init, unless the kernel drops it.
    func raiseToInit(_ signal: Int32, from origin: SignalOrigin = .process) {
        if dispositions.keeps(signal) {
            signals.raise(signal, from: origin)
        } else {
            note("the kernel drops signal \(signal)")
        }
    }

    /// - Returns: whether there is such a process.
    @discardableResult
    func signal(_ number: Int32, toGroup group: Int32) -> Bool {
        var found = false
        for index in processes.indices where processes[index]?.group == group {
            found = true
            signal(number, to: index)
        }
        return found
    }

    /// Has a process handle a signal.
    func signal(_ number: Int32, to index: Int) {
        guard let process = processes[index], !process.isZombie, number != 0 else { return }
        let handle = process.handle
        if number == 9 {
            endProcess(handle, 9)
            return
        }
        // PID 1 has blocked the rest, and a child of fork(2) inherits that.
        if process.kind == .helper { return }
        switch number {
        case 19, 20, 21, 22:
            // A second stop is not reported.
            if process.isStopped { return }
            processes[index]!.isStopped = true
            processes[index]!.stoppedBy = number
            processes[index]!.unseenStop = number
            if process.parent == initPid { raiseToInit(17) }
        case 18:
            processes[index]!.isStopped = false
            processes[index]!.unseenStop = nil
            if process.isStopped, process.parent == initPid { raiseToInit(17) }
            if process.isStopped, let fate = process.fate { endProcess(handle, fate) }
        case 17, 23, 28:
            break
        default:
            respond(to: number, process)
        }
    }

    private func respond(to number: Int32, _ process: Process) {
        var ending: (status: Int32, after: Int64)?
        switch process.manners {
        case .dies: ending = (number, 0)
        case .exits(let after, let code): ending = (Int32(code) << 8, after)
        case .ignores: break
        // A shell ignores SIGINT, SIGQUIT and SIGTERM.
        case .hangsUp: if number != 2, number != 3, number != 15 { ending = (number, 0) }
        }
        guard let ending else { return }
        if process.isStopped {
            // It gets the signal when it goes on.
            processes[Int(process.handle.pid)]!.fate = ending.status
        } else if ending.after == 0 {
            endProcess(process.handle, ending.status)
        } else {
            schedule(.ends(process.handle, waitStatus: ending.status), after: ending.after)
        }
    }
}
