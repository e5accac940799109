/// Writes a plan into a buffer that it does not own.
///
/// The planner uses it, and each test that wants a plan. It puts the numbers where `PlanLayout` says
/// and judges nothing; `Plan.init` does that.
public struct PlanWriter {
    let buffer: UnsafeMutableRawBufferPointer
    public internal(set) var count = 0
    var heapSize = 0
    /// Whether something did not fit. The plan must not be used then.
    public internal(set) var overflowed = false

    /// How large a buffer is large enough for any plan.
    public static var mostBytes: Int { PlanLayout.mostBytes }

    /// - Parameters:
    ///   - buffer: of `mostBytes`, or of less where a test needs little.
    ///   - count: how many units the plan will have.
    public init(_ buffer: UnsafeMutableRawBufferPointer, count: Int) {
        self.init(buffer, most: count)
        var index = 0
        while index < self.count {
            begin(ServiceID(index: index))
            index &+= 1
        }
    }

    /// For a plan whose units are not counted yet: each has to `begin`, and `keep` says which stay.
    ///
    /// - Parameters:
    ///   - buffer: of `mostBytes`. What no unit needs of it is not touched.
    ///   - most: how many units there can be.
    public init(_ buffer: UnsafeMutableRawBufferPointer, most: Int) {
        self.buffer = buffer
        guard most >= 0, most <= ServiceSet.capacity, PlanLayout.heap(behind: most) <= buffer.count
        else {
            overflowed = true
            return
        }
        count = most
        clear(0, PlanLayout.recordsOffset)
    }

    /// Begins the record of a unit with what a unit file that says nothing means.
    public mutating func begin(_ service: ServiceID) {
        guard service.index < count else { return }
        clear(PlanLayout.record(of: service), PlanLayout.recordSize)
        set(PlanLayout.killSignalOffset, UInt8(Signal.terminate.rawValue), of: service)
        set(PlanLayout.watchdogSignalOffset, 6, of: service)
        set(PlanLayout.startLimitBurstOffset, 5, of: service)
        set(.sendsKill, of: service)
        set(.restart, 100, of: service)
        set(.start, 90_000, of: service)
        set(.stop, 10_000, of: service)
        set(.runtime, UnitTime.infinity, of: service)
        set(.startLimit, 10_000, of: service)
        var offset = 0
        while offset < 3 &* PlanLayout.listSize {
            set(PlanLayout.listsOffset &+ offset, 0xff, of: service)
            offset &+= 1
        }
    }

    // MARK: Settings

    public mutating func insert(_ other: ServiceID, as relation: Relation, of service: ServiceID) {
        let offset =
            PlanLayout.record(of: service) &+ Int(relation.rawValue) &* PlanLayout.setSize
            &+ Int(other.rawValue >> 3)
        put(byte(offset) | 1 << (other.rawValue & 7), at: offset)
    }

    public mutating func set(_ kind: UnitKind, of service: ServiceID) {
        set(PlanLayout.kindOffset, kind.rawValue, of: service)
    }

    public mutating func set(_ readiness: Readiness, of service: ServiceID) {
        set(PlanLayout.readinessOffset, readiness.rawValue, of: service)
    }

    public mutating func set(_ policy: RestartPolicy, of service: ServiceID) {
        set(PlanLayout.restartOffset, policy.rawValue, of: service)
    }

    public mutating func set(_ mode: KillMode, of service: ServiceID) {
        set(PlanLayout.killModeOffset, mode.rawValue, of: service)
    }

    public mutating func set(_ access: NotifyAccess, of service: ServiceID) {
        set(PlanLayout.notifyAccessOffset, access.rawValue, of: service)
    }

    public mutating func set(_ ending: ServiceEnding, ifFailed: Bool, of service: ServiceID) {
        let offset = ifFailed ? PlanLayout.failureActionOffset : PlanLayout.successActionOffset
        set(offset, ending.rawValue, of: service)
    }

    public mutating func setKillSignal(_ signal: Signal, of service: ServiceID) {
        set(PlanLayout.killSignalOffset, UInt8(truncatingIfNeeded: signal.rawValue), of: service)
    }

    /// - Parameter signal: `nil`: a reload runs commands, if there are any.
    public mutating func setReloadSignal(_ signal: Signal?, of service: ServiceID) {
        let number = UInt8(truncatingIfNeeded: signal?.rawValue ?? 0)
        set(PlanLayout.reloadSignalOffset, number, of: service)
    }

