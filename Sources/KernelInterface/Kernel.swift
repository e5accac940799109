public import InitCore

/// Every system call that PID 1 makes. PID 1 has no other way to make one.
///
/// `LinuxKernel` asks Linux; in tests the simulated kernel answers instead.
public protocol Kernel: ~Copyable {

    // MARK: Signals

    /// Blocks every signal except `Fault.signals`, and gives each a handler, whatever this
    /// process's parent had set. Signals wait until PID 1 asks for them. sigaction(2)
    mutating func catchSignals() throws(Errno)

    /// Unblocks `signal`, so that it interrupts a system call that blocks, or blocks it again.
    /// sigprocmask(2)
    mutating func letThrough(_ signal: Signal, _ through: Bool) throws(Errno)

    /// Calls `handler` when the processor raises `signal`. sigaction(2)
    mutating func handleFault(_ signal: Signal, with handler: @convention(c) (Int32) -> Void)
        throws(Errno)

    /// Gives fault handlers their own stack, so that they can run after the ordinary stack has
    /// overflowed. sigaltstack(2)
    mutating func useSignalStack() throws(Errno)

    /// Sleeps until a signal comes, without a time limit, and takes it. pause(2)
    mutating func pause() throws(Errno) -> ReceivedSignal

    /// Sleeps until a signal comes, which it takes, or `descriptor` can be read. ppoll(2)
    ///
    /// - Parameters:
    ///   - descriptor: `nil` for none.
    ///   - milliseconds: how long to wait at most, `nil` for ever.
    /// - Throws: `Errno.wouldBlock` when the time is up; `Errno.interrupted` for no reason that
    ///   matters.
    mutating func wait(for descriptor: FileDescriptor?, milliseconds: Int64?) throws(Errno)
        -> Wakeup

    /// Sleeps until a signal comes, which it takes, or any of the descriptors is ready. ppoll(2)
    ///
    /// - Parameters:
    ///   - watched: says afterwards which are ready.
    ///   - milliseconds: how long to wait at most, `nil` for ever.
    /// - Throws: as `wait(for:milliseconds:)` does.
    mutating func wait(
        forAnyOf watched: UnsafeMutableBufferPointer<Watched>, milliseconds: Int64?
    ) throws(Errno) -> Wakeup

    /// Sends a signal. kill(2), pidfd_send_signal(2)
    mutating func send(_ signal: Signal, to target: SignalTarget) throws(Errno)

    // MARK: Processes

    /// Whether this is PID 1 of its PID namespace. getpid(2)
    mutating func isPID1() -> Bool

    /// Forks a child that becomes the program. Does not wait for execve(2), which may take time;
    /// `readReport` says whether it succeeded.
    mutating func spawn(_ program: Program) throws(Errno) -> Child

    /// Reads from `Child.report`, once it can be read, whether the child runs. Closes it. pipe(7)
    ///
    /// - Returns: `nil` if the program runs, or the error of execve(2).
    mutating func readReport(_ report: FileDescriptor) throws(Errno) -> Errno?

    /// Leaves the working directory that this process was started in, and closes all descriptors
    /// from 3 up but these. chdir(2), close_range(2)
    mutating func letGo(keeping first: FileDescriptor?, _ second: FileDescriptor?)

    /// The number of this process. getpid(2)
    mutating func ownProcess() -> ProcessID

    /// Whether orphans below this process become its children even when it is not PID 1.
    /// prctl(2), PR_GET_CHILD_SUBREAPER
    mutating func isSubreaper() -> Bool

    /// Forks. The child runs `body` and exits with the code that `body` returns. fork(2)
    mutating func fork(_ body: (inout Self) -> Int32) throws(Errno) -> ProcessID

    /// Reaps one child that has ended, or finds one that has stopped. wait4(2), WNOHANG and
    /// WUNTRACED
    ///
    /// - Throws: `Errno.noChildProcess` if there is no child, alive or ended.
    mutating func reap() throws(Errno) -> Reaped

