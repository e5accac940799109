/// All decisions of PID 1: a state machine that learns what happened and says what to do.
///
/// It asks the kernel nothing, allocates nothing, cannot trap, and decides the same for the same
/// events. `step` is the whole rule book: `InitCore+Step.swift` has every phase with every event,
/// and the compiler refuses a missing cell.
public struct InitCore: Sendable {
    /// The phase that PID 1 is in. ARCHITECTURE has the picture.
    public enum Phase: Equatable, Sendable {
        /// Doing its duties. Signals wait.
        case settingUp
        /// A helper reads the unit files and makes the plan of the services.
        case planning
        /// The friendly init: it runs no program, and waits for signals and for its services.
        case idling
        /// The services start, and the program waits for them.
        case waiting
        /// A child is about to become the program. execve(2) may take time.
        case starting
        /// The program runs.
        case running
        /// The services stop, in their order.
        case stoppingServices
        /// Everything was asked to end (SIGTERM) and has the grace period to do so.
        case stopping
        /// Everything is being killed (SIGKILL).
        case killing
        /// A helper unmounts.
        case unmounting
        /// A helper writes everything to the disks.
        case syncing
        /// A helper calls reboot(2).
        case leaving
        /// reboot(2) failed. PID 1 of a machine has nothing else to do.
        case stranded
        /// `exit` was ordered. Never on a machine.
        case exited
    }

    public let role: Role

    public internal(set) var phase = Phase.settingUp
    /// When `deadlinePassed` is due, or `nil` if init waits only for signals.
    public internal(set) var deadline: Instant?
    /// The program, from the fork of its process until init reaps it. Until then no other process
    /// has its number.
    public internal(set) var program: ProcessID?
    /// Where the program runs.
    public internal(set) var place = ProgramPlace.ownGroup
    /// Why the child could not become the program, until init reaps it. A program that runs has
    /// none.
    var spawnError: Errno?
    /// The signal that stopped the program, until init knows whether the program gets the terminal.
    var stoppedBy: Signal?
    /// The helper at work, until init reaps it.
    public internal(set) var helper: ProcessID?
    /// How long a stop of the services takes at most, in milliseconds, from the plan until all of
    /// them have stopped; `nil` if there are no services.
    var longestStop: Int64?
    /// The program's code, which init passes on.
    public internal(set) var code: UInt8 = 0
    /// The ending that was asked for.
    public internal(set) var ending = Ending.powerOff
    /// Until when PID 1 waits for disks that keep writing.
    var flushEnd: Instant?
    /// How many KiB were left to write at the last measurement in this phase.
    var unwritten: Int64?
    /// When the phase must end. `deadline` may be earlier, for another try.
    var phaseEnd: Instant?

    // What is large comes last: the code reaches what is near a value's beginning by shorter
    // instructions.

    /// Set before the first step and, on a machine, again when the command line is read.
    public var configuration: Configuration
    /// The actions that are still to be done.
    public private(set) var actions = Actions()

    public init(role: Role) {
        self.role = role
        configuration = Configuration(role: role)
    }

    /// Orders the first duty.
    public mutating func begin() { actions.append(.perform(Duty.first(in: role))) }

    /// The next action, or `nil` if there is none until the next event.
    public mutating func nextAction() -> Action? { actions.next() }

    /// Whether PID 1 may sleep in pause(2): it knows of no process that runs, and nothing is due.
    public var isIdle: Bool { phase == .idling && longestStop == nil || phase == .stranded }

    /// Whether it matters when this event happens. It does not for an orphan's end, which comes by
    /// the thousand: then the runtime need not ask for the time.
    public func hasMoment(_ event: Event) -> Bool {
        switch event {
        case .signalled(let signal, _): signal != .child
        case .childEnded(let process, _): process == program || process == helper
        default: true
        }
    }

    /// Handles an event. `nextAction` says what to do about it.
    ///
    /// - Parameters:
    ///   - event: what happened.
    ///   - now: when it happened; any moment, where that does not matter.
    @inline(never)
    public mutating func step(_ event: Event, at now: Instant) {
        var actions = self.actions
        defer { self.actions = actions }
        switch phase {
        case .settingUp: stepSettingUp(event, at: now, &actions)
        case .planning: stepPlanning(event, at: now, &actions)
        case .idling: stepIdling(event, at: now, &actions)
        case .waiting: stepWaiting(event, at: now, &actions)
        case .starting: stepStarting(event, at: now, &actions)
        case .running: stepRunning(event, at: now, &actions)
        case .stoppingServices: stepStoppingServices(event, at: now, &actions)
        case .stopping: stepStopping(event, at: now, &actions)
        case .killing: stepKilling(event, at: now, &actions)
        case .unmounting: stepHelper(.unmount, event, at: now, &actions)
        case .syncing: stepHelper(.sync, event, at: now, &actions)
        case .leaving: stepLeaving(event, at: now, &actions)
        case .stranded: stepStranded(event, at: now, &actions)
        case .exited:
            // The process for which the last signal was meant is gone.
            if case .sendingFailed = event { break }
            actions.append(.reportImpossible)
        }
    }
}
