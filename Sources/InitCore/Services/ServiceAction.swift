/// What the runtime has to do about a unit.
///
/// An action that is answered stands last and alone. The runtime hands the answer to the table
/// before anything else.
public enum ServiceAction: Equatable, Sendable {
    /// Forks a child that does the recipe and executes this command of the stage. Answered by `ran`
    /// or `notRun`; later by `executed`, `notExecuted` or `conditionFailed`.
    case run(ServiceID, Stage, command: UInt8)
    /// Sends a signal. That the process is gone is no failure.
    case signal(ServiceID, Signal, to: ServiceTarget)
    /// Sends SIGKILL to every process of the service. cgroup.kill, or kill(2) of its groups
    case killAll(ServiceID)
    /// Asks whether the service has a process. Answered by `emptied` or `occupied`.
    case look(ServiceID)
    /// Looks for the main process of a service that forks. Answered by `mainFound`,
    /// `mainNotFound` or, if it has a PID file, `emptied`.
    case findMain(ServiceID)
    /// Closes the descriptors and removes the cgroup of a service that is down.
    case forget(ServiceID)
    /// Writes a line to the log.
    case log(ServiceMessage)
    /// The machine, or the container, is to end. SuccessAction=, FailureAction=
    case end(ServiceEnding, ServiceID)
    /// Something is still due. Answered at once by `continued`.
    case goOn
    /// Nothing more will happen by itself, but for units that rest because they started too often,
    /// and those that wait for them. Said once for each `beginAll`.
    case settled
    /// After `stopAll`: no unit has a process any more.
    case ended
    /// This event cannot come in this phase. Tests assert that it never does.
    case reportImpossible(ServiceID)
}

/// Which processes of a service get a signal.
public enum ServiceTarget: UInt8, Equatable, Sendable {
    case main
    case control
    /// Each process in its cgroup, or in its process groups.
    case everybody
}

/// What the log says about a unit.
public enum ServiceMessage: Equatable, Sendable {
    case begins(ServiceID)
    case started(ServiceID)
    case stopped(ServiceID)
    /// It came down with this outcome, which is a failure, and `ServiceState.status`.
    case failed(ServiceID, ServiceOutcome, Int32)
    /// A step before execve(2) failed in its child, which exits with this code.
    case notExecuted(ServiceID, code: UInt8, Errno)
    /// It starts again in so many milliseconds.
    case restarts(ServiceID, inMilliseconds: UInt32)
    case gaveUp(ServiceID)
    case skipped(ServiceID)
    case stuck(ServiceID)
    case reloaded(ServiceID)
    case reloadFailed(ServiceID)
}
