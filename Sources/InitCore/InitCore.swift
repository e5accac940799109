/// PID 1's decisions, all of them: a state machine that is told what happened and says what
/// to do.
///
/// It asks the kernel nothing, allocates nothing, cannot trap, and decides the same from the
/// same events. `step` is the whole rule book: every phase and every event stand in
/// `InitCore+Step.swift`, and the compiler refuses a cell that is missing.
public struct InitCore: Sendable {
    /// Where PID 1 stands. ARCHITECTURE has the picture.
    public enum Phase: Equatable, Sendable {
        /// Doing its duties. Signals wait.
        case settingUp
        /// The friendly init: nothing to run, nothing to wait for but signals.
        case idling
        /// The program runs, or is about to.
        case running
        /// Everything has been asked to end (SIGTERM) and has the grace period to do so.
        case stopping
        /// Everything is being killed (SIGKILL).
        case killing
        /// A helper unmounts.
        case unmounting
        /// A helper writes everything to the disks.
        case syncing
        /// A helper calls reboot(2).
        case leaving
        /// reboot(2) failed. PID 1 of a machine has nowhere to go.
        case stranded
        /// `exit` was ordered. Never on a machine.
        case exited
    }

    public let role: Role
    /// Set before the first step and, on a machine, once more when the command line is read.
    public var settings = Settings()

    public internal(set) var phase = Phase.settingUp
    /// When `deadlinePassed` is due, or `nil` where only signals can go on.
    public internal(set) var deadline: Instant?
    /// The program, from its start until it is reaped: so long its number is nobody else's.
    public internal(set) var program: ProcessID?
    /// The helper at work, likewise.
    public internal(set) var helper: ProcessID?
    /// What the program ended with, to be passed on.
    public internal(set) var code: UInt8 = 0
    /// What was asked for.
    public internal(set) var ending = Ending.powerOff
    /// When the phase has taken long enough. `deadline` may lie before it, for another try.
    var phaseEnd: Instant?

    public init(role: Role) {
        self.role = role
    }

    /// What is to be done first.
    public var firstAction: Action { .perform(Duty.first(in: role)) }

    /// Whether PID 1 may sleep in pause(2): nothing runs that it knows of, and nothing is due.
    public var isIdle: Bool { phase == .idling || phase == .stranded }

    /// Takes in what happened and says what to do.
    ///
    /// - Parameters:
    ///   - event: what happened.
    ///   - now: when.
    @inline(never)
    public mutating func step(_ event: Event, at now: Instant) -> Actions {
        var actions = Actions()
        switch phase {
        case .settingUp: stepSettingUp(event, at: now, &actions)
        case .idling: stepIdling(event, at: now, &actions)
        case .running: stepRunning(event, at: now, &actions)
        case .stopping: stepStopping(event, at: now, &actions)
        case .killing: stepKilling(event, at: now, &actions)
        case .unmounting: stepHelper(.unmount, event, at: now, &actions)
        case .syncing: stepHelper(.sync, event, at: now, &actions)
        case .leaving: stepLeaving(event, at: now, &actions)
        case .stranded: stepStranded(event, at: now, &actions)
        case .exited: actions.append(.reportImpossible)
        }
        return actions
    }
}
