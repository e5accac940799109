import InitCore
import KernelInterface

/// What PID 1's log promises: nothing but what is so, all that is worth a line, in order, and
/// how many lines found no room.
struct LogBook {
    /// A line that is due.
    enum Due: Equatable {
        case line(Priority, String)
        /// What happened last, which somebody has asked for by SIGQUIT.
        case report
        /// There was no process for a helper. Which one, a world cannot know.
        case noProcess(Errno)
    }

    /// A line that PID 1 has tried to write.
    struct Put {
        /// As the kernel's log has it in front.
        var priority: UInt8?
        /// What stands behind `init: `.
        var text: Substring
        var isWhole: Bool
    }

    /// What has to be said before PID 1 looks for the next event.
    var due: [Due] = []
    /// The duty that failed last, and is told when all of it is through.
    var dutyFailure: (duty: Duty, error: Errno)?
    var dutiesAreDone = false
    /// How much is left to write, as PID 1 has read just now.
    var measured: Int64?
    /// The helper that PID 1 still waits for.
    var helper: Handle?

    /// How many lines found no room since the last that did.
    var lost = 0
    /// Whether PID 1 has tried to say how many, as it does in front of each line.
    var hasTriedCount = false
    /// What only PID 1 knows the moment for.
    var announcements: Set<String> = []
    /// Whether a line was lost that may have been one of those.
    var mayHaveAnnounced = false

    /// Whether the kernel has dropped what was written last, and said that all is well.
    var isDropped = false
    /// The lines that found room, without what stands in front of each.
    var said: [String] = []
}

// MARK: What is due

extension World {
    /// syslog(2)
    private var threshold: UInt8 {
        scenario.role != .machine || promises.commandLineWasRead ? scenario.logPriority : 6
    }

    /// Called by a peer's name, init has other lines, which a world does not look at.
    func isWorthALine(_ message: Message) -> Bool {
        scenario.name == "init"
            && message.priority(in: scenario.role).rawValue <= threshold
    }

    func owe(_ message: Message) {
        guard end == nil, isWorthALine(message) else { return }
        book.due.append(.line(message.priority(in: scenario.role), text(of: message)))
    }

    /// What PID 1 found out in front of what it was told before.
    func oweFirst(_ message: Message) {
        owe(message)
        if isWorthALine(message), let last = book.due.popLast() { book.due.insert(last, at: 0) }
    }

    /// Has a line that is due say something else.
    func correct(_ message: Message, to other: Message) {
        let old = LogBook.Due.line(message.priority(in: scenario.role), text(of: message))
        guard let index = book.due.firstIndex(of: old) else { return }
        book.due[index] = .line(other.priority(in: scenario.role), text(of: other))
    }

    /// - Parameter name: whom it is about.
    func text(of message: Message, about name: String = "/prog") -> String {
        var line = Line()
        (Array(name.utf8) + [0]).withUnsafeBufferPointer { name in
            message.append(to: &line, name: ByteView(cString: name.baseAddress!))
        }
        return line.withBytes { String(decoding: $0, as: UTF8.self) }
    }

    /// A duty is done, and PID 1 has taken in how that went.
    func oweDuty() {
        if let (duty, error) = book.dutyFailure, !isAllowed(error, for: duty) {
            owe(.dutyFailed(duty, error))
        }
        if book.dutiesAreDone, promises.commandLineWasRead, scenario.hasUnknownWord {
            owe(.optionNotUnderstood)
        }
        book.dutyFailure = nil
        book.dutiesAreDone = false
    }

    /// Who is not there has no need to be asked to end.
    func oweFailure(toSend error: Errno) {
        if promises.stoppingSince == nil || error != .noSuchProcess { owe(.sendingFailed(error)) }
    }

    /// ENOENT, EBUSY, ENODEV, ENXIO, ENOSYS, EAFNOSUPPORT: what a duty may come to.
    private func isAllowed(_ error: Errno, for duty: Duty) -> Bool {
        switch duty {
        case .mount: [2, 16, 19].contains(error.rawValue)
        case .openStandardStreams: [2, 6, 19].contains(error.rawValue)
        case .bringUpLoopback: [19, 38, 97].contains(error.rawValue)
        case .readCommandLine, .setHostName: false
        }
    }

    /// For a system call of PID 1's own that is a duty.
    func asDuty<Result>(_ duty: Duty, _ call: () throws(Errno) -> Result) throws(Errno) -> Result {
        do throws(Errno) {
            return try call()
        } catch {
            if actor == nil { book.dutyFailure = (duty, error) }
            throw error
        }
    }

