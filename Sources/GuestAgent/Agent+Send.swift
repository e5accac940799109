import AgentProtocol
import InitCore
import KernelInterface

/// What follows a header, while it is being made in the outbox behind room for the header.
struct Payload: ByteSink {
    private let bytes: UnsafeMutableRawBufferPointer
    /// 0 to `FrameHeader.mostPayload`.
    private(set) var count: Int

    /// - Parameter count: how many bytes are there already.
    init(_ outbox: UnsafeMutableRawBufferPointer, count: Int = 0) {
        bytes = outbox
        self.count = min(max(count, 0), FrameHeader.mostPayload)
    }

    /// Where the payload's first bytes go.
    static func room(
        in outbox: UnsafeMutableRawBufferPointer, _ count: Int
    ) -> UnsafeMutableRawBufferPointer {
        let count = min(max(count, 0), FrameHeader.mostPayload)
        return UnsafeMutableRawBufferPointer(
            rebasing: outbox[FrameHeader.size..<FrameHeader.size &+ count])
    }

    /// What does not fit is cut off.
    mutating func append(byte: UInt8) {
        guard count < FrameHeader.mostPayload else { return }
        bytes[FrameHeader.size &+ count] = byte
        count &+= 1
    }

    mutating func append(number: UInt32) {
        append(byte: UInt8(truncatingIfNeeded: number))
        append(byte: UInt8(truncatingIfNeeded: number >> 8))
        append(byte: UInt8(truncatingIfNeeded: number >> 16))
        append(byte: UInt8(truncatingIfNeeded: number >> 24))
    }
}

extension Agent {
    /// Sends a message, and waits until the host has taken it: the host always reads.
    mutating func send<S: AgentSystem & ~Copyable>(
        _ kind: FrameKind, process: UInt8 = 0, stream: UInt8 = 0, _ payload: Payload,
        on system: inout S
    ) {
        let header = FrameHeader(kind, process: process, stream: stream, count: payload.count)
        let bytes = header.bytes
        var index = 0
        while index < FrameHeader.size {
            memory.outbox[index] = bytes[index]
            index &+= 1
        }
        let size = FrameHeader.size &+ payload.count
        var written = 0
        while written < size {
            let rest = UnsafeRawBufferPointer(rebasing: memory.outbox[written..<size])
            do throws(Errno) {
                written &+= try system.write(rest, to: port)
            } catch {
                if error == .interrupted { continue }
                if error == .wouldBlock, system.waitUntilWritable(port) { continue }
                // Half a message leaves nothing that the host could understand.
                return end(with: Agent.codeOfFailure)
            }
        }
    }

    /// Lets the host send so many bytes more.
    mutating func sendCredit<S: AgentSystem & ~Copyable>(
        _ count: Int, of process: UInt8, on system: inout S
    ) {
        guard count > 0 else { return }
        var payload = Payload(memory.outbox)
        payload.append(number: UInt32(truncatingIfNeeded: count))
        send(.credit, process: process, payload, on: &system)
    }

    /// Says that what the host asked for has failed.
    ///
    /// - Parameter subject: what it was about.
    mutating func sendFailure<S: AgentSystem & ~Copyable>(
        _ error: Errno, kind: UInt8, _ step: ProcessStep, of process: UInt8, _ subject: ByteView,
        on system: inout S
    ) {
        var payload = Payload(memory.outbox)
        payload.append(number: UInt32(bitPattern: error.rawValue))
        payload.append(byte: kind)
        payload.append(byte: step.rawValue)
        payload.append(subject.slice(0, AgentMemory.pathSize))
        payload.append(byte: 0)
        send(.failed, process: process, payload, on: &system)
    }
}
