/// A line of PID 1's log, before it has words.
public enum Message: Equatable, Sendable {
    case dutyFailed(Duty, Errno)
    /// A word of the kernel's command line means nothing to PID 1.
    case optionNotUnderstood
    case programStarted(ProcessID)
    case programNotStarted(Errno)
    /// With the code that PID 1 passes on.
    case programEnded(UInt8)
    /// wait4(2) says there is no child, and the program's end was never seen.
    case programLost
    case orphanReaped(ProcessID, ExitStatus)
    case signalIgnored(Signal)
    case sendingFailed(Errno)
    case stopping(Ending)
    /// The grace period is over, and something still runs.
    case killing
    /// Something lives although it was killed, or a helper takes too long.
    case goingOnWithout(Helper)
    case helperFailed(Helper, Errno)
    case helperEnded(Helper, ExitStatus)
    /// The last line of a machine.
    case leaving(Ending)
    case cannotLeave(Ending)
    case impossible
}
