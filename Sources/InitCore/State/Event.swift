/// What can happen to PID 1. Each event is a fact that the runtime has already seen.
public enum Event: Equatable, Sendable {
    /// The duty is done, or failed with this error.
    case performed(Duty, Errno?)
    /// A child was forked that will become the program.
    case spawned(ProcessID, ProgramPlace)
    /// The child has become the program: execve(2) succeeded.
    case programRuns
    /// The child has not become the program: fork(2) or execve(2) failed.
    case spawnFailed(Errno)
    /// A signal came in.
    case signalled(Signal, from: SignalOrigin = .process)
    /// A child was reaped.
    case childEnded(ProcessID, ExitStatus)
    /// A signal has stopped a child.
    case childStopped(ProcessID, Signal)
    /// Whether the program's group is in the foreground of the terminal now.
    case terminalLent(Bool)
    /// This process continues, and whether it was stopped at all.
    case wentOn(Bool)
    /// wait4(2): there is no child, alive or ended.
    case noChildLeft
    /// The moment that `InitCore.deadline` named has come.
    case deadlinePassed
    /// The helper runs.
    case helperStarted(ProcessID)
    /// fork(2) failed.
    case helperFailed(Errno)
    /// The planner has handed over a plan that PID 1 has checked, with the longest time that a stop
    /// of its services takes, in milliseconds; `nil` if there is no such plan.
    case planned(longestStop: Int64?)
    /// Nothing more happens to the services by itself.
    case servicesSettled
    /// After `stopServices`: no service has a process any more.
    case servicesEnded
    /// A service has come down, and its unit says that the machine or the container ends then.
    /// The code is what a container exits with. systemd.unit(5), SuccessAction=
    case endAsked(Ending, code: UInt8)
    /// This many KiB are still to be written to the disks; `nil` if that is unknown.
    case unwritten(Int64?)
    /// A signal could not be sent: kill(2) failed.
    case sendingFailed(Errno)
    /// reboot(2) in PID 1 itself returned, so it failed.
    case leavingFailed(Errno)
}
