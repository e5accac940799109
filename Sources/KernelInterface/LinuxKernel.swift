internal import CLinux
public import InitCore

/// The real kernel: each call goes through the C shim to Linux.
public struct LinuxKernel: ~Copyable, Kernel {
    public init() {}

    public mutating func handle(
        _ signal: Signal, with handler: @convention(c) (Int32) -> Void
    ) throws(Errno) {
        _ = try check(clinux_sigaction_handle(signal.rawValue, handler))
    }

    public mutating func ignore(_ signal: Signal) throws(Errno) {
        _ = try check(clinux_sigaction_ignore(signal.rawValue))
    }

    public mutating func unblockSignals() throws(Errno) {
        _ = try check(clinux_sigprocmask_clear())
    }

    public mutating func useSignalStack() throws(Errno) {
        _ = try check(clinux_sigaltstack())
    }

    public mutating func openForWriting(_ path: StaticString) throws(Errno) -> FileDescriptor {
        // A StaticString's bytes end in a NUL: they are a C string as they stand.
        let name = UnsafeRawPointer(path.utf8Start).assumingMemoryBound(to: CChar.self)
        return FileDescriptor(rawValue: try check(clinux_open_for_writing(name)))
    }

    public mutating func write(
        _ text: StaticString, from offset: Int, to descriptor: FileDescriptor
    ) throws(Errno) -> Int {
        let remaining = UnsafeRawPointer(text.utf8Start) + offset
        return try check(
            clinux_write(descriptor.rawValue, remaining, text.utf8CodeUnitCount &- offset))
    }

    public mutating func waitUntilWritable(
        _ descriptor: FileDescriptor, milliseconds: Int32
    ) throws(Errno) -> Bool {
        try check(clinux_poll_writable(descriptor.rawValue, milliseconds)) > 0
    }

    public mutating func setAlarmInterval(milliseconds: Int32) throws(Errno) {
        _ = try check(clinux_set_alarm_interval(milliseconds))
    }

    public mutating func pause() {
        _ = clinux_pause()
    }

    /// The shim's convention, undone: a value below 0 is a negated errno.
    private func check<Value: FixedWidthInteger>(_ result: Value) throws(Errno) -> Value {
        if result < 0 {
            throw Errno(rawValue: Int32(truncatingIfNeeded: 0 &- result))
        }
        return result
    }
}
