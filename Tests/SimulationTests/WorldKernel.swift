import InitCore
import KernelInterface

/// Passes PID 1's system calls on to a world.
struct WorldKernel: Kernel {
    let world: World

    // MARK: Signals

    /// One of its many system calls may fail; the others do their work.
    mutating func catchSignals() throws(Errno) {
        defer { world.dispositions.catchSignals() }
        try world.enter(.catchSignals)
    }

    mutating func letThrough(_ signal: Signal, _ through: Bool) throws(Errno) {
        try world.enter(.letThrough)
        // A helper has a mask and a timer of its own.
        if world.actor != nil { return }
        world.letsAlarmThrough = through
        if through { world.signals.letThrough(signal.rawValue) }
    }

    mutating func handleFault(_ signal: Signal, with handler: @convention(c) (Int32) -> Void)
        throws(Errno)
    {
        try world.enter(.handleFault)
        world.dispositions.handleFault(signal.rawValue)
    }

    mutating func useSignalStack() throws(Errno) { try world.enter(.useSignalStack) }

    mutating func pause() throws(Errno) -> ReceivedSignal {
        guard case .signal(let received) = try world.wait(.pause, for: nil, milliseconds: nil)
        else { throw .interrupted }
        return received
    }

    mutating func wait(for descriptor: FileDescriptor?, milliseconds: Int64?) throws(Errno)
        -> Wakeup
    {
        do throws(Errno) {
            return try world.wait(.wait, for: descriptor, milliseconds: milliseconds)
        } catch {
            if error != .interrupted, error != .wouldBlock { world.promises.owesRest = true }
            throw error
        }
    }

    /// Only PID 1 with services waits for more than one.
    mutating func wait(
        forAnyOf watched: UnsafeMutableBufferPointer<Watched>, milliseconds: Int64?
    ) throws(Errno) -> Wakeup { throw .noSuchSystemCall }

    mutating func send(_ signal: Signal, to target: SignalTarget) throws(Errno) {
        if signal == .probe {
            // Asks only for process 2, which is a thread of a machine's kernel.
            if world.scenario.role != .machine { throw .noSuchProcess }
            return
        }
        if world.actor == nil {
            world.checkSending(signal.rawValue, to: target)
        } else {
            world.checkHelperSending(signal.rawValue, to: target)
        }
        do throws(Errno) {
            try world.enter(.send)
            try world.send(signal.rawValue, to: target)
        } catch {
            if world.actor == nil { world.oweFailure(toSend: error) }
            throw error
        }
    }

    // MARK: Processes

    mutating func isPID1() -> Bool { world.scenario.role != .process }

    mutating func ownProcess() -> ProcessID { ProcessID(rawValue: world.initPid) }

    mutating func isSubreaper() -> Bool { world.isSubreaper }

    mutating func spawn(_ program: Program) throws(Errno) -> Child {
        world.checkSpawning(program)
        do throws(Errno) {
            try world.enter(.spawn)
            return try world.spawn()
        } catch {
            world.programFailed(error)
            throw error
        }
    }

    mutating func readReport(_ report: FileDescriptor) throws(Errno) -> Errno? {
        defer { world.closeReport() }
        do throws(Errno) {
            try world.enter(.readReport)
            let error = try world.readReport(report)
            world.readReport(error)
            return error
        } catch {
            world.readReport(nil)
            throw error
        }
    }

    mutating func letGo(keeping first: FileDescriptor?, _ second: FileDescriptor?) {
        world.letGo(keeping: [first, second])
    }

    mutating func terminal() -> Terminal { world.terminal() }

    mutating func lendTerminal(to program: ProcessID) -> Bool { world.lendTerminal() }

    mutating func reclaimTerminal(from program: ProcessID) { world.reclaimTerminal() }

    mutating func giveTerminalUp() {}

    mutating func stopSelf(by signal: Signal) -> Bool { world.stopSelf() }

    mutating func fork(_ body: (inout WorldKernel) -> Int32) throws(Errno) -> ProcessID {
        world.checkForking()
        do throws(Errno) {
            try world.enter(.fork)
        } catch {
            world.oweNoProcess(error)
            throw error
        }
        var child = self
        do throws(Errno) {
            return try world.runHelper { body(&child) }
        } catch {
            world.faulted.insert(.fork)
            world.promises.mayNotFork = true
            world.oweNoProcess(error)
            throw error
        }
    }

    mutating func reap() throws(Errno) -> Reaped {
        world.checkSettled()
        do throws(Errno) {
            try world.enter(.reap)
        } catch {
            if error != .interrupted, error != .noChildProcess { world.promises.owesRest = true }
            throw error
        }
        return try world.reap()
    }

    mutating func becomeSubreaper() throws(Errno) {
        try world.enter(.becomeSubreaper)
        world.isSubreaper = true
    }

    mutating func receiveOnParentDeath(_ signal: Signal) throws(Errno) {
        try world.enter(.receiveOnParentDeath)
    }

    // MARK: Time

    mutating func now() -> Instant {
        world.promises.clockWasRead = world.time
        return Instant(milliseconds: world.shownTime)
    }

    mutating func setAlarmInterval(milliseconds: Int32) throws(Errno) {
        try world.enter(.setAlarmInterval)
        if world.actor != nil { return }
        world.alarmInterval = Int64(milliseconds)
        world.nextAlarm = milliseconds > 0 ? world.time + Int64(milliseconds) : .max
    }

    mutating func sleep(milliseconds: Int32) {
        world.promises.owesRest = false
        world.passBusily(Int64(milliseconds))
    }

    // MARK: Files

    mutating func openForWriting(_ path: StaticString) throws(Errno) -> FileDescriptor {
        try world.enter(.openForWriting)
        return try world.open(path.description, blocks: false)
    }

