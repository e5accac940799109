internal import CLinux
public import InitCore

/// The real kernel: each call goes through the C shim to Linux.
public struct LinuxKernel: ~Copyable, Kernel {
    public init() {}

    /// The shim's convention, undone: a value below 0 is a negated errno.
    @discardableResult
    private func check<Value: FixedWidthInteger>(_ result: Value) throws(Errno) -> Value {
        if result < 0 {
            throw Errno(rawValue: Int32(truncatingIfNeeded: 0 &- result))
        }
        return result
    }

    /// A StaticString's bytes end in a NUL: they are a C string as they stand.
    private func cString(_ text: StaticString) -> UnsafePointer<CChar> {
        UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
    }
}

// MARK: Signals

extension LinuxKernel {
    public mutating func blockSignals() throws(Errno) {
        try check(clinux_sigprocmask_block())
    }

    public mutating func letThrough(_ signal: Signal, _ through: Bool) throws(Errno) {
        try check(clinux_sigprocmask_let_through(signal.rawValue, through ? 1 : 0))
    }

    public mutating func handleFault(
        _ signal: Signal, with handler: @convention(c) (Int32) -> Void
    ) throws(Errno) {
        try check(clinux_sigaction_fault(signal.rawValue, handler))
    }

    public mutating func useSignalStack() throws(Errno) {
        try check(clinux_sigaltstack())
    }

    public mutating func pause() throws(Errno) -> Signal {
        Signal(rawValue: try check(clinux_pause_for_signal()))
    }

    public mutating func waitForSignal(milliseconds: Int64?) throws(Errno) -> Signal {
        Signal(rawValue: try check(clinux_sigtimedwait(milliseconds ?? -1)))
    }

    public mutating func send(_ signal: Signal, to target: SignalTarget) throws(Errno) {
        switch target {
        case .process(let process): try check(clinux_kill(process.rawValue, signal.rawValue))
        case .group(let process): try check(clinux_kill(0 &- process.rawValue, signal.rawValue))
        case .everything: try check(clinux_kill(-1, signal.rawValue))
        }
    }
}

// MARK: Processes

extension LinuxKernel {
    public mutating func isPID1() -> Bool {
        LinuxKernel.ownProcess.rawValue == 1
    }

    /// The process that asks. getpid(2)
    public static var ownProcess: ProcessID { ProcessID(rawValue: clinux_getpid()) }

    public mutating func spawn(_ program: Program) throws(Errno) -> ProcessID {
        ProcessID(
            rawValue: try check(
                clinux_spawn(
                    program.arguments, program.environment, program.hasOwnSession ? 1 : 0)))
    }

    public mutating func fork(_ body: (inout LinuxKernel) -> Int32) throws(Errno) -> ProcessID {
        let process = try check(clinux_fork())
        if process == 0 {
            clinux_exit(body(&self))
        }
        return ProcessID(rawValue: process)
    }

    public mutating func reap() throws(Errno) -> Reaped {
        var waitStatus: Int32 = 0
        let process = try check(clinux_wait(&waitStatus))
        // Only what has ended is asked for, so there is a status.
        guard process > 0, let status = ExitStatus(waitStatus: waitStatus) else { return .none }
        return .child(ProcessID(rawValue: process), status)
    }

    public mutating func becomeSubreaper() throws(Errno) {
        try check(clinux_set_subreaper())
    }

    public mutating func receiveOnParentDeath(_ signal: Signal) throws(Errno) {
        try check(clinux_set_parent_death_signal(signal.rawValue))
    }

    /// Ends this process, for which PID 1 of a machine has no use. _exit(2)
    public static func exit(_ code: UInt8) -> Never {
        clinux_exit(Int32(code))
    }
}

// MARK: Time

extension LinuxKernel {
    public mutating func now() -> Instant {
        Instant(milliseconds: clinux_clock_milliseconds())
    }

    public mutating func setAlarmInterval(milliseconds: Int32) throws(Errno) {
        try check(clinux_set_alarm_interval(milliseconds))
    }

