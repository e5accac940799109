import AgentProtocol
import InitCore
import KernelInterface

/// The agent of a machine: does what the host asks for on the port, and carries the streams of the
/// processes that it has started.
struct Agent {
    /// It cannot do its work.
    static let codeOfFailure: UInt8 = 125
    /// The program cannot be executed.
    static let codeOfNoExecution: UInt8 = 126
    /// There is no such program.
    static let codeOfNoProgram: UInt8 = 127

    let port: FileDescriptor
    let memory: AgentMemory
    var slots = [16 of ProcessSlot](repeating: ProcessSlot())
    /// How many bytes of the inbox have come and are not yet done with.
    private(set) var received = 0
    /// What the program, process 0, has ended with.
    var outcome: UInt8?
    /// What the agent is to end with, as soon as it can.
    private(set) var code: UInt8?

    init(port: FileDescriptor, _ memory: AgentMemory) {
        self.port = port
        self.memory = memory
    }

    /// Works until the host has finished, or has gone.
    ///
    /// - Returns: the code to exit with.
    mutating func run<S: AgentSystem & ~Copyable>(on system: inout S) -> UInt8 {
        greet(on: &system)
        while code == nil { step(on: &system) }
        return code ?? Agent.codeOfFailure
    }

    /// Says that the agent is there.
    mutating func greet<S: AgentSystem & ~Copyable>(on system: inout S) {
        var payload = Payload(memory.outbox)
        payload.append(number: FrameHeader.version)
        send(.ready, payload, on: &system)
    }

    /// Sleeps until something happens, and does what has to be done then.
    mutating func step<S: AgentSystem & ~Copyable>(on system: inout S) {
        var watched = [65 of PollEntry](repeating: .none)
        watched[0] = .reading(port)
        var process = 0
        while process < slots.count {
            let entries = slots[process].watched
            var index = 0
            while index < ProcessSlot.watchedCount {
                watched[1 &+ process &* 4 &+ index] = entries[index]
                index &+= 1
            }
            process &+= 1
        }
        let signal = withUnsafeMutableBytes(of: &watched) { bytes in
            system.wait(for: bytes.bindMemory(to: PollEntry.self))
        }
        if let signal { return obey(signal, on: &system) }
        process = 0
        while process < slots.count {
            let first = 1 &+ process &* 4
            serve(
                UInt8(truncatingIfNeeded: process),
                [watched[first], watched[first &+ 1], watched[first &+ 2], watched[first &+ 3]],
                on: &system)
            process &+= 1
        }
        if watched[0].isReady { receive(on: &system) }
    }

    /// Ends as soon as it can.
    mutating func end(with code: UInt8) {
        if self.code == nil { self.code = code }
    }

    private mutating func obey<S: AgentSystem & ~Copyable>(
        _ signal: Signal, on system: inout S
    ) {
        if signal == .child {
            var process: UInt8 = 0
            while process < FrameHeader.mostProcesses {
                reap(process, on: &system)
                process &+= 1
            }
        } else if signal == .terminate, slots[0].isThere {
            // PID 1 ends the machine. The program may end by itself.
            system.send(.terminate, to: slots[0].process)
        }
        // No other signal means anything to the agent. EPIPE says what SIGPIPE would.
    }

    // MARK: From the port

    /// Reads what has come, and does what it asks for.
    private mutating func receive<S: AgentSystem & ~Copyable>(on system: inout S) {
        let inbox = memory.inbox
        do throws(Errno) {
            let free = UnsafeMutableRawBufferPointer(rebasing: inbox[received...])
            let count = try system.read(free, from: port)
            if count == 0 {
                system.say(Complaint.hostHasGone)
                return end(with: Agent.codeOfFailure)
            }
            received &+= count
        } catch {
            if error == .wouldBlock || error == .interrupted { return }
            system.say(Complaint.portFailed(error))
            return end(with: Agent.codeOfFailure)
        }
        var start = 0
        while code == nil, let size = handleFrame(at: start, on: &system) { start &+= size }
        if start > 0 {
            inbox.copyMemory(from: UnsafeRawBufferPointer(rebasing: inbox[start..<received]))
            received &-= start
        }
    }

    /// Does what the message says that begins there in the inbox.
    ///
    /// - Returns: its size; `nil` if it has not come whole.
    private mutating func handleFrame<S: AgentSystem & ~Copyable>(
        at start: Int, on system: inout S
    ) -> Int? {
        guard let base = memory.inbox.baseAddress, received &- start >= FrameHeader.size else {
            return nil
        }
        let first = UnsafePointer((base + start).assumingMemoryBound(to: UInt8.self))
        let bytes: [8 of UInt8] = [
            first[0], first[1], first[2], first[3], first[4], first[5], first[6], first[7],
        ]
        guard let header = FrameHeader(bytes) else {
            refuse(kind: bytes[0], on: &system)
            return nil
        }
        let size = FrameHeader.size &+ header.count
        guard received &- start >= size else { return nil }
        let payload = ByteView(start: first + FrameHeader.size, count: header.count)
        if !handle(header, payload, on: &system) {
            refuse(kind: header.kind.rawValue, on: &system)
        }
        return size
    }

    /// Says that the host speaks another language, and ends.
    private mutating func refuse<S: AgentSystem & ~Copyable>(
        kind: UInt8, on system: inout S
    ) {
        system.say(Complaint.badMessage(kind: kind))
        sendFailure(.protocolError, kind: kind, .none, of: 0, .empty, on: &system)
        end(with: Agent.codeOfFailure)
    }
}
