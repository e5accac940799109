import AgentProtocol
import CHost
import Glibc

/// A visit to a machine that another process runs.
public final class Visit {
    private let connection: Connection

    /// - Throws: `HostError` if the machine has gone.
    public init(_ paths: MachinePaths) throws(HostError) {
        guard let descriptor = try UnixSocket.connect(to: paths.socket) else {
            throw HostError("the machine is about to begin or to end; try again")
        }
        connection = Connection(descriptor)
    }

    /// Runs a process in the machine, with this process's standard streams.
    ///
    /// - Returns: how it ended; `nil` if the machine ended first.
    /// - Throws: `HostError`, also if what it wrote could not be written here.
    public func run(
        _ description: ProcessDescription, input: Int32?
    ) throws -> LocalStreams.Ending? {
        let connection = connection
        let streams = LocalStreams(process: 0, input: input) { connection.send($0) }
        let signals = host_catch_signals()
        defer { close(signals) }
        connection.send(try .start(description))
        while streams.ending == nil, !connection.isClosed {
            var set = PollSet()
            set.add(signals, POLLIN) {
                self.pass(from: signals, hasTerminal: description.hasTerminal)
            }
            set.add(connection.descriptor, POLLIN | (connection.backlog > 0 ? POLLOUT : 0)) {
                for frame in try connection.receive() { streams.receive(frame) }
            }
            streams.fill(&set, backlog: connection.backlog)
            try set.wait(milliseconds: -1)
            connection.flush()
        }
        if let reason = streams.lostOutput { throw HostError(reason) }
        return streams.ending
    }

    private func pass(from signals: Int32, hasTerminal: Bool) {
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = read(signals, &bytes, bytes.count)
        for byte in bytes.prefix(max(count, 0)) {
            if Int32(byte) != SIGWINCH {
                connection.send(.signal(Int32(byte)))
            } else if hasTerminal, let size = HostTerminal.size(of: 0) {
                connection.send(.window(size))
            }
        }
    }

    /// Sends the machine's program a signal, and waits for the machine's end.
    ///
    /// - Parameter seconds: how long to wait at most.
    /// - Returns: whether the machine has ended.
    public func signal(_ signal: Int32, waiting seconds: Int) throws -> Bool {
        connection.send(.signal(signal))
        let deadline = Instant.now.advanced(bySeconds: seconds)
        while !connection.isClosed {
            connection.flush()
            let left = deadline.millisecondsLeft
            if left == 0 { return false }
            var set = PollSet()
            set.add(connection.descriptor, POLLIN) { _ = try self.connection.receive() }
            try set.wait(milliseconds: left)
        }
        return true
    }
}
