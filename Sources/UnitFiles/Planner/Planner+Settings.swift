import InitCore

extension Planner where Source: ~Copyable {
    mutating func set(
        _ setting: Setting, _ value: ByteView, _ assignment: Assignment
    ) throws(Trouble) {
        guard let service else { return }
        switch setting {
        case .type: draft.type = try type(value)
        case .busName:
            draft.hasBusName = true
            warn(.notDone)
        case .time(let time): try set(time, value, assignment, service)
        case .bothTimeouts:
            try set(.start, value, assignment, service)
            try set(.stop, value, assignment, service)
        case .restart: draft.restart = try restart(value)
        case .killMode: writer.set(try killMode(value), of: service)
        case .notifyAccess: draft.notifyAccess = try notifyAccess(value)
        case .ending(let ifFailed):
            let ending = try ending(value)
            writer.set(ending, ifFailed: ifFailed, of: service)
            if !ifFailed, ending != ServiceEnding.none { draft.hasSuccessAction = true }
        case .killSignal: writer.setKillSignal(try signal(value), of: service)
        case .reloadSignal: draft.reloadSignal = try signal(value)
        case .watchdogSignal: writer.setWatchdogSignal(try signal(value), of: service)
        case .exits(let list): try set(list, value, service)
        case .startLimitBurst:
            draft.namesStartLimit = true
            writer.setStartLimitBurst(try small(value), of: service)
        case .restartSteps: writer.setRestartSteps(try small(value), of: service)
        case .probeRetries: writer.setProbeRetries(try small(value, from: 1), of: service)
        case .notificationDescriptor:
            writer.setNotificationDescriptor(try small(value, from: 3), of: service)
            draft.hasDescriptor = true
        case .flag(let flag):
            if try boolean(value) {
                draft.flags = draft.flags.union(flag.flags)
            } else {
                draft.flags = draft.flags.subtracting(flag.flags)
            }
        case .startsItself: draft.startsItself = try boolean(value)
        case .permissionsStartOnly: draft.permissionsStartOnly = try boolean(value)
        case .defaultDependencies:
            room.units[service.index].hasDefaultDependencies = try boolean(value)
        }
    }

    // MARK: Numbers

    @inline(never)
    func boolean(_ value: ByteView) throws(Trouble) -> Bool {
        guard let answer = Values.boolean(value) else { throw Trouble(.badValue, value) }
        return answer
    }

    @inline(never)
    private func small(_ value: ByteView, from least: Int = 0) throws(Trouble) -> UInt8 {
        guard let number = Values.number(value, from: least, to: 255) else {
            throw Trouble(.badValue, value)
        }
        return UInt8(truncatingIfNeeded: number)
    }

    @inline(never)
    private func signal(_ value: ByteView) throws(Trouble) -> Signal {
        guard let signal = SignalName.parse(value) else { throw Trouble(.badValue, value) }
        return signal
    }

    /// In milliseconds.
    @inline(never)
    private func time(_ value: ByteView) throws(Trouble) -> UInt32 {
        guard let microseconds = Values.microseconds(value) else {
            throw Trouble(.badValue, value)
        }
        if microseconds == Values.infinity { return UnitTime.infinity }
        let milliseconds = microseconds / 1_000 &+ (microseconds % 1_000 > 0 ? 1 : 0)
        guard milliseconds < UInt64(UnitTime.infinity) else {
            throw Trouble(.limit, "49 days, and not infinity")
        }
        return UInt32(truncatingIfNeeded: milliseconds)
    }

    @inline(never)
    private mutating func set(
        _ kind: UnitTime, _ value: ByteView, _ assignment: Assignment, _ service: ServiceID
    ) throws(Trouble) {
        var time = try time(value)
        switch kind {
        case .start:
            draft.namesStart = true
            // systemd has read 0 so from the beginning.
            if time == 0 { time = UnitTime.infinity }
        case .stop:
            draft.namesStop = true
            if time == 0 || time == UnitTime.infinity {
                time = ServiceLimit.longestStopMilliseconds
                room.units[service.index].deviations.insert(.infinityIsAnHour)
            }
            draft.stop = time
            room.units[service.index].stopPlace = FilePlace(
                path: room.files[assignment.file],
                line: UInt16(truncatingIfNeeded: assignment.line))
        case .runtime: if time == 0 { time = UnitTime.infinity }
        case .watchdog:
            if time == UnitTime.infinity { time = 0 }
            draft.watchdog = time
        case .startLimit: draft.namesStartLimit = true
        case .restartMost: if time == UnitTime.infinity { time = 0 }
        case .restart, .probe, .probeTimeout: break
        }
        writer.set(kind, time, of: service)
    }

