import AgentProtocol
import InitCore
import KernelInterface
import SeededRandom

@testable import GuestAgent

/// A pipe: bytes that were written and not read.
final class Pipe {
    static let capacity = 64 * 1024

    var bytes: [UInt8] = []
    var hasReader = true
    var writers = 1

    /// Takes as many bytes as it is told to.
    func take(_ count: Int) -> [UInt8] {
        let taken = Array(bytes[..<count])
        bytes.removeFirst(count)
        return taken
    }
}

/// A process in the world: it reads, writes and ends as the seed says.
final class Program {
    enum Life { case starting, running, zombie, reaped }

    let process: ProcessID
    /// Tells its bytes from those of all others.
    let key: Int
    let slot: Int
    var life = Life.starting
    /// Why it is not going to become its program.
    var failure: StepFailure?
    var hasReported = false
    var status = ExitStatus.exited(0)
    let input: Pipe?
    let outputs: [Pipe]
    var hasOutput = [true, true]
    /// How many others hold its outputs.
    var holders = 0
    var read = 0
    var written = [0, 0]
    /// How much it had written when it was reaped.
    var due = [0, 0]

    init(_ process: ProcessID, _ key: Int, _ slot: Int, hasInput: Bool) {
        self.process = process
        self.key = key
        self.slot = slot
        input = hasInput ? Pipe() : nil
        outputs = [Pipe(), Pipe()]
    }

    var isThere: Bool { life == .starting || life == .running }
}

/// A byte of a stream, which no other place of the stream and no other stream is likely to have.
func byte(_ key: Int, _ stream: Int, _ index: Int) -> UInt8 {
    UInt8(truncatingIfNeeded: (key &* 31 &+ stream &* 17 &+ index &* 7) ^ (index >> 8))
}

/// A small Linux with a host, in which everything happens in an order that comes from a seed. It
/// notes each byte that is not where it belongs.
final class World: AgentSystem {
    enum End {
        case reads(Pipe)
        case writes(Pipe)
        case report(Program)
    }

    static let port = FileDescriptor(rawValue: 3)

    var random: SplitMix64
    var host = Host()
    /// What the host has sent, and what the agent has.
    var toAgent: [UInt8] = []
    var fromAgent: [UInt8] = []
    var ends: [Int32: End] = [:]
    var programs: [Program] = []
    var faults: [String] = []
    var hasChildSignal = false
    /// How many bytes others read of an output just after the agent has asked how many there are.
    var readByOthers = 0
    private var nextDescriptor: Int32 = 10
    private var nextProcess: Int32 = 100

    init(seed: UInt64) { random = SplitMix64(seed: seed) }

    /// The program that has this slot.
    func program(_ slot: Int) -> Program? { programs.last { $0.slot == slot } }

    private func open(_ end: End) -> FileDescriptor {
        nextDescriptor += 1
        ends[nextDescriptor] = end
        return FileDescriptor(rawValue: nextDescriptor)
    }

    // MARK: Streams

    func wait(for watched: UnsafeMutableBufferPointer<PollEntry>) -> Signal? {
        for _ in 0..<100_000 {
            for _ in 0..<random.between(0, 3) { tick() }
            if hasChildSignal, random.oneIn(2) {
                hasChildSignal = false
                return .child
            }
            var isAnyReady = false
            for index in watched.indices {
                watched[index].found = found(watched[index])
                if watched[index].found != 0 { isAnyReady = true }
            }
            if isAnyReady { return nil }
            tick()
        }
        faults.append("nothing happens any more")
        return nil
    }

    private func found(_ entry: PollEntry) -> Int16 {
        if entry.descriptor == World.port.rawValue { return toAgent.isEmpty ? 0 : 1 }
        switch ends[entry.descriptor] {
        case .reads(let pipe):
            return (pipe.bytes.isEmpty ? 0 : 1) | (pipe.writers == 0 ? 16 : 0)
        case .writes(let pipe):
            if !pipe.hasReader { return 8 | entry.awaited }
            return pipe.bytes.count < Pipe.capacity ? entry.awaited : 0
        case .report(let program): return program.hasReported ? 1 : 0
        case nil:
            if entry.descriptor >= 0 { faults.append("waits for a closed descriptor") }
            return 0
        }
    }

    func waitUntilWritable(_ port: FileDescriptor) -> Bool {
        hostReads()
        return true
    }