    /// From now on orphans below this process become its children. prctl(2),
    /// PR_SET_CHILD_SUBREAPER
    mutating func becomeSubreaper() throws(Errno)

    /// Sends `signal` to this process when its parent dies, or at once if the parent is already
    /// dead. prctl(2), PR_SET_PDEATHSIG
    mutating func receiveOnParentDeath(_ signal: Signal) throws(Errno)

    // MARK: The terminal

    /// How this process is related to a terminal. tty(4), tcgetpgrp(3)
    mutating func terminal() -> Terminal

    /// Puts the program's group into the foreground of the terminal, if this process's own group or
    /// the program's is there now. tcsetpgrp(3)
    ///
    /// - Returns: whether the program's group is there now.
    mutating func lendTerminal(to program: ProcessID) -> Bool

    /// Puts this process's group back into the foreground of the terminal, if the program's group
    /// is there. tcsetpgrp(3)
    mutating func reclaimTerminal(from program: ProcessID)

    /// Gives up the controlling terminal, so that another session can take it. The signals that the
    /// kernel then sends to the leader's session are discarded. ioctl_tty(2), TIOCNOTTY
    mutating func giveTerminalUp()

    /// Stops this process, and returns when it continues.
    ///
    /// - Parameter signal: `Signal.stop`; or `Signal.stopTyped`, by which the kernel stops a
    ///   process only if a shell could continue it.
    /// - Returns: whether it was stopped. PID 1 never is.
    mutating func stopSelf(by signal: Signal) -> Bool

    // MARK: Time

    /// clock_gettime(2), CLOCK_MONOTONIC
    mutating func now() -> Instant

    /// Raises `Signal.alarm` at this interval from now on; 0 ends that. setitimer(2), ITIMER_REAL
    mutating func setAlarmInterval(milliseconds: Int32) throws(Errno)

    // MARK: Files

    /// Opens `path` for writing. Does not block on a terminal, and does not make it the
    /// controlling one. open(2)
    mutating func openForWriting(_ path: StaticString) throws(Errno) -> FileDescriptor

    /// Opens `path` as the lowest free descriptor, which stays open in programs.
    mutating func openStandardStream(_ path: StaticString, forWriting: Bool) throws(Errno)
        -> FileDescriptor

    /// Whether descriptor `number` is open. fcntl(2), F_GETFD
    mutating func isOpen(_ descriptor: FileDescriptor) -> Bool

    /// Writes `bytes` in one call and returns how many were written. Blocks if the descriptor is a
    /// blocking one. write(2)
    mutating func write(_ bytes: UnsafeRawBufferPointer, to descriptor: FileDescriptor)
        throws(Errno) -> Int

    /// Waits until `descriptor` takes bytes or has an error, or the time is up. poll(2)
    ///
    /// - Returns: whether it is ready.
    mutating func waitUntilWritable(_ descriptor: FileDescriptor, milliseconds: Int32)
        throws(Errno) -> Bool

    /// Sleeps for this time. poll(2) of no descriptor
    mutating func sleep(milliseconds: Int32)

    /// Reads a file into the one read buffer, which the next call overwrites.
    ///
    /// - Parameter path: a C string.
    /// - Returns: at most the file's first 32 KiB.
    mutating func read(at path: UnsafePointer<UInt8>) throws(Errno)
        -> UnsafeMutableRawBufferPointer

    /// Reads the beginning of a file that others may have made: it follows no link and waits for
    /// nothing. What is no regular file gives no bytes. open(2), fstat(2), read(2)
    ///
    /// - Parameter path: a C string.
    mutating func readStart(
        of path: UnsafePointer<UInt8>, into bytes: UnsafeMutableRawBufferPointer
    ) throws(Errno) -> FileStart

