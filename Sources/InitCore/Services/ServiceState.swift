/// What the table knows of one unit.
public struct ServiceState: Equatable, Sendable {
    public internal(set) var phase = ServicePhase.down
    public internal(set) var outcome = ServiceOutcome.none
    /// The code or the signal that it ended with, or the errno; `outcome` says which.
    public internal(set) var status: Int32 = 0
    /// The command of the stage that runs, from 0.
    public internal(set) var command: UInt8 = 0
    /// How many probes have failed in a row.
    public internal(set) var probes: UInt8 = 0
    /// How often it rested in a row.
    public internal(set) var rests: UInt8 = 0
    /// How many starts there were in the window of the start limit.
    public internal(set) var starts: UInt8 = 0
    /// The unit that is to blame for `ServiceOutcome.dependency`.
    public internal(set) var culprit: ServiceID?
    /// The main process, from fork(2) until it is reaped.
    public internal(set) var main: ProcessID?
    /// The process of any other command.
    public internal(set) var control: ProcessID?
    /// When the phase must end.
    public internal(set) var deadline: Instant?
    /// When the watchdog expires, or the next probe is due.
    public internal(set) var pulse: Instant?
    /// When it came into this phase.
    public internal(set) var since = Instant(milliseconds: 0)
    /// When the window of the start limit began.
    public internal(set) var windowBegan = Instant(milliseconds: 0)
    /// It is to be up.
    public internal(set) var isWanted = false
    /// It is to be down and then to start again.
    public internal(set) var comesAgain = false
    /// It was up since it began.
    public internal(set) var wasUp = false
    /// Its commands of `Stage.clean` have run, or there are none.
    public internal(set) var isCleaned = false
    /// A process of it has ended, and whether others are left must be asked.
    public internal(set) var looks = false

    public init() {}
}
