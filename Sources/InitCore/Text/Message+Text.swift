// The words of PID 1's log, in one place.

extension Message {
    /// How much it matters. The end of a program is news on a machine, where only init
    /// reports it; in a container the runtime does.
    public func priority(in role: Role) -> Priority {
        switch self {
        case .programEnded: role == .machine ? .critical : .info
        case .leaving: .critical
        case .programNotStarted, .cannotLeave, .impossible: .error
        case .dutyFailed, .optionNotUnderstood, .programLost, .orphanReaped, .sendingFailed,
            .cannotReap, .startingSlowly, .killing, .goingOnWithout, .staysWritable,
            .helperFailed, .helperEnded, .noPlan, .servicesStartSlowly, .servicesStopSlowly:
            .warning
        case .stopping, .leftToWrite: .notice
        case .programStarted, .signalIgnored, .signalReceived, .signalForwarded, .sessionMade,
            .planning:
            .debug
        }
    }

    /// How much it matters to the program whose place init takes.
    @inline(never)
    public func priority(in role: Role, as personality: Personality) -> Priority {
        switch (personality, self) {
        case (.tini, .programStarted): .info
        case (.catatonit, .orphanReaped): .debug
        default: priority(in: role)
        }
    }

    /// Appends the text, without the newline.
    ///
    /// - Parameters:
    ///   - name: what it is about, if anything: the program, by the name that was given, or a
    ///     mount point.
    ///   - personality: the program whose words to use, if they are known.
    @inline(never)
    public func append(
        to line: inout Line, name: ByteView, as personality: Personality = .hammock
    ) {
        var blanks = Blanks(word: name)
        let number = number(&blanks)
        var template = Template("")
        // The peers say whether a program ended by exit(2). A code above 128 hardly means that.
        let isPeers =
            number < 8 && (number != 4 || personality == .dumbInit || blanks.number <= 128)
        if personality != .hammock, isPeers {
            let first = (Int(personality.rawValue) &- 1) &* 8
            template = Template(first &+ number, of: Self.linesOfPeers)
        }
        if template.text.count == 0 { template = Template(number, of: Self.lines) }
        line.fill(template, blanks)
    }

    /// The number of its line in the tables, and what to fill into the blanks.
    private func number(_ blanks: inout Blanks) -> Int {
        switch self {
        case .programStarted(let process):
            blanks.number = process.rawValue
            return 0
        case .programNotStarted(let error):
            blanks.error = error
            return 1
        case .orphanReaped(let process, let status):
            blanks.number = process.rawValue
            return 2 &+ status.number(&blanks)
        case .programEnded(let code):
            blanks.number = Int32(code)
            return 4
        case .signalReceived(let signal):
            blanks.number = signal.rawValue
            return 5
        case .signalForwarded(let signal):
            blanks.number = signal.rawValue
            return 6
        case .sessionMade: return 7
        case .dutyFailed(let duty, let error):
            blanks.error = error
            return duty.number(&blanks)
        case .optionNotUnderstood: return 13
        case .programLost: return 14
        case .cannotReap: return 15
        case .signalIgnored(let signal):
            blanks.number = signal.rawValue
            return 16
        case .sendingFailed(let error):
            blanks.error = error
            return 17
        case .stopping(let ending):
            blanks.text = ending.name
            return 18
        case .killing: return 19
        case .goingOnWithout(let helper):
            blanks.text = helper.name
            return 20
        case .helperFailed(let helper, let error):
            blanks.text = helper.name
            blanks.error = error
            return 21
        case .helperEnded(let helper, let status):
            blanks.text = helper.name
            return 22 &+ status.number(&blanks)
        case .leaving(let ending):
            blanks.text = ending.name
            return 24
        case .cannotLeave(let ending):
            blanks.text = ending.name
            return 25
        case .impossible: return 26
        case .startingSlowly: return 27
        case .leftToWrite(let helper, let size):
            let isLarge = size >= 1024
            blanks.text = helper.name
            blanks.number = Int32(truncatingIfNeeded: isLarge ? (size &+ 1023) >> 10 : size)
            return isLarge ? 28 : 29
        case .staysWritable(let error):
            blanks.error = error
            return 30
        case .noPlan: return 31
        case .servicesStartSlowly: return 32
        case .servicesStopSlowly: return 33
        case .planning: return 34
        }
    }

