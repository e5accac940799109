/// Where a unit is. ARCHITECTURE has the picture.
public enum ServicePhase: UInt8, Sendable {
    /// It has no process, and nothing is to happen to it.
    case down
    /// It is to start, and waits for others.
    case queued
    /// A command of `Stage.prepare` runs.
    case preparing
    /// The main command runs, and the service is not ready yet.
    case starting
    /// It is ready, and a command of `Stage.settle` runs.
    case settling
    /// It is up.
    case up
    /// It is up, and a command of `Stage.reload` or `Stage.probe` runs.
    case busy
    /// A command of `Stage.stop` runs.
    case stopping
    /// Its processes were asked to end.
    case ending
    /// Its processes got SIGKILL.
    case killing
    /// No process is left, and a command of `Stage.clean` runs.
    case cleaning
    /// It waits until its next start is due.
    case resting
    /// SIGKILL did not end it. It does not start until its processes are gone.
    case stuck
}

/// Why a unit is not up.
public enum ServiceOutcome: UInt8, Sendable {
    /// It has not ended since it began.
    case none
    /// It has done what it was there for, or was stopped.
    case succeeded
    /// A condition did not hold, so it did not start. That is no failure.
    case skipped
    /// It ended with a code that is no success.
    case failedCode
    /// A signal ended it.
    case failedSignal
    /// The kernel killed it for want of memory.
    case outOfMemory
    /// A step before execve(2) failed.
    case notExecuted
    /// It could not be forked.
    case notForked
    /// It ended, well, before it was ready.
    case endedEarly
    /// It was not ready in time.
    case startTimedOut
    /// It did not end in time.
    case stopTimedOut
    /// It ran longer than it may.
    case runTimedOut
    /// It did not say that it was alive, or its probe failed.
    case watchdog
    /// A unit that it needs is not up.
    case dependency
    /// It has started too often.
    case startLimit
}
