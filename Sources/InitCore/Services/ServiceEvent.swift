/// What can happen to a unit. Each is a fact that the runtime has already seen.
public enum ServiceEvent: Equatable, Sendable {
    /// Somebody asks, through the control socket.
    case asked(ServiceAsk, ServiceID)
    /// Answers `run`: the child was forked.
    case ran(ServiceID, ProcessID)
    /// Answers `run`: there is no child. clone3(2)
    case notRun(ServiceID, Errno)
    /// execve(2) has succeeded. Comes before the child's end, or not at all.
    case executed(ServiceID)
    /// A step before execve(2) has failed, and the child is about to exit with the step's code.
    /// Comes before that end.
    case notExecuted(ServiceID, code: UInt8, Errno)
    /// A condition did not hold, and the child is about to exit. Comes before that end.
    case conditionFailed(ServiceID)
    /// The kernel has killed the main process for want of memory. Comes before that end.
    /// memory.events
    case killedForMemory(ServiceID)
    /// A child was reaped. It may be of any service, or of none.
    case childEnded(ProcessID, ExitStatus)
    /// There is no child, alive or ended.
    case noChildLeft
    /// The service says something about itself.
    case noticed(ServiceID, ServiceNotice)
    /// Answers `look`, and `findMain` of a service with a PID file: it has no process.
    case emptied(ServiceID)
    /// Answers `look`: the service has a process.
    case occupied(ServiceID)
    /// Answers `findMain`.
    case mainFound(ServiceID, ProcessID)
    /// Answers `findMain`: no process qualifies, or the PID file names none yet.
    case mainNotFound(ServiceID)
    /// The moment that the table's `deadline` named has come.
    case deadlinePassed
    /// Answers `goOn`.
    case continued
    /// The plan's units that are wanted from the start are to start.
    case beginAll
    /// All is to stop, and nothing begins any more.
    case stopAll
}

/// What can be asked of a unit.
public enum ServiceAsk: UInt8, Equatable, Sendable {
    case start
    case stop
    case restart
    case reload
    /// Forgets failures and the start limit.
    case reset
}

/// What a service says about itself. sd_notify(3)
public enum ServiceNotice: Equatable, Sendable {
    /// `READY=1`, or a newline on s6's descriptor.
    case ready
    /// `RELOADING=1`
    case reloading
    /// `STOPPING=1`
    case stopping
    /// `WATCHDOG=1`
    case alive
    /// `WATCHDOG=trigger`
    case trigger
    /// `MAINPID=`
    case mainIs(ProcessID)
    /// `EXTEND_TIMEOUT_USEC=`, in milliseconds.
    case extend(UInt32)
}