    func oweNoProcess(_ error: Errno) {
        if end == nil, threshold >= 4 { book.due.append(.noProcess(error)) }
    }

    /// A signal that is no program's, and asks for no end, has a line at most.
    func oweLine(for signal: Int32, from origin: SignalOrigin) {
        if signal == 17 { return }
        let isRequest = scenario.request(signal) != nil
        if promises.stoppingSince != nil {
            // It leaves once more, and says so.
            if promises.isStranded, isRequest { return }
            // It has everything killed, which has a line of its own.
            if !promises.hasKilled, !promises.nobodyWasLeft, hastens(signal, from: origin) {
                return
            }
        } else if expectsProgram || isRequest || origin == .itself && [13, 25].contains(signal) {
            return
        } else if scenario.role == .process, ![18, 20, 21, 22, 23, 28].contains(signal) {
            return
        }
        if signal == 3 {
            if threshold >= Priority.critical.rawValue { book.due.append(.report) }
        } else {
            owe(.signalIgnored(Signal(rawValue: signal)))
        }
    }

    /// A child is reaped: the program's end is told elsewhere.
    func oweLine(for process: Process, _ status: ExitStatus) {
        if process.handle == promises.program { return }
        guard process.handle == book.helper else {
            let isKnown = scenario.role != .machine || promises.commandLineWasRead
            if isKnown, scenario.options.contains("-w") {
                owe(.orphanReaped(ProcessID(rawValue: process.handle.pid), status))
            }
            return
        }
        book.helper = nil
        switch promises.work {
        case .unmounting: if status != .exited(0) { owe(.helperEnded(.unmount, status)) }
        case .syncing: if status != .exited(0) { owe(.helperEnded(.sync, status)) }
        case .leaving: oweRefusal()
        case .hangingUp, .killing, nil: break
        }
    }

    /// reboot(2) has failed.
    func oweRefusal() {
        if scenario.role == .machine { owe(.cannotLeave(promises.ending)) }
    }

    /// A helper begins at a new work: PID 1 has said so, or that it goes on without the last.
    func checkAnnouncements(before next: Actor.Work) {
        book.helper = actor!.handle
        if next == .killing { checkAnnounced(.killing) }
        if promises.worker != nil, !promises.isRepeated, let work = promises.work,
            work != .hangingUp
        {
            checkAnnounced(.goingOnWithout(helper(at: work)))
        }
        if next == .leaving, scenario.role == .machine { checkAnnounced(.leaving(promises.ending)) }
    }

    private func helper(at work: Actor.Work) -> Helper {
        switch work {
        case .hangingUp: .hangUp
        case .killing: .killEverything
        case .unmounting: .unmount
        case .syncing: .sync
        case .leaving: .leave(promises.ending)
        }
    }

    func checkAnnounced(_ message: Message) {
        let text = text(of: message)
        if isWorthALine(message), !book.mayHaveAnnounced, !book.announcements.contains(text) {
            fail("PID 1 did not say: \(text)")
        }
    }
}

// MARK: What is said

extension World {
    /// - Returns: `nil` where these bytes are no line of the log.
    func line(in bytes: UnsafeRawBufferPointer) -> LogBook.Put? {
        // The greeting begins otherwise, wherever it is gone on with.
        guard let first = bytes.first, first == UInt8(ascii: "<") || first == UInt8(ascii: "i")
        else { return nil }
        var text = String(decoding: bytes, as: UTF8.self)[...]
        var priority: UInt8?
        if first == UInt8(ascii: "<") {
            priority = UInt8(text.dropFirst().prefix { $0 != ">" })
            text = text.drop { $0 != ">" }.dropFirst()
        }
        guard text.hasPrefix("init: ") else { return nil }
        text = text.dropFirst(6)
        let isWhole = text.firstIndex(of: "\n") == text.indices.last
        return LogBook.Put(
            priority: priority, text: isWhole ? text.dropLast() : text, isWhole: isWhole)
    }

