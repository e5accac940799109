import InitCore

/// The system calls that can fail, by their name in `Kernel`.
enum Call: Int, CaseIterable {
    case catchSignals, letThrough, handleFault, useSignalStack, pause, wait, send
    case spawn, readReport, fork, reap, becomeSubreaper, receiveOnParentDeath
    case setAlarmInterval, openForWriting, openStandardStream, write, waitUntilWritable, read
    case setParameter, readLines, list, mount, unmount, makeReadOnly, swapOff, detachLoop
    case removeMappings
    case leave, setHostName, bringUpLoopback

    /// What may go wrong: more than the manual pages list, for a filter of system calls
    /// (seccomp) can answer with anything.
    static let errors: [Errno] = [
        .notPermitted, .noSuchFile, .interrupted, .inputOutput, .noSuchDeviceOrAddress,
        .wouldBlock, .noMemory, .busy, .invalidArgument, .readOnly, .noSuchSystemCall,
    ]

    /// Calls that can fail for ever and leave PID 1 able to do its work.
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