    /// Reads a file of lines to its end, however long. Calls `body` with as many whole lines at a
    /// time as fit into the buffer of `read`. `body` must not use that buffer.
    ///
    /// - Throws: also `Errno.tooLarge`, if a line does not fit into the buffer.
    mutating func readLines(
        _ path: StaticString, _ body: (inout Self, UnsafeMutableRawBufferPointer) -> Void
    ) throws(Errno)

    /// Calls `body` with each name in a directory, a C string. getdents64(2)
    mutating func list(
        _ directory: StaticString, _ body: (inout Self, UnsafePointer<UInt8>) -> Void
    ) throws(Errno)

    /// Sets a kernel parameter, a file below /proc/sys. The kernel takes a whole value in one
    /// write, or nothing of it. proc_sys(5); open(2), write(2), close(2)
    mutating func setParameter(_ path: StaticString, to value: StaticString) throws(Errno)

    // MARK: File systems

    /// Makes the directory if it is missing, and mounts. Throws `Errno.busy` if a file system is
    /// mounted there already; if the flags have MS_REMOUNT, that one gets the same options.
    /// mount(2), mkdir(2), statx(2)
    mutating func mount(_ mount: EarlyMount) throws(Errno)

    /// umount2(2), UMOUNT_NOFOLLOW
    ///
    /// - Parameter path: a C string.
    mutating func unmount(_ path: UnsafePointer<UInt8>) throws(Errno)

    /// mount(2), MS_REMOUNT and MS_RDONLY
    ///
    /// - Parameter path: a C string.
    mutating func makeReadOnly(_ path: UnsafePointer<UInt8>) throws(Errno)

    /// Stops swapping to this file or device, and closes it. swapoff(2)
    ///
    /// - Parameter path: a C string.
    mutating func swapOff(_ path: UnsafePointer<UInt8>) throws(Errno)

    /// Detaches a loop device from its file, as soon as nothing uses the device. ioctl(2),
    /// LOOP_CLR_FD
    ///
    /// - Parameter path: a C string.
    mutating func detachLoop(_ path: UnsafePointer<UInt8>) throws(Errno)

    /// Removes each unused device of the device mapper, which frees the devices below it. ioctl(2),
    /// DM_REMOVE_ALL
    mutating func removeMappings() throws(Errno)

    /// Writes everything to the disks. Blocks until that is done. sync(2)
    mutating func sync()

    // MARK: Sockets

    /// Makes a socket in the file system, whatever file was there before. unix(7), bind(2)
    ///
    /// - Parameters:
    ///   - path: a C string.
    ///   - kind: a stream socket listens.
    ///   - mode: who may connect, or send.
    mutating func bind(_ path: UnsafePointer<UInt8>, _ kind: SocketKind, mode: Int32)
        throws(Errno) -> FileDescriptor

    /// Takes a connection. Does not wait: throws `Errno.wouldBlock` if there is none. accept(2)
    mutating func accept(from listener: FileDescriptor) throws(Errno) -> FileDescriptor

    /// The user who made the connection. unix(7), SO_PEERCRED
    mutating func peerUser(of connection: FileDescriptor) throws(Errno) -> UInt32

    /// Reads what has come, or one datagram. Does not wait: throws `Errno.wouldBlock` if nothing
    /// has. recv(2)
    mutating func receive(
        _ bytes: UnsafeMutableRawBufferPointer, from socket: FileDescriptor
    ) throws(Errno) -> Received

    /// Sends as much as there is room for. Does not wait: throws `Errno.wouldBlock` if there is no
    /// room. send(2)
    ///
    /// - Returns: how many bytes were sent.
    mutating func send(_ bytes: UnsafeRawBufferPointer, over socket: FileDescriptor)
        throws(Errno) -> Int

    // MARK: The machine

    /// Makes Ctrl-Alt-Del arrive as SIGINT. Only a machine's PID 1 may do so. reboot(2)
    mutating func claimPower() throws(Errno)

    /// Leaves. On a machine this returns only if it fails; otherwise it ends the caller. In a
    /// container it ends PID 1. reboot(2)
    mutating func leave(_ ending: Ending) throws(Errno)