    private static var lines: ByteView {
        """
        program started, pid %n
        cannot run %w: %e
        reaped orphan %n, code %m
        reaped orphan %n, signal %m
        program ended with code %n
        received signal %n
        forwarded signal %n
        made a session
        cannot mount %t: %e
        cannot open /dev/console: %e
        cannot read /proc/cmdline: %e
        cannot set the host name: %e
        cannot bring up lo: %e
        the kernel's command line has a word for me that I do not understand
        the program is gone, and somebody else has reaped it
        This is neither PID 1 nor a subreaper, so zombie reaping won't work.
        ignored signal %n
        cannot send a signal: %e
        stopping everything, then %t
        the grace period is over: killing what still runs
        %t takes too long: going on without
        %t: no process for it: %e
        %t, code %m
        %t, signal %m
        %t
        the kernel refuses to %t; pausing
        something happened that cannot; please report this
        still waiting for the kernel to run %w
        %t: %n MiB left to write
        %t: %n KiB left to write
        %w stays writable: %e
        there is no plan of the services: going on without them
        the services are not settled yet: starting the program
        the services take too long to stop: stopping everything
        planning
        """
    }

    /// The first eight have the words that scripts look for: tini's, dumb-init's, catatonit's.
    private static var linesOfPeers: ByteView {
        """
        Spawned child process '%w' with pid '%n'
        exec %w failed: %E
        Reaped zombie process with pid=%n
        Reaped zombie process with pid=%n
        Main child exited normally (with status '%n')
        Received SIGCHLD


        Child spawned with PID %n.
        %w: %E
        A child with PID %n exited with exit status %m.
        A child with PID %n was terminated by signal %m.
        Child exited with status %n. Goodbye.
        Received signal %n.
        Forwarded signal %n to children.
        setsid complete.
        pid1 (%n) spawned: %w
        failed to exec pid1: %E
        child process %n exited with code %m
        child process %n exited due to signal %m
        """
    }
}

extension Ending {
    public var name: ByteView {
        @inline(never) get {
            switch self {
            case .powerOff: "power off"
            case .reboot: "reboot"
            case .halt: "halt"
            }
        }
    }
}

extension Helper {
    var name: ByteView {
        @inline(never) get {
            switch self {
            case .plan: "planning"
            case .hangUp: "hanging up"
            case .killEverything: "killing"
            case .unmount: "unmounting"
            case .sync: "sync"
            case .leave(let ending): ending.name
            }
        }
    }
}

extension Duty {
    /// The number of the line that says that it failed, and what to fill into the blanks.
    fileprivate func number(_ blanks: inout Blanks) -> Int {
        switch self {
        case .mount(let number):
            blanks.text = ByteView(stringLiteral: EarlyMount.table[number].path)
            return 8
        case .openStandardStreams: return 9
        case .readCommandLine: return 10
        case .setHostName: return 11
        case .bringUpLoopback: return 12
        }
    }
}

extension ExitStatus {
    /// The number of one of two lines, and what to fill into the blanks.
    fileprivate func number(_ blanks: inout Blanks) -> Int {
        switch self {
        case .exited(let code):
            blanks.otherNumber = Int32(code)
            return 0
        case .killed(let signal):
            blanks.otherNumber = signal.rawValue
            return 1
        }
    }
}

extension Errno {
    /// Appends `: ` and what went wrong.
    @inline(never)
    public func append(to line: inout Line) {
        line.fill(Template(": %e"), Blanks(error: self))
    }

    /// What went wrong; empty if there are no words for it.
    var text: ByteView {
        // By their numbers: 1, 2, 8, 11, 12, 13, 16 and 21.
        let known: ByteView = "\u{1}\u{2}\u{8}\u{b}\u{c}\u{d}\u{10}\u{15}"
        let texts: ByteView = """
            operation not permitted
            no such file or directory
            not a program that this kernel runs
            no more processes are allowed
            out of memory
            permission denied
            device or resource busy
            is a directory
            """
        guard rawValue > 0, rawValue < 22 else { return .empty }
        let number = known.length(before: UInt8(truncatingIfNeeded: rawValue))
        return Template(number, of: texts).text
    }
}
