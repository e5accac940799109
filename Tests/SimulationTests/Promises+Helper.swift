import InitCore

// What a helper tells PID 1 by its exit code, and what it writes into the log itself.

extension World {
    /// Checks the code that a helper ends with after its work.
    func checkCode(_ code: Int32) {
        guard let actor, !actor.isLost, end == nil else { return }
        if let due = actor.due.first { fail("a helper did not say what is due: \(due)") }
        let mayFail = actor.hasFailed
        switch actor.work {
        case .unmounting:
            let writable = firstWritable
            if let writable, code == 0 { fail("a helper says that \(writable) is unmounted") }
            if writable == nil, code != 0, !mayFail {
                fail("a helper says that it did not unmount everything")
            }
        case .leaving:
            if code == 0 { fail("a helper says that the machine is off") }
        case .hangingUp, .killing, .syncing, nil:
            if code != 0 { fail("a helper's code is \(code)") }
        }
    }

    /// The mount point of a writable file system. The kernel's own do not count.
    private var firstWritable: String? {
        var seen: Set<String> = ["/proc", "/dev", "/sys"]
        // Only the last that is mounted in one place can be reached there.
        for mount in mounts.reversed() where seen.insert(mount.path).inserted {
            if !mount.isReadOnly { return mount.path }
        }
        return nil
    }

    /// A file system stays writable. The helper logs a line for each, four at most.
    func oweWritable(_ path: String, _ error: Errno) {
        let message = Message.staysWritable(error)
        guard actor?.lacksTable == false, isWorthALine(message), actor!.namedCount < 4 else {
            return
        }
        actor!.namedCount += 1
        actor!.due.append(text(of: message, about: path))
    }

    /// Checks a helper's line. The parameters are those of `putLine`.
    func putHelperLine(_ line: LogBook.Put?, isTaken: Bool) {
        note("says, \(isTaken ? "and is heard" : "in vain"): \(line?.text ?? "?")")
        var due: String?
        if actor!.lost > 0, !actor!.hasTriedCount {
            actor!.hasTriedCount = true
            due = "lines dropped: \(actor!.lost)"
            if isTaken { actor!.lost = 0 }
        } else {
            actor!.hasTriedCount = false
            if !isTaken { actor!.lost += 1 }
            if !actor!.due.isEmpty { due = actor!.due.removeFirst() }
        }
        guard let line else { return }
        if !line.isWhole { fail("a line does not end as one: \(line.text)") }
        if due.map({ line.text != $0 }) != false {
            fail("a helper says: \(line.text); what is due is \(due ?? "nothing")")
        }
        checkPriority(line, .warning)
    }
}
