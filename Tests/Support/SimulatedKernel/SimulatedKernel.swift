import InitCore
import KernelInterface

/// A kernel that lives in the test: it answers system calls from a script, keeps what was
/// written, and has a clock that only its own waits move.
public struct SimulatedKernel: Kernel {
    /// How one file answers. What a device is scripted to do it does in order; when the
    /// script is used up it takes everything.
    public struct Device {
        /// How one write goes.
        public enum Answer: Equatable, Sendable {
            /// Takes at most this many bytes.
            case takes(Int)
            case fails(Errno)
            /// Blocks until a signal handler runs, as a terminal does that nobody drains.
            case blocks
        }

        public var openErrors: [Errno]
        public var answers: [Answer]
        /// Given when the script is used up.
        public var finalAnswer: Answer
        /// Every byte that got through.
        public fileprivate(set) var received: [UInt8] = []

        public init(
            openErrors: [Errno] = [], answers: [Answer] = [], finalAnswer: Answer = .takes(.max)
        ) {
            self.openErrors = openErrors
            self.answers = answers
            self.finalAnswer = finalAnswer
        }

        /// What got through, as text.
        public var text: String { String(decoding: received, as: UTF8.self) }

        fileprivate mutating func nextAnswer() -> Answer {
            answers.isEmpty ? finalAnswer : answers.removeFirst()
        }
    }

    /// The files there are, by path; "1" stands for standard output.
    public var devices: [String: Device]
    /// How long every wait and every blocked write took together.
    public private(set) var elapsedMilliseconds = 0
    /// How many system calls were made.
    public private(set) var calls = 0
    /// 0: no alarm is set.
    public private(set) var alarmIntervalMilliseconds = 0
    public private(set) var handledFaults: [Int32] = []
    public private(set) var hasSignalStack = false
    public private(set) var blocksSignals = false
    private var letsAlarmThrough = false
    /// What was done to the system, in order, in words.
    public private(set) var deeds: [String] = []
    /// How often PID 1 went to sleep in pause(2).
    public private(set) var pauses = 0
    /// The signals to come.
    public var signals: [Signal] = []
    /// The children that have ended and are not reaped, in order.
    public var ended: [(ProcessID, ExitStatus)] = []
    /// How many children there have been, the program and the helpers among them.
    public private(set) var children = 0
    private var reaped = 0
    /// What /proc/cmdline holds, where it can be read.
    public var commandLine: String?
    /// What spawning fails with.
    public var spawnError: Errno?
    /// What must never happen, should it have: a write that nothing will ever interrupt.
    public private(set) var blockedForEver = false
    /// The n-th system call (from 0) fails with this error, if it can fail.
    public var injectedFault: (call: Int, error: Errno)?

    /// What each open descriptor leads to.
    public private(set) var openPaths: [Int32: String]

    public init(devices: [String: Device]) {
        self.devices = devices
        openPaths = devices["1"] == nil ? [:] : [1: "1"]
    }

    public mutating func blockSignals() throws(Errno) {
        try count()
        blocksSignals = true
    }

    public mutating func letThrough(_ signal: Signal, _ through: Bool) throws(Errno) {
        try count()
        letsAlarmThrough = through
    }

    public mutating func handleFault(
        _ signal: Signal, with handler: @convention(c) (Int32) -> Void
    ) throws(Errno) {
        try count()
        handledFaults.append(signal.rawValue)
    }

    public mutating func useSignalStack() throws(Errno) {
        try count()
        hasSignalStack = true
    }

    /// The script's next signal. A script that is used up ends the test's patience: SIGTERM.
    public mutating func pause() throws(Errno) -> Signal {
        try count()
        pauses += 1
        return nextSignal()
    }

    public mutating func waitForSignal(milliseconds: Int64?) throws(Errno) -> Signal {
        try count()
        if let milliseconds, signals.isEmpty {
            elapsedMilliseconds += Int(milliseconds)
            throw .wouldBlock
        }
        return nextSignal()
    }

    private mutating func nextSignal() -> Signal {
        signals.isEmpty ? .terminate : signals.removeFirst()
    }

    public mutating func send(_ signal: Signal, to target: SignalTarget) throws(Errno) {
        try count()
        deeds.append("\(target) gets \(signal.rawValue)")
    }

    public mutating func isPID1() -> Bool { true }

    public mutating func spawn(_ program: Program) throws(Errno) -> ProcessID {
        try count()
        if let spawnError { throw spawnError }
        deeds.append("spawn")
        return newChild()
    }

