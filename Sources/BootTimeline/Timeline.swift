/// One boot, from the start of qemu to the greeting, or to where its services had settled. In
/// microseconds since that start.
public struct Timeline: Equatable {
    public struct Span: Equatable {
        public let name: String
        public let kind: Kind
        public let start: Int
        /// Of what is open, the end of the recording.
        public let end: Int
        /// What became of it, if that is not plain.
        public let word: String?

        public var length: Int { end - start }

        public init(name: String, kind: Kind, start: Int, end: Int, word: String? = nil) {
            self.name = name
            self.kind = kind
            self.start = start
            self.end = end
            self.word = word
        }
    }

    public enum Kind: String, CaseIterable {
        /// One of the few phases, which follow each other without a gap.
        case phase
        /// A function that the kernel calls once, to set a part of itself up.
        case initcall
        /// A driver's look at a device, within an initcall.
        case probe
        /// Work between two lines of the kernel's log, and in no initcall.
        case stretch
        /// What init does by itself, if it runs services.
        case step
        /// A service, from its beginning until it is up.
        case service
        /// A service that did not come up.
        case failed
        /// A service that is not up when the recording ends.
        case open
    }

    public struct Milestone: Equatable {
        public let name: String
        public let at: Int

        public init(name: String, at: Int) {
            self.name = name
            self.at = at
        }
    }

    /// What was booted, for a heading.
    public let title: String
    /// When the greeting's first line was there, or the services had settled.
    public let total: Int
    /// Where the boot ends, for a heading.
    public let goal: String
    public let phases: [Span]
    public let milestones: [Milestone]
    /// All initcalls and probes, and the stretches between them, by their start.
    public let details: [Span]
    /// What init did in its phase: its own steps, and each start of each service. By their start.
    public let starts: [Span]

    /// The details of at least `share` of the whole, the longest `most` of them, by their
    /// start. A detail that takes nearly all of another one is left out, because it adds nothing.
    public func largest(_ most: Int, share: Double) -> [Span] {
        var chosen: [Span] = []
        for span in details.sorted(by: { $0.length > $1.length }) {
            guard chosen.count < most, Double(span.length) >= share * Double(total) else { break }
            let isRepeated = chosen.contains {
                $0.start <= span.start && span.end <= $0.end
                    && Double(span.length) > 0.8 * Double($0.length)
            }
            if !isRepeated { chosen.append(span) }
        }
        return chosen.sorted { $0.start < $1.start }
    }
}

extension Timeline {
    /// - Throws: `missing` if the recorded boot did not get as far as the greeting. One with services
    ///   has no greeting, if init starts a program when they have settled.
    public init(of recording: Recording, title: String) throws(Recording.Problem) {
        guard let log = KernelLog(console: recording.console) else {
            throw .missing("line of the kernel's")
        }
        guard let exec = log.time(of: "Run /init as init process") else {
            throw .missing("start of /init")
        }
        // From here on all times are since the start of qemu.
        let zero = log.offset - recording.start
        let greeting = recording.console.first { $0.text.contains("Hello, World!") }
            .map { $0.at - recording.start }
        let settled = log.settled.map { $0 + zero }
        guard let total = settled ?? greeting else { throw .missing("greeting") }
        // The kernel's own questions come later: it hands on what qemu has for the guest.
        let questions = recording.firmware.map { $0.at - recording.start }.filter { $0 <= zero }
        let marks = Marks(
            firmware: questions.first, handOver: questions.last,
            clock: zero, exec: exec + zero, greeting: greeting, end: total)

        self.title = [title, log.release].compactMap { $0 }.joined(separator: ", ")
        self.total = total
        goal =
            switch (settled, log.isHurried) {
            case (nil, _): "to the greeting"
            case (_, false): "until the services had settled"
            case (_, true): "until init waited no longer"
            }
        phases = Timeline.phases(marks)
        milestones = Timeline.milestones(log, zero: zero, marks)
        details = Timeline.details(log, zero: zero, end: exec + zero)
        starts = Timeline.starts(log, zero: zero, marks)
    }

    /// The points between the phases.
    private struct Marks {
        let firmware: Int?
        let handOver: Int?
        let clock: Int
        let exec: Int
        let greeting: Int?
        let end: Int
    }

