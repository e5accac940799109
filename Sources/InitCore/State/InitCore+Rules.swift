// The rules that the cells of `InitCore+Step.swift` name.

extension InitCore {
    /// The duties are done: makes the plan of the services, if they are asked for.
    mutating func begin(at now: Instant, _ actions: inout Actions) {
        if configuration.hasUnknownOption { actions.append(.log(.optionNotUnderstood)) }
        guard configuration.hasServices, role != .process else {
            runOrIdle(&actions)
            return
        }
        enter(.planning, for: Limit.planMilliseconds, at: now)
        actions.append(.log(.planning))
        actions.append(.start(.plan))
    }

    /// Starts the program, or greets.
    mutating func runOrIdle(_ actions: inout Actions) {
        deadline = nil
        if configuration.hasProgram {
            phase = .starting
            actions.append(.spawn)
        } else {
            phase = .idling
            if !configuration.isPause { actions.append(.greet) }
            settleIn(&actions)
        }
    }

    /// The planner is done. A program waits until the services are settled.
    mutating func planned(_ time: Int64?, at now: Instant, _ actions: inout Actions) {
        guard let time else {
            actions.append(.log(.noPlan))
            runOrIdle(&actions)
            return
        }
        longestStop = time
        if configuration.hasProgram {
            enter(.waiting, for: configuration.serviceWaitMilliseconds, at: now)
        } else {
            runOrIdle(&actions)
        }
        actions.append(.beginServices)
    }

    /// Init has what it needs. The kernel gave PID 1 of a machine nothing to let go of. Any other
    /// init may already have children, some of them ended, and their SIGCHLD may have come before
    /// init looked.
    func settleIn(_ actions: inout Actions) {
        if role == .machine { return }
        // With services init has descriptors of its own by the time that the program runs, and
        // keeps those of the program as well.
        if longestStop == nil || program == nil { actions.append(.letGo) }
        actions.append(.reap)
    }

    /// A signal when there is no program to forward it to.
    mutating func obey(
        _ signal: Signal, from origin: SignalOrigin, at now: Instant, _ actions: inout Actions
    ) {
        // Init's own failed write ends nothing, least of all init.
        if origin == .itself, signal == .brokenPipe || signal == .fileTooLarge { return }
        let asked = role == .container && configuration.isAskedAsMachine ? .machine : role
        let meaning =
            configuration.isPause
            ? SignalMeaning(toPausing: signal)
            : SignalMeaning(of: signal, in: asked)
        switch meaning {
        case .end(let ending):
            stop(for: ending, at: now, &actions)
        case .reap: actions.append(.reap)
        case .report: actions.append(.report)
        case .die(let code): exit(code, &actions)
        case .nothing: actions.append(.log(.signalIgnored(signal)))
        }
    }

    /// A signal while there is a program. The program gets it, except for requests that only PID 1
    /// of a machine can obey, such as Ctrl-Alt-Del and the power button.
    mutating func forwardOrObey(
        _ signal: Signal, from origin: SignalOrigin, at now: Instant, _ actions: inout Actions
    ) {
        let logged = configuration.loggedSignals
        if logged == .all || logged == .child && signal == .child {
            actions.append(.log(.signalReceived(signal)))
        }
        if signal == .child {
            actions.append(.reap)
        } else if role == .machine, case .end(let ending) = SignalMeaning(of: signal, in: role) {
            stop(for: ending, at: now, &actions)
        } else if let program, isForProgram(signal, from: origin),
            let other = configuration.rewrites[signal]
        {
            guard signal == .continue, place.isUnderJobControl else {
                actions.append(.forward(other, to: program))
                if logged == .all { actions.append(.log(.signalForwarded(other))) }
                if configuration.suspendsItself, signal.isOfTerminal {
                    actions.append(.stopSelf(.stop))
                }
                return
            }
            // The shell that continued init may have given it the terminal again.
            stoppedBy = nil
            actions.append(.lendTerminal(to: program))
            if other == .continue {
                haveGoOn(program, &actions)
            } else {
                actions.append(.forward(other, to: program))
            }
        }
    }

    /// Whether a signal that came to init is meant for the program.
    private func isForProgram(_ signal: Signal, from origin: SignalOrigin) -> Bool {
        switch signal {
        // Init itself wrote where it should not have; the program did not.
        case .brokenPipe, .fileTooLarge: origin != .itself
        // Another process in init's group used the terminal from the background.
        case .stopReading, .stopWriting:
            configuration.suspendsItself || configuration.rewrites[signal] != signal
        // The terminal's keys reach the program directly.
        case .interrupt, .quit, .stopTyped, .windowChange:
            origin != .kernel || place != .initsGroup
        default: true
        }
    }

