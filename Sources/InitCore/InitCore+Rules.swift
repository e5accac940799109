// The rules that the cells of `InitCore+Step.swift` name.

extension InitCore {
    /// The duties are done: the program, or the greeting.
    mutating func begin(_ actions: inout Actions) {
        if settings.hasUnknownOption { actions.append(.log(.optionNotUnderstood)) }
        if settings.hasProgram {
            phase = .running
            actions.append(.spawn)
        } else {
            phase = .idling
            actions.append(.greet)
        }
    }

    /// A signal with no program to hand it on to.
    mutating func obey(_ signal: Signal, at now: Instant, _ actions: inout Actions) {
        switch SignalMeaning(of: signal, in: role) {
        case .end(let ending):
            stop(for: ending, at: now, &actions)
        case .reap: actions.append(.reap)
        case .report: actions.append(.report)
        case .die(let code): exit(code, &actions)
        case .nothing: actions.append(.log(.signalIgnored(signal)))
        }
    }

    /// A signal while the program runs. It is the program's, but for what PID 1 of a machine
    /// alone can do; nobody else is there for Ctrl-Alt-Del and the power button.
    mutating func handOn(_ signal: Signal, at now: Instant, _ actions: inout Actions) {
        if signal == .child {
            actions.append(.reap)
        } else if role == .machine, case .end(let ending) = SignalMeaning(of: signal, in: role) {
            stop(for: ending, at: now, &actions)
        } else if let program, let other = settings.rewrites[signal] {
            actions.append(.forward(other, to: program))
        }
    }

    /// A signal during a shutdown: the first request counts, and only children matter still.
    mutating func ignore(_ signal: Signal, _ actions: inout Actions) {
        switch SignalMeaning(of: signal, in: role) {
        case .reap: actions.append(.reap)
        case .report: actions.append(.report)
        case .end, .die, .nothing: actions.append(.log(.signalIgnored(signal)))
        }
    }

    func orphanEnded(_ process: ProcessID, _ status: ExitStatus, _ actions: inout Actions) {
        if settings.warnsOfOrphans { actions.append(.log(.orphanReaped(process, status))) }
    }

    mutating func childEndedWhileStopping(
        _ process: ProcessID, _ status: ExitStatus, _ actions: inout Actions
    ) {
        if process == program {
            note(status.code, &actions)
        } else if process == helper {
            helper = nil
        } else {
            orphanEnded(process, status, &actions)
        }
    }

    /// Keeps what the program ended with, as it is passed on.
    mutating func note(_ ended: UInt8, _ actions: inout Actions) {
        program = nil
        code = settings.codesToZero.contains(ended) ? 0 : ended
        actions.append(.log(.programEnded(code)))
    }

    /// The program has ended, and with it the reason to be here.
    mutating func programEnded(_ ended: UInt8, at now: Instant, _ actions: inout Actions) {
        note(ended, &actions)
        if role == .process {
            exit(code, &actions)
        } else {
            stop(for: .powerOff, at: now, &actions)
        }
    }

    /// Asks everything to end. Whoever is stopped (SIGSTOP) has to go on to be able to.
    mutating func stop(for ending: Ending, at now: Instant, _ actions: inout Actions) {
        self.ending = ending
        enter(.stopping, for: settings.graceMilliseconds, at: now)
        if role == .machine { actions.append(.log(.stopping(ending))) }
        actions.append(.signalAll(.terminate))
        actions.append(.signalAll(.continue))
        actions.append(.reap)
    }

    /// ESRCH is no failure here: nobody is there to be asked.
    func sendingToAllFailed(_ error: Errno, _ actions: inout Actions) {
        if error != .noSuchProcess { actions.append(.log(.sendingFailed(error))) }
    }

    /// Nothing runs any more, or nothing that could be helped.
    mutating func everythingEnded(at now: Instant, _ actions: inout Actions) {
        helper = nil
        switch (role, ending) {
        case (.machine, _):
            enter(.unmounting, for: Limit.unmountMilliseconds, at: now)
            actions.append(.start(.unmount))
        case (.container, .reboot):
            leave(at: now, &actions)
        case (.container, .powerOff), (.container, .halt), (.process, _):
            exit(code, &actions)
        }
    }

    mutating func afterHelper(_ work: Helper, at now: Instant, _ actions: inout Actions) {
        helper = nil
        if work == .unmount {
            enter(.syncing, for: Limit.syncMilliseconds, at: now)
            actions.append(.start(.sync))
        } else {
            leave(at: now, &actions)
        }
    }

    mutating func leave(at now: Instant, _ actions: inout Actions) {
        enter(.leaving, for: Limit.leaveMilliseconds, at: now)
        if role == .machine { actions.append(.log(.leaving(ending))) }
        actions.append(.start(.leave(ending)))
    }

    /// reboot(2) did not do it. A container can still exit.
    mutating func strand(_ actions: inout Actions) {
        helper = nil
        if role == .machine {
            phase = .stranded
            deadline = nil
            actions.append(.log(.cannotLeave(ending)))
        } else {
            exit(code, &actions)
        }
    }

    mutating func exit(_ code: UInt8, _ actions: inout Actions) {
        phase = .exited
        deadline = nil
        actions.append(.exit(code))
    }

    mutating func enter(_ next: Phase, for duration: Int64, at now: Instant) {
        phase = next
        phaseEnd = now.advanced(byMilliseconds: duration)
        deadline = phaseEnd
    }

    /// fork(2) failed: once more in a moment, as long as the phase has time.
    mutating func tryAgainSoon(at now: Instant) {
        let soon = now.advanced(byMilliseconds: Limit.retryMilliseconds)
        if let phaseEnd, soon < phaseEnd { deadline = soon }
    }

    /// Whether the deadline that has passed was for another try.
    mutating func isTryDue(at now: Instant) -> Bool {
        guard helper == nil, let phaseEnd, now < phaseEnd else { return false }
        deadline = phaseEnd
        return true
    }
}
