import InitCore
import KernelInterface

// What the system calls do, unless the scenario makes them fail.

// MARK: Signals

extension World {
    /// pause(2) and ppoll(2). When the world has ended, they return SIGCHLD, so that PID 1's turn
    /// ends.
    func wait(
        _ call: Call, for descriptor: FileDescriptor?, milliseconds: Int64?
    ) throws(Errno) -> Wakeup {
        if end != nil { return .signal(ReceivedSignal(.child)) }
        if let descriptor, descriptor.rawValue != reportDescriptor || !isOpen(descriptor) {
            fail("PID 1 waits for a descriptor that is not the report's")
        }
        checkSettled()
        try enter(call)
        if let wakeup = wakeup(for: descriptor) { return wakeup }
        if let milliseconds, milliseconds <= 0 { throw .wouldBlock }
        checkSleeping(milliseconds, for: descriptor)
        let deadline = milliseconds.map { time + $0 } ?? .max
        let isInterrupted = pass(until: deadline) {
            !signals.isEmpty || descriptor != nil && report.isThere
        }
        if end != nil { return .signal(ReceivedSignal(.child)) }
        if let wakeup = wakeup(for: descriptor) { return wakeup }
        if isInterrupted { throw .interrupted }
        if time >= deadline { throw .wouldBlock }
        checkQuiet()
        finish(.quiet)
        return .signal(ReceivedSignal(.child))
    }

    /// What ppoll(2) finds at once: the descriptor first, as Linux does.
    private func wakeup(for descriptor: FileDescriptor?) -> Wakeup? {
        if descriptor != nil, report.isThere { return .readable }
        return take().map { .signal($0) }
    }

    private func take() -> ReceivedSignal? {
        guard let (number, origin) = signals.take() else { return nil }
        if let (signal, left) = promises.flood, signal == number, left > 0 {
            promises.flood = (signal, left - 1)
            events += 1
            signals.raise(signal)
        }
        note("PID 1 takes signal \(number)")
        took(number, from: origin)
        return ReceivedSignal(Signal(rawValue: number), from: origin)
    }

    /// Init stops as by Ctrl-Z, if there is a shell that can continue it.
    func stopSelf() -> Bool {
        guard scenario.role == .process, scenario.hasShell else { return false }
        note("init stops")
        stops += 1
        // The shell takes the terminal, and gives it back with `fg`.
        if foregroundGroup == .programs { foregroundGroup = .inits }
        passBusily(random.duration())
        raiseToInit(18)
        return true
    }

