/// What the runtime is to do. It performs the actions of a step in order.
///
/// Those that are answered by an event stand last in their step, so that the answer is
/// taken in before anything else is done.
public enum Action: Equatable, Sendable {
    /// Answered by `performed`.
    case perform(Duty)
    /// Brings the greeting to a reader.
    case greet
    /// Starts the program; answered by `spawned` or `spawnFailed`.
    case spawn
    /// Sends the program (or its process group) a signal; answered only in failure.
    case forward(Signal, to: ProcessID)
    /// Sends a signal to every process there is but PID 1; answered only in failure.
    /// kill(2), pid -1
    case signalAll(Signal)
    /// Reaps whatever has ended: `childEnded` for each, and then `noChildLeft` if so.
    case reap
    /// Forks, and has the child do what could block; answered by `helperStarted` or
    /// `helperFailed`, and by the child's end.
    case start(Helper)
    /// Calls reboot(2) in PID 1 itself: the way when no child can be forked for it, or none
    /// came through. Answered by `leavingFailed`, or not at all.
    case leave(Ending)
    /// Writes a line to PID 1's log.
    case log(Message)
    /// Writes down what happened last.
    case report
    /// Ends this process, which is not PID 1 of a machine.
    case exit(UInt8)
    /// The cell cannot be reached. Logged if it ever is; tests assert that it is not.
    case reportImpossible
}

/// What a forked child of PID 1 does in its place, for it may block for ever: on a disk that
/// is gone, on a process that cannot be killed.
public enum Helper: Equatable, Sendable {
    /// Sends SIGKILL to every process but PID 1 and itself.
    case killEverything
    /// Unmounts what can be unmounted, and makes the rest read-only.
    case unmount
    /// Writes everything to the disks, sync(2).
    case sync
    /// reboot(2): the kernel ends whoever calls it, so PID 1 must not.
    case leave(Ending)
}