    /// sethostname(2)
    mutating func setHostName(_ name: UnsafeRawBufferPointer) throws(Errno)

    /// Brings up `lo`. netdevice(7)
    mutating func bringUpLoopback() throws(Errno)

    // MARK: Becoming a service
    // What the child of a service asks for between fork(2) and execve(2). Each path is a C string.

    /// Forks the child of a service. It runs `body` and exits with the code that `body` returns,
    /// unless `body` executes a program. clone3(2), CLONE_INTO_CGROUP; fork(2); pipe(7)
    ///
    /// - Parameters:
    ///   - cgroup: the directory of the cgroup that the child is to be in; `nil` for this process's.
    ///   - body: gets the end of a pipe that closes on execve(2), for a `ServiceReport`, and
    ///     whether the child is in `cgroup` already. It is not where the kernel lacks clone3(2),
    ///     or a filter refuses the call.
    mutating func forkService(
        into cgroup: FileDescriptor?, _ body: (inout Self, FileDescriptor, Bool) -> Int32
    ) throws(Errno) -> Child

    /// Reads from the `Child.report` of `forkService`, once it can be read. Closes it. pipe(7)
    ///
    /// - Returns: `nil` if the service runs, or has ended without a report.
    mutating func readServiceReport(_ report: FileDescriptor) throws(Errno) -> ServiceReport?

    /// Gives each signal its default action, but ignores `ignored`. Leaves all of them blocked.
    /// sigaction(2)
    mutating func resetSignals(ignoring ignored: Signal?) throws(Errno)

    /// Unblocks all signals. sigprocmask(2)
    mutating func unblockSignals() throws(Errno)

    /// Begins a session, which has no terminal. setsid(2)
    mutating func newSession() throws(Errno)

    /// Makes a terminal the controlling one of this session. ioctl_tty(2), TIOCSCTTY
    ///
    /// - Parameter byForce: takes it even from another session. Otherwise the kernel throws
    ///   `Errno.notPermitted` then.
    mutating func takeTerminal(_ terminal: FileDescriptor, byForce: Bool) throws(Errno)

    /// Takes a terminal away from all processes that have it open, this one included. vhangup(2)
    mutating func hangUpTerminal(_ terminal: FileDescriptor) throws(Errno)

    /// Gives a terminal the settings of a new one. ioctl_tty(2), TCSETS
    mutating func resetTerminal(_ terminal: FileDescriptor) throws(Errno)

    /// The groups of this process beside its own. setgroups(2)
    mutating func setGroups(_ groups: UnsafeBufferPointer<UInt32>) throws(Errno)

    /// The real, effective and saved group. setresgid(2)
    mutating func setGroup(_ group: UInt32) throws(Errno)

    /// The real, effective and saved user. setresuid(2)
    mutating func setUser(_ user: UInt32) throws(Errno)

    /// prlimit(2)
    ///
    /// - Parameters:
    ///   - resource: one of the numbers RLIMIT_...
    ///   - soft, hard: `UInt64.max` for no limit.
    mutating func setLimit(_ resource: Int32, soft: UInt64, hard: UInt64) throws(Errno)

    /// The soft and the hard limit. prlimit(2)
    mutating func limit(of resource: Int32) throws(Errno) -> (soft: UInt64, hard: UInt64)

    /// The nice value: -20 to 19. setpriority(2)
    mutating func setPriority(_ priority: Int32) throws(Errno)

    /// ioprio_set(2)
    ///
    /// - Parameter priority: class and level, as IOPRIO_PRIO_VALUE makes them.
    mutating func setIOPriority(_ priority: Int32) throws(Errno)

    /// sched_setscheduler(2)
    ///
    /// - Parameters:
    ///   - policy: one of the numbers SCHED_...
    ///   - priority: 0 for the policies that know none.
    mutating func setScheduling(policy: Int32, priority: Int32) throws(Errno)

