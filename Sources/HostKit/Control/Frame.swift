public import AgentProtocol

/// A message between the host and the agent: a header, and what follows it.
public struct Frame: Equatable, Sendable {
    public var kind: FrameKind
    public var process: UInt8
    public var stream: UInt8
    public var payload: [UInt8]

    public init(
        _ kind: FrameKind, process: UInt8 = 0, stream: UInt8 = 0, _ payload: [UInt8] = []
    ) {
        self.kind = kind
        self.process = process
        self.stream = stream
        self.payload = payload
    }

    /// The bytes on the wire.
    public var bytes: [UInt8] {
        let header = FrameHeader(kind, process: process, stream: stream, count: payload.count)
        var bytes = [UInt8]()
        bytes.reserveCapacity(FrameHeader.size + payload.count)
        withUnsafeBytes(of: header.bytes) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: payload)
        return bytes
    }

    /// The first four bytes of the payload, as a number; 0 if there are fewer.
    public var number: UInt32 {
        guard payload.count >= 4 else { return 0 }
        return UInt32(payload[0]) | UInt32(payload[1]) << 8 | UInt32(payload[2]) << 16
            | UInt32(payload[3]) << 24
    }
}

/// Puts the messages together that come in pieces.
public struct FrameBuffer {
    private var bytes: [UInt8] = []
    private var start = 0

    public init() {}

    public mutating func append(_ new: UnsafeRawBufferPointer) {
        if start > 0, start == bytes.count {
            bytes.removeAll(keepingCapacity: true)
            start = 0
        } else if start > FrameHeader.mostPayload {
            bytes.removeFirst(start)
            start = 0
        }
        bytes.append(contentsOf: new)
    }

    /// The next message that is whole, or `nil`.
    ///
    /// - Throws: `HostError` if the other side does not speak this language.
    public mutating func next() throws(HostError) -> Frame? {
        guard bytes.count - start >= FrameHeader.size else { return nil }
        var raw: [8 of UInt8] = .init(repeating: 0)
        for index in 0..<FrameHeader.size { raw[index] = bytes[start + index] }
        guard let header = FrameHeader(raw) else {
            throw HostError("the machine sent what is no message: the agent and this tool differ")
        }
        let end = start + FrameHeader.size + header.count
        guard bytes.count >= end else { return nil }
        let payload = Array(bytes[(start + FrameHeader.size)..<end])
        start = end
        return Frame(header.kind, process: header.process, stream: header.stream, payload)
    }
}
