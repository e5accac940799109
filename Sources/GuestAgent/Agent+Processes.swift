import AgentProtocol
import InitCore
import KernelInterface

extension Agent {
    /// Does what is due for a process whose descriptors are ready.
    ///
    /// - Parameter entries: `ProcessSlot.watched`, and what came of it.
    mutating func serve<S: AgentSystem & ~Copyable>(
        _ process: UInt8, _ entries: [4 of PollEntry], on system: inout S
    ) {
        if entries[0].isReady { takeReport(process, on: &system) }
        if entries[1].isReady {
            if entries[1].isAbandoned {
                loseReader(of: process, after: 0, on: &system)
            } else {
                feed(process, on: &system)
            }
        }
        var index = 0
        while index < 2 {
            if entries[2 &+ index].isReady {
                _ = forward(process, output: index, on: &system)
            }
            index &+= 1
        }
    }

    // MARK: The beginning

    /// Keeps the name of a program for the message that it cannot be run.
    mutating func keepName(_ name: ByteView, of process: UInt8) {
        let room = memory.name(of: process)
        let count = min(name.count, room.count)
        room.baseAddress?.copyMemory(from: name.start, byteCount: count)
        slots[Int(process)].nameCount = count
    }

    private func name(of process: UInt8) -> ByteView {
        guard let start = memory.name(of: process).baseAddress else { return .empty }
        return ByteView(
            start: UnsafePointer(start.assumingMemoryBound(to: UInt8.self)),
            count: slots[Int(process)].nameCount)
    }

    private mutating func takeReport<S: AgentSystem & ~Copyable>(
        _ process: UInt8, on system: inout S
    ) {
        let slot = Int(process)
        guard let report = slots[slot].report else { return }
        slots[slot].report = nil
        if let failure = system.readReport(report) {
            slots[slot].life = .failing(failure)
            closeStreams(process, on: &system)
        } else {
            slots[slot].life = .running
            var payload = Payload(memory.outbox)
            payload.append(number: UInt32(bitPattern: slots[slot].process.rawValue))
            send(.started, process: process, payload, on: &system)
            // What has come for its input while it started.
            feed(process, on: &system)
        }
        // It may have ended before its report was read.
        reap(process, on: &system)
    }

    // MARK: Input

    /// Writes to the input of a process as much as it takes.
    mutating func feed<S: AgentSystem & ~Copyable>(_ process: UInt8, on system: inout S) {
        let slot = Int(process)
        guard let descriptor = slots[slot].input.descriptor else { return }
        let bytes = memory.input(of: process)
        var written = 0
        while slots[slot].input.queue.count > 0 {
            let next = slots[slot].input.queue.next
            do throws(Errno) {
                let count = try system.write(
                    UnsafeRawBufferPointer(rebasing: bytes[next]), to: descriptor)
                slots[slot].input.queue.remove(count)
                written &+= count
                if count < next.count { break }
            } catch {
                if error == .wouldBlock || error == .interrupted { break }
                return loseReader(of: process, after: written, on: &system)
            }
        }
        sendCredit(written, of: process, on: &system)
        // A terminal has no end: the program may ask for more after an end of file.
        if slots[slot].input.isComplete, slots[slot].input.queue.count == 0,
            !slots[slot].hasTerminal
        {
            closeInput(process, on: &system)
        }
    }

    /// Nobody reads the input of a process any more: what comes for it is dropped.
    ///
    /// - Parameter written: for how many bytes the host has no credit yet.
    private mutating func loseReader<S: AgentSystem & ~Copyable>(
        of process: UInt8, after written: Int, on system: inout S
    ) {
        let slot = Int(process)
        let dropped = slots[slot].input.queue.count
        slots[slot].input.queue.remove(dropped)
        closeInput(process, on: &system)
        sendCredit(written &+ dropped, of: process, on: &system)
        send(.data, process: process, Payload(memory.outbox), on: &system)
    }

    mutating func closeInput<S: AgentSystem & ~Copyable>(
        _ process: UInt8, on system: inout S
    ) {
        guard let descriptor = slots[Int(process)].input.descriptor else { return }
        system.close(descriptor)
        slots[Int(process)].input.descriptor = nil
    }

    // MARK: Outputs