    public mutating func setWatchdogSignal(_ signal: Signal, of service: ServiceID) {
        set(
            PlanLayout.watchdogSignalOffset, UInt8(truncatingIfNeeded: signal.rawValue), of: service
        )
    }

    public mutating func setStartLimitBurst(_ burst: UInt8, of service: ServiceID) {
        set(PlanLayout.startLimitBurstOffset, burst, of: service)
    }

    public mutating func setRestartSteps(_ steps: UInt8, of service: ServiceID) {
        set(PlanLayout.restartStepsOffset, steps, of: service)
    }

    public mutating func setProbeRetries(_ retries: UInt8, of service: ServiceID) {
        set(PlanLayout.probeRetriesOffset, retries, of: service)
    }

    public mutating func setConditionCount(_ count: UInt8, of service: ServiceID) {
        set(PlanLayout.conditionCountOffset, count, of: service)
    }

    public mutating func setNotificationDescriptor(_ number: UInt8, of service: ServiceID) {
        set(PlanLayout.notificationDescriptorOffset, number, of: service)
    }

    public mutating func set(_ flags: UnitFlags, of service: ServiceID) {
        change(service) { $0.union(flags) }
    }

    public mutating func clear(_ flags: UnitFlags, of service: ServiceID) {
        change(service) { $0.subtracting(flags) }
    }

    /// - Parameter milliseconds: `UnitTime.infinity` for a time that never comes.
    public mutating func set(_ time: UnitTime, _ milliseconds: UInt32, of service: ServiceID) {
        let offset =
            PlanLayout.record(of: service) &+ PlanLayout.timesOffset &+ Int(time.rawValue) &* 4
        put32(milliseconds, at: offset)
    }

    public mutating func setCommandCount(_ stage: Stage, _ count: UInt8, of service: ServiceID) {
        set(PlanLayout.commandCountsOffset &+ Int(stage.rawValue), count, of: service)
    }

    /// - Parameter commands: bit n: the failure of command n, counted through all stages, does not
    ///   count.
    public mutating func setIgnoredFailures(_ commands: UInt16, of service: ServiceID) {
        put16(commands, at: PlanLayout.record(of: service) &+ PlanLayout.ignoredFailuresOffset)
    }

    /// - Parameter place: 0 to 7.
    public mutating func set(
        _ list: ExitList, _ place: Int, _ match: ExitMatch, of service: ServiceID
    ) {
        let value: UInt16
        switch match {
        case .code(let code): value = UInt16(code)
        case .signal(let signal): value = 256 &+ UInt16(truncatingIfNeeded: signal.rawValue)
        }
        put16(
            value,
            at: PlanLayout.record(of: service) &+ PlanLayout.listsOffset
                &+ Int(list.rawValue) &* PlanLayout.listSize &+ (place & 7) &* 2)
    }

    // MARK: Names and recipes

    /// Each unit needs a name.
    public mutating func setName(_ name: ByteView, of service: ServiceID) {
        let start = heapSize
        append(name)
        put16(
            UInt16(truncatingIfNeeded: start),
            at: PlanLayout.record(of: service) &+ PlanLayout.nameStartOffset
        )
        set(PlanLayout.nameSizeOffset, UInt8(truncatingIfNeeded: name.count), of: service)
        if name.count > PlanLayout.mostNameBytes { overflowed = true }
    }

    /// Begins the recipe of a unit. Entries that are appended from now on are part of it.
    public mutating func beginRecipe(of service: ServiceID) {
        put16(
            UInt16(truncatingIfNeeded: heapSize),
            at: PlanLayout.record(of: service) &+ PlanLayout.recipeStartOffset)
    }

    /// Appends an entry to the recipe that was begun last: key, length, text, NUL.
    public mutating func append(_ key: RecipeKey, _ text: ByteView, to service: ServiceID) {
        guard text.count < Int(UInt16.max) else {
            overflowed = true
            return
        }
        append(key.rawValue)
        append(UInt8(truncatingIfNeeded: text.count))
        append(UInt8(truncatingIfNeeded: text.count >> 8))
        append(text)
        append(0)
        let start =
            Int(byte(PlanLayout.record(of: service) &+ PlanLayout.recipeStartOffset))
            | Int(byte(PlanLayout.record(of: service) &+ PlanLayout.recipeStartOffset &+ 1)) << 8
        put16(
            UInt16(truncatingIfNeeded: heapSize &- start),
            at: PlanLayout.record(of: service) &+ PlanLayout.recipeSizeOffset)
    }

