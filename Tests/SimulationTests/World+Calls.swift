import InitCore
import KernelInterface

// What system calls do, once they got in.

// MARK: Signals

extension World {
    /// pause(2) and sigtimedwait(2). In a world that is over it hands out SIGCHLD, which makes
    /// PID 1's turn end.
    func wait(_ call: Call, milliseconds: Int64?) throws(Errno) -> Signal {
        if end != nil { return .child }
        checkSettled()
        try enter(call)
        if let signal = take() { return signal }
        if let milliseconds, milliseconds <= 0 { throw .wouldBlock }
        checkSleeping(milliseconds)
        let deadline = milliseconds.map { time + $0 } ?? .max
        let isInterrupted = pass(until: deadline) { !signals.isEmpty }
        if end != nil { return .child }
        if let signal = take() { return signal }
        if isInterrupted { throw .interrupted }
        if time >= deadline { throw .wouldBlock }
        checkQuiet()
        finish(.quiet)
        return .child
    }

    private func take() -> Signal? {
        guard let number = signals.take() else { return nil }
        if let (signal, left) = promises.flood, signal == number, left > 0 {
            promises.flood = (signal, left - 1)
            events += 1
            signals.raise(signal)
        }
        note("PID 1 takes signal \(number)")
        took(number)
        return Signal(rawValue: number)
    }

    func send(_ signal: Int32, to target: SignalTarget) throws(Errno) {
        note("signal \(signal) to \(target)")
        switch target {
        case .process(let process):
            guard processes[Int(process.rawValue)] != nil else { throw .noSuchProcess }
            self.signal(signal, to: Int(process.rawValue))
        case .group(let process):
            guard self.signal(signal, toGroup: process.rawValue) else { throw .noSuchProcess }
        case .everything:
            if let actor {
                schedule(.killsEverything(actor.handle), at: actor.clock)
            } else {
                guard processes.contains(where: { $0 != nil }) else { throw .noSuchProcess }
                signalEverything(signal, but: initPid)
            }
        }
    }
}

// MARK: Processes

extension World {
    /// vfork(2) and execve(2). Where that fails the child is there all the same, and dead.
    func spawn() throws(Errno) -> ProcessID {
        guard let plan = scenario.program, let handle = makeProcess(.program, parent: initPid)
        else { throw .wouldBlock }
        figures.spawned += 1
        let index = Int(handle.pid)
        if let error = plan.execError {
            note("process \(handle.pid) cannot run the program")
            processes[index]!.waitStatus = 127 << 8
            processes[index]!.endedInTurn = figures.turns
            signals.raise(17)
            throw error
        }
        note("process \(handle.pid) is the program")
        processes[index]!.manners = plan.manners
        processes[index]!.forksLeft = plan.forks
        if plan.forks > 0 { schedule(.forks(handle), after: random.duration()) }
        if let lifetime = plan.lifetime {
            schedule(.ends(handle, waitStatus: plan.waitStatus), after: lifetime)
        }
        promises.program = handle
        return ProcessID(rawValue: handle.pid)
    }

    func reap() throws(Errno) -> Reaped {
        let (found, hasChildren) = reapOne()
        guard let process = found else {
            if hasChildren { return .none }
            noChildIsLeft()
            throw .noChild
        }
        figures.reaped += 1
        note("PID 1 reaps process \(process.handle.pid)")
        let status = ExitStatus(waitStatus: process.waitStatus!)!
        reaped(process)
        return .child(ProcessID(rawValue: process.handle.pid), status)
    }
}

// MARK: Files

extension World {
    func open(_ path: String, blocks: Bool, forWriting: Bool = true) throws(Errno) -> FileDescriptor
    {
        guard let device = Device.names.firstIndex(of: path), hasDevices else {
            throw .noSuchFile
        }
        if let error = devices[device].openError { throw error }
        // The lowest that is free, as open(2) promises.
        let number = files.firstIndex { $0 == nil } ?? files.count
        if number == files.count { files.append(nil) }
        files[number] = File(device: device, blocks: blocks, isWritable: forWriting)
        return FileDescriptor(rawValue: Int32(number))
    }

    private var hasDevices: Bool {
        scenario.role != .machine || mounts.contains { $0.path == "/dev" }
    }

