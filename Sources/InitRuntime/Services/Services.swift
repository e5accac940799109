import InitCore
import KernelInterface

/// PID 1's hands for services: it tells the table what happens, and does what the table says.
///
/// It lies in memory of its own, since it is large, and is touched only where services were asked
/// for. Each function that has an answer for `InitCore` leaves it in `events`.
struct Services {
    /// For each unit of the plan. It and the wait set are not in this value: what is gets copied
    /// while it is made, and its pages are touched even where there are few units.
    let holdings: UnsafeMutablePointer<ServiceHoldings>
    /// What `InitCore` is to be told.
    var events = ServiceEvents()
    /// Where the planner's bytes come from, until all of them are here.
    var planner: FileDescriptor?
    var planBytes: PlanBytes
    /// Where the plan that counts lies. No other may be written there.
    var planMemory: UnsafeMutableRawBufferPointer
    /// `nil` unless the plan is being made anew.
    var update: ServiceUpdate?
    /// The units that are wanted from the start have come up, or will not.
    var hasSettled = false
    /// How many runs of services have begun.
    var runCount: UInt64 = 0
    /// Whether each service has a cgroup. Otherwise its process groups have to do.
    var hasControlGroups = false
    /// The memory of the wait set.
    let watched: UnsafeMutablePointer<Watched>
    let sources: UnsafeMutablePointer<ServiceSource>
    /// Where the next look for what is ready begins, so that none is passed over.
    var nextPlace = 0
    var logger = LoggerProcess()
    let settings: ServiceHostSettings

    // What is large comes last: the code reaches what is near a value's beginning by shorter
    // instructions.

    var server = ControlServer()
    var changes = ServiceChanges()
    var table = ServiceTable<128>(plan: .none)

    /// How many descriptors PID 1 waits for at most, the program's report among them.
    static var mostWatched: Int { 600 }
    /// How many bytes of memory it needs, with what belongs to it.
    static var size: Int {
        MemoryLayout<Services>.stride
            + MemoryLayout<ServiceHoldings>.stride * ServiceSet.capacity
            + (MemoryLayout<Watched>.stride + MemoryLayout<ServiceSource>.stride) * mostWatched
            + 2 * 16
    }

    /// - Parameter rest: the memory behind it, as `size` has it.
    init(_ settings: ServiceHostSettings, _ rest: UnsafeMutableRawPointer) {
        self.settings = settings
        let holdings = rest.alignedUp(toMultipleOf: 16)
        let watched =
            holdings + MemoryLayout<ServiceHoldings>.stride &* ServiceSet.capacity
        let sources =
            (watched + MemoryLayout<Watched>.stride &* Services.mostWatched)
            .alignedUp(toMultipleOf: 16)
        self.holdings = holdings.bindMemory(
            to: ServiceHoldings.self, capacity: ServiceSet.capacity)
        self.watched = watched.bindMemory(to: Watched.self, capacity: Services.mostWatched)
        self.sources = sources.bindMemory(to: ServiceSource.self, capacity: Services.mostWatched)
        planMemory = settings.planMemories.first
        planBytes = PlanBytes(memory: planMemory)
    }

    // MARK: Begin and end

    /// The units that are wanted from the start are to start.
    mutating func begin<K: Kernel & ~Copyable>(on kernel: inout K, log: inout ServiceLog) {
        makeDirectories(on: &kernel)
        findControlGroups(on: &kernel)
        if !hasControlGroups, limitsByGroup {
            log.say(
                "no cgroups to write to, so no service has a limit of its group", .none, on: &kernel
            )
        }
        do throws(Errno) {
            try server.open(on: &kernel)
        } catch {
            log.say("no control socket", error, on: &kernel)
        }
        if settings.keepsLogs { startLogger(on: &kernel, log: &log) }
        tell(.beginAll, on: &kernel, log: &log)
    }

    /// All units are to stop.
    mutating func stop<K: Kernel & ~Copyable>(on kernel: inout K, log: inout ServiceLog) {
        tell(.stopAll, on: &kernel, log: &log)
    }

    /// A place for the control socket and for those of the services.
    private func makeDirectories<K: Kernel & ~Copyable>(on kernel: inout K) {
        let outer: StaticString = "/run/hammock"
        let inner: StaticString = "/run/hammock/notify"
        // They may be there already. If they cannot be made, the sockets say so.
        try? kernel.makeDirectory(at: outer.utf8Start, mode: 0o755)
        // A service finds its own socket by its name alone, which only its environment has.
        try? kernel.makeDirectory(at: inner.utf8Start, mode: 0o711)
        try? kernel.setMode(of: inner.utf8Start, to: 0o711)
    }

