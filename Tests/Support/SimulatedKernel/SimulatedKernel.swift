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
    public private(set) var handledSignals: [Int32] = []
    public private(set) var ignoredSignals: [Int32] = []
    public private(set) var hasSignalStack = false
    public private(set) var signalsAreBlocked = true
    /// What must never happen, should it have: a write that nothing will ever interrupt.
    public private(set) var blockedForEver = false
    /// The n-th system call (from 0) fails with this error, if it can fail.
    public var injectedFault: (call: Int, error: Errno)?

    private var openPaths: [Int32: String] = [1: "1"]

    public init(devices: [String: Device]) {
        self.devices = devices
    }

    public mutating func handle(
        _ signal: Signal, with handler: @convention(c) (Int32) -> Void
    ) throws(Errno) {
        try count()
        handledSignals.append(signal.rawValue)
    }

    public mutating func ignore(_ signal: Signal) throws(Errno) {
        try count()
        ignoredSignals.append(signal.rawValue)
    }

    public mutating func unblockSignals() throws(Errno) {
        try count()
        signalsAreBlocked = false
    }

    public mutating func useSignalStack() throws(Errno) {
        try count()
        hasSignalStack = true
    }

    public mutating func openForWriting(_ path: StaticString) throws(Errno) -> FileDescriptor {
        try count()
        let name = path.description
        guard devices[name] != nil else { throw .noSuchFile }
        if !devices[name]!.openErrors.isEmpty { throw devices[name]!.openErrors.removeFirst() }
        let descriptor = (openPaths.keys.max() ?? -1) + 1
        openPaths[descriptor] = name
        return FileDescriptor(rawValue: descriptor)
    }

    public mutating func write(
        _ text: StaticString, from offset: Int, to descriptor: FileDescriptor
    ) throws(Errno) -> Int {
        try count()
        guard let name = openPaths[descriptor.rawValue], devices[name] != nil else {
            throw .badFileDescriptor
        }
        let bytes = text.withUTF8Buffer { Array($0[offset...]) }
        switch devices[name]!.nextAnswer() {
        case .takes(let limit):
            let taken = bytes.prefix(max(0, limit))
            devices[name]!.received += taken
            return taken.count
        case .fails(let error):
            throw error
        case .blocks:
            if alarmIntervalMilliseconds == 0 || signalsAreBlocked { blockedForEver = true }
            elapsedMilliseconds += alarmIntervalMilliseconds
            throw .interrupted
        }
    }

    public mutating func waitUntilWritable(
        _ descriptor: FileDescriptor, milliseconds: Int32
    ) throws(Errno) -> Bool {
        elapsedMilliseconds += Int(milliseconds)
        try count()
        return false
    }

    public mutating func setAlarmInterval(milliseconds: Int32) throws(Errno) {
        try count()
        alarmIntervalMilliseconds = Int(milliseconds)
    }

    public mutating func pause() {
        calls += 1
    }

    private mutating func count() throws(Errno) {
        defer { calls += 1 }
        if let fault = injectedFault, fault.call == calls { throw fault.error }
    }
}
