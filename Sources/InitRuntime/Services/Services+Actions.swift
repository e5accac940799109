import InitCore
import KernelInterface

extension Services {
    /// - Returns: the action's answer, if it has one.
    mutating func perform<K: Kernel & ~Copyable>(
        _ action: ServiceAction, on kernel: inout K, log: inout ServiceLog
    ) -> ServiceEvent? {
        switch action {
        case .run(let service, let stage, let command):
            return run(service, stage, command, on: &kernel, log: &log)
        case .signal(let service, let signal, let target):
            send(signal, service, to: target, on: &kernel)
        case .killAll(let service):
            killAll(service, on: &kernel)
        case .look(let service):
            return isOccupied(service, on: &kernel) ? .occupied(service) : .emptied(service)
        case .findMain(let service):
            return findMain(service, on: &kernel)
        case .forget(let service):
            forget(service, on: &kernel)
        case .log(let message):
            log.say(message, in: table.plan, on: &kernel)
        case .end(let ending, let service):
            askForEnd(ending, service)
        case .goOn:
            return .continued
        case .settled:
            hasSettled = true
            events.isSettled = true
        case .ended:
            events.hasEnded = true
            // It gets SIGTERM like everything that is left, and goes when it has written what
            // is there.
            logger.isEnding = true
            logger.restart = nil
        case .reportImpossible(let service):
            log.say(table.plan.name(of: service), .invalidArgument, on: &kernel)
        }
        return nil
    }

    private mutating func askForEnd(_ ending: ServiceEnding, _ service: ServiceID) {
        let code = table.state(of: service).exitStatus?.code ?? 1
        switch ending {
        case .none: break
        case .powerOff: events.endAsked = .endAsked(.powerOff, code: 0)
        case .reboot: events.endAsked = .endAsked(.reboot, code: 0)
        case .halt: events.endAsked = .endAsked(.halt, code: 0)
        case .exit: events.endAsked = .endAsked(.powerOff, code: code)
        }
    }

    // MARK: Run

    /// Forks the child that becomes a command of the service.
    private mutating func run<K: Kernel & ~Copyable>(
        _ service: ServiceID, _ stage: Stage, _ command: UInt8, on kernel: inout K,
        log: inout ServiceLog
    ) -> ServiceEvent {
        prepareRun(service, stage, command, on: &kernel)
        var cgroup: FileDescriptor?
        var writer: FileDescriptor?
        defer {
            if let cgroup { kernel.close(cgroup) }
            if let writer { kernel.close(writer) }
        }
        do throws(Errno) {
            cgroup = try openControlGroup(service, on: &kernel)
            try openNotices(service, on: &kernel)
            writer = try openReadiness(service, stage, on: &kernel)
            let plan = table.plan
            let context = makeContext(service, readiness: writer)
            let invocation = holdings[service.index].invocation
            let hasNotices = holdings[service.index].notices != nil
            let child = try kernel.forkService(into: cgroup) { kernel, report, isInside in
                var context = context
                context.isInControlGroup = isInside
                return ServicePaths(plan.name(of: service), invocation, hasNotices, cgroup != nil)
                    .use(by: &context) { context in
                        RecipeChild.become(
                            command, of: stage, of: service, in: plan, context,
                            reportingTo: report, on: &kernel)
                    }
            }
            note(child, of: service, isMain: stage == .main, on: &kernel)
            return .ran(service, child.process)
        } catch {
            return .notRun(service, error)
        }
    }

    /// The first command of a run begins it. What is left of the run before it, which a restart
    /// does not forget, is not the new one's: its socket may still hold what its processes said.
    private mutating func prepareRun<K: Kernel & ~Copyable>(
        _ service: ServiceID, _ stage: Stage, _ command: UInt8, on kernel: inout K
    ) {
        let first: Stage = table.plan.commandCount(.prepare, of: service) > 0 ? .prepare : .main
        if stage == first, command == 0 { endRun(service, on: &kernel) }
        guard holdings[service.index].invocation == nil else { return }
        runCount &+= 1
        var invocation = InvocationID.make(on: &kernel)
        // Two runs that begin in one millisecond, before there is randomness, are two.
        invocation.low ^= runCount << 32
        holdings[service.index].invocation = invocation
    }