    // MARK: The table

    /// Nothing more happens by itself.
    var isSettled: Bool { hasSettled && !table.isMoving }

    /// Tells the table what has happened, and does what it says until it says no more.
    @inline(never)
    mutating func tell<K: Kernel & ~Copyable>(
        _ event: ServiceEvent, on kernel: inout K, log: inout ServiceLog
    ) {
        step(event, at: kernel.now())
        performAll(on: &kernel, log: &log)
        server.goOn(about: &table, &changes, isSettled: isSettled, on: &kernel)
    }

    /// All of what happened is told. Another plan comes only here: in the middle of that the
    /// numbers of units would change under those who tell of them.
    mutating func endTurn<K: Kernel & ~Copyable>(on kernel: inout K, log: inout ServiceLog) {
        guard update != nil else { return }
        goOnWithUpdate(on: &kernel, log: &log)
        server.goOn(about: &table, &changes, isSettled: isSettled, on: &kernel)
    }

    /// Does what the table says until it says no more.
    mutating func performAll<K: Kernel & ~Copyable>(
        on kernel: inout K, log: inout ServiceLog
    ) {
        while let action = table.nextAction() {
            if let answer = perform(action, on: &kernel, log: &log) {
                step(answer, at: kernel.now())
            }
        }
    }

    private mutating func step(_ event: ServiceEvent, at now: Instant) {
        table.step(event, at: now)
        noteChanges()
    }

    mutating func noteChanges() {
        var index = 0
        while index < table.plan.count {
            let service = ServiceID(index: index)
            changes.note(table.state(of: service), of: service)
            index &+= 1
        }
    }

    /// When something is due without anything to wait for.
    var deadline: Instant? {
        mutating get {
            var first = table.deadline
            if let other = server.deadline { first = min(first ?? other, other) }
            if let other = logger.restart { first = min(first ?? other, other) }
            if let current = update, current.process != nil, !current.isRead {
                first = min(first ?? current.end, current.end)
            }
            return first
        }
    }

    /// Something is due, or nothing is.
    mutating func passDeadlines<K: Kernel & ~Copyable>(
        at now: Instant, on kernel: inout K, log: inout ServiceLog
    ) {
        if let due = table.deadline, due <= now { tell(.deadlinePassed, on: &kernel, log: &log) }
        server.dropSilent(at: now, on: &kernel)
        passUpdateDeadline(at: now, on: &kernel)
        if let due = logger.restart, due <= now { startLogger(on: &kernel, log: &log) }
    }
}

/// What the services are told once, at the start.
struct ServiceHostSettings {
    /// PID 1's own environment, for PassEnvironment= and conditions. Empty on a machine, where it
    /// is words of the kernel's.
    var environment = Words(count: 0, first: nil)
    var isContainer = false
    /// The target whose units are wanted; empty for all units of /etc/hammock.
    var target = Line()
    /// Whether a directive that is only warned of refuses its unit.
    var isStrict = false
    let planMemories: PlanMemories
    /// Whether outputs go to a log by default, and not where PID 1's own go.
    var keepsLogs = true
}

/// Room for the plan that counts, and for the one that takes its place.
struct PlanMemories {
    /// Each of `PlanLayout.mostBytes`.
    let first: UnsafeMutableRawBufferPointer
    let second: UnsafeMutableRawBufferPointer

    func other(than memory: UnsafeMutableRawBufferPointer) -> UnsafeMutableRawBufferPointer {
        memory.baseAddress == first.baseAddress ? second : first
    }
}

/// What the services have to tell `InitCore`. Each comes once at most before it is taken.
struct ServiceEvents {
    var planned: Event?
    var endAsked: Event?
    var isSettled = false
    var hasEnded = false

    /// Takes the next one.
    mutating func next() -> Event? {
        if let event = planned.take() { return event }
        if let event = endAsked.take() { return event }
        if isSettled {
            isSettled = false
            return .servicesSettled
        }
        if hasEnded {
            hasEnded = false
            return .servicesEnded
        }
        return nil
    }
}

/// PID 1's log, as the services use it.
struct ServiceLog {
    var log: Log
    /// The highest priority number that is logged.
    var limit: UInt8

    @inline(never)
    mutating func say<K: Kernel & ~Copyable>(
        _ message: ServiceMessage, in plan: Plan, on kernel: inout K
    ) {
        log.say(message, in: plan, upTo: limit, on: &kernel)
    }

    /// A warning with the error of a call.
    @inline(never)
    mutating func say<K: Kernel & ~Copyable>(
        _ text: ByteView, _ error: Errno, on kernel: inout K
    ) {
        log.warn(text, error, upTo: limit, on: &kernel)
    }
}