    func read(
        _ bytes: UnsafeMutableRawBufferPointer, from descriptor: FileDescriptor
    ) throws(Errno) -> Int {
        if descriptor == World.port {
            guard !toAgent.isEmpty else { throw .wouldBlock }
            let count = random.between(1, min(bytes.count, toAgent.count))
            bytes.copyBytes(from: toAgent[..<count])
            toAgent.removeFirst(count)
            return count
        }
        guard case .reads(let pipe)? = ends[descriptor.rawValue] else {
            throw .badFileDescriptor
        }
        if pipe.bytes.isEmpty {
            if pipe.writers == 0 { return 0 }
            throw .wouldBlock
        }
        let count = random.between(1, min(bytes.count, pipe.bytes.count))
        bytes.copyBytes(from: pipe.take(count))
        return count
    }

    func write(
        _ bytes: UnsafeRawBufferPointer, to descriptor: FileDescriptor
    ) throws(Errno) -> Int {
        if descriptor == World.port {
            let room = 100_000 - fromAgent.count
            guard room > 0 else { throw .wouldBlock }
            let count = random.between(1, min(bytes.count, room))
            fromAgent += bytes[..<count]
            return count
        }
        guard case .writes(let pipe)? = ends[descriptor.rawValue] else {
            throw .badFileDescriptor
        }
        guard pipe.hasReader else { throw Errno(rawValue: 32) }
        let room = Pipe.capacity - pipe.bytes.count
        guard room > 0 else { throw .wouldBlock }
        // Most often it takes all.
        let most = min(bytes.count, room)
        let count = random.oneIn(4) ? random.between(1, most) : most
        pipe.bytes += bytes[..<count]
        // Its reader may go at any time.
        if random.oneIn(200) { pipe.hasReader = false }
        return count
    }

    func close(_ descriptor: FileDescriptor) {
        switch ends.removeValue(forKey: descriptor.rawValue) {
        case .reads(let pipe): pipe.hasReader = false
        case .writes(let pipe): pipe.writers -= 1
        case .report: break
        case nil: faults.append("closes \(descriptor.rawValue) twice")
        }
    }

    func pendingBytes(in descriptor: FileDescriptor) -> Int {
        guard case .reads(let pipe)? = ends[descriptor.rawValue] else { return 0 }
        return pipe.bytes.count + readByOthers
    }

    // MARK: Processes

    func start(
        _ request: ProcessRequest, _ memory: AgentMemory
    ) throws(StepFailure) -> StartedProcess {
        nextProcess += 1
        let program = Program(
            ProcessID(rawValue: nextProcess), Int(request.group), Int(request.user),
            hasInput: request.flags & ProcessRequest.hasInput != 0)
        programs.append(program)
        if random.oneIn(20) {
            let failure = StepFailure(step: .pipes, error: Errno(rawValue: 24))
            program.failure = failure
            program.life = .reaped
            throw failure
        }
        if random.oneIn(8) {
            program.failure = StepFailure(step: .execution, error: .noSuchFile)
        }
        return StartedProcess(
            process: program.process, report: open(.report(program)),
            input: program.input.map { open(.writes($0)) },
            output: open(.reads(program.outputs[0])), errors: open(.reads(program.outputs[1])))
    }

    func readReport(_ report: FileDescriptor) -> StepFailure? {
        guard case .report(let program)? = ends.removeValue(forKey: report.rawValue),
            program.hasReported
        else {
            faults.append("reads a report that is not there")
            return nil
        }
        return program.failure
    }

    func reap(_ process: ProcessID) -> ExitStatus? {
        guard let program = programs.first(where: { $0.process == process }),
            program.life == .zombie
        else { return nil }
        program.life = .reaped
        program.due = program.written
        return program.status
    }

    func send(_ signal: Signal, to process: ProcessID) {
        guard let program = programs.first(where: { $0.process == process }), program.isThere
        else {
            if !programs.contains(where: { $0.process == process && $0.life == .zombie }) {
                faults.append("signals a process that is not there")
            }
            return
        }
        if !program.hasReported { program.failure = nil }
        program.hasReported = true
        end(program, .killed(signal))
    }

    func setWindow(of terminal: FileDescriptor, rows: UInt16, columns: UInt16) {}

    // MARK: Files

    func mount(_ request: MountRequest, _ memory: AgentMemory) throws(Errno) {}
    func makeDirectory(_ request: EntryRequest, _ memory: AgentMemory) throws(Errno) {}
    func writeFile(_ request: EntryRequest, _ memory: AgentMemory) throws(Errno) {
        throw .readOnlyFileSystem
    }
    func makeLink(_ request: LinkRequest, _ memory: AgentMemory) throws(Errno) {}
    func enter(_ path: ByteView) throws(Errno) {}
    func locate(_ request: LocateRequest, _ memory: AgentMemory) throws(Errno) {
        faults.append("waits for a disk")
    }

    func askNetwork(_ message: ByteView) throws(Errno) { throw .noSuchDevice }

    func say(_ line: Line) {
        faults.append(line.withBytes { String(decoding: $0, as: UTF8.self) })
    }
}
