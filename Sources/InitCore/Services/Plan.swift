/// A plan: which units there are, and all that the service table decides by.
///
/// A view of bytes that it does not own. `init?` checks all of them, so that whatever is asked of a
/// plan has an answer, and a plan that lies cannot make PID 1 trap. What only the child of a
/// service needs is in the recipes, which `Recipe` reads.
public struct Plan: @unchecked Sendable {
    let bytes: ByteView
    /// How many units: 0 to `ServiceSet.capacity`.
    public let count: Int

    /// A plan without units.
    public static let none = Plan(unchecked: .empty, count: 0)

    init(unchecked bytes: ByteView, count: Int) {
        self.bytes = bytes
        self.count = count
    }

    // MARK: The whole

    /// FNV-1a of the plan: its name.
    public var hash: UInt64 { bytes.number64(at: PlanLayout.hashOffset) }

    /// How long a stop of all services can take, in milliseconds.
    public var longestStop: UInt32 { bytes.number32(at: PlanLayout.longestStopOffset) }

    /// Whether units are left out, because they are refused or need one that is.
    public var isPartial: Bool { bytes.number32(at: PlanLayout.refusalsOffset) > 0 }

    /// The unit at this place of the order, in which each comes behind those it comes after.
    public func unit(inOrder place: Int) -> ServiceID {
        ServiceID(rawValue: bytes[PlanLayout.orderOffset &+ place])
    }

    /// The units that are wanted from the start.
    public var wanted: ServiceSet {
        var set = ServiceSet()
        var index = 0
        while index < count {
            let service = ServiceID(index: index)
            if flags(of: service).contains(.isWanted) { set.insert(service) }
            index &+= 1
        }
        return set
    }

    /// The unit of this name.
    @inline(never)
    public func unit(named name: ByteView) -> ServiceID? {
        var index = 0
        while index < count {
            let service = ServiceID(index: index)
            if self.name(of: service).equals(name) { return service }
            index &+= 1
        }
        return nil
    }

    // MARK: One unit

    @inline(never)
    public func name(of service: ServiceID) -> ByteView {
        heap(
            service, start: PlanLayout.nameStartOffset,
            size: Int(byte(PlanLayout.nameSizeOffset, of: service)))
    }

    /// The entries that the child of the service reads.
    @inline(never)
    public func recipe(of service: ServiceID) -> ByteView {
        heap(
            service, start: PlanLayout.recipeStartOffset,
            size: Int(number16(PlanLayout.recipeSizeOffset, of: service)))
    }

    @inline(never)
    public func units(_ relation: Relation, of service: ServiceID) -> ServiceSet {
        let offset = PlanLayout.record(of: service) &+ Int(relation.rawValue) &* PlanLayout.setSize
        return ServiceSet(low: bytes.number64(at: offset), high: bytes.number64(at: offset &+ 8))
    }

    public func kind(of service: ServiceID) -> UnitKind {
        UnitKind(rawValue: byte(PlanLayout.kindOffset, of: service)) ?? .target
    }

    public func readiness(of service: ServiceID) -> Readiness {
        Readiness(rawValue: byte(PlanLayout.readinessOffset, of: service)) ?? .executed
    }

    public func restartPolicy(of service: ServiceID) -> RestartPolicy {
        RestartPolicy(rawValue: byte(PlanLayout.restartOffset, of: service)) ?? .never
    }

    public func killMode(of service: ServiceID) -> KillMode {
        KillMode(rawValue: byte(PlanLayout.killModeOffset, of: service)) ?? .controlGroup
    }

    public func notifyAccess(of service: ServiceID) -> NotifyAccess {
        NotifyAccess(rawValue: byte(PlanLayout.notifyAccessOffset, of: service)) ?? .none
    }

    /// What follows when the service has come down for good.
    ///
    /// - Parameter failed: whether it has failed.
    public func ending(of service: ServiceID, failed: Bool) -> ServiceEnding {
        let offset = failed ? PlanLayout.failureActionOffset : PlanLayout.successActionOffset
        return ServiceEnding(rawValue: byte(offset, of: service)) ?? .none
    }

    /// The signal that asks the service to stop. KillSignal=
    @inline(never)
    public func killSignal(of service: ServiceID) -> Signal {
        Signal(rawValue: Int32(byte(PlanLayout.killSignalOffset, of: service)))
    }

    /// The signal that makes the service read its configuration again, or `nil` if commands do.
    public func reloadSignal(of service: ServiceID) -> Signal? {
        let number = byte(PlanLayout.reloadSignalOffset, of: service)
        return number == 0 ? nil : Signal(rawValue: Int32(number))
    }

    /// The signal for a service whose watchdog has expired. WatchdogSignal=
    public func watchdogSignal(of service: ServiceID) -> Signal {
        Signal(rawValue: Int32(byte(PlanLayout.watchdogSignalOffset, of: service)))
    }

