import InitCore

/// The system calls that can fail, by their names in `Kernel`.
enum Call: Int, CaseIterable {
    case catchSignals, letThrough, handleFault, useSignalStack, pause, wait, send
    case spawn, readReport, fork, reap, becomeSubreaper, receiveOnParentDeath
    case setAlarmInterval, openForWriting, openStandardStream, write, waitUntilWritable, read
    case setParameter, readLines, list, mount, unmount, makeReadOnly, swapOff, detachLoop
    case removeMappings
    case leave, setHostName, bringUpLoopback

    /// The errors that may come: more than the manual pages list, because a filter of system calls
    /// (seccomp) can answer with any error.
    static let errors: [Errno] = [
        .notPermitted, .noSuchFile, .interrupted, .inputOutput, .noSuchDeviceOrAddress,
        .wouldBlock, .noMemory, .busy, .invalidArgument, .readOnly, .noSuchSystemCall,
    ]

    /// Calls that can always fail without keeping PID 1 from its work.
    static let dispensable: [Call] = [
        .pause, .becomeSubreaper, .receiveOnParentDeath, .openForWriting, .openStandardStream,
        .waitUntilWritable, .mount, .unmount, .makeReadOnly, .setHostName, .bringUpLoopback,
        .fork, .leave, .send, .read, .spawn, .readReport, .write, .readLines, .list, .swapOff,
        .detachLoop, .removeMappings, .setParameter,
    ]
}

extension Errno {
    /// EROFS
    static let readOnly = Errno(rawValue: 30)
}