    private static func phases(_ marks: Marks) -> [Span] {
        var phases: [Span] = []
        var start = 0
        func add(_ name: String, until end: Int?) {
            guard let end, end > start else { return }
            phases.append(Span(name: name, kind: .phase, start: start, end: end))
            start = end
        }
        add("qemu", until: marks.firmware)
        add("firmware", until: marks.handOver)
        let first = marks.handOver == nil ? "qemu, firmware" : "early kernel (no clock yet)"
        add(first, until: marks.clock)
        add("kernel", until: marks.exec)
        add("init", until: marks.end)
        return phases
    }

    private static func milestones(_ log: KernelLog, zero: Int, _ marks: Marks) -> [Milestone] {
        var milestones: [Milestone] = []
        func add(_ name: String, _ at: Int?) {
            guard let at else { return }
            milestones.append(Milestone(name: name, at: at))
        }
        add("kernel is entered", marks.handOver)
        add("root is mounted", log.time(of: "VFS: Mounted root").map { $0 + zero })
        add("the network is up", log.time(of: "IP-Config: Complete").map { $0 + zero })
        add("init is executed", marks.exec)
        add("Hello, World!", marks.greeting)
        let server = log.serviceStarts.first { $0.name == "ssh.service" && $0.outcome == .up }
        add("the SSH server listens", server?.over.map { $0 + zero })
        if !log.isHurried { add("the services have settled", log.settled.map { $0 + zero }) }
        return milestones.sorted { $0.at < $1.at }
    }

    private static func details(_ log: KernelLog, zero: Int, end: Int) -> [Span] {
        let calls = log.calls.map { call in
            Span(
                name: call.name, kind: call.kind == .initcall ? .initcall : .probe,
                start: call.start + zero, end: call.end + zero)
        }
        let stretches = stretches(log, zero: zero, besides: calls)
        return (calls + stretches).filter { $0.end <= end }.sorted {
            ($0.start, $1.end) < ($1.start, $0.end)
        }
    }

    /// From each line of the log to the next, while no initcall runs. Its name comes from the line
    /// that ends it, because the kernel mostly reports what it has done.
    private static func stretches(_ log: KernelLog, zero: Int, besides calls: [Span]) -> [Span] {
        let initcalls = calls.filter { $0.kind == .initcall }
        return zip(log.lines, log.lines.dropFirst()).compactMap { line, next in
            let start = line.at + zero
            let end = next.at + zero
            let isCall = initcalls.contains { $0.start <= start && end <= $0.end }
            guard end > start, !isCall else { return nil }
            return Span(name: next.text, kind: .stretch, start: start, end: end)
        }
    }
}

// MARK: Services

extension Timeline {
    private static func starts(_ log: KernelLog, zero: Int, _ marks: Marks) -> [Span] {
        let services = log.serviceStarts.compactMap {
            span(of: $0, zero: zero, end: marks.end)
        }
        guard let planning = log.planning.map({ $0 + zero }) else { return services }
        let planned = services.first?.start ?? marks.end
        var steps: [Span] = []
        func add(_ name: String, from start: Int, until end: Int) {
            guard end > start else { return }
            steps.append(Span(name: name, kind: .step, start: start, end: end))
        }
        add("init sets the machine up", from: marks.exec, until: planning)
        add("the units are read and planned", from: planning, until: planned)
        add("the services start", from: planned, until: marks.end)
        // A step comes before what happens in it.
        return (steps + services).enumerated()
            .sorted { ($0.element.start, $0.offset) < ($1.element.start, $1.offset) }
            .map(\.element)
    }

    /// - Parameter end: of the recording.
    /// - Returns: `nil` if it began later.
    private static func span(
        of start: KernelLog.ServiceStart, zero: Int, end: Int
    ) -> Span? {
        guard let began = (start.began ?? start.over).map({ $0 + zero }), began <= end else {
            return nil
        }
        let over = start.over.map { $0 + zero }.flatMap { $0 <= end ? $0 : nil }
        let outcome = over == nil ? .open : start.outcome
        let (kind, word): (Kind, String?) =
            switch outcome {
            case .up: (.service, nil)
            case .failed(let why): (.failed, why)
            case .skipped: (.failed, "skipped")
            case .stopped: (.failed, "stopped")
            case .open: (.open, "not up yet")
            }
        return Span(
            name: start.name, kind: kind, start: began, end: over ?? end, word: word)
    }
}