    /// StartLimitBurst=
    public func startLimitBurst(of service: ServiceID) -> UInt8 {
        byte(PlanLayout.startLimitBurstOffset, of: service)
    }

    /// RestartSteps=: in how many steps the delay grows to its most; 0 doubles it each time.
    public func restartSteps(of service: ServiceID) -> UInt8 {
        byte(PlanLayout.restartStepsOffset, of: service)
    }

    /// How many probes in a row have to fail.
    public func probeRetries(of service: ServiceID) -> UInt8 {
        byte(PlanLayout.probeRetriesOffset, of: service)
    }

    /// How many of the first commands of `Stage.prepare` are conditions. ExecCondition=
    public func conditionCount(of service: ServiceID) -> UInt8 {
        byte(PlanLayout.conditionCountOffset, of: service)
    }

    /// s6's descriptor for readiness, or `nil`.
    public func notificationDescriptor(of service: ServiceID) -> UInt8? {
        let number = byte(PlanLayout.notificationDescriptorOffset, of: service)
        return number == 0 ? nil : number
    }

    @inline(never)
    public func flags(of service: ServiceID) -> UnitFlags {
        UnitFlags(rawValue: number16(PlanLayout.flagsOffset, of: service))
    }

    /// In milliseconds; `UnitTime.infinity` for a time that never comes.
    @inline(never)
    public func time(_ time: UnitTime, of service: ServiceID) -> UInt32 {
        bytes.number32(
            at: PlanLayout.record(of: service) &+ PlanLayout.timesOffset &+ Int(time.rawValue) &* 4)
    }

    /// How many commands the stage has.
    public func commandCount(_ stage: Stage, of service: ServiceID) -> UInt8 {
        byte(PlanLayout.commandCountsOffset &+ Int(stage.rawValue), of: service)
    }

    /// Whether the failure of a command does not count: it has the prefix `-`.
    ///
    /// - Parameter command: the command's place in its stage, from 0.
    public func ignoresFailure(_ stage: Stage, _ command: UInt8, of service: ServiceID) -> Bool {
        var place = Int(command)
        var before: UInt8 = 0
        while before < stage.rawValue {
            place &+= Int(byte(PlanLayout.commandCountsOffset &+ Int(before), of: service))
            before &+= 1
        }
        guard place < PlanLayout.mostCommands else { return false }
        return number16(PlanLayout.ignoredFailuresOffset, of: service) >> UInt16(place) & 1 == 1
    }

    /// Whether the list names this way to end.
    public func list(_ list: ExitList, of service: ServiceID, contains status: ExitStatus) -> Bool {
        let wanted: UInt16
        switch status {
        case .exited(let code): wanted = UInt16(code)
        case .killed(let signal): wanted = 256 &+ UInt16(truncatingIfNeeded: signal.rawValue)
        }
        let start =
            PlanLayout.record(of: service) &+ PlanLayout.listsOffset
            &+ Int(list.rawValue) &* PlanLayout.listSize
        var offset = 0
        while offset < PlanLayout.listSize {
            if bytes.number16(at: start &+ offset) == wanted { return true }
            offset &+= 2
        }
        return false
    }

    // MARK: Bytes

    private func byte(_ offset: Int, of service: ServiceID) -> UInt8 {
        bytes[PlanLayout.record(of: service) &+ offset]
    }

    private func number16(_ offset: Int, of service: ServiceID) -> UInt16 {
        bytes.number16(at: PlanLayout.record(of: service) &+ offset)
    }

    @inline(never)
    private func heap(_ service: ServiceID, start: Int, size: Int) -> ByteView {
        let heap = PlanLayout.heap(behind: count)
        let first = heap &+ Int(number16(start, of: service))
        return bytes.slice(first, first &+ size)
    }
}

extension ByteView {
    /// The number at `offset`, little endian; 0 unless all of its bytes are inside.
    func number16(at offset: Int) -> UInt16 { number(at: offset) ?? 0 }

    /// The number at `offset`, little endian; 0 unless all of its bytes are inside.
    func number32(at offset: Int) -> UInt32 { number(at: offset) ?? 0 }

    /// The number at `offset`, little endian; 0 unless all of its bytes are inside.
    func number64(at offset: Int) -> UInt64 { number(at: offset) ?? 0 }

    /// One check and one load: the service table reads sets and times by the thousand.
    @inline(__always)
    private func number<Number: FixedWidthInteger & BitwiseCopyable>(at offset: Int) -> Number? {
        let size = MemoryLayout<Number>.size
        guard offset >= 0, offset <= count &- size else { return nil }
        let bytes = UnsafeRawPointer(start + offset)
        return Number(littleEndian: bytes.loadUnaligned(as: Number.self))
    }
}
