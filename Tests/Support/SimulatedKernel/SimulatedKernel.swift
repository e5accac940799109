import InitCore
import KernelInterface

/// A kernel inside the test. It answers system calls from a script, and keeps the bytes that were
/// written. Only its own waits move its clock.
public struct SimulatedKernel: Kernel {
    /// How one file answers. It follows its script in order. At the end of the script it gives its
    /// final answer.
    public struct Device {
        /// How one write goes.
        public enum Answer: Equatable, Sendable {
            /// Takes at most this many bytes.
            case takes(Int)
            case fails(Errno)
            /// Blocks until a signal handler runs, as a terminal does that no process drains.
            case blocks
        }

        public var openErrors: [Errno]
        public var answers: [Answer]
        /// The answer when the script is at its end.
        public var finalAnswer: Answer
        /// Every byte that was written.
        public fileprivate(set) var received: [UInt8] = []

        public init(
            openErrors: [Errno] = [], answers: [Answer] = [], finalAnswer: Answer = .takes(.max)
        ) {
            self.openErrors = openErrors
            self.answers = answers
            self.finalAnswer = finalAnswer
        }

        /// The bytes that were written, as text.
        public var text: String { String(decoding: received, as: UTF8.self) }

        fileprivate mutating func nextAnswer() -> Answer {
            answers.isEmpty ? finalAnswer : answers.removeFirst()
        }
    }

    /// The files, by path; "1" stands for standard output, "2" for standard error.
    public var devices: [String: Device]
    /// How long every wait and every blocked write took together.
    public private(set) var elapsedMilliseconds = 0
    /// How many system calls were made.
    public private(set) var calls = 0
    /// 0: no alarm is set.
    public private(set) var alarmIntervalMilliseconds = 0
    private var letsAlarmThrough = false
    /// What init did to the system, in order, in words.
    public internal(set) var deeds: [String] = []
    /// The signals that will come.
    public var signals: [Signal] = []
    /// Comes where init would sleep, which then takes no time; `nil`: init sleeps.
    public var idleSignal: Signal?
    /// How often init would have slept.
    public private(set) var idleCount = 0
    /// The children that have ended and are not reaped, in order.
    public var ended: [(ProcessID, ExitStatus)] = []
    /// How many children there have been, the program and the helpers among them.
    public private(set) var children = 0
    private var reaped = 0
    /// The children that were reaped. Their numbers may be anybody's from then on.
    public private(set) var reapedChildren: Set<Int32> = []
    /// Those that got a signal after they were reaped. This must never happen.
    public private(set) var strangers: [Int32] = []
    /// The content of /proc/cmdline, if it can be read.
    public var commandLine: String?
    /// The error of spawning.
    public var spawnError: Errno?
    /// The error of kill(2).
    public var sendError: Errno?
    /// The error of execve(2), in the child.
    public var execError: Errno?
    /// Whether a write blocked that nothing would have interrupted. This must never happen.
    public private(set) var blockedForEver = false
    /// The n-th system call (from 0) fails with this error, if it can fail.
    public var injectedFault: (call: Int, error: Errno)?
    /// Whether that call has failed.
    public private(set) var hasInjectedFault = false

    /// The path of each open descriptor.
    public var openPaths: [Int32: String]
    /// Pipes, and the files that the logger makes.
    public var logs = SimulatedLogs()
    /// What was closed and was not open: somebody else's descriptor may have that number by then.
    public internal(set) var closedTwice: [Int32] = []
    /// The control socket and its clients.
    public var sockets = SimulatedSockets()
    /// The children of services, and what they report.
    public var offspring = SimulatedOffspring()
    /// The descriptors that are open for reading only.
    private var forReading: Set<Int32> = []
    /// What the child of a service finds and does.
    public var service = SimulatedService()

    public init(devices: [String: Device]) {
        self.devices = devices
        openPaths = [:]
        for number in 1...2 as ClosedRange<Int32> where devices["\(number)"] != nil {
            openPaths[number] = "\(number)"
        }
    }

    public mutating func catchSignals() throws(Errno) {
        try count()
    }

    public mutating func letThrough(_ signal: Signal, _ through: Bool) throws(Errno) {
        try count()
        letsAlarmThrough = through
    }

    public mutating func handleFault(
        _ signal: Signal, with handler: @convention(c) (Int32) -> Void
    ) throws(Errno) {
        try count()
    }

    public mutating func useSignalStack() throws(Errno) {
        try count()
    }

    /// The script's next signal. At the end of the script SIGTERM comes, which ends the test.
    public mutating func pause() throws(Errno) -> ReceivedSignal {
        try count()
        return ReceivedSignal(try nextSignal(within: nil))
    }

    public mutating func wait(
        for descriptor: FileDescriptor?, milliseconds: Int64?
    ) throws(Errno) -> Wakeup {
        try count()
        if let descriptor, logs.isWatch(descriptor) {
            return logs.hasArrival ? .readable : .signal(ReceivedSignal(nextSignal()))
        }
        if descriptor != nil { return .readable }
        return .signal(ReceivedSignal(try nextSignal(within: milliseconds)))
    }