    /// - Parameters:
    ///   - line: `nil` where standard error had no room to try.
    ///   - isTaken: whether all of it found room.
    func putLine(_ line: LogBook.Put?, isTaken: Bool) {
        if end != nil { return }
        if actor != nil {
            putHelperLine(line, isTaken: isTaken)
            return
        }
        note("says, \(isTaken ? "and is heard" : "in vain"): \(line?.text ?? "?")")
        if book.isDropped, scenario.role == .machine, !promises.mayLoseLines {
            fail("a line of a machine is lost to the kernel's limit")
        }
        if let line, !line.isWhole { fail("a line does not end as one: \(line.text)") }
        if book.lost > 0, !book.hasTriedCount, threshold >= Priority.warning.rawValue {
            book.hasTriedCount = true
            check(line, is: .line(.warning, "lines dropped: \(book.lost)"))
            if isTaken { book.lost = 0 }
            return
        }
        book.hasTriedCount = false
        if !isTaken { book.lost += 1 }
        if !book.due.isEmpty {
            check(line, is: book.due.removeFirst())
        } else if let line {
            checkUnasked(line)
        } else {
            book.measured = nil
            book.mayHaveAnnounced = true
        }
        if isTaken, !book.isDropped, let line { book.said.append(String(line.text)) }
    }

    private func check(_ line: LogBook.Put?, is due: LogBook.Due) {
        guard let line else { return }
        let isRight: Bool
        let rightPriority: Priority
        switch due {
        case .line(let priority, let text):
            (isRight, rightPriority) = (line.text == text, priority)
        case .report:
            // The last of them is the SIGQUIT.
            let isReport = line.text.hasPrefix("last events:") && line.text.hasSuffix(":s3")
            (isRight, rightPriority) = (isReport, .critical)
        case .noProcess(let error):
            let isOne = [
                "hanging up", "killing", "unmounting", "sync", "power off", "reboot", "halt",
            ].contains {
                var line = Line()
                error.append(to: &line)
                let reason = line.withBytes { String(decoding: $0, as: UTF8.self) }
                return text == "\($0): no process for it\(reason)"
            }
            (isRight, rightPriority) = (isOne, .warning)
        }
        if !isRight { fail("PID 1 says: \(line.text); what is due is \(due)") }
        checkPriority(line, rightPriority)

        var text: Substring { line.text }
    }

    /// What PID 1 alone knows the moment for, if it is the right one.
    private func checkUnasked(_ line: LogBook.Put) {
        let text = String(line.text)
        let isStopping = promises.stoppingSince != nil && !promises.isStranded
        let measured = book.measured
        book.measured = nil
        if text == self.text(of: .killing), isStopping {
            checkGrace()
            checkPriority(line, .warning)
        } else if isStopping, scenario.role == .machine,
            text == self.text(of: .leaving(promises.ending))
        {
            checkPriority(line, .critical)
        } else if isStopping, isLate(text) {
            checkPriority(line, .warning)
        } else if isStopping, let measured, measured > 0, let work = promises.work,
            text == self.text(of: .leftToWrite(helper(at: work), measured))
        {
            checkPriority(line, .notice)
        } else if text == self.text(of: .startingSlowly), isSlowStart {
            checkPriority(line, .warning)
        } else {
            fail("PID 1 says: \(text); and nothing of the sort has happened")
        }
        book.announcements.insert(text)
    }

    /// Whether the kernel takes its time to run the program, and nobody has said so yet.
    private var isSlowStart: Bool {
        guard let spawned = promises.spawned, promises.program != nil,
            !book.announcements.contains(text(of: .startingSlowly))
        else { return false }
        return time + tolerance >= spawned.time + Limit.startMilliseconds
    }

    /// Whether this is said of a helper that has had its time.
    private func isLate(_ text: String) -> Bool {
        let patience: [(Helper, Actor.Work, Int64)] = [
            (.unmount, .unmounting, 8_000), (.sync, .syncing, 8_000),
            (.leave(promises.ending), .leaving, 5_000),
        ]
        if text == self.text(of: .goingOnWithout(.killEverything)) {
            let patience = promises.isHastened ? 0 : grace
            return time + tolerance >= promises.stoppingSince! + patience + 5_000
        }
        for (helper, work, time) in patience where text == self.text(of: .goingOnWithout(helper)) {
            if faulted.contains(.fork) { return true }
            return promises.work == work && self.time + tolerance >= promises.workSince + time
        }
        return false
    }

    func checkPriority(_ line: LogBook.Put, _ priority: Priority) {
        guard let written = line.priority else { return }
        if written != priority.rawValue { fail("not of priority \(written): \(line.text)") }
    }

    /// What is due is said before PID 1 looks for the next event, or ends.
    func checkSaid() {
        oweDuty()
        if let measured = book.measured, measured > 0, threshold >= Priority.notice.rawValue {
            fail("PID 1 did not say that \(measured) KiB are left to write")
        }
        book.measured = nil
        if let due = book.due.first { fail("PID 1 did not say what is due: \(due)") }
    }
}
