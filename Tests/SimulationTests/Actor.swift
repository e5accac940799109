import InitCore

/// A helper at its work. fork(2) in a world runs the helper at once, to its end. What it does to
/// other processes happens at the moment that its own clock shows.
struct Actor {
    /// The work that its first system call shows.
    enum Work: Int {
        case hangingUp = 1
        case killing, unmounting, syncing, leaving
    }

    let handle: Handle
    var work: Work?
    var clock: Int64
    /// It hangs: its further system calls have no effect.
    var isLost = false
    /// Whether one of its calls has failed because the scenario says so.
    var hasFailed = false
    var calls = 0
    /// The lines that it has to write before it does anything else.
    var due: [String] = []
    /// Whether it could not read the table of mounts, and so knows only the root.
    var lacksTable = false
    /// How many file systems it has named in the log.
    var namedCount = 0
    /// Its log is a copy of PID 1's. So many lines were lost before the fork and since.
    /// `hasTriedCount` says whether it has tried to log that number.
    var lost: Int
    var hasTriedCount = false
}

extension World {
    /// A helper's system call takes its time, or never comes back.
    func enterAsHelper(_ call: Call) throws(Errno) {
        actor!.calls += 1
        if actor!.calls > Promises.mostCallsOfAHelper { fail("a helper has too many system calls") }
        if actor!.work == nil { begin(Self.work(of: call)) }
        actor!.clock += Int64(random.below(3))
        if scenario.disksHang, random.oneIn(30) { actor!.clock += random.duration() }
        if scenario.disksHang, random.oneIn(30) { hang() }
        if actor!.isLost { throw .inputOutput }
    }

    static func work(of call: Call) -> Actor.Work {
        switch call {
        case .read: .hangingUp
        case .send: .killing
        case .leave: .leaving
        default: .unmounting
        }
    }

    /// Hangs for ever. SIGKILL ends some helpers that hang; nothing ends the others.
    func hang() {
        note("hangs")
        actor!.isLost = true
        promises.somethingHung = true
        processes[Int(actor!.handle.pid)]!.isStuck = random.oneIn(2)
    }

    func begin(_ work: Actor.Work) {
        actor!.work = work
        begins(work)
    }

    func runHelper(_ body: () -> Int32) throws(Errno) -> ProcessID {
        guard let handle = makeProcess(.helper, parent: initPid, group: initPid) else {
            throw .wouldBlock
        }
        figures.helpers += 1
        actor = Actor(
            handle: handle, clock: time + Int64(random.below(3)), lost: book.lost,
            hasTriedCount: false)
        note("begins, process \(handle.pid)")
        let code = body()
        checkCode(code)
        if !actor!.isLost { schedule(.ends(handle, waitStatus: code << 8), at: actor!.clock) }
        note("its work is planned")
        actor = nil
        return ProcessID(rawValue: handle.pid)
    }
}