    /// umask(2)
    mutating func setUmask(_ mask: UInt32)

    /// Opens a file that closes on execve(2). May block. open(2)
    ///
    /// - Parameter mode: of a file that is made, without the bits of the umask.
    mutating func open(
        at path: UnsafePointer<UInt8>, _ flags: OpenFlags, mode: UInt32
    ) throws(Errno) -> FileDescriptor

    /// close(2)
    mutating func close(_ descriptor: FileDescriptor)

    /// Closes all descriptors from `first` up but these two. close_range(2)
    mutating func closeDescriptors(
        from first: FileDescriptor, keeping one: FileDescriptor?, _ other: FileDescriptor?
    )

    /// Has `copy` lead where `descriptor` leads. The copy stays open in programs. dup2(2)
    mutating func duplicate(_ descriptor: FileDescriptor, as copy: FileDescriptor) throws(Errno)

    /// A copy with a number above that of `other`, which closes on execve(2). fcntl(2),
    /// F_DUPFD_CLOEXEC
    mutating func duplicate(_ descriptor: FileDescriptor, above other: FileDescriptor)
        throws(Errno) -> FileDescriptor

    /// Reads from a descriptor in one call, and returns how many bytes were there. May block.
    /// read(2)
    mutating func read(_ bytes: UnsafeMutableRawBufferPointer, from descriptor: FileDescriptor)
        throws(Errno) -> Int

    /// Reads a file to its end, part by part. May block.
    ///
    /// - Parameter body: gets the next part, in the buffer of `read(at:)`, and says whether to go
    ///   on.
    mutating func readParts(
        at path: UnsafePointer<UInt8>, _ body: (inout Self, UnsafeRawBufferPointer) -> Bool
    ) throws(Errno)

    /// Writes to a file of the kernel's, which takes a whole value in one write. open(2), write(2)
    mutating func writeFile(at path: UnsafePointer<UInt8>, _ bytes: UnsafeRawBufferPointer)
        throws(Errno)

    /// mkdir(2)
    ///
    /// - Parameter mode: without the bits of the umask.
    mutating func makeDirectory(at path: UnsafePointer<UInt8>, mode: UInt32) throws(Errno)

    /// Removes a file, or a socket. unlink(2)
    mutating func removeFile(at path: UnsafePointer<UInt8>) throws(Errno)

    /// Removes an empty directory. rmdir(2)
    mutating func removeDirectory(at path: UnsafePointer<UInt8>) throws(Errno)

    /// chmod(2)
    mutating func setMode(of path: UnsafePointer<UInt8>, to mode: UInt32) throws(Errno)

    /// chown(2)
    ///
    /// - Parameters:
    ///   - user: `nil` leaves it as it is.
    ///   - group: `nil` leaves it as it is.
    mutating func setOwner(of path: UnsafePointer<UInt8>, to user: UInt32?, _ group: UInt32?)
        throws(Errno)

    /// What a file is. stat(2), lstat(2)
    ///
    /// - Parameter followsLink: of a link: what is it leads to.
    mutating func status(of path: UnsafePointer<UInt8>, followsLink: Bool) throws(Errno)
        -> FileStatus

    /// Whether a file system is mounted on `path` itself. statx(2), STATX_ATTR_MOUNT_ROOT
    mutating func isMountPoint(_ path: UnsafePointer<UInt8>) throws(Errno) -> Bool

    /// Throws if this process may not write to a file, or its file system is read-only. access(2)
    mutating func checkWritable(_ path: UnsafePointer<UInt8>) throws(Errno)

    /// Whether a directory has no entry. getdents64(2)
    mutating func isEmptyDirectory(_ path: UnsafePointer<UInt8>) throws(Errno) -> Bool

    /// chdir(2)
    mutating func changeDirectory(to path: UnsafePointer<UInt8>) throws(Errno)