    /// What is ready comes before a signal, as ppoll(2) has it.
    public mutating func wait(
        forAnyOf watched: UnsafeMutableBufferPointer<Watched>, milliseconds: Int64?
    ) throws(Errno) -> Wakeup {
        try count()
        var isAnyReady = false
        for index in watched.indices {
            let isReady = isReady(watched[index])
            watched[index].setReady(isReady)
            if isReady { isAnyReady = true }
        }
        if isAnyReady { return .readable }
        return .signal(ReceivedSignal(try nextSignal(within: milliseconds)))
    }

    /// The script's next signal, or time goes by.
    private mutating func nextSignal(within milliseconds: Int64?) throws(Errno) -> Signal {
        if !signals.isEmpty { return signals.removeFirst() }
        if let idleSignal, milliseconds != 0 {
            idleCount += 1
            return idleSignal
        }
        guard let milliseconds else { return .terminate }
        elapsedMilliseconds += Int(milliseconds)
        throw .wouldBlock
    }

    private mutating func nextSignal() -> Signal {
        signals.isEmpty ? .terminate : signals.removeFirst()
    }

    public mutating func send(_ signal: Signal, to target: SignalTarget) throws(Errno) {
        try count()
        if let sendError { throw sendError }
        try offspring.check(target)
        if case .process(let process) = target, reapedChildren.contains(process.rawValue) {
            strangers.append(process.rawValue)
        }
        deeds.append("\(target) gets \(signal.rawValue)")
    }

    public mutating func isPID1() -> Bool { true }

    public mutating func ownProcess() -> ProcessID { ProcessID(rawValue: 1) }

    /// Whether it was a subreaper before it began.
    public var wasSubreaper = false

    public mutating func isSubreaper() -> Bool { wasSubreaper }

    public mutating func spawn(_ program: Program) throws(Errno) -> Child {
        try count()
        if let spawnError { throw spawnError }
        deeds.append("spawn")
        let process = newChild()
        if execError != nil { end(process, .exited(127)) }
        return Child(
            process: process, descriptor: nil, report: FileDescriptor(rawValue: 100))
    }

    public mutating func readReport(_ report: FileDescriptor) throws(Errno) -> Errno? {
        try count()
        return execError
    }

    public mutating func letGo(keeping first: FileDescriptor?, _ second: FileDescriptor?) {
        deeds.append("lets go")
    }

    public mutating func terminal() -> Terminal { .none }

    public mutating func lendTerminal(to program: ProcessID) -> Bool { false }

    public mutating func reclaimTerminal(from program: ProcessID) {}

    public mutating func giveTerminalUp() { deeds.append("gives the terminal up") }

    public mutating func stopSelf(by signal: Signal) -> Bool {
        deeds.append("stops by \(signal.rawValue)")
        return false
    }

    /// A child ends, and SIGCHLD comes.
    public mutating func end(_ process: ProcessID, _ status: ExitStatus) {
        ended.append((process, status))
        signals.append(.child)
    }

    /// The child runs at once, to its end, unless children stay alive.
    public mutating func fork(_ body: (inout SimulatedKernel) -> Int32) throws(Errno) -> ProcessID {
        try count()
        if offspring.staysAlive {
            if let spawnError { throw spawnError }
            return newChild()
        }
        let code = body(&self)
        let process = newChild()
        end(process, .exited(UInt8(truncatingIfNeeded: code)))
        return process
    }

    /// There is one more child of init.
    public mutating func newChild() -> ProcessID {
        children += 1
        return ProcessID(rawValue: Int32(children + 1))
    }

    public mutating func reap() throws(Errno) -> Reaped {
        try count()
        if !ended.isEmpty {
            let (process, status) = ended.removeFirst()
            reaped += 1
            reapedChildren.insert(process.rawValue)
            return .child(process, status)
        }
        if reaped >= children { throw .noChildProcess }
        return .none
    }

    public mutating func becomeSubreaper() throws(Errno) {
        try count()
        deeds.append("subreaper")
    }

