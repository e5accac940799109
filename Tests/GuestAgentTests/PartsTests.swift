import AgentProtocol
import CLinux
import InitCore
import KernelInterface
import Testing

@testable import GuestAgent

@Suite struct PartsTests {
    @Test func `the shim's memory has room for all that the agent keeps`() {
        #expect(AgentMemory.size <= Int(clinux_agent_size))
    }

    @Test func `no part of the memory overlaps another, and each is inside`() {
        withMemory { memory in
            var parts: [UnsafeMutableRawBufferPointer] = [
                memory.inbox, memory.outbox, memory.path, memory.otherPath,
                UnsafeMutableRawBufferPointer(
                    start: memory.tables, count: AgentMemory.tablesSize),
            ]
            for process in 0..<FrameHeader.mostProcesses {
                parts += [memory.input(of: process), memory.name(of: process)]
            }
            parts.sort { $0.baseAddress! < $1.baseAddress! }
            for (part, next) in zip(parts, parts.dropFirst()) {
                #expect(part.baseAddress! + part.count <= next.baseAddress!)
            }
            let first = parts.first!.baseAddress!
            let last = parts.last!
            #expect(first + AgentMemory.size >= last.baseAddress! + last.count)
        }
    }

    @Test func `a queue gives back what it took, around the end of its memory`() {
        let memory = UnsafeMutableRawBufferPointer.allocate(
            byteCount: InputQueue.capacity, alignment: 8)
        defer { memory.deallocate() }
        var queue = InputQueue()
        var (put, got) = (0, 0)
        for size in [1, 65535, 1, 40000, 65536, 3, 30000, 65536, 65536] {
            let bytes = (0..<min(size, queue.room)).map { UInt8(truncatingIfNeeded: put + $0) }
            bytes.withUnsafeBufferPointer {
                queue.append(ByteView(start: $0.baseAddress!, count: $0.count), in: memory)
            }
            put += bytes.count
            #expect(queue.count == put - got)
            // Leaves some, so that the next ones go around.
            while queue.count > size / 3 {
                let next = queue.next
                let taken = max(1, next.count / 2)
                for byte in memory[next].prefix(taken) {
                    #expect(byte == UInt8(truncatingIfNeeded: got))
                    got += 1
                }
                queue.remove(taken)
            }
        }
        #expect(put > 3 * InputQueue.capacity)
    }

    @Test func `a queue refuses more than it has room for`() {
        let memory = UnsafeMutableRawBufferPointer.allocate(
            byteCount: InputQueue.capacity, alignment: 8)
        defer { memory.deallocate() }
        var queue = InputQueue()
        let bytes = [UInt8](repeating: 1, count: InputQueue.capacity + 1)
        bytes.withUnsafeBufferPointer {
            queue.append(ByteView(start: $0.baseAddress!, count: $0.count), in: memory)
        }
        #expect(queue.count == 0)
        queue.remove(5)
        #expect(queue.count == 0)
        #expect(queue.room == InputQueue.capacity)
    }

    @Test func `an output is read as far as its credit, its end and a message allow`() {
        var output = OutputStream()
        #expect(output.wish == 0)
        output.descriptor = FileDescriptor(rawValue: 5)
        #expect(output.wish == OutputStream.mostRead)
        output.take(60 * 1024)
        #expect(output.wish == 4 * 1024)
        output.take(4 * 1024)
        #expect(output.wish == 0)
        output.grant(100)
        #expect(output.wish == 100)
        output.rest = 30
        #expect(output.wish == 30)
        output.take(30)
        #expect(output.wish == 0)
        #expect(output.isExhausted)
    }

    @Test func `of a process only its report is awaited, then its streams, then nothing`() {
        let started = StartedProcess(
            process: ProcessID(rawValue: 9), report: FileDescriptor(rawValue: 4),
            input: FileDescriptor(rawValue: 5), output: FileDescriptor(rawValue: 6),
            errors: FileDescriptor(rawValue: 7))
        func awaited(_ slot: ProcessSlot) -> [Int32] {
            let entries = slot.watched
            return entries.indices.map { entries[$0].descriptor }
        }
        #expect(awaited(ProcessSlot()) == [-1, -1, -1, -1])
        var slot = ProcessSlot(started, hasTerminal: false)
        #expect(awaited(slot) == [4, -1, -1, -1])
        #expect(slot.isThere)
        slot.life = .running
        #expect(awaited(slot) == [-1, 5, 6, 7])
        #expect(slot.watched[1].awaited == 0)
        slot.outputs[0].take(FrameHeader.window)
        #expect(awaited(slot) == [-1, 5, -1, 7])
        slot.life = .failing(StepFailure(step: .fork, error: .wouldBlock))
        #expect(awaited(slot) == [-1, -1, -1, -1])
        #expect(slot.isThere)
        slot.life = .ended(.exited(0))
        #expect(awaited(slot) == [-1, -1, -1, -1])
        #expect(!slot.isThere && !slot.isDone)
        slot.outputs[0].descriptor = nil
        slot.outputs[1].descriptor = nil
        #expect(slot.isDone)
    }

    @Test func `a path that does not fit is an error, and none is cut`() throws {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 5, alignment: 1)
        defer { memory.deallocate() }
        var path = PathBuffer(memory)
        path.append("/abc")
        let whole = try path.finish()
        #expect(ByteView(cString: whole).equals("/abc"))
        path.append(byte: 1)
        #expect(throws: Errno.nameTooLong) { try path.finish() }
    }
}
