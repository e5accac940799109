/// What the table knows of one unit: 72 bytes, all 0 at first, so that a table takes no room in the
/// executable.
public struct ServiceState: Equatable, Sendable {
    // In milliseconds; 0 for never.
    private var phaseEndNumber: Int64 = 0
    private var watchdogEndNumber: Int64 = 0
    private var nextProbeNumber: Int64 = 0
    /// When it came into this phase.
    public internal(set) var since = Instant(milliseconds: 0)
    /// When it came up, since it began.
    var upSince = Instant(milliseconds: 0)
    /// When the window of the start limit began.
    var windowBegan = Instant(milliseconds: 0)
    /// 0 for none.
    private var mainNumber: Int32 = 0
    private var controlNumber: Int32 = 0
    /// Why it has ended: the code, or 256 and the signal, or the errno if it could not be forked.
    public internal(set) var status: Int32 = 0
    public internal(set) var phase = ServicePhase.down
    public internal(set) var outcome = ServiceOutcome.none
    /// The command of the stage that runs, from 0.
    public internal(set) var command: UInt8 = 0
    /// How many probes have failed in a row; while it starts, how often its PID file was looked at.
    public internal(set) var probes: UInt8 = 0
    /// How often it was restarted in a row.
    public internal(set) var rests: UInt8 = 0
    /// How often in a row it rested because it had started too often.
    public internal(set) var limits: UInt8 = 0
    /// How many starts there were in the window of the start limit.
    public internal(set) var starts: UInt8 = 0
    /// One more than the number; 0 for none.
    private var culpritNumber: UInt8 = 0
    var flags = ServiceFlags()

    public init() {}

    /// The main process, from fork(2) until it is reaped.
    public internal(set) var main: ProcessID? {
        get { mainNumber == 0 ? nil : ProcessID(rawValue: mainNumber) }
        set { mainNumber = newValue?.rawValue ?? 0 }
    }

    /// The process of any other command, from fork(2) until it is reaped.
    public internal(set) var control: ProcessID? {
        get { controlNumber == 0 ? nil : ProcessID(rawValue: controlNumber) }
        set { controlNumber = newValue?.rawValue ?? 0 }
    }

    /// The unit that is to blame for `ServiceOutcome.dependency`.
    public internal(set) var culprit: ServiceID? {
        get { culpritNumber == 0 ? nil : ServiceID(rawValue: culpritNumber &- 1) }
        set { culpritNumber = newValue.map { $0.rawValue &+ 1 } ?? 0 }
    }

    /// When the phase must end.
    var phaseEnd: Instant {
        get { Instant(orNever: phaseEndNumber) }
        set { phaseEndNumber = newValue.numberOrNever }
    }

    /// When the watchdog expires. It counts while the unit is up.
    var watchdogEnd: Instant {
        get { Instant(orNever: watchdogEndNumber) }
        set { watchdogEndNumber = newValue.numberOrNever }
    }

    /// When the next probe is due, while the unit is up; or the next look at its PID file, while it
    /// starts.
    var nextProbe: Instant {
        get { Instant(orNever: nextProbeNumber) }
        set { nextProbeNumber = newValue.numberOrNever }
    }

    /// It is to be up.
    public var isWanted: Bool { flags.contains(.isWanted) }

    /// It is to be down and then to start again.
    public var comesAgain: Bool { flags.contains(.comesAgain) }

    /// When something is due: the phase's end; while it is up, also the watchdog or a probe; while
    /// it starts, a look at its PID file. A watchdog begins when that is over.
    var due: Instant {
        phase == .up || phase == .starting
            ? min(phaseEnd, min(watchdogEnd, nextProbe)) : phaseEnd
    }
}

/// What is so or not of a unit. Not an `OptionSet`, which needs a heap for its literals.
struct ServiceFlags: Equatable, Sendable {
    private(set) var rawValue: UInt16 = 0

    /// Whether all of `other` are set here.
    func contains(_ other: ServiceFlags) -> Bool { rawValue & other.rawValue == other.rawValue }

    mutating func insert(_ other: ServiceFlags) { rawValue |= other.rawValue }

    mutating func remove(_ other: ServiceFlags) { rawValue &= ~other.rawValue }

    mutating func formIntersection(_ other: ServiceFlags) { rawValue &= other.rawValue }

    static func | (left: ServiceFlags, right: ServiceFlags) -> ServiceFlags {
        ServiceFlags(rawValue: left.rawValue | right.rawValue)
    }

    /// It is to be up.
    static let isWanted = ServiceFlags(rawValue: 1 << 0)
    /// It is to be down and then to start again.
    static let comesAgain = ServiceFlags(rawValue: 1 << 1)
    /// It was up since it began.
    static let wasUp = ServiceFlags(rawValue: 1 << 2)
    /// Its commands of `Stage.clean` have run, or there are none.
    static let isCleaned = ServiceFlags(rawValue: 1 << 3)
    /// Whether it has a process must be asked.
    static let looks = ServiceFlags(rawValue: 1 << 4)
    /// It ends because it must stop, and not because it has ended by itself or failed.
    static let wasStopped = ServiceFlags(rawValue: 1 << 5)
    /// The child that runs has reported a step before execve(2) that failed.
    static let stepFailed = ServiceFlags(rawValue: 1 << 6)
    /// The child that runs has reported a condition that does not hold.
    static let conditionFailed = ServiceFlags(rawValue: 1 << 7)
    /// The kernel has killed its main process for want of memory.
    static let lacksMemory = ServiceFlags(rawValue: 1 << 8)
    /// The command that runs got SIGKILL, because it took too long or is in the way of a stop.
    static let isInterrupted = ServiceFlags(rawValue: 1 << 9)
    /// While it is busy: with a probe, not with a reload.
    static let isProbing = ServiceFlags(rawValue: 1 << 10)
    /// When it comes again, its starts are counted from zero: a request made it come.
    static let countsAnew = ServiceFlags(rawValue: 1 << 12)
    /// The plan that it began by has changed.
    static let isChanged = ServiceFlags(rawValue: 1 << 13)
    /// SIGKILL did not end it once since it began.
    static let wasStuck = ServiceFlags(rawValue: 1 << 11)
    /// The next plan wants it again: it stops with a unit that goes.
    static let returns = ServiceFlags(rawValue: 1 << 14)
}

extension Instant {
    /// The moment that never comes.
    static let never = Instant(milliseconds: .max)

    fileprivate init(orNever number: Int64) {
        self.init(milliseconds: number == 0 ? .max : number)
    }

    fileprivate var numberOrNever: Int64 { self == .never ? 0 : milliseconds }

    /// The moment that much later; `never` for a time that never comes, or is too far away.
    func later(by time: UInt32) -> Instant {
        guard time != UnitTime.infinity else { return .never }
        let (sum, overflowed) = milliseconds.addingReportingOverflow(Int64(time))
        return overflowed ? .never : Instant(milliseconds: sum)
    }

}
