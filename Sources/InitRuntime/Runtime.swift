public import InitCore
public import KernelInterface

/// PID 1's hands: it waits for events, hands them to the core, and performs the core's actions. It
/// decides nothing.
public struct Runtime<K: Kernel & ~Copyable>: ~Copyable {
    public internal(set) var kernel: K
    /// The arguments that this process was started with.
    let words: Words
    let environment: Words
    /// Where the services lie, once there are any.
    private let serviceMemory: UnsafeMutableRawBufferPointer
    /// `nil` unless services were asked for.
    var services: UnsafeMutablePointer<Services>?
    /// How many descriptors were ready without a look for a signal.
    var readyInARow = 0
    /// The last events. The last resort reads them too.
    private let record: UnsafeMutablePointer<EventRecord>

    /// The program, from its start until init exits.
    var child: Child?
    /// Whether `child` has yet to report that it has become the program.
    var isReportDue = false
    /// An event that was found together with the one before it.
    private var secondEvent: Event?
    /// Whether there may be more to reap.
    var isReaping = false
    private var reapsInARow = 0
    private var signalsInARow = 0
    private var exitCode: UInt8?
    /// When the last event came for which that matters.
    private var lastMoment = Instant(milliseconds: 0)

    /// How many children PID 1 reaps before it looks for a signal. Processes may be made faster
    /// than PID 1 reaps them, and PID 1 must still hear a request to stop that.
    private let mostReapsInARow = 256
    /// How many signals PID 1 takes before it looks for children. Signals with lower numbers come
    /// before SIGCHLD, and could hold it back for ever if they come fast enough.
    private let mostSignalsInARow = 256

    // What is large comes last: the code reaches what is near a value's beginning by shorter
    // instructions.

    /// The log, as the services use it: they get it without a copy.
    var serviceLog: ServiceLog
    public internal(set) var core: InitCore

    /// - Parameters:
    ///   - words: this process's argv.
    ///   - environment: its envp, with any count.
    ///   - record: must outlive the runtime.
    ///   - serviceMemory: room for services, aligned to 64 bytes; must outlive the runtime. Without
    ///     it there are none.
    public init(
        kernel: consuming K, role: Role, words: Words,
        environment: Words = Words(count: 0, first: nil),
        record: UnsafeMutablePointer<EventRecord>,
        serviceMemory: UnsafeMutableRawBufferPointer = UnsafeMutableRawBufferPointer(
            start: nil, count: 0)
    ) {
        self.kernel = kernel
        self.words = words
        self.environment = environment
        self.record = record
        self.serviceMemory = serviceMemory
        core = InitCore(role: role)
        serviceLog = ServiceLog(log: Log(role: role), limit: 0)
    }

    /// Works until the core orders an exit, which it never does on a machine.
    ///
    /// - Returns: the code to exit with.
    public mutating func run() -> UInt8 {
        if let code = begin() { return code }
        while true {
            if let code = turn() { return code }
        }
    }

    /// Performs the duties, up to the program's start or the greeting.
    ///
    /// - Returns: the code to exit with, where there is nothing more to do.
    public mutating func begin() -> UInt8? {
        core.begin()
        performAll()
        return exitCode
    }

    /// Handles one event, and all that follows from it.
    ///
    /// - Returns: the code to exit with, once that is ordered.
    public mutating func turn() -> UInt8? {
        step(nextEvent())
        performAll()
        return exitCode
    }

    @inline(never)
    private mutating func step(_ event: Event) {
        record.pointee.append(event, in: core.phase)
        if services != nil, isServices(event) { return }
        if core.hasMoment(event) { lastMoment = kernel.now() }
        core.step(event, at: lastMoment)
    }

    /// Performs actions until the core has no more. The core gets the answer to an action before it
    /// gives the next one.
    @inline(never)
    private mutating func performAll() {
        while let action = core.nextAction() {
            if let answer = perform(action) { step(answer) }
        }
    }

