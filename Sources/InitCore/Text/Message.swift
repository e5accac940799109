/// A line of PID 1's log, before it has words.
public enum Message: Equatable, Sendable {
    case dutyFailed(Duty, Errno)
    /// PID 1 does not know a word of the kernel's command line.
    case optionNotUnderstood
    case programStarted(ProcessID)
    case programNotStarted(Errno)
    /// execve(2) takes long, for example because the file system is slow.
    case startingSlowly
    /// With the code that PID 1 passes on.
    case programEnded(UInt8)
    /// wait4(2) says there is no child, and the program's end was never seen.
    case programLost
    case orphanReaped(ProcessID, ExitStatus)
    /// Another process will get the orphans; tini logs this then.
    case cannotReap
    case signalIgnored(Signal)
    case sendingFailed(Errno)
    /// These three are logged only where a peer logs them.
    case signalReceived(Signal)
    case signalForwarded(Signal)
    case sessionMade
    case stopping(Ending)
    /// The planner has not handed over a plan, or one that is not valid.
    case noPlan
    /// The program does not wait for the services any longer.
    case servicesStartSlowly
    /// The services have not stopped in the time that the plan says.
    case servicesStopSlowly
    /// The unit files are about to be read. For those who measure.
    case planning
    /// The grace period is over, and something still runs.
    case killing
    /// Something lives although it was killed, or a helper takes too long.
    case goingOnWithout(Helper)
    /// How many KiB the helper still has to bring to the disks.
    case leftToWrite(Helper, Int64)
    /// A file system could neither be unmounted nor be made read-only. `name` says which.
    case staysWritable(Errno)
    case helperFailed(Helper, Errno)
    case helperEnded(Helper, ExitStatus)
    /// The last line of a machine.
    case leaving(Ending)
    case cannotLeave(Ending)
    case impossible
}

/// How much a line of the log matters, syslog(2): a lower number matters more.
public enum Priority: UInt8, Comparable, Sendable {
    /// A kernel shows it even when it was told to be `quiet`.
    case critical = 2
    case error = 3
    case warning = 4
    case notice = 5
    case info = 6
    case debug = 7

    public static func < (left: Priority, right: Priority) -> Bool {
        left.rawValue < right.rawValue
    }
}
