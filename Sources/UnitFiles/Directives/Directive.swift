import InitCore

/// What Hammock makes of a directive.
public enum Verdict: UInt8, Equatable, Sendable {
    /// Hammock does it.
    case done
    /// It says nothing to Hammock.
    case silent
    /// The service runs as it is written, but less protected or less convenient.
    case warned
    /// Without it the program would see or do something else, so the unit does not start.
    case refused
}

/// A row of the table of directives: all that Hammock knows of one.
public struct Directive: Sendable {
    /// Where it may stand.
    public enum Section: UInt8, Equatable, Sendable {
        case unit
        case service
        case install
        /// `[X-Hammock]`
        case hammock
        /// `[Unit]`, behind `Condition` or `Assert`.
        case condition
    }

    /// As it is written; of a condition, what comes behind `Condition` or `Assert`.
    public let name: StaticString
    public let section: Section
    public let verdict: Verdict
    let meaning: Meaning

    init(_ name: StaticString, _ section: Section, _ verdict: Verdict, _ meaning: Meaning) {
        self.name = name
        self.section = section
        self.verdict = verdict
        self.meaning = meaning
    }

    var bytes: ByteView { ByteView(stringLiteral: name) }
}

/// What the value of a directive is, and where it goes.
enum Meaning: Equatable, Sendable {
    /// Nowhere. The value is not read.
    case nothing
    /// Nowhere, and that matters unless it says no or is empty.
    case missing
    /// The same, of a list that an empty value clears.
    case missingList
    /// The same, of a directive whose empty value says something too.
    case missingEvenEmpty
    /// Names of units. Without a relation: Before=
    case relation(Relation?)
    case command(CommandList)
    case condition(isPath: Bool)
    case setting(Setting)
    case entry(Entry)
}

/// The directives that have commands, in the order in which a plan has these.
enum CommandList: UInt8, Sendable {
    case condition
    case startPre
    case start
    case startPost
    case reload
    case probe
    case stop
    case stopPost

    var stage: Stage {
        switch self {
        case .condition, .startPre: .prepare
        case .start: .main
        case .startPost: .settle
        case .reload: .reload
        case .probe: .probe
        case .stop: .stop
        case .stopPost: .clean
        }
    }
}

/// What goes into a unit's record.
enum Setting: Equatable, Sendable {
    case type
    case busName
    case time(UnitTime)
    /// TimeoutSec=
    case bothTimeouts
    case restart
    case killMode
    case notifyAccess
    case ending(ifFailed: Bool)
    case killSignal
    case reloadSignal
    case watchdogSignal
    case exits(ExitList)
    case startLimitBurst
    case restartSteps
    case probeRetries
    case notificationDescriptor
    case flag(Flag)
    case startsItself
    case permissionsStartOnly
    case defaultDependencies

    /// The flags of a unit that a directive sets.
    enum Flag: UInt8, Sendable {
        case remains
        case sendsKill
        case sendsHangUp
        case guessesMain
        case comesFirst

        var flags: UnitFlags {
            switch self {
            case .remains: .remains
            case .sendsKill: .sendsKill
            case .sendsHangUp: .sendsHangUp
            case .guessesMain: .guessesMain
            case .comesFirst: .comesFirst
            }
        }
    }
}

/// What goes into a unit's recipe.
enum Entry: Equatable, Sendable {
    /// Any text.
    case text(RecipeKey)
    /// A name or number of a user or group.
    case account(RecipeKey)
    case groups
    /// An absolute path.
    case path(RecipeKey)
    case pidFile
    case workingDirectory
    case mode(RecipeKey)
    /// Relative paths.
    case directories(RecipeKey)
    case preserve
    /// `NAME=VALUE` words.
    case environment
    case environmentFile
    /// Words with a name in each.
    case names(RecipeKey)
    case input
    case output(RecipeKey)
    /// An entry `yes` if the value is this one.
    case switched(RecipeKey, on: Bool)
    case logSize
    case limit(ResourceLimit)
    case nice
    case oomScore
    case ioClass
    case ioPriority
    case schedulingPolicy
    case schedulingPriority
    case cgroup(CgroupFile)
    case delegate
}

