import InitCore

/// A helper at its work. fork(2) in a world runs it at once, to its end; what it does to
/// others happens at the moment that its own clock shows.
struct Actor {
    /// What it turned out to be, by its first system call.
    enum Work: Int {
        case hangingUp = 1
        case killing, unmounting, syncing, leaving
    }

    let handle: Handle
    var work: Work?
    var clock: Int64
    /// It hangs: what it still asks for has no effect.
    var isLost = false
    /// Whether one of its calls has failed for no reason of the world's.
    var hasFailed = false
    var calls = 0
    /// What it has to say before its next call but those that say it.
    var due: [String] = []
    /// Whether it could not read the table of what is mounted, and knows of the root alone.
    var lacksTable = false
    /// How many file systems it has named.
    var namedCount = 0
    /// Its log is a copy of PID 1's: how many lines were lost by then and since, and whether it
    /// has tried to say how many.
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

    /// For ever, in a way that ends with SIGKILL or in one that nothing ends.
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
