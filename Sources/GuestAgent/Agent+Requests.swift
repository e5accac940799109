import AgentProtocol
import InitCore
import KernelInterface

extension Agent {
    /// Does what a message of the host says.
    ///
    /// - Returns: `false` if it makes no sense.
    mutating func handle<S: AgentSystem & ~Copyable>(
        _ header: FrameHeader, _ payload: ByteView, on system: inout S
    ) -> Bool {
        switch header.kind {
        case .mount, .directory, .file, .enter, .link, .network:
            switch Arrangement(header.kind, payload, memory, on: &system) {
            case .done: break
            case .failed(let error, let subject):
                sendFailure(error, kind: header.kind.rawValue, .none, of: 0, subject, on: &system)
            case .nonsense: return false
            }
        case .start:
            guard let request = ProcessRequest(payload) else { return false }
            start(header.process, request, on: &system)
        case .signal:
            guard payload.count == 1 else { return false }
            let slot = slots[Int(header.process)]
            if slot.isThere {
                system.send(Signal(rawValue: Int32(payload[0])), to: slot.process)
            }
        case .window:
            guard payload.count == 4 else { return false }
            let slot = slots[Int(header.process)]
            if slot.hasTerminal, let terminal = slot.outputs[0].descriptor {
                let (rows, columns) = (payload.number16(at: 0), payload.number16(at: 2))
                system.setWindow(of: terminal, rows: rows, columns: columns)
            }
        case .finish:
            guard payload.count == 0 else { return false }
            end(with: outcome ?? Agent.codeOfFailure)
        case .data:
            return take(payload, of: header.process, stream: header.stream, on: &system)
        case .credit:
            guard payload.count == 4, header.stream > 0 else { return false }
            let count = UInt32(payload.number16(at: 0)) | UInt32(payload.number16(at: 2)) << 16
            slots[Int(header.process)].outputs[Int(header.stream) &- 1].grant(Int(count))
            drain(header.process, on: &system)
        case .locate, .ready, .started, .failed, .ended: return false
        }
        return true
    }

    private mutating func start<S: AgentSystem & ~Copyable>(
        _ process: UInt8, _ request: ProcessRequest, on system: inout S
    ) {
        let kind = FrameKind.start.rawValue
        guard slots[Int(process)].life == .none else {
            return sendFailure(.busy, kind: kind, .none, of: process, request.program, on: &system)
        }
        do throws(StepFailure) {
            let hasTerminal = request.flags & ProcessRequest.hasTerminal != 0
            let started = try system.start(request, memory)
            slots[Int(process)] = ProcessSlot(started, hasTerminal: hasTerminal)
            if process == 0 { outcome = nil }
            keepName(request.program, of: process)
        } catch {
            fail(process, error, request.program, on: &system)
        }
    }

    /// Says that a process could not be started.
    mutating func fail<S: AgentSystem & ~Copyable>(
        _ process: UInt8, _ failure: StepFailure, _ subject: ByteView, on system: inout S
    ) {
        if process == 0 { outcome = failure.code }
        sendFailure(
            failure.error, kind: FrameKind.start.rawValue, failure.step, of: process, subject,
            on: &system)
    }

    /// Takes bytes for the input of a process, or the end of a stream.
    private mutating func take<S: AgentSystem & ~Copyable>(
        _ bytes: ByteView, of process: UInt8, stream: UInt8, on system: inout S
    ) -> Bool {
        let slot = Int(process)
        if stream > 0 {
            // The host wants no more of it. Only the program may send bytes there.
            guard bytes.count == 0 else { return false }
            abandon(slot, output: Int(stream) &- 1, on: &system)
            finishIfDone(process, on: &system)
            return true
        }
        // What has come on the way while the process ended is nobody's.
        guard slots[slot].isThere else { return true }
        if bytes.count == 0 {
            slots[slot].input.isComplete = true
        } else if slots[slot].input.descriptor == nil {
            sendCredit(bytes.count, of: process, on: &system)
        } else {
            guard bytes.count <= slots[slot].input.queue.room else { return false }
            slots[slot].input.queue.append(bytes, in: memory.input(of: process))
        }
        if slots[slot].life == .running { feed(process, on: &system) }
        return true
    }

    /// Closes an output that the host does not read any more. Whoever writes there gets SIGPIPE,
    /// or SIGHUP if it is a terminal.
    private mutating func abandon<S: AgentSystem & ~Copyable>(
        _ slot: Int, output: Int, on system: inout S
    ) {
        if let descriptor = slots[slot].outputs[output].descriptor {
            system.close(descriptor)
            slots[slot].outputs[output].descriptor = nil
        }
        if slots[slot].hasTerminal, output == 0 { closeInput(UInt8(slot), on: &system) }
    }
}

extension ByteView {
    /// A number of two bytes.
    fileprivate func number16(at offset: Int) -> UInt16 {
        UInt16(self[offset]) | UInt16(self[offset &+ 1]) << 8
    }
}
