public import InitCore
public import KernelInterface

/// PID 1's hands: waits for what happens, tells the core, and does as it says. It decides
/// nothing.
public struct Runtime<K: Kernel & ~Copyable>: ~Copyable {
    public internal(set) var kernel: K
    public internal(set) var core: InitCore
    var log: Log
    /// What this process was started with.
    let words: Words
    var options = Options()
    /// Which of the words is the program's name.
    var programIndex: Int?
    /// From the kernel's command line.
    var hostName = Line()
    /// What happened last; the last resort reads it too.
    private let record: UnsafeMutablePointer<EventRecord>

    /// The answer to the last action.
    private var answer: Event?
    /// Whether there may be more to reap.
    private var isReaping = false
    private var reapsInARow = 0
    private var signalsInARow = 0
    private var exitCode: UInt8?

    /// How many children are reaped before a signal gets a chance: whoever makes processes
    /// faster than they can be reaped must not keep PID 1 from being told to stop it.
    private let mostReapsInARow = 256
    /// How many signals are taken before children get a chance: SIGCHLD comes after those with
    /// lower numbers, and so for ever not, if these come fast enough.
    private let mostSignalsInARow = 256

    /// - Parameters:
    ///   - words: this process's argv.
    ///   - record: outlives the runtime.
    public init(
        kernel: consuming K, role: Role, words: Words,
        record: UnsafeMutablePointer<EventRecord>
    ) {
        self.kernel = kernel
        self.words = words
        self.record = record
        core = InitCore(role: role)
        log = Log(role: role)
    }

    /// Works until the core orders an exit, which it never does on a machine.
    ///
    /// - Returns: the code to exit with.
    public mutating func run() -> UInt8 {
        begin()
        while true {
            if let code = turn() { return code }
        }
    }

    /// Sets about the first duty.
    public mutating func begin() {
        perform(core.firstAction)
    }

    /// One event, and all that follows from it.
    ///
    /// - Returns: the code to exit with, once that is ordered.
    public mutating func turn() -> UInt8? {
        let event = nextEvent()
        record.pointee.append(event, in: core.phase)
        let actions = core.step(event, at: kernel.now())
        var index = 0
        while index < actions.count {
            perform(actions[index])
            index &+= 1
        }
        return exitCode
    }

    private mutating func nextEvent() -> Event {
        if let event = answer.take() { return event }
        while isReaping {
            if reapsInARow >= mostReapsInARow {
                reapsInARow = 0
                if let event = nextSignal(milliseconds: 0) { return event }
            }
            reapsInARow &+= 1
            if let event = reap() { return event }
        }
        reapsInARow = 0
        signalsInARow &+= 1
        if signalsInARow >= mostSignalsInARow {
            signalsInARow = 0
            isReaping = true
        }
        return sleep()
    }

    /// - Returns: `nil` where nothing was reaped.
    private mutating func reap() -> Event? {
        do throws(Errno) {
            if case .child(let process, let status) = try kernel.reap() {
                return .childEnded(process, status)
            }
        } catch {
            if error == .interrupted { return nil }
            if error == .noChild {
                isReaping = false
                return .noChildLeft
            }
            // Nobody can say who has ended: again in a moment, and a signal may come first.
            rest()
            reapsInARow = mostReapsInARow
            return nil
        }
        isReaping = false
        return nil
    }

    /// Waits for a signal or the core's deadline.
    private mutating func sleep() -> Event {
        while true {
            if core.isIdle, let signal = try? kernel.pause() { return .signalled(signal) }
            if let event = nextSignal(milliseconds: nil) { return event }
        }
    }

    /// - Returns: `nil` where there was neither a signal nor a deadline.
    @inline(never)
    private mutating func nextSignal(milliseconds: Int64?) -> Event? {
        var wait = milliseconds
        if let deadline = core.deadline {
            let left = deadline.milliseconds &- kernel.now().milliseconds
            if left <= 0 { return .deadlinePassed }
            wait = min(left, milliseconds ?? left)
        }
        do throws(Errno) {
            return .signalled(try kernel.waitForSignal(milliseconds: wait))
        } catch {
            if error != .wouldBlock, error != .interrupted {
                rest()
            }
            return nil
        }
    }

    /// What cannot be done now must not be tried in a circle.
    private mutating func rest() {
        kernel.sleep(milliseconds: Int32(truncatingIfNeeded: Limit.retryMilliseconds))
    }

    @inline(never)
    private mutating func perform(_ action: Action) {
        switch action {
        case .perform(let duty): answer = .performed(duty, perform(duty))
        case .greet: deliver(Greeting.text, on: &kernel)
        case .spawn: answer = spawn()
        case .forward(let signal, let process):
            send(signal, to: options.signalsGroup ? .group(process) : .process(process))
        case .signalAll(let signal): send(signal, to: .everything)
        case .reap: isReaping = true
        case .start(let helper): answer = start(helper)
        case .leave(let ending):
            answer = .leavingFailed(
                failure { kernel throws(Errno) in try kernel.leave(ending) }
                    ?? .interrupted)
        case .log(let message): log.write(message, program: programName, on: &kernel)
        case .report: log.write(record.pointee, on: &kernel)
        case .exit(let code): exitCode = code
        case .reportImpossible:
            log.write(.impossible, program: .empty, on: &kernel)
            log.write(record.pointee, on: &kernel)
        }
    }

    @inline(never)
    private mutating func send(_ signal: Signal, to target: SignalTarget) {
        if let error = failure({ kernel throws(Errno) in try kernel.send(signal, to: target) }) {
            answer = .sendingFailed(error)
        }
    }

    private mutating func start(_ helper: Helper) -> Event {
        do throws(Errno) {
            return .helperStarted(try kernel.fork { kernel in helper.work(on: &kernel) })
        } catch {
            return .helperFailed(error)
        }
    }

    /// The error of a call, if it has one.
    mutating func failure(_ call: (inout K) throws(Errno) -> Void) -> Errno? {
        do throws(Errno) {
            try call(&kernel)
            return nil
        } catch {
            return error
        }
    }
}