    /// chroot(2)
    mutating func changeRoot(to path: UnsafePointer<UInt8>) throws(Errno)

    /// Fills `bytes` with randomness, as far as the kernel has some already. Does not wait.
    /// getrandom(2), GRND_NONBLOCK
    mutating func fillRandomly(_ bytes: UnsafeMutableRawBufferPointer) throws(Errno)

    /// Becomes a program. Returns only in tests. execve(2)
    ///
    /// - Parameters:
    ///   - path: is not looked up in PATH.
    ///   - arguments: C strings, then NULL.
    ///   - environment: C strings, then NULL.
    mutating func execute(
        _ path: UnsafePointer<UInt8>, _ arguments: UnsafePointer<UnsafeMutablePointer<CChar>?>,
        _ environment: UnsafePointer<UnsafeMutablePointer<CChar>?>
    ) throws(Errno)

    // MARK: Logs

    /// Makes a pipe. Both ends close on execve(2), and its reader never waits. pipe(2)
    ///
    /// - Parameter writerWaits: whether a write waits until there is room.
    mutating func pipe(writerWaits: Bool) throws(Errno) -> Pipe

    /// Copies what one pipe holds into another, and leaves it where it is. Does not wait. tee(2)
    ///
    /// - Returns: how many bytes were copied, `count` at most. It may be fewer than there are.
    /// - Throws: `Errno.wouldBlock` if `source` is empty or `destination` is full.
    mutating func tee(
        _ source: FileDescriptor, into destination: FileDescriptor, count: Int
    ) throws(Errno) -> Int

    /// Reads a part of a file in one call, and returns how many bytes were there. pread(2)
    ///
    /// - Parameter offset: in bytes from the file's beginning.
    mutating func read(
        _ bytes: UnsafeMutableRawBufferPointer, from descriptor: FileDescriptor, at offset: Int64
    ) throws(Errno) -> Int

    /// Closes all descriptors from `first` to `last`. close_range(2)
    mutating func closeDescriptors(from first: FileDescriptor, through last: FileDescriptor)

    /// Makes something that can watch many descriptors. It can be read, for `wait`, while
    /// `nextArrival` has something to say. epoll_create(2)
    mutating func makeWatch() throws(Errno) -> FileDescriptor

    /// Has `watch` say when `descriptor` gets more to read: once, however long that then stays
    /// there. It says so at once if there is something now. epoll_ctl(2), EPOLLET
    ///
    /// - Parameter number: what `nextArrival` calls it.
    mutating func watch(
        _ descriptor: FileDescriptor, as number: UInt32, by watch: FileDescriptor
    ) throws(Errno)

    /// The number of a watched descriptor that has got more to read, or `nil` if there is none.
    /// Does not wait. epoll_wait(2)
    mutating func nextArrival(at watch: FileDescriptor) throws(Errno) -> UInt32?

    /// Opens a file to append to it and to read it; makes it, for root and root's group, if it is
    /// missing. Does not follow a link, and does not wait. open(2)
    ///
    /// - Parameter path: a C string.
    mutating func openLog(_ path: UnsafePointer<UInt8>) throws(Errno) -> FileDescriptor

    /// In bytes. lseek(2)
    mutating func fileSize(_ descriptor: FileDescriptor) throws(Errno) -> Int64

    /// Cuts a file off behind `size` bytes. ftruncate(2)
    mutating func truncate(_ descriptor: FileDescriptor, to size: Int64) throws(Errno)

    /// Gives a file another name, and drops the file that had it. rename(2)
    ///
    /// - Parameters:
    ///   - path: a C string.
    ///   - other: a C string.
    mutating func rename(_ path: UnsafePointer<UInt8>, to other: UnsafePointer<UInt8>)
        throws(Errno)

    /// How large the file system is that holds `path`, in bytes. statfs(2)
    mutating func fileSystemSize(_ path: StaticString) throws(Errno) -> Int64

