import InitCore
import KernelInterface

/// An update of the plan, while it goes on.
struct ServiceUpdate {
    /// The planner, until it has ended.
    var process: ProcessID?
    /// When PID 1 waits for the planner no longer.
    let end: Instant
    /// Whether all of the bytes are here.
    var isRead = false
    /// What it handed over; `nil` if that was no plan.
    var plan: Plan?
    /// Whether the planner has ended well.
    var isAccepted = false
    /// Whether units that have changed are to start again.
    var restarts = false
    /// Whether the units that go have been told.
    var isLeaving = false
}

extension Services {
    /// Has the plan made anew. The client hears of it when that is over.
    mutating func beginUpdate<K: Kernel & ~Copyable>(
        restarts: Bool, for client: Int, on kernel: inout K
    ) {
        guard update == nil else { return server.refuse(client, .isUpdating) }
        planBytes = PlanBytes(memory: settings.planMemories.other(than: planMemory))
        var update = ServiceUpdate(
            end: kernel.now().advanced(byMilliseconds: Limit.planMilliseconds))
        do throws(Errno) {
            update.process = try startPlanner(isUpdate: true, on: &kernel)
        } catch {
            return server.refuse(client, .noPlan)
        }
        update.restarts = restarts
        self.update = update
        server.letWaitForUpdate(client)
    }

    /// A planner that takes too long is killed. Its end ends the update, which is refused.
    mutating func passUpdateDeadline<K: Kernel & ~Copyable>(
        at now: Instant, on kernel: inout K
    ) {
        guard let current = update, let process = current.process, current.end <= now else {
            return
        }
        try? kernel.send(.kill, to: .process(process))
        // Whatever it has written is no plan, and its end is close.
        stopPlanning(on: &kernel)
        updateIsRead(nil)
    }

    /// The planner has handed over all that it had.
    mutating func updateIsRead(_ plan: Plan?) {
        update?.isRead = true
        update?.plan = plan
    }

    /// The planner of an update has ended.
    ///
    /// - Returns: false if this is another process.
    mutating func updatePlannerEnded(_ process: ProcessID, _ status: ExitStatus) -> Bool {
        guard let known = update?.process, known == process else { return false }
        update?.process = nil
        update?.isAccepted = status == .exited(0)
        return true
    }

    /// Goes on with the update, as far as it can.
    mutating func goOnWithUpdate<K: Kernel & ~Copyable>(
        on kernel: inout K, log: inout ServiceLog
    ) {
        guard let current = update, current.isRead, current.process == nil else { return }
        guard let plan = current.plan, current.isAccepted, !table.isStopping else {
            endUpdate(.noPlan)
            return
        }
        // A unit that PID 1 runs must not stop because its file is refused now. Whether that is why
        // the plan lacks it nobody says, so such a plan is refused whole.
        if plan.isPartial, table.hasUnits(missingIn: plan) {
            endUpdate(.noPlan)
            return
        }
        if !current.isLeaving {
            update?.isLeaving = true
            table.leave(unitsMissingIn: plan, at: kernel.now())
            performAll(on: &kernel, log: &log)
        }
        guard table.canAdopt(plan) else { return }
        adopt(plan, on: &kernel, log: &log)
        // It is over before anything else is told the table, which would look for it again.
        endUpdate(plan.isPartial ? .partialPlan : nil)
        if current.restarts { restartChanged(on: &kernel, log: &log) }
    }

    @inline(never)
    private mutating func endUpdate(_ problem: ControlProblem?) {
        update = nil
        server.answerUpdate(problem)
    }

    /// Everything that is known by a unit's number moves to the number that it has now.
    private mutating func adopt<K: Kernel & ~Copyable>(
        _ plan: Plan, on kernel: inout K, log: inout ServiceLog
    ) {
        let map = UnitMap(from: table.plan, to: plan)
        var old = [128 of ServiceHoldings](repeating: ServiceHoldings())
        var index = 0
        while index < table.plan.count {
            let former = ServiceID(index: index)
            if map.present(of: former) == nil {
                // One that rests was not told to forget its last run.
                forget(former, on: &kernel)
                // The logger has the pipe open until it is empty.
                if let output = holdings[index].output {
                    kernel.close(output.reading)
                    kernel.close(output.writing)
                }
            }
            old[index] = holdings[index]
            index &+= 1
        }
        index = 0
        while index < ServiceSet.capacity {
            let service = ServiceID(index: index)
            holdings[index] = ServiceHoldings()
            if let former = map.former(of: service) { holdings[index] = old[former.index] }
            index &+= 1
        }
        changes.adopt(map)
        server.adopt(map)
        if settings.keepsLogs { renewLogger(for: plan, on: &kernel, log: &log) }
        table.adopt(plan, by: map, at: kernel.now())
        planMemory = planBytes.memory
        noteChanges()
        performAll(on: &kernel, log: &log)
    }

    private mutating func restartChanged<K: Kernel & ~Copyable>(
        on kernel: inout K, log: inout ServiceLog
    ) {
        var index = 0
        while index < table.plan.count {
            let service = ServiceID(index: index)
            if table.state(of: service).isChanged {
                tell(.asked(.restart, service), on: &kernel, log: &log)
            }
            index &+= 1
        }
    }
}
