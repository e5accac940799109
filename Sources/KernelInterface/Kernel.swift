public import InitCore

/// Every system call that PID 1 makes, and the only way to make one.
///
/// `LinuxKernel` asks Linux; the tests' simulated kernel answers in its place.
public protocol Kernel: ~Copyable {

    // MARK: Signals

    /// Blocks every signal but those of `Fault.signals`: they wait until they are asked for.
    /// sigprocmask(2)
    mutating func blockSignals() throws(Errno)

    /// Lets `signal` through, to interrupt whatever system call blocks, or no longer.
    /// sigprocmask(2)
    mutating func letThrough(_ signal: Signal, _ through: Bool) throws(Errno)

    /// Has `handler` called when the processor raises `signal`. sigaction(2)
    mutating func handleFault(_ signal: Signal, with handler: @convention(c) (Int32) -> Void)
        throws(Errno)

    /// Gives fault handlers a stack of their own, so that they can run when the ordinary one
    /// has overflowed. sigaltstack(2)
    mutating func useSignalStack() throws(Errno)

    /// Sleeps until a signal comes, however long, and takes it. pause(2)
    mutating func pause() throws(Errno) -> Signal

    /// Takes the next signal, as soon as there is one. sigtimedwait(2)
    ///
    /// - Parameter milliseconds: how long to wait at most, `nil` for ever.
    /// - Throws: `Errno.wouldBlock` when the time is up; `Errno.interrupted` for no reason that matters.
    mutating func waitForSignal(milliseconds: Int64?) throws(Errno) -> Signal

    /// Sends a signal. kill(2)
    mutating func send(_ signal: Signal, to target: SignalTarget) throws(Errno)

    // MARK: Processes

    /// Whether this is PID 1 of its PID namespace. getpid(2)
    mutating func isPID1() -> Bool

    /// Runs a program as a child. Returns once execve(2) has gone through, or throws its
    /// error, or vfork(2)'s.
    mutating func spawn(_ program: Program) throws(Errno) -> ProcessID

    /// Forks; the child runs `body` and exits with the code that it returns. fork(2)
    mutating func fork(_ body: (inout Self) -> Int32) throws(Errno) -> ProcessID

    /// Reaps any one child. wait4(2), WNOHANG
    ///
    /// - Throws: `Errno.noChild` where there is none, alive or ended.
    mutating func reap() throws(Errno) -> Reaped

    /// From now on orphans below this process become its children. prctl(2),
    /// PR_SET_CHILD_SUBREAPER
    mutating func becomeSubreaper() throws(Errno)

    /// Has `signal` sent to this process when its parent dies. prctl(2), PR_SET_PDEATHSIG
    mutating func receiveOnParentDeath(_ signal: Signal) throws(Errno)

    // MARK: Time

    /// clock_gettime(2), CLOCK_MONOTONIC
    mutating func now() -> Instant

    /// Raises `Signal.alarm` at this interval from now on, or, with 0, no longer.
    /// setitimer(2), ITIMER_REAL
    mutating func setAlarmInterval(milliseconds: Int32) throws(Errno)

    // MARK: Files

    /// Opens `path` for writing. Does not block on a terminal, and does not make it the
    /// controlling one. open(2)
    mutating func openForWriting(_ path: StaticString) throws(Errno) -> FileDescriptor

    /// Opens `path` as the lowest descriptor that is free, to stay open in programs.
    mutating func openStandardStream(_ path: StaticString, forWriting: Bool) throws(Errno)
        -> FileDescriptor

    /// Whether descriptor `number` is open. fcntl(2), F_GETFD
    mutating func isOpen(_ descriptor: FileDescriptor) -> Bool

    /// Writes `bytes` in one call and returns how many got through. Blocks where the
    /// descriptor does. write(2)
    mutating func write(_ bytes: UnsafeRawBufferPointer, to descriptor: FileDescriptor)
        throws(Errno) -> Int

    /// Waits until `descriptor` takes bytes or is in error, at most so long. poll(2)
    ///
    /// - Returns: whether it is ready.
    mutating func waitUntilWritable(_ descriptor: FileDescriptor, milliseconds: Int32)
        throws(Errno) -> Bool

    /// Lets so much time go by. poll(2) of nothing
    mutating func sleep(milliseconds: Int32)

    /// Reads a file into the one buffer there is for that, which the next call overwrites.
    ///
    /// - Returns: what was read: the file's first 32 KiB at most.
    mutating func read(_ path: StaticString) throws(Errno) -> UnsafeMutableRawBufferPointer

    // MARK: File systems

    /// Mounts; makes the folder first where there is none. Throws `Errno.busy` where
    /// something is mounted already, which has the same options from then on, if MS_REMOUNT is
    /// among the flags. mount(2), mkdir(2), statx(2)
    mutating func mount(_ mount: EarlyMount) throws(Errno)

    /// umount2(2), UMOUNT_NOFOLLOW
    ///
    /// - Parameter path: a C string.
    mutating func unmount(_ path: UnsafePointer<UInt8>) throws(Errno)

    /// mount(2), MS_REMOUNT and MS_RDONLY
    ///
    /// - Parameter path: a C string.
    mutating func makeReadOnly(_ path: UnsafePointer<UInt8>) throws(Errno)

    /// Writes everything to the disks. May block for as long as they do. sync(2)
    mutating func sync()

    // MARK: The machine

    /// Has Ctrl-Alt-Del arrive as SIGINT. Only a machine's PID 1 may. reboot(2)
    mutating func claimPower() throws(Errno)

    /// Leaves: on a machine it comes back only to fail, and ends the caller otherwise; in
    /// a container it ends PID 1. reboot(2)
    mutating func leave(_ ending: Ending) throws(Errno)

    /// sethostname(2)
    mutating func setHostName(_ name: UnsafeRawBufferPointer) throws(Errno)

    /// Brings up `lo`. netdevice(7)
    mutating func bringUpLoopback() throws(Errno)
}