    // MARK: The end

    /// - Parameters:
    ///   - place: from 0.
    ///   - service: the unit that stands there.
    public mutating func setOrder(_ place: Int, _ service: ServiceID) {
        put(service.rawValue, at: PlanLayout.orderOffset &+ place)
    }

    /// Writes the header.
    ///
    /// - Parameters:
    ///   - longestStop: in milliseconds.
    ///   - refusals: how many problems have left units out.
    /// - Returns: the plan's bytes; none if something did not fit.
    public mutating func finish(longestStop: UInt32, refusals: Int = 0) -> ByteView {
        var offset = 0
        while offset < PlanLayout.magic.count {
            put(PlanLayout.magic[offset], at: offset)
            offset &+= 1
        }
        put32(PlanLayout.version, at: PlanLayout.versionOffset)
        put32(UInt32(truncatingIfNeeded: count), at: PlanLayout.unitCountOffset)
        put32(UInt32(truncatingIfNeeded: heapSize), at: PlanLayout.heapSizeOffset)
        put32(longestStop, at: PlanLayout.longestStopOffset)
        put32(UInt32(truncatingIfNeeded: refusals), at: PlanLayout.refusalsOffset)
        let size = heapStart &+ heapSize
        guard !overflowed, size <= buffer.count, let base = buffer.baseAddress else {
            return .empty
        }
        let start = base.assumingMemoryBound(to: UInt8.self)
        let all = ByteView(start: start, count: size)
        let hash = Plan.hash(of: all.dropping(PlanLayout.headerSize))
        put32(UInt32(truncatingIfNeeded: hash), at: PlanLayout.hashOffset)
        put32(UInt32(truncatingIfNeeded: hash >> 32), at: PlanLayout.hashOffset &+ 4)
        return all
    }

    // MARK: Bytes

    var heapStart: Int { PlanLayout.heap(behind: count) }

    private mutating func change(_ service: ServiceID, _ body: (UnitFlags) -> UnitFlags) {
        let offset = PlanLayout.record(of: service) &+ PlanLayout.flagsOffset
        let flags = UnitFlags(rawValue: UInt16(byte(offset)) | UInt16(byte(offset &+ 1)) << 8)
        put16(body(flags).rawValue, at: offset)
    }

    private mutating func set(_ offset: Int, _ value: UInt8, of service: ServiceID) {
        put(value, at: PlanLayout.record(of: service) &+ offset)
    }

    private mutating func append(_ text: ByteView) {
        // All bytes are inside the buffer if the last one is.
        let fits = text.count <= PlanLayout.mostHeap &- heapSize
        guard fits, let start = place(heapStart &+ heapSize, text.count) else {
            overflowed = true
            return
        }
        start.copyMemory(from: text.start, byteCount: text.count)
        heapSize &+= text.count
    }

    private mutating func append(_ byte: UInt8) {
        guard heapSize < PlanLayout.mostHeap else {
            overflowed = true
            return
        }
        put(byte, at: heapStart &+ heapSize)
        heapSize &+= 1
    }

    /// - Parameters:
    ///   - offset: 0 or more.
    ///   - size: 0 or more.
    /// - Returns: where these bytes begin, if the buffer has all of them.
    func place(_ offset: Int, _ size: Int) -> UnsafeMutableRawPointer? {
        offset &+ size <= buffer.count ? buffer.baseAddress.map { $0 + offset } : nil
    }

    private func clear(_ offset: Int, _ size: Int) {
        place(offset, size)?.initializeMemory(as: UInt8.self, repeating: 0, count: size)
    }

    func byte(_ offset: Int) -> UInt8 {
        UInt(bitPattern: offset) < UInt(bitPattern: buffer.count) ? buffer[offset] : 0
    }

    mutating func put(_ value: UInt8, at offset: Int) {
        guard UInt(bitPattern: offset) < UInt(bitPattern: buffer.count) else {
            overflowed = true
            return
        }
        buffer[offset] = value
    }

    mutating func put16(_ value: UInt16, at offset: Int) {
        put(UInt8(truncatingIfNeeded: value), at: offset)
        put(UInt8(truncatingIfNeeded: value >> 8), at: offset &+ 1)
    }

    private mutating func put32(_ value: UInt32, at offset: Int) {
        put16(UInt16(truncatingIfNeeded: value), at: offset)
        put16(UInt16(truncatingIfNeeded: value >> 16), at: offset &+ 2)
    }
}