    /// The program has stopped. This table holds if a key of the terminal, or use of the terminal
    /// from the background, stopped it:
    ///
    ///                            PID 1 of a container      any other process
    ///     no terminal            the process that stopped it can continue it
    ///     init is in front       the program continues     init stops too, so its shell sees it;
    ///     init is not            it waits for SIGCONT      without a shell: as PID 1
    ///
    /// PID 1 cannot stop, and it has no shell that could continue anything, so a terminal whose
    /// program has stopped would be dead.
    mutating func programStopped(by signal: Signal, _ actions: inout Actions) {
        guard role != .machine, place.isUnderJobControl, !configuration.suspendsItself,
            let program
        else { return }
        stoppedBy = signal
        if role == .process {
            actions.append(.stopSelf(.stopTyped))
        } else if signal != .stop {
            actions.append(.lendTerminal(to: program))
        }
    }

    /// Init was stopped with the program, or could not be stopped.
    mutating func wentOn(_ wasStopped: Bool, _ actions: inout Actions) {
        // The SIGCONT that continued init goes to the program like any other signal.
        guard !wasStopped, let program, let stoppedBy, stoppedBy != .stop else { return }
        actions.append(.lendTerminal(to: program))
    }

    /// The stopped program has the terminal, or cannot have it.
    mutating func terminalLent(_ isLent: Bool, _ actions: inout Actions) {
        guard let program, let signal = stoppedBy else { return }
        stoppedBy = nil
        // Without the terminal, the same use of it would only stop the program again.
        if isLent || signal == .stopTyped { haveGoOn(program, &actions) }
    }

    /// A key stops the whole group, so the whole group continues.
    private func haveGoOn(_ program: ProcessID, _ actions: inout Actions) {
        actions.append(
            place == .ownForegroundGroup
                ? .signalGroup(.continue, of: program) : .forward(.continue, to: program))
    }

    /// The program's exit code. If the child never became the program, the child's own status does
    /// not count.
    func code(of status: ExitStatus) -> UInt8 {
        if let spawnError { code(of: spawnError) } else { status.code }
    }

    /// The code with which shells report that they could not run a program.
    func code(of error: Errno) -> UInt8 { configuration.personality.code(for: error) }

    /// Whether a container is asked again to end: then init does not wait any longer.
    ///
    /// A key that the program has had too is no second request.
    func hastens(_ signal: Signal, from origin: SignalOrigin) -> Bool {
        let isRequest = signal == .terminate || signal == .interrupt || signal == .quit
        return role == .container && isRequest && (origin != .kernel || place != .initsGroup)
    }

    /// A signal during a shutdown. The first request counts; after it only children matter.
    mutating func ignore(_ signal: Signal, _ actions: inout Actions) {
        switch SignalMeaning(of: signal, in: role) {
        case .reap: actions.append(.reap)
        case .report: actions.append(.report)
        case .end, .die, .nothing: actions.append(.log(.signalIgnored(signal)))
        }
    }

    /// A child ended that is not the program. The planner's own words said why, if it failed.
    mutating func otherEnded(
        _ process: ProcessID, _ status: ExitStatus, _ actions: inout Actions
    ) {
        if process == helper {
            helper = nil
        } else {
            orphanEnded(process, status, &actions)
        }
    }

    private func orphanEnded(
        _ process: ProcessID, _ status: ExitStatus, _ actions: inout Actions
    ) {
        if configuration.warnsOfOrphans { actions.append(.log(.orphanReaped(process, status))) }
    }

    mutating func childEndedWhileStopping(
        _ process: ProcessID, _ status: ExitStatus, _ actions: inout Actions
    ) {
        if process == program {
            note(code(of: status), &actions)
        } else {
            otherEnded(process, status, &actions)
        }
    }

    /// Keeps the program's code in the form in which init passes it on.
    mutating func note(_ ended: UInt8, _ actions: inout Actions) {
        program = nil
        code = configuration.codesToZero.contains(ended) ? 0 : ended
        actions.append(.log(.programEnded(code)))
    }

    /// dumb-init logs the program's end like any child's, before what follows from it.
    func logEnd(_ process: ProcessID, _ status: ExitStatus, _ actions: inout Actions) {
        if configuration.loggedSignals == .all {
            actions.append(.log(.orphanReaped(process, status)))
        }
    }

    /// The program has ended, and init has no other reason to stay.
    mutating func programEnded(_ ended: UInt8, at now: Instant, _ actions: inout Actions) {
        if configuration.endsGroup, let program,
            let signal = configuration.rewrites[.terminate]
        {
            actions.append(.signalGroup(signal, of: program))
        }
        if configuration.loggedSignals == .all {
            actions.append(.log(.signalForwarded(.terminate)))
        }
        note(ended, &actions)
        if role == .process || configuration.exitsWithProgram {
            exit(code, &actions)
        } else {
            stop(for: .powerOff, at: now, &actions)
        }
    }

