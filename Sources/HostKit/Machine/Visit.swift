import AgentProtocol
import Glibc

/// A visit to a machine that another process runs.
public final class Visit {
    private let connection: Connection

    /// - Parameter seconds: how long to wait for a machine that is about to begin.
    /// - Throws: `HostError` if the machine has gone.
    public init(_ paths: MachinePaths, waiting seconds: Int = 0) throws(HostError) {
        let deadline = Instant.now.advanced(bySeconds: seconds)
        var descriptor = try UnixSocket.connect(to: paths.socket)
        while descriptor == nil, deadline.millisecondsLeft > 0 {
            poll(nil, 0, 10)
            descriptor = try UnixSocket.connect(to: paths.socket)
        }
        guard let descriptor else {
            throw HostError("the machine is about to begin or to end; try again")
        }
        connection = Connection(descriptor)
    }

    /// Runs a process in the machine, with this process's standard streams.
    ///
    /// - Returns: how it ended; `nil` if the machine ended first.
    /// - Throws: `HostError`, also if what it wrote could not be written here.
    ///
    /// - Parameter isForwarder: whether each signal is passed on.
    public func run(
        _ description: ProcessDescription, input: Int32?, isForwarder: Bool = false
    ) throws -> LocalStreams.Ending? {
        let connection = connection
        let streams = LocalStreams(process: 0, input: input) { connection.send($0) }
        let signals = CaughtSignals(isForwarder: isForwarder)
        var description = description
        // Not earlier: whoever changes it from now on is heard.
        if description.hasTerminal, let size = HostTerminal.size(of: 0) {
            description.window = size
        }
        connection.send(try .start(description))
        while streams.ending == nil, !connection.isClosed {
            var set = PollSet()
            set.add(signals.descriptor, POLLIN) {
                for signal in signals.take() {
                    self.pass(signal, hasTerminal: description.hasTerminal)
                }
            }
            set.add(connection.descriptor, connection.events) {
                for frame in try connection.receive() { streams.receive(frame) }
            }
            streams.fill(&set, backlog: connection.backlog)
            try set.wait(milliseconds: -1)
            connection.flush()
        }
        if let reason = streams.lostOutput { throw HostError(reason) }
        return streams.ending
    }

    private func pass(_ signal: Int32, hasTerminal: Bool) {
        if signal != SIGWINCH {
            connection.send(.signal(signal))
        } else if hasTerminal, let size = HostTerminal.size(of: 0) {
            connection.send(.window(size))
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