    public mutating func receiveOnParentDeath(_ signal: Signal) throws(Errno) {
        try count()
        deeds.append("gets \(signal.rawValue) when the parent dies")
    }

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
        // The lowest free number, as open(2) promises.
        let descriptor = (Int32(0)...).first { openPaths[$0] == nil }!
        openPaths[descriptor] = name
        return FileDescriptor(rawValue: descriptor)
    }

    public mutating func openStandardStream(
        _ path: StaticString, forWriting: Bool
    ) throws(Errno) -> FileDescriptor {
        let descriptor = try openForWriting(path)
        if !forWriting { forReading.insert(descriptor.rawValue) }
        return descriptor
    }

    /// Opens the device "2" as descriptor 2.
    public mutating func openStandardError() { openPaths[2] = "2" }

    public mutating func isOpen(_ descriptor: FileDescriptor) -> Bool {
        openPaths[descriptor.rawValue] != nil
    }

    public mutating func write(
        _ bytes: UnsafeRawBufferPointer, to descriptor: FileDescriptor
    ) throws(Errno) -> Int {
        if logs.knows(descriptor) {
            // A kill in the middle of a write leaves a part of it behind.
            do throws(Errno) {
                try count()
            } catch {
                if logs.killLeaves > 0, logs.isDying {
                    _ = try logs.write(Array(bytes.prefix(logs.killLeaves)), to: descriptor)
                }
                throw error
            }
            return try logs.write(Array(bytes), to: descriptor)
        }
        try count()
        guard let name = openPaths[descriptor.rawValue], devices[name] != nil,
            !forReading.contains(descriptor.rawValue)
        else { throw .badFileDescriptor }
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
        if logs.knows(descriptor) { return logs.hasRoom(descriptor) }
        return openPaths[descriptor.rawValue] != nil
    }

    public mutating func sleep(milliseconds: Int32) {
        elapsedMilliseconds += Int(milliseconds)
    }

    /// /proc/cmdline can be read if there is a command line, and what a service finds.
    public mutating func read(at path: UnsafePointer<UInt8>) throws(Errno)
        -> UnsafeMutableRawBufferPointer
    {
        try count()
        let path = String(cString: path)
        guard let text = service.files[path] ?? (path == "/proc/cmdline" ? commandLine : nil)
        else { throw .noSuchFile }
        // Never freed, as the kernel's one buffer is not.
        let bytes = UnsafeMutableRawBufferPointer.allocate(
            byteCount: text.utf8.count, alignment: 1)
        bytes.copyBytes(from: text.utf8)
        return bytes
    }

    public mutating func readStart(
        of path: UnsafePointer<UInt8>, into bytes: UnsafeMutableRawBufferPointer
    ) throws(Errno) -> FileStart {
        try count()
        let path = String(cString: path)
        let (text, owner) = (service.files[path], service.owners[path])
        if text == nil, owner == nil { throw .noSuchFile }
        let start = (text ?? "").utf8.prefix(bytes.count)
        bytes.copyBytes(from: start)
        return FileStart(count: start.count, user: owner ?? 0)
    }

    /// The tables of this kernel, by path. Each element is one part of a table, of whole lines.
    public var tables: [String: [String]] = [:]

    public mutating func readLines(
        _ path: StaticString,
        _ body: (inout SimulatedKernel, UnsafeMutableRawBufferPointer) -> Void
    ) throws(Errno) {
        try count()
        guard let runs = tables[path.description] else { throw .noSuchFile }
        for lines in runs {
            let bytes = UnsafeMutableRawBufferPointer.allocate(
                byteCount: lines.utf8.count, alignment: 1)
            defer { bytes.deallocate() }
            bytes.copyBytes(from: lines.utf8)
            body(&self, bytes)
        }
        if let endOfTables { throw endOfTables }
    }

    /// The error that comes after the last part of a table.
    public var endOfTables: Errno?

    /// The names in each directory.
    public var directories: [String: [String]] = [:]

    public mutating func list(
        _ directory: StaticString, _ body: (inout SimulatedKernel, UnsafePointer<UInt8>) -> Void
    ) throws(Errno) {
        try count()
        guard let names = directories[directory.description] else { throw .noSuchFile }
        for name in names {
            (Array(name.utf8) + [0]).withUnsafeBufferPointer { body(&self, $0.baseAddress!) }
        }
    }

    /// The mount points that cannot be unmounted or made read-only.
    public var busy: [String] = []

    public mutating func setParameter(
        _ path: StaticString, to value: StaticString
    ) throws(Errno) {
        try count()
        deeds.append("\(path) becomes \(value)")
    }

    public mutating func mount(_ mount: EarlyMount) throws(Errno) {
        try count()
        deeds.append("mount \(mount.path)")
    }

    public mutating func unmount(_ path: UnsafePointer<UInt8>) throws(Errno) {
        try count()
        let path = String(cString: path)
        guard let runs = tables["/proc/self/mounts"] else { return }
        if busy.contains(path) { throw .busy }
        if path == "/" { return }
        let left = runs.map { lines in
            lines.split(separator: "\n").filter { !$0.contains(" \(path) ") }
                .map { $0 + "\n" }.joined()
        }
        guard left != runs else { throw .invalidArgument }
        deeds.append("unmount \(path)")
        tables["/proc/self/mounts"] = left
    }

    public mutating func makeReadOnly(_ path: UnsafePointer<UInt8>) throws(Errno) {
        try count()
        if busy.contains(String(cString: path)) { throw .busy }
        deeds.append("read-only \(String(cString: path))")
    }

    public mutating func swapOff(_ path: UnsafePointer<UInt8>) throws(Errno) {
        try count()
        deeds.append("swap off \(String(cString: path))")
        tables["/proc/swaps"] = nil
    }

    public mutating func detachLoop(_ path: UnsafePointer<UInt8>) throws(Errno) {
        try count()
        deeds.append("detach \(String(cString: path))")
    }

    public mutating func removeMappings() throws(Errno) { try count() }

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

    /// Counts a call, has happen what happens at it, and throws if it fails.
    mutating func count() throws(Errno) {
        defer { calls += 1 }
        try logs.pass(calls)
        guard let fault = injectedFault, fault.call == calls else { return }
        hasInjectedFault = true
        throw fault.error
    }
}
