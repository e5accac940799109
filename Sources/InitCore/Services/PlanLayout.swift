/// Where a plan keeps what. All numbers are little endian.
///
/// A plan is a header, an order, a record for each unit, and a heap of names and recipes. It is at
/// most 96 KiB. The planner writes it, in another process than PID 1 or on another machine, and
/// PID 1 checks all of it before it believes any of it.
public enum PlanLayout {
    /// The eight bytes that every plan begins with.
    static var magic: ByteView { "hammock\0" }
    static let version: UInt32 = 1

    // The header.
    static let versionOffset = 8
    static let unitCountOffset = 12
    static let heapSizeOffset = 16
    /// The longest stop of all services together, in milliseconds.
    static let longestStopOffset = 20
    /// FNV-1a, 64 bits, of everything behind the header: the plan's name.
    static let hashOffset = 24
    /// How many problems have left units out; 0 if all that is wanted is in the plan.
    static let refusalsOffset = 32
    static let headerSize = 64

    /// One byte a unit, `ServiceSet.capacity` of them: each unit behind those it comes after.
    static let orderOffset = headerSize
    static let recordsOffset = orderOffset + ServiceSet.capacity
    static let recordSize = 256

    /// Where the record of a unit begins.
    static func record(of service: ServiceID) -> Int {
        recordsOffset &+ service.index &* recordSize
    }

    /// Where the heap of a plan of so many units begins.
    static func heap(behind count: Int) -> Int { recordsOffset &+ count &* recordSize }

    /// How many bytes the heap has at most.
    public static let mostHeap = 63 * 1024
    /// How many bytes a plan has at most.
    public static let mostBytes = recordsOffset + ServiceSet.capacity * recordSize + mostHeap

    // A record: eight sets of 16 bytes, then these.
    static let setSize = 16
    static let kindOffset = 128
    static let readinessOffset = 129
    static let restartOffset = 130
    static let killModeOffset = 131
    static let killSignalOffset = 132
    /// 0: a reload runs commands.
    static let reloadSignalOffset = 133
    static let watchdogSignalOffset = 134
    static let notifyAccessOffset = 135
    static let successActionOffset = 136
    static let failureActionOffset = 137
    static let startLimitBurstOffset = 138
    static let restartStepsOffset = 139
    static let probeRetriesOffset = 140
    /// How many of the commands of `Stage.prepare` are conditions: ExecCondition=
    static let conditionCountOffset = 141
    static let flagsOffset = 142
    /// Seven counts, by `Stage`.
    static let commandCountsOffset = 144
    /// s6's descriptor for readiness, 0 for none.
    static let notificationDescriptorOffset = 151
    /// Bit n: the failure of command n does not count (`-`). Commands count through all stages.
    static let ignoredFailuresOffset = 152
    /// Nine times of four bytes, by `UnitTime`.
    static let timesOffset = 156
    /// Three lists of eight entries of two bytes, by `ExitList`. 0xffff is no entry.
    static let listsOffset = 192
    static let listSize = 16
    static let nameStartOffset = 240
    static let nameSizeOffset = 242
    static let recipeStartOffset = 244
    static let recipeSizeOffset = 246

    /// How long a name is at most.
    public static let mostNameBytes = 96
    /// How many commands a unit has at most, in all stages together.
    public static let mostCommands = 16
}

/// What a unit is to others: the place of the set in its record.
public enum Relation: UInt8, Sendable {
    /// The units that it comes after: After=, and Before= of the others.
    case after
    /// Requires=
    case requires
    /// Wants=
    case wants
    /// BindsTo=
    case bindsTo
    /// The units that it is stopped and restarted with: PartOf=
    case partOf
    /// The units that cannot be active at the same time, both ways: Conflicts=
    case conflicts
    /// The units that have to be up already: Requisite=
    case requisite
    /// The units that are started when it has failed for good: OnFailure=
    case onFailure
}

/// A length of time of a unit, in milliseconds: the place of the number in its record.
public enum UnitTime: UInt8, Sendable {
    /// RestartSec=
    case restart
    /// RestartMaxDelaySec=; 0: the delay does not grow.
    case restartMost
    /// TimeoutStartSec=
    case start
    /// TimeoutStopSec=
    case stop
    /// RuntimeMaxSec=
    case runtime
    /// WatchdogSec=; 0: no watchdog.
    case watchdog
    /// StartLimitIntervalSec=; 0: no limit.
    case startLimit
    /// ProbeSec=; 0: no probe.
    case probe
    /// ProbeTimeoutSec=
    case probeTimeout

    /// The time that never comes: `infinity`.
    public static let infinity = UInt32.max
}

/// A list of ways to end: the place of the list in a record.
public enum ExitList: UInt8, Sendable {
    /// SuccessExitStatus=
    case success
    /// RestartPreventExitStatus=
    case restartPrevented
    /// RestartForceExitStatus=
    case restartForced
}