    func write(_ count: Int, to descriptor: FileDescriptor) throws(Errno) -> Int {
        let number = Int(descriptor.rawValue)
        guard number < files.count, let file = files[number], file.isWritable else {
            throw .badFileDescriptor
        }
        let device = file.device
        let (began, jumpedBefore) = (time, jumped)
        defer { wasHeldUp(since: began, jumpedBefore) }
        var written = 0
        while end == nil {
            if let error = devices[device].writeError { throw error }
            let taken = min(devices[device].room, count - written, devices[device].mostAtOnce)
            if devices[device].room != .max { devices[device].room -= taken }
            devices[device].received += taken
            written += taken
            // Less than all is all that some files ever take in one go.
            if written == count || devices[device].room > 0 { return written }
            if !file.blocks { break }
            if wait(for: device, until: time + Promises.longestWrite + 1) { break }
            if time - began - (jumped - jumpedBefore) > Promises.longestWrite {
                fail("a write blocks for more than \(Promises.longestWrite) ms")
            }
        }
        if written > 0 { return written }
        throw file.blocks ? .interrupted : .wouldBlock
    }

    /// Waits until the device has room.
    ///
    /// - Returns: whether an alarm interrupted.
    private func wait(for device: Int, until moment: Int64) -> Bool {
        let refill = devices[device].drain > 0 ? time + 100 : .max
        let isInterrupted = pass(until: min(moment, refill)) { devices[device].room > 0 }
        if !isInterrupted, time >= refill, devices[device].room != .max {
            devices[device].room += devices[device].drain
        }
        return isInterrupted
    }

    func waitUntilWritable(_ descriptor: FileDescriptor, _ milliseconds: Int64) throws(Errno)
        -> Bool
    {
        guard let device = files[Int(descriptor.rawValue)]?.device else { return true }
        let (began, jumpedBefore) = (time, jumped)
        defer { wasHeldUp(since: began, jumpedBefore) }
        while end == nil {
            if devices[device].writeError != nil || devices[device].room > 0 { return true }
            if time >= began + milliseconds { return false }
            if wait(for: device, until: began + milliseconds) { throw .interrupted }
        }
        return false
    }

    func read(_ path: String) throws(Errno) -> UnsafeMutableRawBufferPointer {
        guard mounts.contains(where: { $0.path == "/proc" }) else { throw .noSuchFile }
        let text: String
        if path == "/proc/cmdline" {
            text = scenario.commandLine
            promises.commandLineWasRead = true
        } else {
            text = mounts.map(\.line).joined()
        }
        let bytes = UnsafeMutableRawBufferPointer(rebasing: buffer[..<text.utf8.count])
        bytes.copyBytes(from: text.utf8)
        return bytes
    }
}

// MARK: File systems

extension World {
    func mountFirst() {
        mounts.append(Mount(path: "/"))
        guard scenario.role == .machine else { return }
        if scenario.isMountedAlready { mounts.append(Mount(path: "/dev", isDisk: false)) }
        mounts += scenario.extraMounts
        for index in mounts.indices where scenario.disksHang && random.oneIn(6) {
            mounts[index].hangs = true
        }
    }

    func mount(_ path: String) throws(Errno) {
        if mounts.contains(where: { $0.path == path }) { throw .busy }
        mounts.append(Mount(path: path, isDisk: false))
    }

    func unmount(_ path: String) throws(Errno) {
        guard let index = mounts.lastIndex(where: { $0.path == path }) else {
            throw .invalidArgument
        }
        if mounts[index].hangs {
            hang()
            throw .inputOutput
        }
        if isBusy(index) { throw .busy }
        note("unmounts \(path)")
        // The root stays, but cannot be written to any more.
        if path == "/" { mounts[index].isReadOnly = true } else { mounts.remove(at: index) }
    }

    func makeReadOnly(_ path: String) throws(Errno) {
        guard let index = mounts.lastIndex(where: { $0.path == path }) else {
            throw .invalidArgument
        }
        if let holder = mounts[index].holder, process(holder) != nil { throw .busy }
        mounts[index].isReadOnly = true
    }

    private func isBusy(_ index: Int) -> Bool {
        if let holder = mounts[index].holder, process(holder) != nil {
            promises.somethingHung = true
            return true
        }
        let inside = mounts[index].path + "/"
        return mounts[index].path != "/" && mounts.contains { $0.path.hasPrefix(inside) }
    }

    func sync() {
        guard actor != nil else {
            fail("PID 1 itself calls sync(2)")
            return
        }
        if actor!.work == nil { begin(.syncing) }
        if actor!.isLost { return }
        if scenario.disksHang, random.oneIn(4) {
            if random.oneIn(2) { hang() } else { actor!.clock += random.duration() }
        }
        if !actor!.isLost {
            note("syncs")
            promises.hasSynced = true
        }
    }

    /// reboot(2) takes place.
    func leave(_ ending: Ending) {
        guard let actor else {
            goOff(ending)
            return
        }
        schedule(.leaves(actor.handle, ending), at: actor.clock)
        self.actor!.isLost = true
    }
}
