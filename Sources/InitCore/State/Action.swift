/// What the runtime has to do. An event answers some actions, and the core handles it before it
/// gives the next action.
public enum Action: Equatable, Sendable {
    /// Performs a duty. Answered by `performed`.
    case perform(Duty)
    /// Brings the greeting to a reader.
    case greet
    /// Forks the child that becomes the program. `spawned` or `spawnFailed` answers it; later
    /// `programRuns` or `spawnFailed` says whether the child became the program.
    case spawn
    /// Leaves the directory and closes the descriptors that init was started with. Then file
    /// systems there can be unmounted, and readers of a pipe see its end.
    case letGo
    /// Sends a signal to the program (or its process group). Only a failure is answered.
    case forward(Signal, to: ProcessID)
    /// Sends a signal to the process group that the program leads. Only a failure is answered.
    case signalGroup(Signal, of: ProcessID)
    /// Puts the program's group into the foreground of the terminal, if init is able to. Answered
    /// by `terminalLent`.
    case lendTerminal(to: ProcessID)
    /// Stops this process by this signal, because the program has stopped and a shell should see
    /// it. Answered by `wentOn`.
    case stopSelf(Signal)
    /// Sends a signal to every process except PID 1. Only a failure is answered. kill(2), pid -1
    case signalAll(Signal)
    /// Reaps ended children: `childEnded` for each, then `noChildLeft` if there are no others.
    case reap
    /// Forks a child for work that could block. Answered by `helperStarted` or `helperFailed`, and
    /// by the child's end.
    case start(Helper)
    /// Sends SIGKILL to a helper that PID 1 waits for no longer. Not answered.
    case abandon(ProcessID)
    /// The units of the plan that are wanted are to start. Later `servicesSettled` comes.
    case beginServices
    /// All units are to stop. Later `servicesEnded` comes.
    case stopServices
    /// Measures how much is still to be written to the disks. Answered by `unwritten`.
    case measureUnwritten
    /// Calls reboot(2) in PID 1 itself, when it cannot fork a child for that, or no child
    /// succeeded. Answered by `leavingFailed`, or not at all.
    case leave(Ending)
    /// Adds a line to PID 1's log.
    case log(Message)
    /// Logs the last events.
    case report
    /// Ends this process, which is not PID 1 of a machine.
    case exit(UInt8)
    /// Logs that this event cannot come in this phase. Tests assert that it never does.
    case reportImpossible
}

/// Work that a forked child does for PID 1, because it may block for ever: on a disk that is gone,
/// on a process that cannot be killed.
public enum Helper: Equatable, Sendable {
    /// Reads the unit files, and makes the plan. `planned` answers it, beside the child's end.
    case plan
    /// Sends SIGHUP to session leaders on a terminal that ignore SIGTERM, as shells do.
    case hangUp
    /// Sends SIGKILL to every process except PID 1 and itself.
    case killEverything
    /// Unmounts what it can, and makes the rest read-only.
    case unmount
    /// Writes everything to the disks, sync(2).
    case sync
    /// reboot(2): the kernel ends the caller, so PID 1 must not call it.
    case leave(Ending)
}