    @inline(never)
    private mutating func set(
        _ list: ExitList, _ value: ByteView, _ service: ServiceID
    ) throws(Trouble) {
        var reader = WordReader(value, unescapes: false)
        while true {
            words.clear()
            switch reader.next(into: &words) {
            case .end: return
            case .wrong(let kind): throw Trouble(kind)
            case .word: break
            }
            guard let match = Values.exit(words.view) else {
                throw Trouble(.badValue, words.view)
            }
            let place = takePlace(in: list)
            guard place < 8 else { throw Trouble(.limit, "8 ways to end") }
            writer.set(list, place, match, of: service)
        }
    }

    private mutating func takePlace(in list: ExitList) -> Int {
        switch list {
        case .success:
            draft.exits.0 &+= 1
            return draft.exits.0 &- 1
        case .restartPrevented:
            draft.exits.1 &+= 1
            return draft.exits.1 &- 1
        case .restartForced:
            draft.exits.2 &+= 1
            return draft.exits.2 &- 1
        }
    }

    // MARK: Words

    private mutating func type(_ value: ByteView) throws(Trouble) -> Draft.ServiceType {
        guard
            let place = value.position(
                in: "simple exec idle notify notify-reload forking oneshot dbus"),
            let type = Draft.ServiceType(rawValue: UInt8(truncatingIfNeeded: place))
        else { throw Trouble(.badValue, value) }
        if type == .dbus { warn(.countsAsExecuted) }
        return type
    }

    private func restart(_ value: ByteView) throws(Trouble) -> RestartPolicy {
        guard
            let place = value.position(
                in: "no on-success on-failure on-abnormal on-abort on-watchdog always"),
            let policy = RestartPolicy(rawValue: UInt8(truncatingIfNeeded: place))
        else { throw Trouble(.badValue, value) }
        return policy
    }

    private func killMode(_ value: ByteView) throws(Trouble) -> KillMode {
        if value.equals("none") { throw Trouble(.refusedDirective) }
        guard let place = value.position(in: "control-group mixed process"),
            let mode = KillMode(rawValue: UInt8(truncatingIfNeeded: place))
        else { throw Trouble(.badValue, value) }
        return mode
    }

    private func notifyAccess(_ value: ByteView) throws(Trouble) -> NotifyAccess {
        guard let place = value.position(in: "none main exec all"),
            let access = NotifyAccess(rawValue: UInt8(truncatingIfNeeded: place))
        else { throw Trouble(.badValue, value) }
        return access
    }

    private func ending(_ value: ByteView) throws(Trouble) -> ServiceEnding {
        guard
            let place = value.position(
                in: """
                    none poweroff poweroff-force poweroff-immediate reboot reboot-force \
                    reboot-immediate halt halt-force halt-immediate exit exit-force
                    """)
        else { throw Trouble(.badValue, value) }
        if place == 0 { return ServiceEnding.none }
        if place <= 3 { return .powerOff }
        if place <= 6 { return .reboot }
        return place <= 9 ? .halt : .exit
    }

    // MARK: What belongs together

    /// Completes the record when all assignments are known.
    @inline(never)
    mutating func finish(_ name: UnitName) {
        guard let service else { return }
        place.path = text(room.units[service.index].file)
        place.line = 0
        place.directive = .empty
        let isTarget = room.units[service.index].kind == .target
        writer.set(isTarget ? .target : .service, of: service)
        // A target that is named is wanted, whatever its file says.
        if !draft.startsItself, options.target == nil { room.units[service.index].isRoot = false }
        room.units[service.index].comesFirst = draft.flags.contains(.comesFirst)
        if isTarget {
            writer.set(.stop, 0, of: service)
            return
        }
        finishCommands(service)
        finishType(service)
        finishEntries()
        note(service)
        writer.clear(.sendsKill, of: service)
        writer.set(draft.flags, of: service)
        writer.set(draft.restart, of: service)
        writer.set(.stop, draft.stop, of: service)
        room.units[service.index].stop = draft.stop
        let source = text(room.units[service.index].file)
        writer.append(.file, source, to: service)
    }