    private mutating func note<K: Kernel & ~Copyable>(
        _ child: Child, of service: ServiceID, isMain: Bool, on kernel: inout K
    ) {
        holdings[service.index].add(group: child.process)
        let starting = StartingChild(process: child.process, report: child.report)
        // The child before it may have been reaped by others. Nobody waits for its report.
        let old: FileDescriptor?
        if isMain {
            old = holdings[service.index].main.report
            holdings[service.index].main = starting
        } else {
            old = holdings[service.index].control.report
            holdings[service.index].control = starting
        }
        if let old { kernel.close(old) }
    }

    private mutating func makeContext(
        _ service: ServiceID, readiness: FileDescriptor?
    ) -> RecipeContext {
        let state = table.state(of: service)
        var context = RecipeContext()
        context.environment = settings.environment
        context.isContainer = settings.isContainer
        context.defaultOutput = settings.keepsLogs ? .log : .inherit
        context.log = holdings[service.index].output?.writing
        context.readiness = readiness
        context.mainProcess = state.main
        context.invocation = holdings[service.index].invocation
        context.outcome = state.outcome
        context.mainStatus = state.exitStatus
        return context
    }

    // MARK: What a child reports

    /// Reads what a child says about its way to execve(2).
    @inline(never)
    mutating func readReport<K: Kernel & ~Copyable>(
        of service: ServiceID, isMain: Bool, on kernel: inout K, log: inout ServiceLog
    ) {
        let descriptor: FileDescriptor?
        if isMain {
            descriptor = holdings[service.index].main.report.take()
        } else {
            descriptor = holdings[service.index].control.report.take()
        }
        guard let descriptor else { return }
        guard let report = try? kernel.readServiceReport(descriptor) else {
            // The main command runs now. Of another command only the end counts.
            if isMain { tell(.executed(service), on: &kernel, log: &log) }
            return
        }
        if report == .conditionFailed {
            tell(.conditionFailed(service), on: &kernel, log: &log)
        } else {
            tell(
                .notExecuted(
                    service, code: UInt8(truncatingIfNeeded: report.code),
                    Errno(rawValue: report.errno)), on: &kernel, log: &log)
        }
    }

    /// A child was reaped. What it had to report comes first.
    ///
    /// - Returns: whether it was a service's, or the logger: no business of `InitCore`.
    mutating func childEnded<K: Kernel & ~Copyable>(
        _ process: ProcessID, _ status: ExitStatus, on kernel: inout K, log: inout ServiceLog
    ) -> Bool {
        var isOwn = updatePlannerEnded(process, status)
        if process == logger.process {
            loggerEnded(on: &kernel)
            isOwn = true
        }
        let owner = table.owner(of: process)
        if let owner {
            if holdings[owner.index].main.process == process {
                readReport(of: owner, isMain: true, on: &kernel, log: &log)
            }
            if holdings[owner.index].control.process == process {
                readReport(of: owner, isMain: false, on: &kernel, log: &log)
            }
            if status == .killed(.kill), table.state(of: owner).main == process,
                lacksMemory(owner, on: &kernel)
            {
                tell(.killedForMemory(owner), on: &kernel, log: &log)
            }
            // What it said last may still be in its socket.
            readNotices(of: owner, on: &kernel, log: &log)
        }
        // Root may have called the logger the main process of a service.
        tell(.childEnded(process, status), on: &kernel, log: &log)
        return isOwn || owner != nil
    }

    /// No child is left. If one of the services was known, others have reaped it, and its end has
    /// not been told.
    mutating func noChildLeft<K: Kernel & ~Copyable>(on kernel: inout K, log: inout ServiceLog) {
        if logger.process != nil { loggerEnded(on: &kernel) }
        // Nobody knows whether it has refused something.
        update?.process = nil
        tell(.noChildLeft, on: &kernel, log: &log)
    }

    // MARK: Forget

    /// Drops what belongs to a unit that is down.
    mutating func forget<K: Kernel & ~Copyable>(
        _ service: ServiceID, on kernel: inout K
    ) {
        endRun(service, on: &kernel)
        removeControlGroup(service, on: &kernel)
    }

    /// Drops what belongs to one run.
    private mutating func endRun<K: Kernel & ~Copyable>(
        _ service: ServiceID, on kernel: inout K
    ) {
        let index = service.index
        if let descriptor = holdings[index].main.report.take() { kernel.close(descriptor) }
        if let descriptor = holdings[index].control.report.take() { kernel.close(descriptor) }
        closeNotices(service, on: &kernel)
        if let descriptor = holdings[index].readiness.take() { kernel.close(descriptor) }
        var group = 0
        while group < ServiceHoldings.groupCount {
            holdings[index].forget(group: group)
            group &+= 1
        }
        holdings[index].invocation = nil
    }
}
