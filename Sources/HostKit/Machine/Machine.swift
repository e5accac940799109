import AgentProtocol
import CHost
import Glibc

/// One machine, from qemu's start to its end, and the connections to it.
///
/// A single loop on the calling thread does all of it. qemu is killed when that thread ends, however
/// it ends.
public final class Machine {
    /// How a run came to its end.
    public enum Verdict: Equatable, Sendable {
        /// The program has ended, or could not be started.
        case ended(LocalStreams.Ending)
        /// The program has ended, but its output could not be written here.
        case outputLost(String)
        /// The guest's kernel panicked.
        case panicked(String)
        /// The time was up.
        case timedOut
        /// A signal asked this process to end before the program ran, or asked thrice.
        case interrupted(signal: Int32)
        /// qemu ended before the program did.
        case lost(String)
    }

    private let description: MachineDescription
    private let paths: MachinePaths
    private let input: Int32?
    private let deadline: Instant?
    /// Whether this process stands for the program: it passes on each signal, and never ends the
    /// machine because somebody has asked often enough.
    public var isForwarder = false
    /// Is called once qemu and the guest's kernel run, and have all their files open.
    public var whenReady: () -> Void = {}

    private var qemu: Int32 = 0
    private var isQemuGone = false
    private var connection: Connection?
    private lazy var streams = LocalStreams(process: 0, input: input) { [unowned self] frame in
        connection?.send(frame)
    }
    private let visitors = Visitors()
    private var verdict: Verdict?
    private var requestsToEnd = 0

    /// - Parameters:
    ///   - input: what the program reads; `nil` for nothing.
    ///   - seconds: how long the machine may run.
    public init(
        _ description: MachineDescription, paths: MachinePaths, input: Int32?, seconds: Int?
    ) {
        self.description = description
        self.paths = paths
        self.input = input
        deadline = seconds.map { Instant.now.advanced(bySeconds: $0) }
    }

    /// Runs the machine.
    ///
    /// - Throws: `HostError` if it cannot even begin. Then nothing is left of it.
    public func run() throws -> Verdict {
        let setup = try description.setup()
        let signals = CaughtSignals(isForwarder: isForwarder)
        let port = try UnixSocket.listen(at: paths.port)
        let service = try UnixSocket.listen(at: paths.socket)
        defer {
            close(port)
            close(service)
        }
        try startQemu()
        let ended = host_pidfd(qemu)
        defer {
            endQemu()
            close(ended)
        }
        while verdict == nil {
            var set = PollSet()
            set.add(ended, POLLIN) { self.isQemuGone = true }
            set.add(signals.descriptor, POLLIN) {
                for signal in signals.take() { self.take(signal: signal) }
            }
            fill(&set, port: port, service: service, setup: setup)
            try set.wait(milliseconds: deadline?.millisecondsLeft ?? -1)
            connection?.flush()
            visitors.flush()
            judge()
        }
        return verdict ?? .timedOut
    }

    /// From now on a signal does to this process what it does by default.
    public static func letSignals() { host_let_signals() }

    private func fill(_ set: inout PollSet, port: Int32, service: Int32, setup: [Frame]) {
        guard let connection else {
            set.add(port, POLLIN) {
                let accepted = accept(port, nil, nil)
                guard accepted >= 0 else { return }
                let connection = Connection(accepted)
                for frame in setup { connection.send(frame) }
                // It may have changed while there was nobody to tell.
                if self.description.process.hasTerminal, let size = HostTerminal.size(of: 0) {
                    connection.send(.window(size))
                }
                self.connection = connection
            }
            return
        }
        if !connection.isClosed {
            set.add(connection.descriptor, connection.events) {
                for frame in try connection.receive() { try self.receive(frame) }
            }
        }
        streams.fill(&set, backlog: connection.backlog)
        set.add(service, POLLIN) {
            let accepted = accept(service, nil, nil)
            if accepted >= 0 { self.visitors.add(Connection(accepted)) }
        }
        visitors.fill(&set, to: connection)
    }

    private func receive(_ frame: Frame) throws {
        if frame.kind == .ready {
            guard frame.number == FrameHeader.version else {
                throw HostError(
                    """
                    the agent in \(description.initramfs) speaks version \(frame.number), and this \
                    tool speaks \(FrameHeader.version); build both anew
                    """)
            }
            whenReady()
        } else if frame.process == 0 {
            streams.receive(frame)
        } else {
            visitors.receive(frame)
        }
    }

