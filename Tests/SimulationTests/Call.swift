import InitCore

/// The system calls that can fail, by their name in `Kernel`.
enum Call: Int, CaseIterable {
    case blockSignals, letThrough, handleFault, useSignalStack, pause, waitForSignal, send
    case spawn, fork, reap, becomeSubreaper, receiveOnParentDeath
    case setAlarmInterval, openForWriting, openStandardStream, write, waitUntilWritable, read
    case mount, unmount, makeReadOnly
    case claimPower, leave, setHostName, bringUpLoopback

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
        .fork, .leave, .send, .read, .spawn, .write,
    ]
}

extension Errno {
    /// EROFS
    static let readOnly = Errno(rawValue: 30)
}
