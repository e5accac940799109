import InitCore
import SeededRandom

/// What happens in a world besides what PID 1 does.
enum Happening {
    /// A process sends PID 1 a signal.
    case signal(Int32)
    /// So many signals of one kind, each as soon as the last was taken.
    case flood(Int32, Int)
    /// A process sends the program a signal.
    case killProgram(Int32)
    /// A process goes on, if its number still belongs to it.
    case ends(Handle, waitStatus: Int32)
    case forks(Handle)
    case signalled(Handle, Int32)
    /// Comes out of the system call that could not be interrupted.
    case wakes(Handle)
    /// execve(2) is over.
    case execs(Handle)
    /// The user types Ctrl-C, Ctrl-\ or Ctrl-Z.
    case key(Int32)
    /// Orphans that appear from below and end at once.
    case storm(Int)
    /// Another process reaps the program.
    case theft
    /// A process that did not come from PID 1, as `docker exec` makes them.
    case visitor
    /// The clock jumps ahead by so many milliseconds.
    case jump(Int64)
    /// Another process unmounts /proc.
    case hidesProc
    /// A device takes nothing more, or everything again.
    case fills(Int)
    case empties(Int)
    /// What a helper does, at the moment at which it does it.
    case killsEverything(Handle)
    case leaves(Handle, Ending)

    static func draw(_ random: inout SplitMix64) -> Happening {
        switch random.below(40) {
        case 0..<14: .signal(Int32(drawSignal(&random)))
        case 14..<18: .signal(17)
        case 18:
            random.oneIn(20)
                ? .flood(Int32(drawSignal(&random)), random.pick([5, 100, 2_000])) : .signal(1)
        case 19: .killProgram(Int32(random.pick([1, 9, 15, 18, 19, 20, 21, 22, 28, 40])))
        case 20: .key(Int32(random.pick([2, 3, 20, 20])))
        case 21..<28: .storm(random.pick([1, 2, 10, 30]))
        case 28: random.pick([.theft, .hidesProc, .storm(3), .storm(1)])
        case 29..<32: .visitor
        case 32..<34: .jump(Int64(random.pick([1, 500, 5_000, 3_600_000])))
        case 34..<37: .fills(random.below(Device.names.count))
        default: .empties(random.below(Device.names.count))
        }
    }

    /// Any signal that a process can send. Those that end nothing come more often.
    private static func drawSignal(_ random: inout SplitMix64) -> Int {
        if random.oneIn(2) { return random.pick([1, 14, 17, 18, 23, 28]) }
        let signal = random.between(1, 64)
        return signal == 9 || signal == 19 ? 14 : signal
    }
}

/// Identifies one process, though the kernel uses its number again later.
struct Handle: Equatable {
    let pid: Int32
    let birth: Int
}
