import InitCore
import KernelInterface

// Where the services come in. Each function does nothing where there are none.

extension Runtime where K: ~Copyable {
    /// Whether the services still matter. From unmounting on nothing runs any more.
    var isServing: Bool {
        switch core.phase {
        case .planning, .idling, .waiting, .starting, .running, .stoppingServices, .stopping,
            .killing:
            true
        case .settingUp, .unmounting, .syncing, .leaving, .stranded, .exited: false
        }
    }

    /// Makes room for the services, and starts the child that makes their plan.
    ///
    /// - Parameter memory: for two plans, and `Services` behind them.
    mutating func startPlanner(in memory: UnsafeMutableRawBufferPointer) -> Event {
        do throws(Errno) {
            if services == nil { services = try makeServices(in: memory) }
            guard let services else { throw .noMemory }
            return .helperStarted(
                try services.pointee.startPlanner(isUpdate: false, on: &kernel))
        } catch {
            return .helperFailed(error)
        }
    }

    private func makeServices(
        in memory: UnsafeMutableRawBufferPointer
    ) throws(Errno) -> UnsafeMutablePointer<Services> {
        let planSize = (PlanLayout.mostBytes &+ 63) & ~63
        guard let start = memory.baseAddress,
            memory.count >= 2 &* planSize &+ Services.size
        else { throw .noMemory }
        var settings = ServiceHostSettings(
            planMemories: PlanMemories(
                first: UnsafeMutableRawBufferPointer(start: start, count: PlanLayout.mostBytes),
                second: UnsafeMutableRawBufferPointer(
                    start: start + planSize, count: PlanLayout.mostBytes)))
        settings.isContainer = core.role == .container
        if settings.isContainer { settings.environment = environment }
        settings.target = core.configuration.target
        settings.isStrict = core.configuration.isStrict
        settings.keepsLogs = core.configuration.keepsLogs
        let place = (start + 2 * planSize).bindMemory(to: Services.self, capacity: 1)
        place.initialize(to: Services(settings, place + 1))
        place.pointee.table.stopCap = core.configuration.stopCapMilliseconds
        return place
    }

    /// Lets the services do something.
    @inline(never)
    mutating func withServices(
        _ body: (inout Services, inout K, inout ServiceLog) -> Void
    ) {
        guard let services else { return }
        serviceLog.limit = core.configuration.logLimit
        body(&services.pointee, &kernel, &serviceLog)
        services.pointee.endTurn(on: &kernel, log: &serviceLog)
    }

    /// Tells the services what has happened, if it may matter to them.
    ///
    /// - Returns: whether it was about a service, and so is nothing to the core.
    mutating func isServices(_ event: Event) -> Bool {
        guard isServing else { return false }
        var isTheirs = false
        switch event {
        case .childEnded(let process, let status):
            withServices { isTheirs = $0.childEnded(process, status, on: &$1, log: &$2) }
            // Root may have called the program the main process of a service.
            if process == child?.process { isTheirs = false }
        case .noChildLeft:
            let isLast = core.phase == .stopping || core.phase == .killing
            withServices {
                $0.noChildLeft(on: &$1, log: &$2)
                isTheirs = isLast && $0.startLastLogger(on: &$1, log: &$2)
            }
        case .performed, .spawned, .programRuns, .spawnFailed, .signalled, .childStopped,
            .terminalLent, .wentOn, .deadlinePassed, .helperStarted, .helperFailed, .planned,
            .servicesSettled, .servicesEnded, .endAsked, .unwritten, .sendingFailed,
            .leavingFailed:
            break
        }
        return isTheirs
    }

    /// Waits for a signal, for any of the services' descriptors, or until something is due.
    ///
    /// - Parameter milliseconds: how long at most, `nil` for ever.
    /// - Returns: `nil` if nothing has happened that the core is to know.
    mutating func nextServiceEvent(
        _ services: UnsafeMutablePointer<Services>, milliseconds: Int64?
    ) -> Event? {
        var wait = milliseconds
        if let deadline = services.pointee.deadline {
            let now = kernel.now()
            let left = deadline.milliseconds &- now.milliseconds
            if left <= 0 {
                withServices { $0.passDeadlines(at: now, on: &$1, log: &$2) }
                return services.pointee.events.next()
            }
            wait = min(left, milliseconds ?? left)
        }
        if core.phase != .planning, services.pointee.update == nil {
            services.pointee.stopPlanning(on: &kernel)
        }
        do throws(Errno) {
            // Descriptors that are always ready must not keep signals away.
            if readyInARow >= 16 {
                readyInARow = 0
                wait = 0
                if case .signal(let received) = try kernel.wait(for: nil, milliseconds: 0) {
                    return event(of: received)
                }
            }
            return try takeWakeup(services, milliseconds: wait)
        } catch {
            waitingFailed(error)
            return nil
        }
    }

    private mutating func takeWakeup(
        _ services: UnsafeMutablePointer<Services>, milliseconds: Int64?
    ) throws(Errno) -> Event? {
        var count = services.pointee.watch()
        // The child that is to become the program comes last.
        let program = awaitsReport ? child?.report : nil
        if program != nil {
            services.pointee.watched[count] = Watched(program, for: .reading)
            count &+= 1
        }
        let wakeup = try kernel.wait(
            forAnyOf: UnsafeMutableBufferPointer(
                start: services.pointee.watched, count: count),
            milliseconds: milliseconds)
        switch wakeup {
        case .signal(let received):
            readyInARow = 0
            return event(of: received)
        case .readable:
            readyInARow &+= 1
            if program != nil {
                count &-= 1
                if services.pointee.watched[count].isReady { return readReport() }
            }
            withServices { $0.takeReady(of: count, on: &$1, log: &$2) }
            return services.pointee.events.next()
        }
    }
}
