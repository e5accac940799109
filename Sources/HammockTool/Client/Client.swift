internal import CLinux
import InitCore

/// Asks PID 1 on behalf of a person or a script.
struct Client {
    /// Of the socket, with a NUL behind it.
    let socket: ByteView
    var output: Output
    var errors: Output
    /// What complaints begin with: the name of this program.
    let name: ByteView
    private let lineMemory: UnsafeMutablePointer<UInt8>
    private let watchMemory: UnsafeMutablePointer<UInt8>
    private let answer: UnsafeMutablePointer<UInt8>
    /// 256 bytes for the path of a log.
    let pathMemory: UnsafeMutablePointer<UInt8>
    private var watcher: Connection?
    /// How often a connection ended before its answer did.
    private var cuts = 0
    /// Each of them is another client's doing. So many others are not there.
    private static let mostCuts = 100

    /// Of an answer with two lines for each unit.
    private static let answerCapacity = 2 * ServiceSet.capacity * Line.capacity
    static let memorySize = 4 * 1_024 + 2 * Connection.capacity + answerCapacity + 256

    static var usualSocket: ByteView { "/run/hammock/control" }

    /// - Parameter memory: `memorySize` bytes.
    init(
        socket: ByteView, as name: ByteView, _ output: Output, _ memory: UnsafeMutableRawPointer
    ) {
        self.socket = socket
        self.name = name
        self.output = output
        errors = Output(2, memory)
        let rest = (memory + 4 * 1_024).assumingMemoryBound(to: UInt8.self)
        lineMemory = rest
        watchMemory = rest + Connection.capacity
        answer = rest + 2 * Connection.capacity
        pathMemory = answer + Client.answerCapacity
    }

    // MARK: Questions

    /// Begins a request: `hammock/1` and the verb.
    func request(_ verb: ByteView) -> Line {
        var line = Line()
        line.append("hammock/1 ")
        line.append(verb)
        return line
    }

    /// The same about a unit.
    func request(_ verb: ByteView, _ unit: ByteView) throws(ClientProblem) -> Line {
        // Anything else would become another request.
        guard Client.mayBeName(unit) else { throw .refused(.unknownUnit) }
        var line = request(verb)
        line.append(byte: UInt8(ascii: " "))
        line.append(unit)
        return line
    }

    private static func mayBeName(_ word: ByteView) -> Bool {
        guard word.count > 0, word.count <= PlanLayout.mostNameBytes else { return false }
        var offset = 0
        while offset < word.count {
            guard word[offset] > 0x20, word[offset] != 0x7f else { return false }
            offset &+= 1
        }
        return true
    }

    /// Connects and asks. The caller closes the connection.
    func open(_ request: Line, patience: Int64 = Connection.patienceMilliseconds)
        throws(ClientProblem) -> Connection
    {
        try open(request, lineMemory, until: Connection.now() &+ patience)
    }

    private func open(_ request: Line, _ memory: UnsafeMutablePointer<UInt8>, until: Int64)
        throws(ClientProblem) -> Connection
    {
        var whole = request
        whole.end()
        var connection = try Connection(to: socket, memory)
        do throws(ClientProblem) {
            try connection.ask(whole, until: until)
        } catch {
            connection.close()
            throw error
        }
        return connection
    }

    /// Asks, and returns all lines of the answer, which last until the next question.
    @discardableResult
    mutating func ask(
        _ request: Line, patience: Int64 = Connection.patienceMilliseconds
    ) throws(ClientProblem) -> ByteView {
        let until = Connection.now() &+ patience
        var connection = try open(request, patience: patience)
        defer { connection.close() }
        var count = 0
        while let line = try connection.next(until: until) {
            guard count &+ line.count < Client.answerCapacity else { throw .foreign }
            count &+= line.copy(to: answer + count)
            answer[count] = 0x0a
            count &+= 1
        }
        return ByteView(start: answer, count: count)
    }

    /// A unit as it is now; its views last until the next question.
    mutating func status(of unit: ByteView) throws(ClientProblem) -> UnitStatus {
        var rows = UnitRows(try ask(try request("status", unit)))
        guard let status = rows.next() else { throw .foreign }
        return status
    }

    // MARK: Changes

    /// Waits until something has changed, or might have.
    ///
    /// - Parameter until: the moment when it is too late; `nil` for none.
    mutating func waitForChange(until: Int64?) throws(ClientProblem) {
        guard var connection = watcher else {
            // Who asks again now misses nothing from here on.
            watcher = try open(
                request("watch"), watchMemory,
                until: Connection.now() &+ Connection.patienceMilliseconds)
            return
        }
        let soon = Connection.now() &+ Connection.patienceMilliseconds
        do throws(ClientProblem) {
            _ = try connection.next(until: min(until ?? soon, soon))
            watcher = connection
        } catch .tooLate {
            watcher = connection
            if let until, Connection.now() >= until { throw .tooLate }
        } catch {
            connection.close()
            watcher = nil
            try noteCut()
        }
    }

    /// PID 1 has given the place to another client. That can happen, but not for ever.
    mutating func noteCut() throws(ClientProblem) {
        cuts &+= 1
        if cuts > Client.mostCuts { throw .cutShort }
    }

    // MARK: Complaints

    /// Says what went wrong.
    ///
    /// - Parameter word: what it is about; empty for nothing in particular.
    /// - Returns: the exit code.
    @inline(never)
    mutating func complain(_ problem: ClientProblem, about word: ByteView = .empty) -> Int32 {
        output.flush()
        errors.append(name)
        errors.append(": ")
        let code: Int32
        // That is about no unit.
        if case .noInit(let error) = problem {
            appendNoInit(error)
            errors.flush()
            return ExitCode.noInit
        }
        if word.count > 0 {
            errors.append(foreign: word)
            errors.append(": ")
        }
        switch problem {
        case .noInit: code = ExitCode.noInit
        case .refused(let refusal):
            code = refusal == .unknownUnit ? ExitCode.unknownUnit : ExitCode.failed
            errors.append(refusal.text)
        case .notUp:
            code = ExitCode.failed
            errors.append("it is not up, and so cannot reload")
        case .tooLate:
            code = ExitCode.tooLate
            errors.append("it took too long")
        case .cutShort:
            code = ExitCode.failed
            errors.append("PID 1 has ended the connection")
        case .foreign:
            code = ExitCode.failed
            errors.append("what answers at ")
            errors.append(foreign: socket)
            errors.append(" is not Hammock's init")
        }
        errors.append(byte: 0x0a)
        errors.flush()
        return code
    }

    private mutating func appendNoInit(_ error: Errno) {
        errors.append("no init answers at ")
        errors.append(foreign: socket)
        switch error {
        // Nothing is there, nobody listens, or a part of the path is a file.
        case .noSuchFile, Errno(rawValue: 111), .notDirectory:
            errors.append(
                ": PID 1 runs no services here; boot with hammock.target=multi-user.target")
        case .permissionDenied: errors.append(": permission denied")
        case .wouldBlock: errors.append(": it takes too long")
        default:
            errors.append(": error ")
            errors.append(number: UInt64(error.rawValue))
        }
        errors.append(byte: 0x0a)
    }
}