    func send(_ signal: Int32, to target: SignalTarget) throws(Errno) {
        note("signal \(signal) to \(target)")
        switch target {
        case .program(let process, let descriptor):
            if !isOpen(descriptor) { fail("init signals by a descriptor that is closed") }
            guard let program = promises.program, program.pid == process.rawValue,
                descriptor.rawValue == programDescriptor, self.process(program) != nil
            else { throw .noSuchProcess }
            self.signal(signal, to: Int(process.rawValue))
        case .process(let process):
            if let actor, let process = processes[Int(process.rawValue)] {
                schedule(.signalled(process.handle, signal), at: actor.clock)
                return
            }
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
    /// fork(2). The child becomes the program when execve(2) has gone through, which may take
    /// seconds.
    func spawn() throws(Errno) -> Child {
        guard let plan = scenario.program, let handle = makeProcess(.program, parent: initPid)
        else { throw .wouldBlock }
        figures.spawned += 1
        let index = Int(handle.pid)
        note("process \(handle.pid) is to be the program")
        if scenario.place == .ownForegroundGroup { foregroundGroup = .programs }
        if let code = plan.execError.map({ Int32($0.rawValue == 2 ? 127 : 126) }) {
            // The child never becomes the program, so its own status does not count.
            promises.codeOfFailure = UInt8(code)
        }
        processes[index]!.manners = .dies
        schedule(.execs(handle), after: plan.execTime)
        promises.program = handle
        promises.wasForked = true
        promises.spawned = (handle, time, promises.excusedEver)
        let report = openPipe()
        let descriptor =
            scenario.hasDescriptors
            ? addFile(File(device: Device.null, isWritable: false, closesOnExec: true)) : nil
        files[report.writing] = nil
        reportDescriptor = Int32(report.reading)
        programDescriptor = descriptor.map { Int32($0) }
        return Child(
            process: ProcessID(rawValue: handle.pid),
            descriptor: programDescriptor.map { FileDescriptor(rawValue: $0) },
            report: FileDescriptor(rawValue: Int32(report.reading)))
    }

    private func openPipe() -> (reading: Int, writing: Int) {
        let end = File(device: Device.null, isWritable: false, closesOnExec: true)
        return (addFile(end), addFile(end))
    }

    /// Takes the lowest free number, as open(2) promises, but no standard stream's: init has tried
    /// to open those.
    private func addFile(_ file: File, from lowest: Int = 3) -> Int {
        let number = files[lowest...].firstIndex { $0 == nil } ?? files.count
        if number == files.count { files.append(nil) }
        files[number] = file
        return number
    }

    func isOpen(_ descriptor: FileDescriptor) -> Bool {
        let number = Int(descriptor.rawValue)
        return number < files.count && files[number] != nil
    }

    /// execve(2) is over, if the child still lives.
    func exec(_ handle: Handle) {
        guard process(handle) != nil, let plan = scenario.program else { return }
        report = (true, plan.execError)
        if plan.execError != nil {
            note("process \(handle.pid) cannot run the program")
            endProcess(handle, 127 << 8)
            return
        }
        let index = Int(handle.pid)
        processes[index]!.manners = plan.manners
        processes[index]!.forksLeft = plan.forks
        if plan.forks > 0 { schedule(.forks(handle), after: random.duration()) }
        if let lifetime = plan.lifetime {
            schedule(.ends(handle, waitStatus: plan.waitStatus), after: lifetime)
        }
    }

    func readReport(_ descriptor: FileDescriptor) throws(Errno) -> Errno? {
        if descriptor.rawValue != reportDescriptor { fail("another descriptor is read") }
        // A child that has ended has closed its end of the pipe.
        let isOver = promises.program.map { process($0) == nil } ?? true
        if !report.isThere, !isOver { throw .wouldBlock }
        return report.error
    }

    /// The report was read, or could not be.
    func closeReport() {
        if let reportDescriptor { files[Int(reportDescriptor)] = nil }
        reportDescriptor = nil
    }

    func letGo(keeping kept: [FileDescriptor?]) {
        if scenario.role == .machine { fail("a machine's PID 1 has nothing to let go of") }
        directory = "/"
        for number in files.indices.dropFirst(3)
        where !kept.contains(FileDescriptor(rawValue: Int32(number))) {
            files[number] = nil
        }
        if promises.program != nil, let reportDescriptor, files[Int(reportDescriptor)] == nil {
            fail("PID 1 closes what the child reports over")
        }
    }

    func reap() throws(Errno) -> Reaped {
        if let process = stoppedOne() {
            if process.handle == promises.program, process.unseenStop != 19 {
                promises.mayGoOn = true
            }
            note("PID 1 sees that process \(process.handle.pid) has stopped")
            return .stopped(
                ProcessID(rawValue: process.handle.pid),
                Signal(rawValue: process.unseenStop ?? 19))
        }
        let (found, hasChildren) = reapOne()
        guard let process = found else {
            if hasChildren { return .none }
            noChildIsLeft()
            throw .noChildProcess
        }
        figures.reaped += 1
        note("PID 1 reaps process \(process.handle.pid)")
        let status = ExitStatus(waitStatus: process.waitStatus!)!
        oweLine(for: process, status)
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
        if device == KernelLogUse.device, kernelLogUse == .off { throw .notPermitted }
        // A descriptor that blocks is a standard stream, which the program is to have.
        let file = File(
            device: device, blocks: blocks, isWritable: forWriting, closesOnExec: !blocks)
        return FileDescriptor(rawValue: Int32(addFile(file, from: 0)))
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
        if isDropped(by: number) { return count }
        let (began, jumpedBefore) = (time, jumped)
        defer { wasHeldUp(since: began, jumpedBefore) }
        var written = 0
        while end == nil {
            if let error = devices[device].writeError { throw error }
            let taken = min(devices[device].room, count - written, devices[device].mostAtOnce)
            if devices[device].room != .max { devices[device].room -= taken }
            devices[device].received += taken
            written += taken
            // Some files take only a part in one write.
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
        // These lead to the terminal. Their descriptions block.
        if scenario.terminal.isThere, ["/dev/tty", "/dev/stdin", "/proc/self/fd/0"].contains(path) {
            hangOnTerminal()
        }
        guard hasProc, let text = text(of: path) else {
            if path == "/proc/meminfo" { promises.mayNotMeasure = true }
            throw .noSuchFile
        }
        if path == "/proc/cmdline" { promises.commandLineWasRead = true }
        if path == "/proc/meminfo", actor == nil { book.measured = unwritten + 40 }
        return fill(text)
    }

    private var hasProc: Bool {
        scenario.role != .machine || mounts.contains { $0.path == "/proc" }
    }

    private func fill(_ text: String) -> UnsafeMutableRawBufferPointer {
        let bytes = UnsafeMutableRawBufferPointer(rebasing: buffer[..<text.utf8.count])
        bytes.copyBytes(from: text.utf8)
        return bytes
    }
}

// MARK: Files in /proc and /dev

extension World {
    private func text(of path: String) -> String? {
        switch path {
        case "/proc/cmdline": return scenario.commandLine
        case "/proc/meminfo":
            return "MemFree: 5 kB\nDirty: 40 kB\nWriteback:  \(unwritten) kB\nWritebackTmp: 7 kB\n"
        case "/proc/self/stat":
            return statLine(actor?.handle.pid ?? initPid, parent: actor == nil ? 0 : initPid)
        default:
            let words = path.split(separator: "/")
            guard words.count == 3, words[2] == "stat", let number = Int(words[1]) else {
                return nil
            }
            if number == initPid { return statLine(initPid, parent: 0) }
            return processes[number].map { line(of: $0) }
        }
    }

    private func line(of process: Process) -> String {
        let pid = process.handle.pid
        let (leads, hasTerminal, ignores) =
            switch process.manners {
            case .hangsUp: (true, true, true)
            case .ignores: (process.kind != .program, process.kind == .program, true)
            case .dies: (true, true, false)
            case .exits: (false, true, false)
            }
        return statLine(
            pid, parent: process.parent, session: leads ? pid : initPid,
            terminal: hasTerminal ? 34_816 : 0, ignored: ignores ? 0x4000 : 0x1000)
    }

    private func statLine(
        _ pid: Int32, parent: Int32, session: Int32 = 1, terminal: Int = 0, ignored: Int = 0
    ) -> String {
        let between = [String](repeating: "0", count: 25).joined(separator: " ")
        return "\(pid) (a) b) S \(parent) \(pid) \(session) \(terminal) \(between) \(ignored) 0\n"
    }

    func names(in directory: String) throws(Errno) -> [String] {
        if directory == "/dev" {
            return ["loop-control", "console"] + loops.map(\.name)
        }
        guard hasProc else { throw .noSuchFile }
        return ["self", "meminfo", "\(initPid)"]
            + processes.compactMap { $0.map { "\($0.handle.pid)" } }
    }

    /// Three lines at a time, as a large table comes in parts.
    func readLines(
        _ path: String, _ body: (UnsafeMutableRawBufferPointer) -> Void
    ) throws(Errno) {
        guard hasProc else {
            actor?.hasFailed = true
            throw .noSuchFile
        }
        actor?.lacksTable = false
        var lines = mounts.map(\.line)
        if path == "/proc/swaps" {
            lines = ["Filename Type Size Used Priority\n"]
            for mount in mounts where mount.keeper == .swap {
                lines.append("\(mount.escapedPath)/swap\\040file file 1020 0 -2\n")
            }
        }
        while !lines.isEmpty {
            body(fill(lines.prefix(3).joined()))
            lines.removeFirst(min(3, lines.count))
        }
    }

    private var loops: [(name: String, mount: Int)] {
        mounts.indices.filter { mounts[$0].keeper == .loop }.map { ("loop\($0)", $0) }
    }

    func swapOff(_ path: String) throws(Errno) {
        let found = mounts.lastIndex { $0.path + "/swap file" == path && $0.keeper == .swap }
        guard let found else { throw .invalidArgument }
        mounts[found].keeper = nil
    }

    func detachLoop(_ path: String) throws(Errno) {
        guard let loop = loops.first(where: { "/dev/" + $0.name == path }) else {
            throw .invalidArgument
        }
        mounts[loop.mount].keeper = nil
    }

    func removeMappings() {
        for index in mounts.indices where mounts[index].keeper == .mapping {
            mounts[index].keeper = nil
        }
    }

    /// What the slow disk has yet to write, in KiB.
    var unwritten: Int64 {
        guard let disk = scenario.slowDisk else { return 0 }
        guard let writesSince else { return disk.size }
        return max(0, disk.size - (time - writesSince) * disk.perSecond / 1_000)
    }

    /// A helper waits until the slow disk has written everything.
    private func writeOut() {
        guard let disk = scenario.slowDisk, actor?.isLost == false else { return }
        writesSince = writesSince ?? actor!.clock
        let duration = (disk.size * 1_000 + disk.perSecond - 1) / disk.perSecond
        actor!.clock = max(actor!.clock, writesSince! + duration)
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
        writeOut()
        // The root stays, but cannot be written to any more.
        if path == "/" { mounts[index].isReadOnly = true } else { mounts.remove(at: index) }
    }

    func makeReadOnly(_ path: String) throws(Errno) {
        guard let index = mounts.lastIndex(where: { $0.path == path }) else {
            throw .invalidArgument
        }
        if let holder = mounts[index].holder, process(holder) != nil { throw .busy }
        if mounts[index].keeper != nil { throw .busy }
        writeOut()
        mounts[index].isReadOnly = true
    }

    private func isBusy(_ index: Int) -> Bool {
        if let holder = mounts[index].holder, process(holder) != nil {
            promises.somethingHung = true
            return true
        }
        if mounts[index].keeper != nil { return true }
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
            writeOut()
            note("syncs")
            promises.hasSynced = true
        }
    }

    /// reboot(2)
    func leave(_ ending: Ending) {
        guard let actor else {
            goOff(ending)
            return
        }
        schedule(.leaves(actor.handle, ending), at: actor.clock)
        self.actor!.isLost = true
    }
}
