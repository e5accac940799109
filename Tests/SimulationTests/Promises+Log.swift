import InitCore
import KernelInterface

/// What PID 1's log promises: each line is true, each event that deserves a line has one, the lines
/// are in order, and PID 1 says how many lines were lost.
struct LogBook {
    /// A line that is due.
    enum Due: Equatable {
        case line(Priority, String)
        /// The last events, which SIGQUIT asks for.
        case report
        /// There was no process for a helper. The world does not know for which.
        case noProcess(Errno)
    }

    /// A line that PID 1 has tried to write.
    struct Put {
        /// The number in front of the line, which the kernel's log needs.
        var priority: UInt8?
        /// The text after `init: `.
        var text: Substring
        var isWhole: Bool
    }

    /// The lines that PID 1 has to write before it looks for the next event.
    var due: [Due] = []
    /// The duty that failed last. PID 1 logs that when the whole duty is over.
    var dutyFailure: (duty: Duty, error: Errno)?
    var dutiesAreDone = false
    /// How many KiB are left to write, as PID 1 has just read.
    var measured: Int64?
    /// The helper that PID 1 still waits for.
    var helper: Handle?

    /// How many lines were lost since the last one that was written.
    var lost = 0
    /// Whether PID 1 has tried to log that number, as it does before each line.
    var hasTriedCount = false
    /// The lines that PID 1 writes at a moment that only it knows.
    var announcements: Set<String> = []
    /// Whether a lost line may have been one of those.
    var mayHaveAnnounced = false

    /// Whether the kernel dropped the last line, although write(2) succeeded.
    var isDropped = false
    /// The lines that were written, without their prefixes.
    var said: [String] = []
}

// MARK: Lines that are due

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

    /// Has PID 1 say this before the lines that are due already.
    func oweFirst(_ message: Message) {
        owe(message)
        if isWorthALine(message), let last = book.due.popLast() { book.due.insert(last, at: 0) }
    }

    /// Replaces a line that is due.
    func correct(_ message: Message, to other: Message) {
        let old = LogBook.Due.line(message.priority(in: scenario.role), text(of: message))
        guard let index = book.due.firstIndex(of: old) else { return }
        book.due[index] = .line(other.priority(in: scenario.role), text(of: other))
    }

    /// - Parameter name: the program or mount point that the message names.
    func text(of message: Message, about name: String = "/prog") -> String {
        var line = Line()
        (Array(name.utf8) + [0]).withUnsafeBufferPointer { name in
            message.append(to: &line, name: ByteView(cString: name.baseAddress!))
        }
        return line.withBytes { String(decoding: $0, as: UTF8.self) }
    }

    /// A duty is over, and PID 1 knows how it went.
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

    /// In a shutdown, a signal needs no line if there was no process left to get it.
    func oweFailure(toSend error: Errno) {
        if promises.stoppingSince == nil || error != .noSuchProcess { owe(.sendingFailed(error)) }
    }

    /// Whether a duty may fail with this error: ENOENT, EBUSY, ENODEV, ENXIO, ENOSYS or
    /// EAFNOSUPPORT.
    private func isAllowed(_ error: Errno, for duty: Duty) -> Bool {
        switch duty {
        case .mount: [2, 16, 19].contains(error.rawValue)
        case .openStandardStreams: [2, 6, 19].contains(error.rawValue)
        case .bringUpLoopback: [19, 38, 97].contains(error.rawValue)
        case .readCommandLine, .setHostName: false
        }
    }

    /// Makes a system call that is a duty of PID 1's.
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

    /// A signal that the program does not get and that asks for no shutdown may deserve a line.
    func oweLine(for signal: Int32, from origin: SignalOrigin) {
        if signal == 17 { return }
        let isRequest = scenario.request(signal) != nil
        if promises.stoppingSince != nil {
            // PID 1 tries to leave again, and says so.
            if promises.isStranded, isRequest { return }
            // PID 1 kills everything, which has its own line.
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

    /// A child is reaped. `programIsOver` has the line for the program's end.
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

    /// A helper begins new work. PID 1 has to say so, or that it goes on without the last helper.
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

// MARK: Lines that are written

extension World {
    /// - Returns: `nil` if these bytes are no line of the log.
    func line(in bytes: UnsafeRawBufferPointer) -> LogBook.Put? {
        // No part of the greeting begins with these characters.
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
    ///   - line: `nil` if PID 1 did not try, because standard error had no room.
    ///   - isTaken: whether the whole line was written.
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
            // The last event is the SIGQUIT.
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

    /// Checks a line whose moment only PID 1 knows.
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

    /// Whether the program starts slowly, and PID 1 has not said so yet.
    private var isSlowStart: Bool {
        guard let spawned = promises.spawned, promises.program != nil,
            !book.announcements.contains(text(of: .startingSlowly))
        else { return false }
        return time + tolerance >= spawned.time + Limit.startMilliseconds
    }

    /// Whether this line is about a helper whose time is over.
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

    /// PID 1 has to write the lines that are due before it looks for the next event, or exits.
    func checkSaid() {
        oweDuty()
        if let measured = book.measured, measured > 0, threshold >= Priority.notice.rawValue {
            fail("PID 1 did not say that \(measured) KiB are left to write")
        }
        book.measured = nil
        if let due = book.due.first { fail("PID 1 did not say what is due: \(due)") }
    }
}
