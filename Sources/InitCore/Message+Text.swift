// The words of PID 1's log, in one place.

extension Message {
    /// How much it matters. The end of a program is news on a machine, where nobody else
    /// tells it; in a container the runtime does.
    public func priority(in role: Role) -> Priority {
        switch self {
        case .programEnded: role == .machine ? .critical : .info
        case .leaving: .critical
        case .programNotStarted, .cannotLeave, .impossible: .error
        case .dutyFailed, .optionNotUnderstood, .programLost, .orphanReaped, .sendingFailed,
            .killing, .goingOnWithout, .helperFailed, .helperEnded:
            .warning
        case .stopping: .notice
        case .programStarted, .signalIgnored: .debug
        }
    }

    /// Appends the text, without the newline.
    ///
    /// - Parameter program: the program's name, as it was given.
    public func append(to line: inout Line, program: ByteView) {
        switch self {
        case .dutyFailed(let duty, let error):
            duty.append(to: &line)
            error.append(to: &line)
        case .optionNotUnderstood:
            line.append("the kernel's command line has a word for me that I do not understand")
        case .programStarted(let process):
            line.append("program started, pid ")
            line.append(number: process.rawValue)
        case .programNotStarted(let error):
            line.append("cannot run ")
            line.append(word: program)
            error.append(to: &line)
        case .programEnded(let code):
            line.append("program ended with code ")
            line.append(number: Int32(code))
        case .programLost:
            line.append("the program is gone, and somebody else has reaped it")
        case .orphanReaped(let process, let status):
            line.append("reaped orphan ")
            line.append(number: process.rawValue)
            status.append(to: &line)
        case .signalIgnored(let signal):
            line.append("ignored signal ")
            line.append(number: signal.rawValue)
        case .sendingFailed(let error):
            line.append("cannot send a signal")
            error.append(to: &line)
        case .stopping(let ending):
            line.append("stopping everything, then ")
            line.append(ending.name)
        case .killing:
            line.append("the grace period is over: killing what still runs")
        case .goingOnWithout(let helper):
            helper.append(to: &line)
            line.append(" takes too long: going on without")
        case .helperFailed(let helper, let error):
            helper.append(to: &line)
            line.append(": no process for it")
            error.append(to: &line)
        case .helperEnded(let helper, let status):
            helper.append(to: &line)
            status.append(to: &line)
        case .leaving(let ending):
            line.append(ending.name)
        case .cannotLeave(let ending):
            line.append("the kernel refuses to ")
            line.append(ending.name)
            line.append("; pausing")
        case .impossible:
            line.append("something happened that cannot; please report this")
        }
    }
}

extension Ending {
    public var name: ByteView {
        switch self {
        case .powerOff: "power off"
        case .reboot: "reboot"
        case .halt: "halt"
        }
    }
}

extension Helper {
    func append(to line: inout Line) {
        switch self {
        case .killEverything: line.append("killing")
        case .unmount: line.append("unmounting")
        case .sync: line.append("sync")
        case .leave(let ending): line.append(ending.name)
        }
    }
}

extension Duty {
    func append(to line: inout Line) {
        switch self {
        case .mount(let number):
            line.append("cannot mount ")
            line.append(ByteView(stringLiteral: EarlyMount.table[number].path))
        case .openStandardStreams: line.append("cannot open /dev/console")
        case .readCommandLine: line.append("cannot read /proc/cmdline")
        case .setHostName: line.append("cannot set the host name")
        case .bringUpLoopback: line.append("cannot bring up lo")
        }
    }
}

extension ExitStatus {
    func append(to line: inout Line) {
        switch self {
        case .exited(let code):
            line.append(", code ")
            line.append(number: Int32(code))
        case .killed(let signal):
            line.append(", signal ")
            line.append(number: signal.rawValue)
        }
    }
}

extension Errno {
    /// Appends `: ` and what went wrong.
    public func append(to line: inout Line) {
        line.append(": ")
        switch self {
        case .notPermitted: line.append("operation not permitted")
        case .noSuchFile: line.append("no such file or directory")
        case .permissionDenied: line.append("permission denied")
        case .wouldBlock: line.append("no more processes are allowed")
        case .noMemory: line.append("out of memory")
        case .badFormat: line.append("not a program that this kernel runs")
        case .isFolder: line.append("is a directory")
        default:
            line.append("error ")
            line.append(number: rawValue)
        }
    }
}
