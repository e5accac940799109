/// What can happen to PID 1. Each is a fact that lies behind: the runtime saw it.
public enum Event: Equatable, Sendable {
    /// The duty is done, or it failed with this error.
    case performed(Duty, Errno?)
    /// The program runs.
    case spawned(ProcessID)
    /// It does not: execve(2) or vfork(2) failed.
    case spawnFailed(Errno)
    /// A signal came in.
    case signalled(Signal)
    /// A child was reaped.
    case childEnded(ProcessID, ExitStatus)
    /// wait4(2): there is no child, neither alive nor to be reaped.
    case noChildLeft
    /// The moment that `InitCore.deadline` named has come.
    case deadlinePassed
    /// The helper runs.
    case helperStarted(ProcessID)
    /// fork(2) failed.
    case helperFailed(Errno)
    /// A signal could not be sent: kill(2) failed.
    case sendingFailed(Errno)
    /// reboot(2) in PID 1 itself came back, which it does only in failure.
    case leavingFailed(Errno)
}
