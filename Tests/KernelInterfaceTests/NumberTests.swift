import Foundation
import Glibc
import InitCore
import KernelInterface
import Testing

/// The numbers that Sources/InitCore has names for, against the C headers of this machine.
@Suite struct NumberTests {
    private static let errnos: [(name: String, ours: Errno, theirs: Int32)] = [
        ("notPermitted", .notPermitted, EPERM), ("noSuchFile", .noSuchFile, ENOENT),
        ("noSuchProcess", .noSuchProcess, ESRCH), ("interrupted", .interrupted, EINTR),
        ("inputOutput", .inputOutput, EIO),
        ("noSuchDeviceOrAddress", .noSuchDeviceOrAddress, ENXIO),
        ("tooLarge", .tooLarge, E2BIG), ("execFormatError", .execFormatError, ENOEXEC),
        ("badFileDescriptor", .badFileDescriptor, EBADF),
        ("noChildProcess", .noChildProcess, ECHILD), ("wouldBlock", .wouldBlock, EAGAIN),
        ("noMemory", .noMemory, ENOMEM), ("permissionDenied", .permissionDenied, EACCES),
        ("busy", .busy, EBUSY), ("noSuchDevice", .noSuchDevice, ENODEV),
        ("fileExists", .fileExists, EEXIST), ("notDirectory", .notDirectory, ENOTDIR),
        ("nameTooLong", .nameTooLong, ENAMETOOLONG),
        ("readOnlyFileSystem", .readOnlyFileSystem, EROFS),
        ("isDirectory", .isDirectory, EISDIR), ("invalidArgument", .invalidArgument, EINVAL),
        ("noSuchSystemCall", .noSuchSystemCall, ENOSYS),
        ("addressFamilyNotSupported", .addressFamilyNotSupported, EAFNOSUPPORT),
    ]

    /// The C library keeps the first two real-time signals for itself.
    private static let signals: [(name: String, ours: Signal, theirs: Int32)] = [
        ("probe", .probe, 0), ("stop", .stop, SIGSTOP), ("brokenPipe", .brokenPipe, SIGPIPE),
        ("fileTooLarge", .fileTooLarge, SIGXFSZ),
        ("hangUp", .hangUp, SIGHUP), ("interrupt", .interrupt, SIGINT), ("quit", .quit, SIGQUIT),
        ("illegalInstruction", .illegalInstruction, SIGILL), ("trap", .trap, SIGTRAP),
        ("busError", .busError, SIGBUS), ("arithmeticFault", .arithmeticFault, SIGFPE),
        ("kill", .kill, SIGKILL), ("user1", .user1, SIGUSR1),
        ("segmentationFault", .segmentationFault, SIGSEGV), ("user2", .user2, SIGUSR2),
        ("alarm", .alarm, SIGALRM), ("terminate", .terminate, SIGTERM), ("child", .child, SIGCHLD),
        ("continue", .continue, SIGCONT), ("stopTyped", .stopTyped, SIGTSTP),
        ("stopReading", .stopReading, SIGTTIN), ("stopWriting", .stopWriting, SIGTTOU),
        ("urgent", .urgent, SIGURG), ("windowChange", .windowChange, SIGWINCH),
        ("powerFailure", .powerFailure, SIGPWR), ("badSystemCall", .badSystemCall, SIGSYS),
        ("realTimeHalt", .realTimeHalt, __libc_current_sigrtmin() + 3),
        ("realTimePowerOff", .realTimePowerOff, __libc_current_sigrtmin() + 4),
        ("realTimeReboot", .realTimeReboot, __libc_current_sigrtmin() + 5),
    ]

    @Test func `the numbers of errors are the C library's`() {
        for (name, ours, theirs) in Self.errnos { #expect(ours.rawValue == theirs, "\(name)") }
    }

    @Test func `the numbers of signals are the C library's`() {
        for (name, ours, theirs) in Self.signals { #expect(ours.rawValue == theirs, "\(name)") }
    }

    @Test func `the flags of open(2) have the C library's values`() {
        let flags: [(OpenFlags, Int32)] = [
            (.reading, O_RDONLY), (.writing, O_WRONLY), (.both, O_RDWR), (.making, O_CREAT),
            (.noTerminal, O_NOCTTY), (.emptying, O_TRUNC), (.appending, O_APPEND),
            (.notWaiting, O_NONBLOCK), (.notFollowing, O_NOFOLLOW),
        ]
        for (ours, theirs) in flags { #expect(ours.rawValue == theirs) }
    }

    @Test func `these tables have each number that has a name`() throws {
        #expect(try names(in: "Errno") == Set(Self.errnos.map(\.name)))
        #expect(try names(in: "Signal") == Set(Self.signals.map(\.name)))
    }

    /// The names in a source file of InitCore.
    private func names(in type: String) throws -> Set<String> {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let file = root.appendingPathComponent("Sources/InitCore/System/\(type).swift")
        let source = try String(contentsOf: file, encoding: .utf8)
        return Set(
            source.matches(of: /static let `?(\w+)`? = \w+\(rawValue:/).map { String($0.1) })
    }
}