    /// Microseconds since the machine began, without those that it slept. clock_gettime(2),
    /// CLOCK_MONOTONIC
    mutating func uptime() -> UInt64
}

extension Kernel where Self: ~Copyable {
    /// Reads a file as `read(at:)` does. A StaticString already is a C string.
    public mutating func read(_ path: StaticString) throws(Errno) -> UnsafeMutableRawBufferPointer {
        try read(at: path.utf8Start)
    }
}

/// What wait4(2) found.
public enum Reaped: Equatable, Sendable {
    /// This child had ended, and is now reaped.
    case child(ProcessID, ExitStatus)
    /// This child lives, and a signal has stopped it.
    case stopped(ProcessID, Signal)
    /// There are children, and all are alive.
    case none
}

/// What a socket carries, unix(7).
public enum SocketKind: Equatable, Sendable {
    case stream
    case datagram
}

/// What was read from a socket.
public struct Received: Equatable, Sendable {
    /// How many bytes; 0 at the end of a stream.
    public let count: Int
    /// Who sent it, if the kernel says so.
    public let user: UInt32?
    public let process: ProcessID?

    public init(count: Int, user: UInt32?, process: ProcessID?) {
        self.count = count
        self.user = user
        self.process = process
    }
}

/// The processes that get a signal, kill(2).
public enum SignalTarget: Equatable, Sendable {
    case process(ProcessID)
    /// The program, by its descriptor, pidfd_open(2), so that another process that has its number
    /// by now gets no signal.
    case program(ProcessID, FileDescriptor)
    /// The process group that this process leads.
    case group(ProcessID)
    /// Every process of the PID namespace except PID 1 and the caller.
    case everything
}

/// Why `Kernel.wait` returned.
public enum Wakeup: Equatable, Sendable {
    case signal(ReceivedSignal)
    /// A descriptor is ready.
    case readable
}

/// A descriptor to wait for, and what came of it. Laid out as struct pollfd of poll(2).
public struct Watched: BitwiseCopyable, Sendable {
    /// What a descriptor is to be ready for.
    public enum Wish: Sendable {
        case reading
        case writing
    }

    private let descriptor: Int32
    private let awaited: Int16
    private var found: Int16 = 0

    /// - Parameter descriptor: with `nil` it is never ready.
    public init(_ descriptor: FileDescriptor?, for wish: Wish) {
        self.descriptor = descriptor?.rawValue ?? -1
        awaited = wish == .reading ? 1 : 4
    }

    /// Whether it is ready, or has an error, or its other end is closed.
    public var isReady: Bool { found != 0 }

    /// For kernels of tests.
    public mutating func setReady(_ isReady: Bool) { found = isReady ? awaited : 0 }
    /// For kernels of tests.
    public var watchedDescriptor: FileDescriptor { FileDescriptor(rawValue: descriptor) }
    /// For kernels of tests.
    public var isForWriting: Bool { awaited == 4 }
}

/// A signal that has come in.
public struct ReceivedSignal: Equatable, Sendable {
    public let signal: Signal
    public let origin: SignalOrigin

    public init(_ signal: Signal, from origin: SignalOrigin = .process) {
        self.signal = signal
        self.origin = origin
    }
}

/// A child that will become the program.
public struct Child: Equatable, Sendable {
    public let process: ProcessID
    /// The child's descriptor, pidfd_open(2), if the kernel has such descriptors.
    public let descriptor: FileDescriptor?
    /// What `Kernel.readReport` reads.
    public let report: FileDescriptor

    public init(process: ProcessID, descriptor: FileDescriptor?, report: FileDescriptor) {
        self.process = process
        self.descriptor = descriptor
        self.report = report
    }
}

/// The two ends of a pipe, pipe(7).
public struct Pipe: Equatable, Sendable {
    public let reading: FileDescriptor
    public let writing: FileDescriptor

    public init(reading: FileDescriptor, writing: FileDescriptor) {
        self.reading = reading
        self.writing = writing
    }
}
