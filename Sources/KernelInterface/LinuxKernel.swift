internal import CLinux
public import InitCore

/// The real kernel: each call goes through the C shim to Linux.
public struct LinuxKernel: ~Copyable, Kernel {
    public init() {}

    /// Undoes the shim's convention: a value below 0 is a negated errno.
    @discardableResult
    func check<Value: FixedWidthInteger>(_ result: Value) throws(Errno) -> Value {
        if result < 0 {
            throw Errno(rawValue: Int32(truncatingIfNeeded: 0 &- result))
        }
        return result
    }

    /// A StaticString's bytes end in a NUL, so they already are a C string.
    func cString(_ text: UnsafePointer<UInt8>) -> UnsafePointer<CChar> {
        UnsafeRawPointer(text).assumingMemoryBound(to: CChar.self)
    }

    func cString(_ text: StaticString) -> UnsafePointer<CChar> {
        UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
    }
}

// MARK: Signals

extension LinuxKernel {
    public mutating func catchSignals() throws(Errno) {
        try check(clinux_catch_signals())
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

    public mutating func pause() throws(Errno) -> ReceivedSignal {
        received(try check(clinux_pause()))
    }

    public mutating func wait(
        for descriptor: FileDescriptor?, milliseconds: Int64?
    ) throws(Errno) -> Wakeup {
        var watched = Watched(descriptor, for: .reading)
        return try withUnsafeMutablePointer(to: &watched) { (watched) throws(Errno) in
            try wait(
                forAnyOf: UnsafeMutableBufferPointer(
                    start: watched, count: descriptor == nil ? 0 : 1),
                milliseconds: milliseconds)
        }
    }

    public mutating func wait(
        forAnyOf watched: UnsafeMutableBufferPointer<Watched>, milliseconds: Int64?
    ) throws(Errno) -> Wakeup {
        let start = UnsafeMutableRawPointer(watched.baseAddress)
        let result = try check(
            clinux_wait_for_signal(
                start?.assumingMemoryBound(to: clinux_watched.self),
                Int32(truncatingIfNeeded: watched.count), milliseconds ?? -1))
        return result == 0 ? .readable : .signal(received(result))
    }

    private func received(_ result: Int32) -> ReceivedSignal {
        let origin: SignalOrigin =
            switch UInt32(result >> Int32(clinux_origin_shift)) {
            case clinux_from_kernel.rawValue: .kernel
            case clinux_from_itself.rawValue: .itself
            default: .process
            }
        return ReceivedSignal(Signal(rawValue: result & 0xff), from: origin)
    }

    public mutating func send(_ signal: Signal, to target: SignalTarget) throws(Errno) {
        switch target {
        case .process(let process): try check(clinux_kill(process.rawValue, signal.rawValue))
        case .program(let process, let descriptor):
            let result = clinux_pidfd_send_signal(descriptor.rawValue, signal.rawValue)
            if result == 0 &- Errno.noSuchProcess.rawValue { throw .noSuchProcess }
            // A filter of system calls may be older than this one.
            if result < 0 { try check(clinux_kill(process.rawValue, signal.rawValue)) }
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

    /// The calling process. getpid(2)
    public static var ownProcess: ProcessID { ProcessID(rawValue: clinux_getpid()) }

    public mutating func spawn(_ program: Program) throws(Errno) -> Child {
        var child = clinux_child()
        var how = program.keepsDispositions ? clinux_keep_signals.rawValue : 0
        if program.takesTerminal { how |= clinux_steal_terminal.rawValue }
        if program.needsWritableStreams { how |= clinux_writable_streams.rawValue }
        switch program.place {
        case .ownSession: how |= clinux_new_session.rawValue
        case .ownGroup: how |= clinux_new_group.rawValue
        case .ownForegroundGroup: how |= clinux_new_group.rawValue | clinux_foreground.rawValue
        case .initsGroup: break
        }
        try check(
            clinux_spawn(
                program.arguments, program.environment, Int32(bitPattern: how), &child))
        return Child(
            process: ProcessID(rawValue: child.pid),
            descriptor: child.pidfd < 0 ? nil : FileDescriptor(rawValue: child.pidfd),
            report: FileDescriptor(rawValue: child.report))
    }

    public mutating func readReport(_ report: FileDescriptor) throws(Errno) -> Errno? {
        defer { _ = clinux_close(report.rawValue) }
        let result = try check(clinux_read_report(report.rawValue))
        return result > 0 ? Errno(rawValue: result) : nil
    }

    public mutating func letGo(keeping first: FileDescriptor?, _ second: FileDescriptor?) {
        let (one, other) = (first?.rawValue ?? 2, second?.rawValue ?? 2)
        let (lower, upper) = (min(one, other), max(one, other))
        let root: StaticString = "/"
        _ = clinux_change_directory(cString(root))
        closeDescriptors(3, lower &- 1)
        closeDescriptors(max(3, lower &+ 1), upper &- 1)
        closeDescriptors(max(3, upper &+ 1), .max)
    }

    private func closeDescriptors(_ first: Int32, _ last: Int32) {
        if first <= last { _ = clinux_close_range(first, last) }
    }

    public mutating func ownProcess() -> ProcessID { LinuxKernel.ownProcess }

    public mutating func isSubreaper() -> Bool { clinux_get_subreaper() == 1 }

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
        guard process > 0 else { return .none }
        if let status = ExitStatus(waitStatus: waitStatus) {
            return .child(ProcessID(rawValue: process), status)
        }
        return .stopped(ProcessID(rawValue: process), Signal(rawValue: waitStatus >> 8 & 0xff))
    }

    public mutating func becomeSubreaper() throws(Errno) {
        try check(clinux_set_subreaper())
    }

    public mutating func receiveOnParentDeath(_ signal: Signal) throws(Errno) {
        // The parent may have died before this call.
        let parent = clinux_getppid()
        try check(clinux_set_parent_death_signal(signal.rawValue))
        if clinux_getppid() != parent { try send(signal, to: .process(LinuxKernel.ownProcess)) }
    }

    /// Ends this process. PID 1 of a machine never calls it. _exit(2)
    public static func exit(_ code: UInt8) -> Never {
        clinux_exit(Int32(code))
    }
}

// MARK: The terminal

extension LinuxKernel {
    public mutating func terminal() -> Terminal {
        var streams = 0
        var descriptor: Int32 = 0
        while descriptor < 3 {
            if clinux_get_foreground_group(descriptor) >= 0 { streams &+= 1 }
            descriptor &+= 1
        }
        let foreground = clinux_is_in_foreground()
        guard streams > 0 || foreground >= 0 else { return .none }
        return Terminal(
            isThere: true, hasAllStreams: streams == 3,
            isForeground: foreground > 0)
    }

    public mutating func lendTerminal(to program: ProcessID) -> Bool {
        let holder = clinux_get_foreground_group(0)
        if holder == program.rawValue { return true }
        return clinux_is_in_foreground() > 0
            && clinux_set_foreground_group(program.rawValue) >= 0
    }

    public mutating func reclaimTerminal(from program: ProcessID) {
        // Another foreground group keeps the terminal, such as a shell that saw this process stop.
        guard clinux_get_foreground_group(0) == program.rawValue else { return }
        _ = clinux_set_foreground_group(clinux_getpgrp())
    }

    public mutating func giveTerminalUp() { _ = clinux_detach_terminal() }

    public mutating func stopSelf(by signal: Signal) -> Bool {
        clinux_stop_self(signal.rawValue) == 1
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

    public mutating func read(at path: UnsafePointer<UInt8>) throws(Errno)
        -> UnsafeMutableRawBufferPointer
    {
        let descriptor = try check(clinux_open_for_reading(cString(path)))
        defer { _ = clinux_close(descriptor) }
        return UnsafeMutableRawBufferPointer(rebasing: buffer[..<(try fill(from: 0, descriptor))])
    }

    public mutating func readStart(
        of path: UnsafePointer<UInt8>, into bytes: UnsafeMutableRawBufferPointer
    ) throws(Errno) -> FileStart {
        var user: UInt32 = 0
        let count = try check(
            clinux_read_start(cString(path), bytes.baseAddress, bytes.count, &user))
        return FileStart(count: Int(count), user: user)
    }

    public mutating func readLines(
        _ path: StaticString, _ body: (inout LinuxKernel, UnsafeMutableRawBufferPointer) -> Void
    ) throws(Errno) {
        let descriptor = try check(clinux_open_for_reading(cString(path)))
        defer { _ = clinux_close(descriptor) }
        var kept = 0
        while case let count = try fill(from: kept, descriptor), count > kept {
            var end = count
            while end > 0, buffer[end &- 1] != UInt8(ascii: "\n") { end &-= 1 }
            guard end > 0 || count < buffer.count else { throw .tooLarge }
            body(&self, UnsafeMutableRawBufferPointer(rebasing: buffer[..<end]))
            // Keeps the start of a line whose end comes with the next part.
            kept = count &- end
            let rest = UnsafeRawBufferPointer(rebasing: buffer[end..<count])
            buffer.copyMemory(from: rest)
        }
    }

    private var buffer: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: clinux_scratch(), count: Int(clinux_scratch_size))
    }

    /// Fills the buffer from an offset, until the buffer is full or the file ends.
    ///
    /// - Returns: where the bytes end.
    private func fill(from start: Int, _ descriptor: Int32) throws(Errno) -> Int {
        var count = start
        // /proc returns a page at a time.
        while count < buffer.count {
            let got = try check(
                clinux_read(descriptor, clinux_scratch() + count, buffer.count &- count))
            if got == 0 { break }
            count &+= got
        }
        return count
    }

    public mutating func list(
        _ directory: StaticString, _ body: (inout LinuxKernel, UnsafePointer<UInt8>) -> Void
    ) throws(Errno) {
        let descriptor = try check(clinux_open_for_reading(cString(directory)))
        defer { _ = clinux_close(descriptor) }
        // This does not use the buffer of `read`, because `body` may.
        guard let entries = clinux_directory() else { return }
        while case let count = try check(clinux_getdents(descriptor, entries)), count > 0 {
            var offset = 0
            while offset < count {
                // struct linux_dirent64: the entry's length is at 16, its name from 19.
                let entry = entries + offset
                body(&self, UnsafePointer((entry + 19).assumingMemoryBound(to: UInt8.self)))
                offset &+= max(1, Int(entry.loadUnaligned(fromByteOffset: 16, as: UInt16.self)))
            }
        }
    }

    public mutating func setParameter(
        _ path: StaticString, to value: StaticString
    ) throws(Errno) {
        let descriptor = try check(clinux_open_for_writing(cString(path)))
        defer { _ = clinux_close(descriptor) }
        try check(clinux_write(descriptor, value.utf8Start, value.utf8CodeUnitCount))
    }
}

// MARK: File systems

extension LinuxKernel {
    public mutating func mount(_ mount: EarlyMount) throws(Errno) {
        let path = cString(mount.path)
        // If the directory cannot be made, mount(2) says so.
        _ = clinux_make_directory(path, 0o755)
        let (type, data) = (cString(mount.type), cString(mount.data))
        if clinux_is_mount_point(path) == 1 {
            // The mounted file system may support other options; it is better than none.
            if mount.flags & EarlyMount.remount != 0 {
                _ = clinux_mount(type, path, mount.flags, data)
            }
            throw .busy
        }
        try check(clinux_mount(type, path, mount.flags & ~EarlyMount.remount, data))
    }

    public mutating func unmount(_ path: UnsafePointer<UInt8>) throws(Errno) {
        try check(clinux_umount(cString(path)))
    }

    public mutating func makeReadOnly(_ path: UnsafePointer<UInt8>) throws(Errno) {
        try check(clinux_mount_read_only(cString(path)))
    }

    public mutating func swapOff(_ path: UnsafePointer<UInt8>) throws(Errno) {
        try check(clinux_swapoff(cString(path)))
    }

    public mutating func detachLoop(_ path: UnsafePointer<UInt8>) throws(Errno) {
        try check(clinux_detach_loop(cString(path)))
    }

    public mutating func removeMappings() throws(Errno) {
        try check(clinux_remove_mappings())
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
