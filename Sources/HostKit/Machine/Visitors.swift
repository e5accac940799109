import AgentProtocol
import Glibc

/// The others who talk with a machine: `hammock exec`, `hammock stop`.
///
/// A visitor speaks the agent's language, and its one process is process 0 to it. In the machine the
/// process has the number that is free.
final class Visitors {
    private final class Visitor {
        let connection: Connection
        /// The number of its process in the machine, while that runs.
        var process: UInt8?

        init(_ connection: Connection) { self.connection = connection }
    }

    private var visitors: [Visitor] = []
    /// Processes whose visitor has gone, until they have ended.
    private var abandoned: Set<UInt8> = []

    func add(_ connection: Connection) { visitors.append(Visitor(connection)) }

    /// Adds what there is to wait for, and forgets who has gone.
    func fill(_ set: inout PollSet, to machine: Connection) {
        for visitor in visitors where visitor.connection.isClosed {
            guard let process = visitor.process else { continue }
            abandoned.insert(process)
            // Nobody reads what it writes. Without these it would wait for credit with what it has
            // left in its pipes, and would keep its number.
            for stream: UInt8 in 1...2 {
                machine.send(Frame(.data, process: process, stream: stream))
            }
            machine.send(.signal(SIGKILL, to: process))
        }
        visitors.removeAll { $0.connection.isClosed }
        for visitor in visitors {
            let connection = visitor.connection
            set.add(connection.descriptor, connection.events) {
                // Who speaks another language has to go, and the machine stays.
                guard let frames = try? connection.receive() else { return connection.hangUp() }
                for frame in frames { self.pass(frame, of: visitor, to: machine) }
            }
        }
    }

    func flush() { for visitor in visitors { visitor.connection.flush() } }

    /// The lowest number that no process has; `nil` if all are taken.
    private var freeProcess: UInt8? {
        let taken = abandoned.union(visitors.compactMap(\.process))
        return (1..<FrameHeader.mostProcesses).first { !taken.contains($0) }
    }

    private func pass(_ frame: Frame, of visitor: Visitor, to machine: Connection) {
        var frame = frame
        switch frame.kind {
        case .start:
            guard visitor.process == nil, let free = freeProcess else {
                let payload: [UInt8] = [UInt8(EAGAIN), 0, 0, 0, FrameKind.start.rawValue, 2, 0]
                visitor.connection.send(Frame(.failed, payload))
                return
            }
            visitor.process = free
            frame.process = free
        case .data, .credit, .window:
            guard let process = visitor.process else { return }
            frame.process = process
        case .signal:
            // Without a process of its own it means the program.
            frame.process = visitor.process ?? 0
        default: return
        }
        machine.send(frame)
    }

    /// Takes a message from the machine about a process that is not the program.
    func receive(_ frame: Frame) {
        let isEnd = frame.kind == .ended || frame.kind == .failed
        if abandoned.contains(frame.process) {
            if isEnd { abandoned.remove(frame.process) }
            return
        }
        guard let visitor = visitors.first(where: { $0.process == frame.process }) else { return }
        if isEnd { visitor.process = nil }
        var frame = frame
        frame.process = 0
        visitor.connection.send(frame)
    }
}