    private mutating func nextEvent() -> Event {
        if let event = secondEvent.take() { return event }
        if let event = services?.pointee.events.next() { return event }
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

    /// - Returns: `nil` if nothing was reaped.
    private mutating func reap() -> Event? {
        do throws(Errno) {
            switch try kernel.reap() {
            case .child(let process, let status): return ended(process, status)
            case .stopped(let process, let signal): return .childStopped(process, signal)
            case .none: break
            }
        } catch {
            if error == .interrupted { return nil }
            if error == .noChildProcess {
                isReaping = false
                return .noChildLeft
            }
            // PID 1 cannot tell which child ended. It tries again soon; a signal may come first.
            rest()
            reapsInARow = mostReapsInARow
            return nil
        }
        isReaping = false
        return nil
    }

    /// A child has ended. If its report was due, it came before the end, so it goes first.
    private mutating func ended(_ process: ProcessID, _ status: ExitStatus) -> Event {
        guard awaitsReport, process == child?.process else { return .childEnded(process, status) }
        secondEvent = .childEnded(process, status)
        return readReport()
    }

    /// Waits for a signal, the child's report or the core's deadline.
    private mutating func sleep() -> Event {
        while true {
            if core.isIdle, let received = try? kernel.pause() { return event(of: received) }
            if let event = nextSignal(milliseconds: nil) { return event }
        }
    }

    func event(of received: ReceivedSignal) -> Event {
        .signalled(received.signal, from: received.origin)
    }

    /// - Returns: `nil` if nothing has happened and no deadline has passed.
    @inline(never)
    private mutating func nextSignal(milliseconds: Int64?) -> Event? {
        var wait = milliseconds
        if let deadline = core.deadline {
            let left = deadline.milliseconds &- kernel.now().milliseconds
            if left <= 0 { return .deadlinePassed }
            wait = min(left, milliseconds ?? left)
        }
        if let services, isServing {
            return nextServiceEvent(services, milliseconds: wait)
        }
        do throws(Errno) {
            switch try kernel.wait(for: awaitsReport ? child?.report : nil, milliseconds: wait) {
            case .signal(let received): return event(of: received)
            case .readable: return readReport()
            }
        } catch {
            waitingFailed(error)
            return nil
        }
    }

    /// PID 1 cannot tell what has come, so it has to look for it.
    mutating func waitingFailed(_ error: Errno) {
        guard error != .wouldBlock, error != .interrupted else { return }
        rest()
        isReaping = true
    }

    /// Keeps PID 1 from trying in a busy loop what cannot be done now.
    mutating func rest() {
        kernel.sleep(milliseconds: Int32(truncatingIfNeeded: Limit.retryMilliseconds))
    }

    /// - Returns: the action's answer, if it has one.
    @inline(never)
    private mutating func perform(_ action: Action) -> Event? {
        switch action {
        case .perform(let duty): return .performed(duty, perform(duty))
        case .greet: deliver(Greeting.text, on: &kernel)
        case .spawn: return spawn()
        case .letGo:
            kernel.letGo(keeping: child?.descriptor, awaitsReport ? child?.report : nil)
        case .forward(let signal, let process):
            return send(
                signal, to: core.configuration.signalsGroup ? .group(process) : target(process))
        case .signalGroup(let signal, let process): return send(signal, to: .group(process))
        case .signalAll(let signal): return send(signal, to: .everything)
        case .lendTerminal(let process): return .terminalLent(lendTerminal(to: process))
        case .stopSelf(let signal): return .wentOn(kernel.stopSelf(by: signal))
        case .reap: isReaping = true
        case .start(.plan): return startPlanner(in: serviceMemory)
        case .start(let helper): return start(helper)
        case .abandon(let process): try? kernel.send(.kill, to: .process(process))
        case .beginServices: withServices { $0.begin(on: &$1, log: &$2) }
        case .stopServices: withServices { $0.stop(on: &$1, log: &$2) }
        case .measureUnwritten: return .unwritten(measureUnwritten())
        case .leave(let ending):
            return .leavingFailed(
                failure { kernel throws(Errno) in try kernel.leave(ending) }
                    ?? .interrupted)
        case .log(let message): say(message)
        case .report: report()
        case .exit(let code): exit(code)
        case .reportImpossible:
            say(.impossible)
            report()
        }
        return nil
    }

    private mutating func exit(_ code: UInt8) {
        if core.place == .ownForegroundGroup, let child {
            kernel.reclaimTerminal(from: child.process)
        }
        exitCode = code
    }

    mutating func say(_ message: Message) {
        serviceLog.log.say(
            message, about: programName, upTo: core.configuration.logLimit, on: &kernel)
    }

    @inline(never)
    private mutating func report() {
        serviceLog.log.report(record.pointee, upTo: core.configuration.logLimit, on: &kernel)
    }

    @inline(never)
    private mutating func send(_ signal: Signal, to target: SignalTarget) -> Event? {
        failure { kernel throws(Errno) in try kernel.send(signal, to: target) }
            .map { .sendingFailed($0) }
    }

    private mutating func start(_ helper: Helper) -> Event {
        do throws(Errno) {
            let (log, limit) = (serviceLog.log, core.configuration.logLimit)
            return .helperStarted(
                try kernel.fork { kernel in helper.work(on: &kernel, log: log, upTo: limit) })
        } catch {
            return .helperFailed(error)
        }
    }

    private mutating func measureUnwritten() -> Int64? {
        guard let text = try? kernel.read("/proc/meminfo") else { return nil }
        return unwrittenSize(in: text)
    }

    /// The error of a call, or `nil`.
    mutating func failure(_ call: (inout K) throws(Errno) -> Void) -> Errno? {
        do throws(Errno) {
            try call(&kernel)
            return nil
        } catch {
            return error
        }
    }
}