    public mutating func sleep(milliseconds: Int32) {
        _ = clinux_poll_writable(-1, milliseconds)
    }
}

// MARK: Files

extension LinuxKernel {
    public mutating func openForWriting(_ path: StaticString) throws(Errno) -> FileDescriptor {
        FileDescriptor(rawValue: try check(clinux_open_for_writing(cString(path))))
    }

    public mutating func openStandardStream(
        _ path: StaticString, forWriting: Bool
    ) throws(Errno) -> FileDescriptor {
        FileDescriptor(
            rawValue: try check(clinux_open_standard_stream(cString(path), forWriting ? 1 : 0)))
    }

    public mutating func isOpen(_ descriptor: FileDescriptor) -> Bool {
        clinux_get_descriptor_flags(descriptor.rawValue) >= 0
    }

    public mutating func write(
        _ bytes: UnsafeRawBufferPointer, to descriptor: FileDescriptor
    ) throws(Errno) -> Int {
        try check(clinux_write(descriptor.rawValue, bytes.baseAddress, bytes.count))
    }

    public mutating func waitUntilWritable(
        _ descriptor: FileDescriptor, milliseconds: Int32
    ) throws(Errno) -> Bool {
        try check(clinux_poll_writable(descriptor.rawValue, milliseconds)) > 0
    }

    public mutating func read(_ path: StaticString) throws(Errno)
        -> UnsafeMutableRawBufferPointer
    {
        let descriptor = try check(clinux_open_for_reading(cString(path)))
        defer { _ = clinux_close(descriptor) }
        let buffer = UnsafeMutableRawBufferPointer(
            start: clinux_scratch(), count: Int(clinux_scratch_size))
        var count = 0
        // What /proc hands out comes a page at a time.
        while count < buffer.count {
            let got = try check(
                clinux_read(descriptor, buffer.baseAddress! + count, buffer.count &- count))
            if got == 0 { break }
            count &+= got
        }
        return UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
    }
}

// MARK: File systems

extension LinuxKernel {
    public mutating func mount(_ mount: EarlyMount) throws(Errno) {
        let path = cString(mount.path)
        // It is there, or it cannot be made: then mount(2) says so.
        _ = clinux_mkdir(path)
        let (type, data) = (cString(mount.type), cString(mount.data))
        if clinux_is_mount_point(path) == 1 {
            // What is there may understand other options; it is better than nothing.
            if mount.flags & EarlyMount.remount != 0 {
                _ = clinux_mount(type, path, mount.flags, data)
            }
            throw .busy
        }
        try check(clinux_mount(type, path, mount.flags & ~EarlyMount.remount, data))
    }

    public mutating func unmount(_ path: UnsafePointer<UInt8>) throws(Errno) {
        try check(clinux_umount(UnsafeRawPointer(path).assumingMemoryBound(to: CChar.self)))
    }

    public mutating func makeReadOnly(_ path: UnsafePointer<UInt8>) throws(Errno) {
        try check(
            clinux_mount_read_only(UnsafeRawPointer(path).assumingMemoryBound(to: CChar.self)))
    }

    public mutating func sync() {
        clinux_sync()
    }
}

// MARK: The machine

extension LinuxKernel {
    public mutating func claimPower() throws(Errno) {
        try check(clinux_reboot(clinux_reboot_disable_ctrl_alt_delete))
    }

    public mutating func leave(_ ending: Ending) throws(Errno) {
        let operation =
            switch ending {
            case .powerOff: clinux_reboot_power_off
            case .reboot: clinux_reboot_restart
            case .halt: clinux_reboot_halt
            }
        try check(clinux_reboot(operation))
    }

    public mutating func setHostName(_ name: UnsafeRawBufferPointer) throws(Errno) {
        guard let start = name.baseAddress else { return }
        try check(
            clinux_set_host_name(start.assumingMemoryBound(to: CChar.self), name.count))
    }

    public mutating func bringUpLoopback() throws(Errno) {
        try check(clinux_bring_up_loopback())
    }
}
