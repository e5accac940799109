// The settings of a unit that the service table decides by. Each raw value is a byte of the plan.

/// What a unit is.
public enum UnitKind: UInt8, Sendable {
    /// It runs commands.
    case service
    /// It runs none, and is up when all it comes after is decided.
    case target
}

/// When a service counts as ready. systemd.service(5), Type=
public enum Readiness: UInt8, Sendable {
    /// When execve(2) has succeeded: `simple`, `exec`, `idle`, `dbus`.
    case executed
    /// When it says so: `notify`, `notify-reload`, or a newline on s6's descriptor.
    case notified
    /// When its commands have ended well: `oneshot`.
    case ended
    /// When its first process has ended well and another goes on, which a PID file has to name if
    /// there is one: `forking`.
    case forked
}

/// After which outcomes a service is started again. systemd.service(5), Restart=
public enum RestartPolicy: UInt8, Sendable {
    case never
    case onSuccess
    case onFailure
    case onAbnormal
    case onAbort
    case onWatchdog
    case always
}

/// Which processes a stop reaches. systemd.kill(5), KillMode=
public enum KillMode: UInt8, Sendable {
    /// All of them.
    case controlGroup
    /// The main process gets the first signal, all the others SIGKILL once it has ended.
    case mixed
    /// Only the main process.
    case process
}

/// Whose notices count. systemd.service(5), NotifyAccess=
public enum NotifyAccess: UInt8, Sendable {
    case none
    case main
    case exec
    case all
}

/// What PID 1 does when a service has come down for good. systemd.unit(5), SuccessAction=
public enum ServiceEnding: UInt8, Sendable {
    case none
    case powerOff
    case reboot
    case halt
    /// Ends the container with the service's code, or powers the machine off.
    case exit
}

/// The commands of a service, in the order in which their stages can come. The raw value is the
/// place of the stage's count in the plan.
public enum Stage: UInt8, Sendable {
    /// ExecCondition=, then ExecStartPre=
    case prepare
    /// ExecStart=
    case main
    /// ExecStartPost=
    case settle
    /// ExecReload=
    case reload
    /// ProbeExec= of Hammock's own section
    case probe
    /// ExecStop=
    case stop
    /// ExecStopPost=
    case clean
}

/// One word of SuccessExitStatus= and its like.
public enum ExitMatch: Equatable, Sendable {
    case code(UInt8)
    case signal(Signal)
}

/// Yes-or-no settings of a unit: bits of the plan. Not an `OptionSet`, which needs a heap for its
/// literals.
public struct UnitFlags: Equatable, Sendable {
    public let rawValue: UInt16

    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// Whether all of `other` are set here.
    public func contains(_ other: UnitFlags) -> Bool { rawValue & other.rawValue == other.rawValue }

    public func union(_ other: UnitFlags) -> UnitFlags {
        UnitFlags(rawValue: rawValue | other.rawValue)
    }

    public func subtracting(_ other: UnitFlags) -> UnitFlags {
        UnitFlags(rawValue: rawValue & ~other.rawValue)
    }

    /// RemainAfterExit=
    public static let remains = UnitFlags(rawValue: 1 << 0)
    /// SendSIGKILL=
    public static let sendsKill = UnitFlags(rawValue: 1 << 1)
    /// SendSIGHUP=
    public static let sendsHangUp = UnitFlags(rawValue: 1 << 2)
    /// GuessMainPID=
    public static let guessesMain = UnitFlags(rawValue: 1 << 3)
    /// The unit names StartLimitBurst= or its interval, so the limit ends it for good.
    public static let limitIsFinal = UnitFlags(rawValue: 1 << 4)
    /// Wanted from the start: in the plan for its own sake, or because a wanted unit pulls it in.
    public static let isWanted = UnitFlags(rawValue: 1 << 5)
    /// `notify-reload`: a reload is over when the service says that it is ready again.
    public static let notifiesReload = UnitFlags(rawValue: 1 << 6)
    /// The service gets a notification socket.
    public static let hasNotifySocket = UnitFlags(rawValue: 1 << 7)
    /// PIDFile=
    public static let hasPIDFile = UnitFlags(rawValue: 1 << 8)
    /// It starts first and stops last: First= of Hammock's own section.
    public static let comesFirst = UnitFlags(rawValue: 1 << 9)
    /// The planner warned of directives that are not enforced.
    public static let isUnenforced = UnitFlags(rawValue: 1 << 10)
}
