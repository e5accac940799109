import AgentProtocol
import InitCore
import KernelInterface
import SeededRandom

@testable import GuestAgent

/// A Linux without a host: a description in a file, and one program.
final class LoneWorld: AgentSystem {
    static let file = FileDescriptor(rawValue: 3)
    static let report = FileDescriptor(rawValue: 4)
    static let program = ProcessID(rawValue: 100)

    var random: SplitMix64
    /// What is left to read.
    var bytes: [UInt8]
    /// The request that fails, counted from 0, and with what.
    var failing: (number: Int, error: Errno)?
    var failure: StepFailure?
    var status = ExitStatus.exited(0)
    /// What the agent has asked for, in order, and said.
    var done: [String] = []
    var said: [String] = []
    var faults: [String] = []
    /// Which signals come to the agent, and which come to the program.
    var sent: [Signal] = []
    var received: [Signal] = []
    private var isFileOpen = true
    private var isReportOpen = false
    private var hasReported = false
    private var hasEnded = false
    private var hasChildSignal = false
    private var isReaped = false

    init(_ random: SplitMix64, _ bytes: [UInt8]) {
        self.random = random
        self.bytes = bytes
    }

    private func perform(_ word: String, _ subject: ByteView) throws(Errno) {
        let path = String(decoding: (0..<subject.count).map { subject[$0] }, as: UTF8.self)
        done.append("\(word) \(path)")
        if let failing, failing.number == done.count - 1 { throw failing.error }
    }

    // MARK: Streams

    func wait(for watched: UnsafeMutableBufferPointer<PollEntry>) -> Signal? {
        if isReaped { faults.append("waits for a program that is reaped") }
        for _ in 0..<1000 {
            switch random.below(5) {
            case 0 where !hasReported: hasReported = true
            case 1 where hasReported && !hasEnded && failure == nil:
                hasEnded = true
                hasChildSignal = true
            case 2 where hasChildSignal:
                hasChildSignal = false
                return .child
            case 3 where sent.count < 20:
                let signal = random.pick(
                    [Signal.terminate, .interrupt, .stopReading, Signal(rawValue: 10)])
                sent.append(signal)
                return signal
            default: break
            }
            if watched[0].descriptor == LoneWorld.report.rawValue, hasReported {
                watched[0].found = 1
                return nil
            }
        }
        faults.append("nothing happens any more")
        return nil
    }

    func waitUntilWritable(_ port: FileDescriptor) -> Bool { false }

    func read(
        _ buffer: UnsafeMutableRawBufferPointer, from descriptor: FileDescriptor
    ) throws(Errno) -> Int {
        guard descriptor == LoneWorld.file, isFileOpen else {
            faults.append("reads \(descriptor.rawValue)")
            return 0
        }
        if random.oneIn(9) { throw .interrupted }
        guard !bytes.isEmpty else { return 0 }
        let count = random.between(1, min(buffer.count, bytes.count))
        buffer.copyBytes(from: bytes[..<count])
        bytes.removeFirst(count)
        return count
    }

    func write(
        _ bytes: UnsafeRawBufferPointer, to descriptor: FileDescriptor
    ) throws(Errno) -> Int {
        faults.append("writes")
        return bytes.count
    }

    func close(_ descriptor: FileDescriptor) {
        if descriptor != LoneWorld.file || !isFileOpen { faults.append("closes another one") }
        isFileOpen = false
    }

    func pendingBytes(in descriptor: FileDescriptor) -> Int { 0 }

    // MARK: Processes

    func start(
        _ request: ProcessRequest, _ memory: AgentMemory
    ) throws(StepFailure) -> StartedProcess {
        if isFileOpen { faults.append("the program would have the description open") }
        do throws(Errno) { try perform("start", request.program) } catch {
            throw StepFailure(step: .fork, error: error)
        }
        isReportOpen = true
        return StartedProcess(
            process: LoneWorld.program, report: LoneWorld.report, input: nil, output: nil,
            errors: nil)
    }

    func readReport(_ report: FileDescriptor) -> StepFailure? {
        if !isReportOpen || !hasReported { faults.append("reads a report that is not there") }
        isReportOpen = false
        return failure
    }

    func reap(_ process: ProcessID) -> ExitStatus? {
        guard hasEnded else { return nil }
        isReaped = true
        return status
    }

    func send(_ signal: Signal, to process: ProcessID) {
        if isReaped || process != LoneWorld.program { faults.append("signals another process") }
        received.append(signal)
    }

    func setWindow(of terminal: FileDescriptor, rows: UInt16, columns: UInt16) {}

    // MARK: Files

    func mount(_ request: MountRequest, _ memory: AgentMemory) throws(Errno) {
        try perform("mount", request.target)
    }
    func makeDirectory(_ request: EntryRequest, _ memory: AgentMemory) throws(Errno) {
        try perform("directory", request.path)
    }
    func writeFile(_ request: EntryRequest, _ memory: AgentMemory) throws(Errno) {
        try perform("file", request.path)
    }
    func makeLink(_ request: LinkRequest, _ memory: AgentMemory) throws(Errno) {
        try perform("link", request.path)
    }
    func enter(_ path: ByteView) throws(Errno) { try perform("enter", path) }
    func locate(_ request: LocateRequest, _ memory: AgentMemory) throws(Errno) {
        try perform("locate", request.path)
    }

    func askNetwork(_ message: ByteView) throws(Errno) {
        try perform("network", message.slice(16, message.count - 1))
    }

    func say(_ line: Line) {
        said.append(line.withBytes { String(decoding: $0, as: UTF8.self) })
    }
}
