import AgentProtocol
import Glibc

/// Connects one process in a machine to the standard streams of this process, byte for byte.
///
/// It never blocks: it reads and writes only what poll(2) says can be read and written.
public final class LocalStreams {
    /// How a process in the machine came to its end.
    public enum Ending: Equatable, Sendable {
        case exited(UInt8)
        case killed(signal: UInt8)
        /// The program could not be started: 126, 127 or 125.
        case notStarted(code: UInt8, reason: String)

        /// The code that stands for it. 128 and the signal's number for a signal, as shells do.
        public var code: Int32 {
            switch self {
            case .exited(let code): Int32(code)
            case .killed(let signal): 128 + Int32(signal)
            case .notStarted(let code, _): Int32(code)
            }
        }
    }

    /// What one of the two streams from the machine still has to write here.
    private struct Output {
        let descriptor: Int32
        var bytes: [UInt8] = []
        var written = 0
        /// How many bytes were written for which the program has no credit yet.
        var owed = 0
        /// Nobody reads it any more.
        var isBroken = false

        var backlog: Int { bytes.count - written }
    }

    /// pipe(7): a pipe that poll(2) calls writable takes so many bytes at once.
    private static let piece = 4096

    let process: UInt8
    private let input: Int32?
    private let send: (Frame) -> Void
    private var inputCredit = FrameHeader.window
    private var outputs: [Output]
    private(set) var isStarted = false
    private var announced: Ending?
    /// Why what the process wrote is not all written here, though somebody may read it: in words.
    public private(set) var lostOutput: String?

    /// - Parameters:
    ///   - process: its number on the connection.
    ///   - input: what the process reads; `nil`: nothing.
    ///   - send: hands a message to the connection.
    init(
        process: UInt8, input: Int32?, output: Int32 = 1, error: Int32 = 2,
        send: @escaping (Frame) -> Void
    ) {
        self.process = process
        self.input = input
        self.send = send
        outputs = [Output(descriptor: output), Output(descriptor: error)]
        hasInput = input != nil
    }

    private var hasInput: Bool

    /// How the process ended, once all that it wrote has been written here.
    public var ending: Ending? {
        outputs.allSatisfy { $0.isBroken || $0.backlog == 0 } ? announced : nil
    }

    /// Adds what there is to wait for.
    ///
    /// - Parameter backlog: how many bytes the connection still has to send.
    func fill(_ set: inout PollSet, backlog: Int) {
        if let input, hasInput, isStarted, announced == nil, inputCredit > 0,
            backlog < FrameHeader.window
        {
            set.add(input, POLLIN) { self.readInput(from: input) }
        }
        for index in outputs.indices where outputs[index].backlog > 0 && !outputs[index].isBroken {
            set.add(outputs[index].descriptor, POLLOUT) { self.write(index) }
        }
    }

    private func readInput(from input: Int32) {
        var bytes = [UInt8](repeating: 0, count: min(inputCredit, 32 * 1024))
        let count = bytes.withUnsafeMutableBytes { read(input, $0.baseAddress, $0.count) }
        if count < 0, errno == EINTR || errno == EAGAIN { return }
        if count > 0 {
            inputCredit -= count
            send(Frame(.data, process: process, stream: 0, Array(bytes[..<count])))
        } else {
            hasInput = false
            send(Frame(.data, process: process, stream: 0))
        }
    }

    private func write(_ index: Int) {
        var output = outputs[index]
        // Both outputs may be one pipe, in which the other has just taken the last room.
        var again = pollfd(fd: output.descriptor, events: Int16(POLLOUT), revents: 0)
        guard poll(&again, 1, 0) > 0 else { return }
        let count = output.bytes.withUnsafeBytes { bytes in
            Glibc.write(
                output.descriptor, bytes.baseAddress! + output.written,
                min(output.backlog, Self.piece))
        }
        if count < 0 {
            if errno == EINTR || errno == EAGAIN { return }
            // Whoever read this has gone, so the program learns it too.
            output.isBroken = true
            if errno != EPIPE {
                lostOutput = "cannot write what the program writes: \(reason(errno))"
            }
            send(Frame(.data, process: process, stream: UInt8(index + 1)))
        } else {
            output.written += count
            output.owed += count
            if output.backlog == 0 {
                output.bytes.removeAll(keepingCapacity: true)
                output.written = 0
            }
            if output.backlog == 0 || output.owed >= FrameHeader.window / 4, announced == nil {
                send(.credit(output.owed, stream: UInt8(index + 1), of: process))
                output.owed = 0
            }
        }
        outputs[index] = output
    }

    /// Takes a message about this process.
    func receive(_ frame: Frame) {
        switch frame.kind {
        case .started: isStarted = true
        case .data:
            guard frame.stream == 1 || frame.stream == 2 else { break }
            let index = Int(frame.stream) - 1
            if !outputs[index].isBroken { outputs[index].bytes.append(contentsOf: frame.payload) }
        case .credit: inputCredit += Int(frame.number)
        case .ended:
            guard frame.payload.count >= 2 else { break }
            announced =
                frame.payload[1] == 0
                ? .exited(frame.payload[0]) : .killed(signal: frame.payload[1])
        case .failed: announced = Failure(frame).ending
        default: break
        }
    }
}

/// `FrameKind.failed`, read.
struct Failure {
    let error: Int32
    let request: FrameKind?
    let step: ProcessStep
    let subject: String

    init(_ frame: Frame) {
        error = Int32(truncatingIfNeeded: frame.number)
        let rest = frame.payload.dropFirst(4)
        request = rest.first.flatMap { FrameKind(rawValue: $0) }
        step = rest.dropFirst().first.flatMap { ProcessStep(rawValue: $0) } ?? .none
        subject = String(decoding: rest.dropFirst(2).prefix { $0 != 0 }, as: UTF8.self)
    }

    /// In words: what has failed, with what, and why.
    var description: String {
        let reason = reason(error)
        switch (request, step) {
        case (.mount, _): return "cannot mount \(subject): \(reason)"
        case (.directory, _): return "cannot make the directory \(subject): \(reason)"
        case (.file, _), (.link, _): return "cannot write \(subject): \(reason)"
        case (.network, _): return "cannot give the machine \(subject): \(reason)"
        case (.enter, _): return "cannot enter \(subject): \(reason)"
        case (.start, .execution):
            return error == ENOENT
                ? "\(subject): there is no such program in the image"
                : "\(subject): cannot be executed: \(reason)"
        case (.start, .workingDirectory):
            return "\(subject): cannot enter its working directory: \(reason)"
        case (.start, .fork): return "cannot make a process: \(reason)"
        case (.start, _):
            return "\(subject): the machine cannot make its process ready (\(step)): \(reason)"
        default: return "the agent refused a message: \(reason)"
        }
    }

    /// podman's codes: 127 no such program, 126 a program that cannot be executed.
    var ending: LocalStreams.Ending {
        let code: UInt8 =
            request == .start && step == .execution ? (error == ENOENT ? 127 : 126) : 125
        return .notStarted(code: code, reason: description)
    }
}