/// The limits of setrlimit(2), by their numbers on x86-64.
enum ResourceLimit: UInt8, Sendable {
    case cpu
    case fileSize
    case data
    case stack
    case core
    case residentSet
    case processes
    case files
    case lockedMemory
    case addressSpace
    case locks
    case pendingSignals
    case messageQueue
    case nice
    case realTimePriority
    case realTime
}

/// A file of a cgroup that a directive writes to.
enum CgroupFile: UInt8, Sendable {
    case tasksMost
    case memoryMost
    case memoryHigh
    case memoryLow
    case memoryLeast
    case memorySwapMost
    case processorQuota
    case processorWeight
    case diskWeight

    var name: ByteView {
        switch self {
        case .tasksMost: "pids.max"
        case .memoryMost: "memory.max"
        case .memoryHigh: "memory.high"
        case .memoryLow: "memory.low"
        case .memoryLeast: "memory.min"
        case .memorySwapMost: "memory.swap.max"
        case .processorQuota: "cpu.max"
        case .processorWeight: "cpu.weight"
        case .diskWeight: "io.weight"
        }
    }
}

// MARK: Looking up

extension Directive {
    /// A row of the table that was found.
    struct Match {
        let row: Int
        /// Assert, and not Condition.
        var isAssert = false
    }

    /// Makes the hash table that `find` uses.
    ///
    /// - Parameter index: of `Room.indexCapacity`.
    static func fill(_ index: UnsafeMutablePointer<UInt16>) {
        index.initialize(repeating: 0, count: Room.indexCapacity)
        var row = 0
        while row < count {
            var slot = hash(Directive.row(row).bytes)
            while index[slot] != 0 { slot = (slot &+ 1) & (Room.indexCapacity &- 1) }
            index[slot] = UInt16(truncatingIfNeeded: row &+ 1)
            row &+= 1
        }
    }

    private static func hash(_ name: ByteView) -> Int {
        var hash: UInt32 = 5_381
        var offset = 0
        while offset < name.count {
            hash = hash &* 33 ^ UInt32(name[offset])
            offset &+= 1
        }
        return Int(hash ^ hash >> 10) & (Room.indexCapacity &- 1)
    }

    /// Finds a directive by its name and section.
    ///
    /// - Parameter isElsewhere: becomes true if it belongs in another section.
    @inline(never)
    static func find(
        _ name: ByteView, _ section: Section, _ index: UnsafeMutablePointer<UInt16>,
        _ isElsewhere: inout Bool
    ) -> Match? {
        if let row = row(name, section, index, &isElsewhere) { return Match(row: row) }
        guard section == .unit else { return nil }
        let isAssert = name.hasPrefix("Assert")
        guard isAssert || name.hasPrefix("Condition") else { return nil }
        let kind = name.dropping(isAssert ? 6 : 9)
        guard let row = row(kind, .condition, index, &isElsewhere) else { return nil }
        return Match(row: row, isAssert: isAssert)
    }

    private static func row(
        _ name: ByteView, _ section: Section, _ index: UnsafeMutablePointer<UInt16>,
        _ isElsewhere: inout Bool
    ) -> Int? {
        var slot = hash(name)
        while index[slot] != 0 {
            let row = Int(index[slot]) &- 1
            let directive = Directive.row(row)
            if directive.bytes.equals(name) {
                if directive.section == section { return row }
                if directive.section != .condition { isElsewhere = true }
            }
            slot = (slot &+ 1) & (Room.indexCapacity &- 1)
        }
        return nil
    }

    /// The row with this number, which must be one that `find` has found. Only this function reads
    /// the table: an array that is read where it stands is not copied.
    @inline(never)
    static func row(_ number: Int) -> Directive { table.span[number] }
}

extension Meaning {
    /// Whether each assignment adds to those before it, and an empty one clears them.
    var isList: Bool {
        switch self {
        case .missingList, .command, .condition: true
        case .setting(.exits): true
        case .entry(let entry): entry.isList
        case .nothing, .missing, .missingEvenEmpty, .relation, .setting: false
        }
    }
}

extension Entry {
    fileprivate var isList: Bool {
        switch self {
        case .groups, .directories, .environment, .environmentFile, .names: true
        case .text, .account, .path, .pidFile, .workingDirectory, .mode, .preserve, .input,
            .output, .switched, .logSize, .limit, .nice, .oomScore, .ioClass, .ioPriority,
            .schedulingPolicy, .schedulingPriority, .cgroup, .delegate:
            false
        }
    }
}
