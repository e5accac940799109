/// How init is to behave: all that its command line, the kernel's command line and its
/// environment say, in one value. The core, the log, the runtime and the last resort read it.
public struct Configuration: Sendable {
    /// What to do when PID 1 itself is at fault.
    public enum FaultResponse: UInt8, Sendable {
        case pause, poweroff, reboot
    }

    /// Which of the signals that come and are forwarded init logs.
    public enum LoggedSignals: Sendable {
        case none, child, all
    }

    /// A time that the user can give, in seconds.
    enum TimeSetting: UInt8 {
        case grace, flush, stopCap, serviceWait
    }

    /// What to print in place of running anything.
    public enum Answer: Equatable, Sendable {
        /// `Configuration.usage`.
        case help
        case version
        case license
        /// A complaint about the word at `index`, and about the option with this letter in it, if
        /// it is a short one. Then nothing is done.
        case wrong(UsageProblem, index: Int, letter: UInt8)
        /// A complaint about the environment variable `HAMMOCK_GRACE`.
        case wrongGraceVariable
    }

    /// The program whose place init takes.
    public var personality = Personality.hammock
    /// Which word is the program's name; `nil` if there is nothing to run, and PID 1 greets and
    /// idles.
    public var program: Int?
    /// What to print and end with, but not on a machine. `nil` if init is to do its work.
    public var answer: Answer?

    /// Reap the orphans below, even when this is not PID 1. prctl(2), PR_SET_CHILD_SUBREAPER.
    public var isSubreaper = false
    /// Forward signals to the program's process group and not to the program alone.
    public var signalsGroup = false
    /// Log each orphan that was reaped.
    public var warnsOfOrphans = false
    /// Log it if orphans become another process's children.
    public var warnsOfNoReaper = false
    /// Exit with the program. Init does not ask the processes that it leaves behind to end; if
    /// this is PID 1, the kernel kills them.
    public var exitsWithProgram = false
    /// Send the program's process group SIGTERM when the program has ended.
    public var endsGroup = false
    /// Stop (SIGSTOP) when a terminal asks for it (SIGTSTP, SIGTTIN, SIGTTOU), after forwarding
    /// that signal.
    public var suspendsItself = false
    /// Treat a container's SIGINT and SIGTERM as a machine does: as requests to reboot. When a
    /// container calls reboot(2), LXC and systemd-nspawn start it again.
    public var isAskedAsMachine = false
    /// Log each signal that comes and each that is forwarded, or only each SIGCHLD.
    public var loggedSignals = LoggedSignals.none
    /// Run nothing and say nothing: only SIGTERM and SIGINT end it.
    public var isPause = false
    /// Whether the kernel's command line has a word for PID 1 that it does not understand.
    public var hasUnknownOption = false
    /// Whether the program gets a session of its own, with standard input as its terminal.
    public var hasOwnSession: Bool
    /// Whether the program inherits the signals that init found blocked and ignored. If not, no
    /// signal is blocked or ignored in it.
    public var keepsDispositions: Bool

    /// What to do when PID 1 itself is at fault.
    public var faultResponse = FaultResponse.pause
    /// The highest priority number that is logged, 0 to 7. Init has no line below 2.
    public var logLimit: UInt8
    /// How long processes have between SIGTERM and SIGKILL.
    public var graceMilliseconds = Limit.graceMilliseconds
    /// The same for processes that are left when the program has ended, or if there was none.
    public var leftoverGraceMilliseconds: Int64
    /// How long PID 1 waits for disks that go on writing.
    public var flushMilliseconds = Limit.flushMilliseconds
    /// The signal to receive when the parent dies. prctl(2), PR_SET_PDEATHSIG.
    public var parentDeathSignal: Signal?
    /// Whether PID 1 reads unit files and runs their services.
    public var hasServices = false
    /// Whether a directive that is only warned of refuses its unit.
    public var isStrict = false
    /// What each TimeoutStopSec= is at most, in milliseconds.
    public var stopCapMilliseconds: UInt32?
    /// Whether what services write goes to a log by default, and not where init's own output goes.
    public var keepsLogs: Bool
    /// How long the program waits for the services.
    public var serviceWaitMilliseconds = Limit.serviceWaitMilliseconds

    // What is large comes last: the code reaches what is near a value's beginning by shorter
    // instructions.

    /// The program's exit codes that init passes on as 0.
    public var codesToZero = ExitCodeSet()
    /// What init forwards for each signal that arrives.
    public var rewrites = SignalRewrites()
    /// The target whose units are wanted; empty for all units of /etc/hammock.
    public var target = Line()
    /// The host name that PID 1 sets on a machine; empty if the name is to stay as it is.
    public var hostName = Line()

    /// The values before anything was read.
    public init(role: Role) {
        let isMachine = role == .machine
        logLimit = (isMachine ? Priority.info : Priority.warning).rawValue
        hasOwnSession = isMachine
        keepsDispositions = role == .process
        keepsLogs = isMachine
        leftoverGraceMilliseconds =
            isMachine ? Limit.graceMilliseconds : Limit.leftoverGraceMilliseconds
    }

    public var hasProgram: Bool { program != nil }

    /// The longest time to wait for anything, in seconds: an hour.
    static let maximumGraceSeconds = 3600

    /// Sets a time to what the user gave. The grace period is that of all processes.
    ///
    /// - Returns: whether `value` is a number of seconds.
    @inline(never)
    mutating func set(_ setting: TimeSetting, to value: ByteView) -> Bool {
        guard let seconds = value.decimal(upTo: Self.maximumGraceSeconds) else { return false }
        let time = Int64(seconds) &* 1000
        switch setting {
        case .grace:
            graceMilliseconds = time
            leftoverGraceMilliseconds = time
        case .flush: flushMilliseconds = time
        case .stopCap: stopCapMilliseconds = UInt32(truncatingIfNeeded: time)
        case .serviceWait: serviceWaitMilliseconds = time
        }
        return true
    }

    /// Has PID 1 run services: those that this target wants.
    ///
    /// - Returns: whether it is the name of a target.
    @inline(never)
    mutating func setTarget(_ name: ByteView) -> Bool {
        guard name.count > 7, name.count <= PlanLayout.mostNameBytes,
            name.hasSuffix(".target"),
            name.length(before: UInt8(ascii: "/")) == name.count
        else { return false }
        hasServices = true
        target = Line()
        target.append(name)
        return true
    }

    /// - Returns: whether `value` is a place for what services write.
    @inline(never)
    mutating func setLogs(_ value: ByteView) -> Bool {
        guard let position = value.position(in: "inherit memory") else { return false }
        keepsLogs = position == 1
        return true
    }

    @inline(never)
    mutating func setHostName(_ name: ByteView) {
        hostName = Line()
        hostName.append(name)
    }
}
