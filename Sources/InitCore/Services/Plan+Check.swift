/// Why bytes are no plan.
public enum PlanProblem: UInt8, Error, Sendable {
    /// They do not begin as plans do.
    case notAPlan
    /// They are a plan of another version.
    case otherVersion
    /// They are more or fewer than the header says.
    case wrongSize
    /// A byte has changed since the plan was written.
    case wrongHash
    /// The order names a unit twice, or one before those it comes after.
    case wrongOrder
    /// A set names a unit that is not there, or a unit itself.
    case wrongSet
    /// A setting is none that there is.
    case wrongSetting
    /// A name or recipe is not within the heap, or a name is empty or too long.
    case wrongRange
}

extension Plan {
    /// Checks all of the bytes.
    ///
    /// - Parameters:
    ///   - bytes: must stay as they are as long as the plan is used.
    ///   - checksHash: not where the hash has just been made of the same bytes.
    public init(_ bytes: ByteView, checksHash: Bool = true) throws(PlanProblem) {
        guard bytes.hasPrefix(PlanLayout.magic) else { throw .notAPlan }
        guard bytes.number32(at: PlanLayout.versionOffset) == PlanLayout.version else {
            throw .otherVersion
        }
        let count = Int(bytes.number32(at: PlanLayout.unitCountOffset))
        let heapSize = Int(bytes.number32(at: PlanLayout.heapSizeOffset))
        guard count <= ServiceSet.capacity, heapSize <= PlanLayout.mostHeap,
            bytes.count
                == PlanLayout.heap(behind: count) &+ heapSize
        else { throw .wrongSize }
        if checksHash {
            guard
                Plan.hash(of: bytes.dropping(PlanLayout.headerSize))
                    == bytes.number64(at: PlanLayout.hashOffset)
            else { throw .wrongHash }
        }
        self.init(unchecked: bytes, count: count)
        try checkOrder()
        var index = 0
        while index < count {
            try checkUnit(ServiceID(index: index), heapSize)
            index &+= 1
        }
    }

    /// FNV-1a, 64 bits.
    static func hash(of bytes: ByteView) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        let prime: UInt64 = 0x0000_0100_0000_01b3
        // Most of a record is zeros, and each of them only multiplies.
        var primeToThe8th = prime &* prime
        primeToThe8th &*= primeToThe8th
        primeToThe8th &*= primeToThe8th
        var next = bytes.start
        let end = next + bytes.count
        func take(_ offset: Int) { hash = (hash ^ UInt64(next[offset])) &* prime }
        while end - next >= 8 {
            if UnsafeRawPointer(next).loadUnaligned(as: UInt64.self) == 0 {
                hash &*= primeToThe8th
            } else {
                take(0)
                take(1)
                take(2)
                take(3)
                take(4)
                take(5)
                take(6)
                take(7)
            }
            next += 8
        }
        while next < end {
            take(0)
            next += 1
        }
        return hash
    }

    private func checkOrder() throws(PlanProblem) {
        var seen = ServiceSet()
        var place = 0
        while place < count {
            let service = unit(inOrder: place)
            guard service.index < count, !seen.contains(service),
                units(.after, of: service).subtracting(seen).isEmpty
            else { throw .wrongOrder }
            seen.insert(service)
            place &+= 1
        }
    }

    private func checkUnit(_ service: ServiceID, _ heapSize: Int) throws(PlanProblem) {
        var relation: UInt8 = 0
        while let kind = Relation(rawValue: relation) {
            let set = units(kind, of: service)
            guard !set.exceeds(count), !set.contains(service) else { throw .wrongSet }
            relation &+= 1
        }
        try checkSettings(of: service)
        let record = PlanLayout.record(of: service)
        let nameStart = Int(bytes.number16(at: record &+ PlanLayout.nameStartOffset))
        let nameSize = Int(bytes[record &+ PlanLayout.nameSizeOffset])
        let recipeStart = Int(bytes.number16(at: record &+ PlanLayout.recipeStartOffset))
        let recipeSize = Int(bytes.number16(at: record &+ PlanLayout.recipeSizeOffset))
        guard nameSize > 0, nameSize <= PlanLayout.mostNameBytes,
            nameStart &+ nameSize <= heapSize, recipeStart &+ recipeSize <= heapSize
        else { throw .wrongRange }
    }

    private func checkSettings(of service: ServiceID) throws(PlanProblem) {
        let record = PlanLayout.record(of: service)
        guard UnitKind(rawValue: bytes[record &+ PlanLayout.kindOffset]) != nil,
            Readiness(rawValue: bytes[record &+ PlanLayout.readinessOffset]) != nil,
            RestartPolicy(rawValue: bytes[record &+ PlanLayout.restartOffset]) != nil,
            KillMode(rawValue: bytes[record &+ PlanLayout.killModeOffset]) != nil,
            NotifyAccess(rawValue: bytes[record &+ PlanLayout.notifyAccessOffset]) != nil,
            ServiceEnding(rawValue: bytes[record &+ PlanLayout.successActionOffset]) != nil,
            ServiceEnding(rawValue: bytes[record &+ PlanLayout.failureActionOffset]) != nil,
            isSignal(killSignal(of: service)), isSignal(watchdogSignal(of: service)),
            bytes[record &+ PlanLayout.reloadSignalOffset] <= 64
        else { throw .wrongSetting }
        var commands = 0
        var stage: UInt8 = 0
        while let each = Stage(rawValue: stage) {
            commands &+= Int(commandCount(each, of: service))
            stage &+= 1
        }
        guard commands <= PlanLayout.mostCommands,
            conditionCount(of: service) <= commandCount(.prepare, of: service)
        else { throw .wrongSetting }
    }

    private func isSignal(_ signal: Signal) -> Bool {
        signal.rawValue >= 1 && signal.rawValue <= 64
    }
}