    /// Stops the services, if there are any, and then everything else. The program is asked to end
    /// together with the services.
    mutating func stop(for ending: Ending, at now: Instant, _ actions: inout Actions) {
        self.ending = ending
        if role == .machine { actions.append(.log(.stopping(ending))) }
        guard let longestStop else {
            stopEverything(at: now, &actions)
            return
        }
        enter(.stoppingServices, for: longestStop &+ Limit.stopMarginMilliseconds, at: now)
        if let program {
            actions.append(.forward(.terminate, to: program))
            actions.append(.forward(.continue, to: program))
        }
        actions.append(.stopServices)
        actions.append(.reap)
    }

    /// A unit asks for an end. The program's code, if there is a program, counts more.
    mutating func endAsked(
        _ ending: Ending, _ code: UInt8, at now: Instant, _ actions: inout Actions
    ) {
        self.code = code
        stop(for: ending, at: now, &actions)
    }

    /// Asks everything to end. A stopped process (SIGSTOP) has to continue before it can end.
    mutating func stopEverything(at now: Instant, _ actions: inout Actions) {
        let grace =
            program == nil
            ? configuration.leftoverGraceMilliseconds : configuration.graceMilliseconds
        enter(.stopping, for: grace, at: now)
        // A planner that still runs gets SIGTERM like everything. It is not this phase's helper.
        helper = nil
        lookAgain(in: Limit.hangUpMilliseconds, at: now)
        actions.append(.signalAll(.terminate))
        actions.append(.signalAll(.continue))
        actions.append(.reap)
    }

    /// The grace period is over, or was cut short.
    mutating func kill(at now: Instant, _ actions: inout Actions) {
        actions.append(.log(.killing))
        enter(.killing, for: Limit.killMilliseconds, at: now)
        actions.append(.start(.killEverything))
    }

    /// ESRCH is no failure here: there was no process to signal.
    func sendingToAllFailed(_ error: Errno, _ actions: inout Actions) {
        if error != .noSuchProcess { actions.append(.log(.sendingFailed(error))) }
    }

    /// Nothing runs any more, except for what SIGKILL could not end.
    mutating func everythingEnded(at now: Instant, _ actions: inout Actions) {
        helper = nil
        switch (role, ending) {
        case (.machine, _):
            flushEnd = now.advanced(byMilliseconds: configuration.flushMilliseconds)
            unwritten = nil
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
            unwritten = nil
            enter(.syncing, for: Limit.syncMilliseconds, at: now)
            actions.append(.start(.sync))
        } else {
            leave(at: now, &actions)
        }
    }

    mutating func giveUp(_ work: Helper, at now: Instant, _ actions: inout Actions) {
        actions.append(.log(.goingOnWithout(work)))
        afterHelper(work, at: now, &actions)
    }

    /// A disk that has written something since the last look gets more time.
    mutating func measured(
        _ size: Int64?, _ work: Helper, at now: Instant, _ actions: inout Actions
    ) {
        if let size, let unwritten, size < unwritten, let phaseEnd, let flushEnd {
            let patience = now.advanced(byMilliseconds: Limit.writingMilliseconds)
            self.phaseEnd = max(phaseEnd, min(patience, flushEnd))
        }
        unwritten = size
        guard let phaseEnd, now < phaseEnd else {
            giveUp(work, at: now, &actions)
            return
        }
        lookAgain(in: Limit.measureMilliseconds, at: now)
        if let size, size > 0 { actions.append(.log(.leftToWrite(work, size))) }
    }

    mutating func leave(at now: Instant, _ actions: inout Actions) {
        enter(.leaving, for: Limit.leaveMilliseconds, at: now)
        if role == .machine { actions.append(.log(.leaving(ending))) }
        actions.append(.start(.leave(ending)))
    }

    /// reboot(2) failed. A container can still exit.
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

    @inline(never)
    mutating func enter(_ next: Phase, for duration: Int64, at now: Instant) {
        phase = next
        phaseEnd = now.advanced(byMilliseconds: duration)
        deadline = phaseEnd
    }

    /// fork(2) failed: tries again in a moment, if the phase has time left.
    mutating func tryAgainSoon(at now: Instant) {
        lookAgain(in: Limit.retryMilliseconds, at: now)
    }

    /// Something is due this soon, or at the phase's end if that comes first.
    @inline(never)
    mutating func lookAgain(in duration: Int64, at now: Instant) {
        let soon = now.advanced(byMilliseconds: duration)
        if let phaseEnd { deadline = min(soon, phaseEnd) }
    }

    /// Whether the deadline that passed was for another try.
    @inline(never)
    mutating func isTryDue(at now: Instant) -> Bool {
        guard helper == nil, let phaseEnd, now < phaseEnd else { return false }
        deadline = phaseEnd
        return true
    }
}