    mutating func openStandardStream(_ path: StaticString, forWriting: Bool) throws(Errno)
        -> FileDescriptor
    {
        let open = { [world] () throws(Errno) in
            try world.enter(.openStandardStream)
            return try world.open(path.description, blocks: true, forWriting: forWriting)
        }
        // Only the console counts as the duty. /dev/null takes its place if it can.
        return forWriting ? try world.asDuty(.openStandardStreams, open) : try open()
    }

    mutating func isOpen(_ descriptor: FileDescriptor) -> Bool {
        world.isOpen(descriptor)
    }

    mutating func write(_ bytes: UnsafeRawBufferPointer, to descriptor: FileDescriptor)
        throws(Errno) -> Int
    {
        world.checkWords(bytes)
        let line = world.line(in: bytes)
        var count = 0
        world.book.isDropped = false
        defer { if let line { world.putLine(line, isTaken: count == bytes.count) } }
        try world.enter(.write)
        // It makes no difference to PID 1 if a helper blocks.
        count = world.actor != nil ? bytes.count : try world.write(bytes.count, to: descriptor)
        return count
    }

    mutating func waitUntilWritable(_ descriptor: FileDescriptor, milliseconds: Int32)
        throws(Errno) -> Bool
    {
        var hasRoom = false
        world.book.isDropped = false
        // Only the log asks without waiting.
        defer { if milliseconds == 0, !hasRoom { world.putLine(nil, isTaken: false) } }
        try world.enter(.waitUntilWritable)
        // It makes no difference to PID 1 if a helper finds room.
        hasRoom =
            world.actor != nil
            ? true : try world.waitUntilWritable(descriptor, Int64(milliseconds))
        return hasRoom
    }

    mutating func read(at path: UnsafePointer<UInt8>) throws(Errno) -> UnsafeMutableRawBufferPointer
    {
        let path = String(cString: path)
        let read = { [world] () throws(Errno) in
            try world.enter(.read)
            return try world.read(path)
        }
        return path == "/proc/cmdline" ? try world.asDuty(.readCommandLine, read) : try read()
    }

    mutating func readStart(
        of path: UnsafePointer<UInt8>, into bytes: UnsafeMutableRawBufferPointer
    ) throws(Errno) -> FileStart {
        let start = try read(at: path).prefix(bytes.count)
        bytes.copyBytes(from: start)
        return FileStart(count: start.count, user: 0)
    }

    mutating func readLines(
        _ path: StaticString, _ body: (inout WorldKernel, UnsafeMutableRawBufferPointer) -> Void
    ) throws(Errno) {
        world.actor?.lacksTable = true
        try world.enter(.readLines)
        try world.readLines(path.description) { body(&self, $0) }
    }

    mutating func list(
        _ directory: StaticString, _ body: (inout WorldKernel, UnsafePointer<UInt8>) -> Void
    ) throws(Errno) {
        try world.enter(.list)
        for name in try world.names(in: directory.description) {
            (Array(name.utf8) + [0]).withUnsafeBufferPointer { body(&self, $0.baseAddress!) }
        }
    }

    mutating func setParameter(_ path: StaticString, to value: StaticString) throws(Errno) {
        do throws(Errno) {
            try world.enter(.setParameter)
            try world.setParameter(path.description, to: value.description)
        } catch {
            world.promises.mayLoseLines = true
            throw error
        }
    }

    // MARK: File systems

    mutating func mount(_ mount: EarlyMount) throws(Errno) {
        let path = mount.path.description
        let number = EarlyMount.table.indices.first {
            EarlyMount.table[$0].path.description == path
        }!
        try world.asDuty(.mount(number)) { [world] () throws(Errno) in
            try world.enter(.mount)
            try world.mount(path)
        }
    }

    mutating func unmount(_ path: UnsafePointer<UInt8>) throws(Errno) {
        try world.enter(.unmount)
        try world.unmount(String(cString: path))
    }

    mutating func makeReadOnly(_ path: UnsafePointer<UInt8>) throws(Errno) {
        let path = String(cString: path)
        do throws(Errno) {
            try world.enter(.makeReadOnly)
            try world.makeReadOnly(path)
        } catch {
            world.oweWritable(path, error)
            throw error
        }
    }

    mutating func swapOff(_ path: UnsafePointer<UInt8>) throws(Errno) {
        try world.enter(.swapOff)
        try world.swapOff(String(cString: path))
    }

    mutating func detachLoop(_ path: UnsafePointer<UInt8>) throws(Errno) {
        try world.enter(.detachLoop)
        try world.detachLoop(String(cString: path))
    }

    mutating func removeMappings() throws(Errno) {
        try world.enter(.removeMappings)
        world.removeMappings()
    }

    mutating func sync() { world.sync() }

    // MARK: The machine

    /// This call and the probe of process 2 always get the role's answer: if they fail, init has
    /// another role.
    mutating func claimPower() throws(Errno) {
        if world.scenario.role != .machine { throw .notPermitted }
    }

    mutating func leave(_ ending: Ending) throws(Errno) {
        if world.actor == nil { world.checkLeavingByItself() }
        do throws(Errno) {
            try world.enter(.leave)
        } catch {
            if world.actor == nil { world.oweRefusal() }
            world.leavingFailed()
            throw error
        }
        world.leave(ending)
    }

    mutating func setHostName(_ name: UnsafeRawBufferPointer) throws(Errno) {
        try world.asDuty(.setHostName) { [world] () throws(Errno) in try world.enter(.setHostName) }
    }

    mutating func bringUpLoopback() throws(Errno) {
        defer { world.book.dutiesAreDone = true }
        try world.asDuty(.bringUpLoopback) { [world] () throws(Errno) in
            try world.enter(.bringUpLoopback)
        }
    }
}