    /// Sends what a process has written, as far as the host takes it.
    ///
    /// - Returns: whether there may be more.
    private mutating func forward<S: AgentSystem & ~Copyable>(
        _ process: UInt8, output: Int, on system: inout S
    ) -> Bool {
        let slot = Int(process)
        let wish = slots[slot].outputs[output].wish
        guard wish > 0, let descriptor = slots[slot].outputs[output].descriptor else {
            return false
        }
        do throws(Errno) {
            let count = try system.read(Payload.room(in: memory.outbox, wish), from: descriptor)
            if count > 0 {
                slots[slot].outputs[output].take(count)
                let payload = Payload(memory.outbox, count: count)
                send(
                    .data, process: process, stream: UInt8(output &+ 1), payload, on: &system)
                return true
            }
        } catch {
            // EIO says that nobody has the terminal open any more.
            if error == .wouldBlock || error == .interrupted { return false }
        }
        endOutput(process, output, on: &system)
        return false
    }

    private mutating func endOutput<S: AgentSystem & ~Copyable>(
        _ process: UInt8, _ output: Int, on system: inout S
    ) {
        guard let descriptor = slots[Int(process)].outputs[output].descriptor else { return }
        system.close(descriptor)
        slots[Int(process)].outputs[output].descriptor = nil
        send(
            .data, process: process, stream: UInt8(output &+ 1), Payload(memory.outbox),
            on: &system)
    }

    // MARK: The end

    /// Reaps a process if it has ended.
    mutating func reap<S: AgentSystem & ~Copyable>(_ process: UInt8, on system: inout S) {
        let slot = Int(process)
        switch slots[slot].life {
        // Its report comes first.
        case .none, .starting, .ended: return
        case .failing(let failure):
            guard system.reap(slots[slot].process) != nil else { return }
            let name = name(of: process)
            slots[slot] = ProcessSlot()
            fail(process, failure, name, on: &system)
        case .running:
            guard let status = system.reap(slots[slot].process) else { return }
            slots[slot].life = .ended(status)
            closeInput(process, on: &system)
            limitOutputs(slot, on: &system)
            drain(process, on: &system)
        }
    }

    /// From now on only what has been written by now is read: another process may hold the pipe,
    /// and write to it for ever.
    private mutating func limitOutputs<S: AgentSystem & ~Copyable>(
        _ slot: Int, on system: inout S
    ) {
        var index = 0
        while index < 2 {
            if let descriptor = slots[slot].outputs[index].descriptor {
                // A terminal does not tell. It holds no more than this.
                slots[slot].outputs[index].rest =
                    slots[slot].hasTerminal
                    ? FrameHeader.window : system.pendingBytes(in: descriptor)
            }
            index &+= 1
        }
    }

    /// Sends what a process that has ended has left in its outputs, as far as the host takes it.
    mutating func drain<S: AgentSystem & ~Copyable>(_ process: UInt8, on system: inout S) {
        let slot = Int(process)
        guard case .ended = slots[slot].life else { return }
        var index = 0
        while index < 2 {
            while forward(process, output: index, on: &system) {}
            // Where the host takes no more, the rest waits for its credit. Where it would, there is
            // nothing more, although another process may have the output open.
            let output = slots[slot].outputs[index]
            if output.isExhausted || output.wish > 0 { endOutput(process, index, on: &system) }
            index &+= 1
        }
        finishIfDone(process, on: &system)
    }

    /// Says how a process has ended, once all that it wrote has been sent.
    mutating func finishIfDone<S: AgentSystem & ~Copyable>(
        _ process: UInt8, on system: inout S
    ) {
        let slot = slots[Int(process)]
        guard slot.isDone, case .ended(let status) = slot.life else { return }
        if process == 0 { outcome = status.code }
        slots[Int(process)] = ProcessSlot()
        var payload = Payload(memory.outbox)
        payload.append(byte: status.code)
        if case .killed(let signal) = status {
            payload.append(byte: UInt8(truncatingIfNeeded: signal.rawValue))
        } else {
            payload.append(byte: 0)
        }
        send(.ended, process: process, payload, on: &system)
    }

    private mutating func closeStreams<S: AgentSystem & ~Copyable>(
        _ process: UInt8, on system: inout S
    ) {
        closeInput(process, on: &system)
        var index = 0
        while index < 2 {
            if let descriptor = slots[Int(process)].outputs[index].descriptor {
                system.close(descriptor)
                slots[Int(process)].outputs[index].descriptor = nil
            }
            index &+= 1
        }
    }
}
