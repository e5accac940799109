import InitCore

/// Every system call that PID 1 makes, and the only way to make one.
///
/// `LinuxKernel` asks Linux; the tests' simulated kernel answers from a script.
public protocol Kernel: ~Copyable {
    /// Has `handler` called when `signal` arrives, also in the middle of a system call,
    /// which then fails with `Errno.interrupted`. sigaction(2).
    mutating func handle(_ signal: Signal, with handler: @convention(c) (Int32) -> Void)
        throws(Errno)

    /// Has the kernel throw `signal` away. For `Signal.child` that also means that
    /// children are reaped by the kernel itself and never become zombies. sigaction(2), NOTES.
    mutating func ignore(_ signal: Signal) throws(Errno)

    /// Lets every signal through, whatever the parent left blocked. sigprocmask(2).
    mutating func unblockSignals() throws(Errno)

    /// Gives signal handlers a stack of their own, so that they can run when the ordinary
    /// one has overflowed. sigaltstack(2).
    mutating func useSignalStack() throws(Errno)

    /// Opens `path` for writing. Does not block on a terminal, and does not make it the
    /// controlling one. open(2).
    mutating func openForWriting(_ path: StaticString) throws(Errno) -> FileDescriptor

    /// Writes bytes `offset...` of `text` in one call and returns how many got through.
    /// Blocks where the descriptor does. write(2).
    ///
    /// - Parameter offset: 0 to the length of `text`.
    mutating func write(_ text: StaticString, from offset: Int, to descriptor: FileDescriptor)
        throws(Errno) -> Int

    /// Waits until `descriptor` takes bytes or is in error, at most so long. poll(2).
    ///
    /// - Returns: whether it is ready.
    mutating func waitUntilWritable(_ descriptor: FileDescriptor, milliseconds: Int32)
        throws(Errno) -> Bool

    /// Raises `Signal.alarm` at this interval from now on, or, with 0, no longer.
    /// setitimer(2), ITIMER_REAL.
    mutating func setAlarmInterval(milliseconds: Int32) throws(Errno)

    /// Sleeps until a signal handler has run. Takes no processor time. pause(2).
    mutating func pause()
}
