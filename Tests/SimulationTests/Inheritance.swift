import InitCore
import SeededRandom

/// What init's parent leaves to it: signals, a working directory and open files.
struct Inheritance {
    var ignored: Set<Int32> = []
    var blocked: Set<Int32> = []
    /// The working directory, in a file system that is mounted there.
    var directory = "/"
    /// Open descriptors from 3 up.
    var descriptors: [Int] = []

    /// A machine's kernel starts init in its root directory, with no descriptor from 3 up. SIGCHLD
    /// comes more often than the other signals, because its being ignored does the most harm.
    static func draw(_ random: inout SplitMix64, for role: Role) -> Inheritance {
        var inheritance = Inheritance()
        inheritance.ignored = drawSignals(&random)
        inheritance.blocked = drawSignals(&random)
        if random.oneIn(2) { inheritance.ignored.insert(17) }
        if random.oneIn(2) { inheritance.blocked.insert(17) }
        if role == .machine { return inheritance }
        inheritance.directory = random.pick(["/", "/data", "/data/a b", "/mnt/x"])
        inheritance.descriptors = random.pick([[], [3], [3, 4, 5], [10], [4, 6, 7, 90]])
        return inheritance
    }

    /// SIGKILL and SIGSTOP can be neither ignored nor blocked.
    private static func drawSignals(_ random: inout SplitMix64) -> Set<Int32> {
        var signals: Set<Int32> = []
        for _ in 0..<random.pick([0, 1, 4, 40]) { signals.insert(Int32(random.between(1, 64))) }
        return signals.subtracting([9, 19])
    }
}

/// What init does with each signal: sigaction(2), sigprocmask(2).
struct Dispositions {
    static let faults: Set<Int32> = [4, 5, 7, 8, 11, 31]

    private(set) var ignored: Set<Int32>
    private(set) var blocked: Set<Int32>
    /// The signals that have a handler.
    private(set) var caught: Set<Int32> = []
    /// What was ignored and blocked before init changed it, as the shim remembers it.
    private(set) var remembered: (ignored: Set<Int32>, blocked: Set<Int32>) = ([], [])

    init(_ inheritance: Inheritance) {
        ignored = inheritance.ignored
        blocked = inheritance.blocked
    }

    /// Whether the kernel keeps a signal for init. Before there is a handler it drops the signal,
    /// unless the signal is blocked: PID 1 has no default action. Any other init would end, and so
    /// the world sends it none. A fault's signal is unblocked before it has a handler, so it is dropped then.
    func keeps(_ signal: Int32) -> Bool {
        caught.contains(signal) || blocked.contains(signal) && !Self.faults.contains(signal)
    }

    /// Whether the kernel reaps init's children itself, and says nothing of them.
    var ignoresChildren: Bool { ignored.contains(17) }

    mutating func catchSignals() {
        let others = Set(Int32(1)...64).subtracting(Self.faults).subtracting([9, 19])
        remembered.blocked = blocked
        remembered.ignored.formUnion(ignored.intersection(others))
        blocked = others
        ignored.subtract(others)
        caught.formUnion(others)
    }

    mutating func handleFault(_ signal: Int32) {
        if ignored.remove(signal) != nil { remembered.ignored.insert(signal) }
        caught.insert(signal)
    }
}
