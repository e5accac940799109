import InitCore

// What a helper tells PID 1 by its exit code, and the log itself.

extension World {
    /// The helper has done its work, and ends with this code.
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

    /// The mount point of a file system that can be written to, but for the kernel's own.
    private var firstWritable: String? {
        var seen: Set<String> = ["/proc", "/dev", "/sys"]
        // Only the last that is mounted in one place can be reached there.
        for mount in mounts.reversed() where seen.insert(mount.path).inserted {
            if !mount.isReadOnly { return mount.path }
        }
        return nil
    }

    /// Something can still be written to, and stays so. Four of those have a line each.
    func oweWritable(_ path: String, _ error: Errno) {
        let message = Message.staysWritable(error)
        guard actor?.lacksTable == false, isWorthALine(message), actor!.namedCount < 4 else {
            return
        }
        actor!.namedCount += 1
        actor!.due.append(text(of: message, about: path))
    }

    /// A line of a helper's own, with `nil` and `isTaken` as for PID 1's.
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
