import AgentProtocol
import InitCore
import KernelInterface

/// What the agent asks of Linux. `LinuxSystem` asks the real one; the tests have a small one.
///
/// No call waits, but for `wait`, `waitUntilWritable` and `locate`.
protocol AgentSystem: ~Copyable {
    // MARK: Streams

    /// Sleeps until one of the descriptors is ready, or a signal comes. ppoll(2)
    ///
    /// - Returns: the signal, if it was one. Nothing is known of the descriptors then.
    mutating func wait(for watched: UnsafeMutableBufferPointer<PollEntry>) -> Signal?

    /// Sleeps until the port takes bytes again. poll(2)
    ///
    /// - Returns: `false` if the other side has gone.
    mutating func waitUntilWritable(_ port: FileDescriptor) -> Bool

    /// read(2)
    ///
    /// - Returns: how many bytes; 0 at the end.
    mutating func read(
        _ bytes: UnsafeMutableRawBufferPointer, from descriptor: FileDescriptor
    ) throws(Errno) -> Int

    /// write(2)
    mutating func write(
        _ bytes: UnsafeRawBufferPointer, to descriptor: FileDescriptor
    ) throws(Errno) -> Int

    /// close(2)
    mutating func close(_ descriptor: FileDescriptor)

    /// How many bytes wait in a pipe. ioctl(2), FIONREAD
    mutating func pendingBytes(in descriptor: FileDescriptor) -> Int

    // MARK: Processes

    /// Forks a process that will become its program, and report. fork(2)
    ///
    /// - Parameter memory: for the child, which has a copy of it.
    mutating func start(
        _ request: ProcessRequest, _ memory: AgentMemory
    ) throws(StepFailure) -> StartedProcess

    /// What a process that was started has reported, once its report is readable. Closes it.
    ///
    /// - Returns: why it has not become its program; `nil` if it has.
    mutating func readReport(_ report: FileDescriptor) -> StepFailure?

    /// Reaps this process, and no other. wait4(2)
    ///
    /// - Returns: `nil` if it has not ended.
    mutating func reap(_ process: ProcessID) -> ExitStatus?

    /// kill(2)
    mutating func send(_ signal: Signal, to process: ProcessID)

    /// Sets the size of a terminal. ioctl_tty(2), TIOCSWINSZ
    mutating func setWindow(of terminal: FileDescriptor, rows: UInt16, columns: UInt16)

    // MARK: Files

    /// mount(2)
    mutating func mount(_ request: MountRequest, _ memory: AgentMemory) throws(Errno)
    /// mkdir(2)
    mutating func makeDirectory(_ request: EntryRequest, _ memory: AgentMemory) throws(Errno)
    /// open(2), rename(2)
    mutating func writeFile(_ request: EntryRequest, _ memory: AgentMemory) throws(Errno)
    /// symlink(2), rename(2)
    mutating func makeLink(_ request: LinkRequest, _ memory: AgentMemory) throws(Errno)
    /// chroot(2)
    mutating func enter(_ path: ByteView) throws(Errno)
    /// Waits for a disk.
    mutating func locate(_ request: LocateRequest, _ memory: AgentMemory) throws(Errno)

    /// rtnetlink(7)
    mutating func askNetwork(_ message: ByteView) throws(Errno)

    /// Brings a line to standard error.
    mutating func say(_ line: Line)
}

/// A descriptor to wait for, and what came of it: struct pollfd of poll(2), and its numbers.
struct PollEntry: BitwiseCopyable {
    let descriptor: Int32
    let awaited: Int16
    var found: Int16 = 0

    /// POLLIN
    static let readable: Int16 = 1
    /// POLLOUT
    static let writable: Int16 = 4
    /// POLLERR | POLLHUP: nobody reads what would be written. The kernel tells it unasked.
    static let abandoned: Int16 = 8 | 16

    /// Waits for nothing.
    static let none = PollEntry(descriptor: -1, awaited: 0)

    static func reading(_ descriptor: FileDescriptor) -> PollEntry {
        PollEntry(descriptor: descriptor.rawValue, awaited: readable)
    }

    /// Waits until its reader has gone, and if there is something to write, for room too.
    static func writing(_ descriptor: FileDescriptor, hasBytes: Bool) -> PollEntry {
        PollEntry(descriptor: descriptor.rawValue, awaited: hasBytes ? writable : 0)
    }

    var isReady: Bool { found != 0 }
    var isAbandoned: Bool { found & PollEntry.abandoned != 0 }
}

/// Why a process has not become its program.
struct StepFailure: Error, Equatable {
    let step: ProcessStep
    let error: Errno

    /// What the agent ends with, if it is about process 0.
    var code: UInt8 {
        step != .execution
            ? Agent.codeOfFailure
            : error == .noSuchFile ? Agent.codeOfNoProgram : Agent.codeOfNoExecution
    }
}

/// The agent's ends of what leads to a process.
struct StartedProcess {
    let process: ProcessID
    /// Closes when the process becomes its program.
    let report: FileDescriptor
    /// `nil` if it has no input, or /dev/null.
    let input: FileDescriptor?
    /// `nil` if it has the agent's own streams.
    let output: FileDescriptor?
    /// `nil` where the output carries both, as a terminal does.
    let errors: FileDescriptor?
}