    /// The rules of systemd's own: which directives a service needs.
    @inline(never)
    private mutating func finishType(_ service: ServiceID) {
        let starts = draft.counts[Int(CommandList.start.rawValue)]
        let stops = draft.counts[Int(CommandList.stop.rawValue)]
        let type = draft.type ?? (starts == 0 ? .oneshot : draft.hasBusName ? .dbus : .simple)
        // Where a line of it was refused, that is what there is to say.
        let lines = draft.lines[Int(CommandList.start.rawValue)]
        if starts == 0, lines == 0, !isRefused(service.index) {
            let doesSomething =
                draft.hasSuccessAction || stops > 0 && draft.flags.contains(.remains)
            if type != .oneshot || !doesSomething { refuse(.noCommand) }
        }
        if type != .oneshot, starts > 1 { refuse(.severalStarts) }
        if type == .oneshot {
            if draft.restart == .always || draft.restart == .onSuccess { refuse(.oneshotRestart) }
            if !draft.namesStart { writer.set(.start, UnitTime.infinity, of: service) }
            room.units[service.index].isOneshot = true
        }
        room.units[service.index].isSimple = type == .simple && !draft.hasDescriptor
        room.units[service.index].remains = draft.flags.contains(.remains)
        finishReadiness(type, service)
        if let signal = draft.reloadCommandSignal, type != .notifyReload {
            writer.setReloadSignal(signal, of: service)
        }
        if draft.hasDescriptor, draft.watchdog == 0, draft.notifyAccess == nil { return }
        let notifies = type == .notify || type == .notifyReload || draft.watchdog > 0
        var access = draft.notifyAccess ?? NotifyAccess.none
        if notifies, access == NotifyAccess.none { access = .main }
        writer.set(access, of: service)
        if access != NotifyAccess.none { draft.flags = draft.flags.union(.hasNotifySocket) }
    }

    private mutating func finishReadiness(_ type: Draft.ServiceType, _ service: ServiceID) {
        switch type {
        case .simple, .exec, .idle, .dbus:
            writer.set(draft.hasDescriptor ? .notified : .executed, of: service)
            return
        case .notify: writer.set(.notified, of: service)
        case .notifyReload:
            writer.set(.notified, of: service)
            draft.flags = draft.flags.union(.notifiesReload)
            writer.setReloadSignal(draft.reloadSignal ?? .hangUp, of: service)
            if draft.lines[Int(CommandList.reload.rawValue)] > 0 { refuse(.reloadAndNotify) }
        case .forking: writer.set(.forked, of: service)
        case .oneshot: writer.set(.ended, of: service)
        }
        if draft.hasDescriptor { refuse(.descriptorAndType) }
    }

    private mutating func finishCommands(_ service: ServiceID) {
        var counts = [7 of UInt8](repeating: 0)
        var number: UInt8 = 0
        while let list = CommandList(rawValue: number) {
            counts[Int(list.stage.rawValue)] &+= draft.counts[Int(number)]
            number &+= 1
        }
        var stage: UInt8 = 0
        while let each = Stage(rawValue: stage) {
            writer.setCommandCount(each, counts[Int(stage)], of: service)
            stage &+= 1
        }
        writer.setConditionCount(draft.counts[Int(CommandList.condition.rawValue)], of: service)
        writer.setIgnoredFailures(draft.ignoredFailures, of: service)
        room.units[service.index].stopCommands = counts[Int(Stage.stop.rawValue)]
        room.units[service.index].cleanCommands = counts[Int(Stage.clean.rawValue)]
    }

    /// Notes where Hammock differs from systemd, as far as the unit alone shows it.
    private mutating func note(_ service: ServiceID) {
        var deviations = room.units[service.index].deviations
        if !draft.namesStop { deviations.insert(.stopsIn10) }
        if draft.restart != .never {
            room.units[service.index].restarts = true
            if draft.namesStartLimit {
                draft.flags = draft.flags.union(.limitIsFinal)
            } else {
                deviations.insert(.neverGivesUp)
            }
        }
        if draft.namesStartLimit { draft.flags = draft.flags.union(.limitIsFinal) }
        if draft.counts[Int(CommandList.stop.rawValue)] > 1 {
            deviations.insert(.oneTimeForStops)
        }
        if room.units[service.index].warnings > 0 { draft.flags = draft.flags.union(.isUnenforced) }
        room.units[service.index].deviations = deviations
    }
}
