import InitCore
import KernelInterface

/// The seam between PID 1 and a world.
struct WorldKernel: Kernel {
    let world: World

    // MARK: Signals

    mutating func blockSignals() throws(Errno) { try world.enter(.blockSignals) }

    mutating func letThrough(_ signal: Signal, _ through: Bool) throws(Errno) {
        try world.enter(.letThrough)
        world.letsAlarmThrough = through
        if through { world.signals.letThrough(signal.rawValue) }
    }

    mutating func handleFault(_ signal: Signal, with handler: @convention(c) (Int32) -> Void)
        throws(Errno)
    {
        try world.enter(.handleFault)
    }

    mutating func useSignalStack() throws(Errno) { try world.enter(.useSignalStack) }

    mutating func pause() throws(Errno) -> Signal { try world.wait(.pause, milliseconds: nil) }

    mutating func waitForSignal(milliseconds: Int64?) throws(Errno) -> Signal {
        try world.wait(.waitForSignal, milliseconds: milliseconds)
    }

    mutating func send(_ signal: Signal, to target: SignalTarget) throws(Errno) {
        if world.actor == nil { world.checkSending(signal.rawValue, to: target) }
        try world.enter(.send)
        try world.send(signal.rawValue, to: target)
    }

    // MARK: Processes

    mutating func isPID1() -> Bool { world.scenario.role != .process }

    mutating func spawn(_ program: Program) throws(Errno) -> ProcessID {
        world.checkSpawning(program)
        do throws(Errno) {
            try world.enter(.spawn)
            return try world.spawn()
        } catch {
            world.programFailed(error)
            throw error
        }
    }

    mutating func fork(_ body: (inout WorldKernel) -> Int32) throws(Errno) -> ProcessID {
        world.checkForking()
        try world.enter(.fork)
        var child = self
        do throws(Errno) {
            return try world.runHelper { body(&child) }
        } catch {
            world.faulted.insert(.fork)
            world.promises.mayNotFork = true
            throw error
        }
    }

    mutating func reap() throws(Errno) -> Reaped {
        world.checkSettled()
        try world.enter(.reap)
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
        world.alarmInterval = Int64(milliseconds)
        world.nextAlarm = milliseconds > 0 ? world.time + Int64(milliseconds) : .max
    }

    mutating func sleep(milliseconds: Int32) { world.passBusily(Int64(milliseconds)) }

    // MARK: Files

    mutating func openForWriting(_ path: StaticString) throws(Errno) -> FileDescriptor {
        try world.enter(.openForWriting)
        return try world.open(path.description, blocks: false)
    }

    mutating func openStandardStream(_ path: StaticString, forWriting: Bool) throws(Errno)
        -> FileDescriptor
    {
        try world.enter(.openStandardStream)
        return try world.open(path.description, blocks: true, forWriting: forWriting)
    }

    mutating func isOpen(_ descriptor: FileDescriptor) -> Bool {
        world.files[Int(descriptor.rawValue)] != nil
    }

    mutating func write(_ bytes: UnsafeRawBufferPointer, to descriptor: FileDescriptor)
        throws(Errno) -> Int
    {
        world.checkWords(bytes)
        try world.enter(.write)
        return try world.write(bytes.count, to: descriptor)
    }

    mutating func waitUntilWritable(_ descriptor: FileDescriptor, milliseconds: Int32)
        throws(Errno) -> Bool
    {
        try world.enter(.waitUntilWritable)
        return try world.waitUntilWritable(descriptor, Int64(milliseconds))
    }

    mutating func read(_ path: StaticString) throws(Errno) -> UnsafeMutableRawBufferPointer {
        try world.enter(.read)
        return try world.read(path.description)
    }

    // MARK: File systems

    mutating func mount(_ mount: EarlyMount) throws(Errno) {
        try world.enter(.mount)
        try world.mount(mount.path.description)
    }

    mutating func unmount(_ path: UnsafePointer<UInt8>) throws(Errno) {
        try world.enter(.unmount)
        try world.unmount(String(cString: path))
    }

    mutating func makeReadOnly(_ path: UnsafePointer<UInt8>) throws(Errno) {
        try world.enter(.makeReadOnly)
        try world.makeReadOnly(String(cString: path))
    }

    mutating func sync() { world.sync() }

    // MARK: The machine

    mutating func claimPower() throws(Errno) { try world.enter(.claimPower) }

    mutating func leave(_ ending: Ending) throws(Errno) {
        if world.actor == nil { world.checkLeavingByItself() }
        do throws(Errno) {
            try world.enter(.leave)
        } catch {
            world.leavingFailed()
            throw error
        }
        world.leave(ending)
    }

    mutating func setHostName(_ name: UnsafeRawBufferPointer) throws(Errno) {
        try world.enter(.setHostName)
    }

    mutating func bringUpLoopback() throws(Errno) { try world.enter(.bringUpLoopback) }
}
