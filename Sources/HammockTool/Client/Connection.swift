internal import CLinux
import InitCore

/// Why an answer of PID 1's does not come.
enum ClientProblem: Error {
    /// Nobody answers at the socket.
    case noInit(Errno)
    case refused(Refusal)
    /// It is not up, so it cannot reload.
    case notUp
    /// It took too long.
    case tooLate
    /// The connection ended before the answer did.
    case cutShort
    /// Whoever answers is no init of Hammock's.
    case foreign
}

/// A connection to the control socket: one request, and the lines of its answer.
///
/// Each wait has an end.
struct Connection {
    /// PID 1 answers at once. It is busy no longer than this, or something is wrong.
    static let patienceMilliseconds: Int64 = 10_000
    /// Of a line: more than the protocol allows.
    static let capacity = 1_024

    private let descriptor: Int32
    private let memory: UnsafeMutablePointer<UInt8>
    private var first = 0
    private var end = 0

    /// - Parameters:
    ///   - path: of the socket, with a NUL behind it.
    ///   - memory: `capacity` bytes, for as long as the connection lasts.
    init(to path: ByteView, _ memory: UnsafeMutablePointer<UInt8>) throws(ClientProblem) {
        self.memory = memory
        let start = UnsafeRawPointer(path.start).assumingMemoryBound(to: CChar.self)
        let result = clinux_connect(start, Int32(Connection.patienceMilliseconds))
        if result < 0 { throw .noInit(Errno(rawValue: 0 &- result)) }
        descriptor = result
    }

    func close() { _ = clinux_close(descriptor) }

    /// Sends a request, and takes the first line of its answer.
    ///
    /// - Parameter until: the moment when it is too late.
    mutating func ask(_ request: Line, until: Int64) throws(ClientProblem) {
        // A line fits into an empty socket. If PID 1 has gone already, reading tells of it.
        request.withBytes { _ = clinux_send(descriptor, $0.baseAddress, $0.count) }
        switch AnswerHead(try line(until: until)) {
        case .yes: return
        case .no(let refusal): throw .refused(refusal)
        case .foreign: throw .foreign
        }
    }

    /// The next line of the answer, without its newline; `nil` behind the last one.
    ///
    /// - Parameter until: the moment when it is too late.
    /// - Returns: a view that lasts until the next call.
    mutating func next(until: Int64) throws(ClientProblem) -> ByteView? {
        let line = try line(until: until)
        return line.equals("end") ? nil : line
    }

    private mutating func line(until: Int64) throws(ClientProblem) -> ByteView {
        while true {
            let rest = ByteView(start: memory + first, count: end &- first)
            let length = rest.length(before: 0x0a)
            if length < rest.count {
                first &+= length &+ 1
                return rest.slice(0, length)
            }
            moveToFront()
            guard end < Connection.capacity else { throw .foreign }
            try read(until: until)
        }
    }

    private mutating func moveToFront() {
        var offset = first
        while offset < end {
            memory[offset &- first] = memory[offset]
            offset &+= 1
        }
        end &-= first
        first = 0
    }

    private mutating func read(until: Int64) throws(ClientProblem) {
        let left = until &- Connection.now()
        guard left > 0 else { throw .tooLate }
        // At most ten seconds at once: the number must fit.
        let part = Int32(truncatingIfNeeded: min(left, 10_000))
        guard clinux_poll_readable(descriptor, part) > 0 else { return }
        let count = clinux_read(descriptor, memory + end, Connection.capacity &- end)
        guard count > 0 else { throw .cutShort }
        end &+= count
    }

    /// The kernel's clock, in milliseconds: CLOCK_MONOTONIC.
    static func now() -> Int64 { clinux_clock_milliseconds() }
}