    /// The child runs at once, to its end.
    public mutating func fork(_ body: (inout SimulatedKernel) -> Int32) throws(Errno) -> ProcessID {
        try count()
        let code = body(&self)
        let process = newChild()
        ended.append((process, .exited(UInt8(truncatingIfNeeded: code))))
        signals.append(.child)
        return process
    }

    private mutating func newChild() -> ProcessID {
        children += 1
        return ProcessID(rawValue: Int32(children + 1))
    }

    public mutating func reap() throws(Errno) -> Reaped {
        try count()
        if !ended.isEmpty {
            let (process, status) = ended.removeFirst()
            reaped += 1
            return .child(process, status)
        }
        if reaped >= children { throw .noChild }
        return .none
    }

    public mutating func becomeSubreaper() throws(Errno) { try count() }

    public mutating func receiveOnParentDeath(_ signal: Signal) throws(Errno) { try count() }

    public mutating func now() -> Instant { Instant(milliseconds: Int64(elapsedMilliseconds)) }

    public mutating func setAlarmInterval(milliseconds: Int32) throws(Errno) {
        try count()
        alarmIntervalMilliseconds = Int(milliseconds)
    }

    public mutating func openForWriting(_ path: StaticString) throws(Errno) -> FileDescriptor {
        try count()
        let name = path.description
        guard devices[name] != nil else { throw .noSuchFile }
        if !devices[name]!.openErrors.isEmpty { throw devices[name]!.openErrors.removeFirst() }
        // The lowest that is free, as open(2) promises.
        let descriptor = (Int32(0)...).first { openPaths[$0] == nil }!
        openPaths[descriptor] = name
        return FileDescriptor(rawValue: descriptor)
    }

    public mutating func openStandardStream(
        _ path: StaticString, forWriting: Bool
    ) throws(Errno) -> FileDescriptor {
        try openForWriting(path)
    }

    public mutating func isOpen(_ descriptor: FileDescriptor) -> Bool {
        openPaths[descriptor.rawValue] != nil
    }

    public mutating func write(
        _ bytes: UnsafeRawBufferPointer, to descriptor: FileDescriptor
    ) throws(Errno) -> Int {
        try count()
        guard let name = openPaths[descriptor.rawValue], devices[name] != nil else {
            throw .badFileDescriptor
        }
        switch devices[name]!.nextAnswer() {
        case .takes(let limit):
            let taken = Array(bytes).prefix(max(0, limit))
            devices[name]!.received += taken
            return taken.count
        case .fails(let error):
            throw error
        case .blocks:
            if alarmIntervalMilliseconds == 0 || !letsAlarmThrough { blockedForEver = true }
            elapsedMilliseconds += alarmIntervalMilliseconds
            throw .interrupted
        }
    }

    public mutating func waitUntilWritable(
        _ descriptor: FileDescriptor, milliseconds: Int32
    ) throws(Errno) -> Bool {
        elapsedMilliseconds += Int(milliseconds)
        try count()
        return openPaths[descriptor.rawValue] != nil
    }

    public mutating func sleep(milliseconds: Int32) {
        elapsedMilliseconds += Int(milliseconds)
    }

    /// /proc/cmdline is the one file with a content, and only where there is a command line.
    public mutating func read(_ path: StaticString) throws(Errno) -> UnsafeMutableRawBufferPointer {
        try count()
        guard path.description == "/proc/cmdline", let commandLine else { throw .noSuchFile }
        // For as long as the kernel's one buffer for it, which is for ever.
        let bytes = UnsafeMutableRawBufferPointer.allocate(
            byteCount: commandLine.utf8.count, alignment: 1)
        bytes.copyBytes(from: commandLine.utf8)
        return bytes
    }

    public mutating func mount(_ mount: EarlyMount) throws(Errno) {
        try count()
        deeds.append("mount \(mount.path)")
    }

    public mutating func unmount(_ path: UnsafePointer<UInt8>) throws(Errno) { try count() }

    public mutating func makeReadOnly(_ path: UnsafePointer<UInt8>) throws(Errno) {
        try count()
        deeds.append("read-only \(String(cString: path))")
    }

    public mutating func sync() { deeds.append("sync") }

    public mutating func claimPower() throws(Errno) { try count() }

    public mutating func leave(_ ending: Ending) throws(Errno) {
        try count()
        deeds.append("\(ending)")
    }

    public mutating func setHostName(_ name: UnsafeRawBufferPointer) throws(Errno) {
        try count()
        deeds.append("host name \(String(decoding: name, as: UTF8.self))")
    }

    public mutating func bringUpLoopback() throws(Errno) {
        try count()
        deeds.append("loopback")
    }

    private mutating func count() throws(Errno) {
        defer { calls += 1 }
        if let fault = injectedFault, fault.call == calls { throw fault.error }
    }
}