    private func take(signal: Int32) {
        if signal == SIGWINCH, description.process.hasTerminal || !isForwarder {
            if description.process.hasTerminal, let size = HostTerminal.size(of: 0) {
                connection?.send(.window(size))
            }
            return
        }
        let isRequestToEnd = [SIGINT, SIGTERM, SIGQUIT, SIGHUP].contains(signal)
        if isRequestToEnd { requestsToEnd += 1 }
        if isRequestToEnd && !streams.isStarted || requestsToEnd > 2 && !isForwarder {
            verdict = .interrupted(signal: signal)
        } else {
            connection?.send(.signal(signal))
        }
    }

    private func judge() {
        if verdict != nil { return }
        if let ending = streams.ending {
            verdict = streams.lostOutput.map { .outputLost($0) } ?? .ended(ending)
        } else if isQemuGone {
            verdict = whyQemuEnded()
        } else if let deadline, deadline.millisecondsLeft == 0 {
            verdict = .timedOut
        }
    }

    // MARK: qemu

    private func startQemu() throws {
        let words = description.qemu(paths)
        let nothing = open("/dev/null", O_RDWR | O_CLOEXEC)
        let complaints = open(
            paths.complaints, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        defer {
            close(nothing)
            close(complaints)
        }
        var arguments = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        qemu = host_spawn(&arguments, nothing, complaints, complaints)
        if qemu == -ENOENT {
            throw HostError.missing("qemu-system-x86_64", package: "qemu-system-x86")
        }
        guard qemu > 0 else { throw HostError("cannot start qemu: \(reason(-qemu))") }
    }

    /// Ends the machine: in order if the host's files are at stake, and at once if all that it wrote
    /// was in its memory.
    private func endQemu() {
        if !isQemuGone, streams.ending != nil, let connection,
            description.writesToHost
        {
            connection.send(Frame(.finish))
            connection.flush()
            let ended = host_pidfd(qemu)
            var set = PollSet()
            set.add(ended, POLLIN) {}
            try? set.wait(milliseconds: 5000)
            close(ended)
        }
        kill(qemu, SIGKILL)
        _ = host_wait(qemu)
    }

    private func whyQemuEnded() -> Verdict {
        let panic = "Kernel panic - not syncing: "
        let console = readWholeFile(paths.console) ?? ""
        if let line = console.split(whereSeparator: \.isNewline)
            .last(where: { $0.contains(panic) }), let range = line.firstRange(of: panic)
        {
            return .panicked(String(line[range.upperBound...]))
        }
        // qemu's own complaint, or what the agent said before the machine went off.
        let lines =
            (readWholeFile(paths.complaints) ?? "").split(whereSeparator: \.isNewline)
            + console.split(whereSeparator: \.isNewline).filter { $0.contains("hammock-agent: ") }
        for port in description.ports
        where lines.contains(where: { $0.contains("\(port.address):\(port.host)-:") }) {
            let isPrivileged = port.host < 1024 && geteuid() != 0
            return .lost(
                "\(port.address):\(port.host) cannot be published: "
                    + (isPrivileged ? "ports below 1024 are root's" : "is the port in use?"))
        }
        return .lost(lines.first.map(String.init) ?? "qemu ended, and said nothing")
    }
}

extension Machine.Verdict {
    /// The code that stands for it. hammock-run(1), "Exit status"
    public var code: Int32 {
        switch self {
        case .ended(let ending): ending.code
        case .outputLost, .lost: 125
        case .panicked: 123
        case .timedOut: 124
        case .interrupted(let signal): 128 + signal
        }
    }

    /// What to say about it; `nil` if the program just ended, or somebody wanted it to.
    public var complaint: String? {
        switch self {
        case .ended(.notStarted(_, let reason)), .outputLost(let reason): reason
        case .ended, .interrupted: nil
        case .panicked(let reason): "the guest's kernel panicked: \(reason)"
        case .timedOut: "the program did not end in time"
        case .lost(let reason): "the machine ended before the program did: \(reason)"
        }
    }
}

/// A moment of the clock that nobody sets. clock_gettime(2), CLOCK_MONOTONIC
struct Instant {
    private let milliseconds: Int64

    static var now: Instant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Instant(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    func advanced(bySeconds seconds: Int) -> Instant {
        // No more than some thousand years: the milliseconds of any number may be too many.
        Instant(milliseconds: milliseconds + Int64(min(seconds, 1 << 40)) * 1000)
    }

    /// Until this moment; 0 if it has passed.
    var millisecondsLeft: Int32 {
        Int32(clamping: max(milliseconds - Self.now.milliseconds, 0))
    }
}
