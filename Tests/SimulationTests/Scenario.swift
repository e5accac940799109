import InitCore
import SeededRandom

/// What a world is like before its first moment. All of it follows from the seed.
struct Scenario {
    /// How a process reacts to SIGTERM.
    enum Manners {
        case dies, ignores
        /// Ignores it and ends by SIGHUP, as a shell on a terminal does.
        case hangsUp
        case exits(after: Int64, code: UInt8)
    }

    /// The program that PID 1 is to run.
    struct Program {
        var execError: Errno?
        /// How long execve(2) takes.
        var execTime: Int64 = 0
        /// When it ends by itself, and how.
        var lifetime: Int64?
        var waitStatus: Int32 = 0
        var manners = Manners.dies
        var forks = 0
    }

    var seed: UInt64 = 0
    var role = Role.machine
    var program: Program?

    // Options, as PID 1 reads them and as the test understands them.
    var options: [String] = []
    var forwards: [Int32: Int32] = [:]
    var remaps: Set<UInt8> = []
    var signalsGroup = false
    /// The grace period that was asked for, or `nil`.
    var askedGrace: Int64?
    var graceMilliseconds: Int64 { askedGrace ?? (role == .machine ? 10_000 : 2_000) }
    /// Words of the kernel's command line, before those for init.
    var bootWords: [String] = []

    // The world around init.
    /// All process numbers are below this one.
    var pidLimit = 48
    /// How many processes may be made by other processes.
    var forkBudget = 20
    /// How many milliseconds the clock stands still between two values.
    var clockStep: Int64 = 1
    /// A system call in so many fails; 0: none does.
    var faultRate = 0
    /// These calls always fail.
    var broken: [Call: Errno] = [:]
    /// Whether system calls take time.
    var isSlow = false
    var devices: [Device] = Device.healthy
    /// Descriptors 0 to 2 that are open from the start.
    var openStreams: [Bool] = [true, true, true]
    /// Whether helpers and disks can hang.
    var disksHang = false
    var extraMounts: [Mount] = []
    /// A slow disk that goes on writing: how many KiB, and how many of them in a second.
    var slowDisk: (size: Int64, perSecond: Int64)?
    var flushMilliseconds: Int64 = 600_000
    var isMountedAlready = false
    /// How init is related to a terminal.
    var terminal = Terminal.none
    /// Whether another process of the foreground group waits in read(2) for a line. It holds the
    /// line's read lock.
    var hasReader = false
    /// Whether there is a /dev/tty.
    var hasTerminalDevice = true
    /// Whether a shell on it does job control.
    var hasShell = false
    /// Whether the kernel has pidfds.
    var hasDescriptors = true
    /// How many children ended before init began. Their SIGCHLD came before, too.
    var zombies = 0
    var inheritance = Inheritance()
    /// The name that init is called by.
    var name = "init"
    var happenings: [(after: Int64, Happening)] = []

    var hasProgram: Bool { program != nil }

    /// Init's arguments.
    var wordsForInit: [String] { options + (hasProgram ? ["--", "/prog", "x"] : []) }

    var words: [String] {
        // A machine's stand after " -- " in the kernel's command line. The kernel drops that "--".
        role == .machine ? ["/init", "quiet"] + machineWords : [name] + wordsForInit
    }

    private var machineWords: [String] { options + (hasProgram ? ["/prog", "x"] : []) }

    var commandLine: String {
        // The same response to faults in each world, because PID 1 keeps it in a global variable.
        (["quiet", "hammock.fault=reboot"] + bootWords
            + (machineWords.isEmpty ? [] : ["--"] + machineWords))
            .joined(separator: " ") + "\n"
    }

    /// Where the program runs, by the table in ARCHITECTURE.
    var place: ProgramPlace {
        if role == .machine || name == "dumb-init" { return .ownSession }
        if !terminal.isThere { return .ownGroup }
        if terminal.hasAllStreams, terminal.isForeground { return .ownForegroundGroup }
        return signalsGroup ? .ownGroup : .initsGroup
    }

    /// Whether the program starts with the signals blocked and ignored that init's parent has left
    /// so: the table in init.8, DISPOSITIONS.
    var keepsDispositions: Bool {
        switch name {
        case "init": role == .process
        case "dumb-init": false
        default: true
        }
    }

    /// Words that PID 1 does not understand.
    static let unknownWords = [
        "hammock.log=8", "hammock.log", "hammock.grace=3601", "hammock.nonsense=1",
        "hammock.hostname=-x",
    ]

    var hasUnknownWord: Bool { bootWords.contains(where: Scenario.unknownWords.contains) }

    /// The highest priority number that PID 1 logs, once it has read its options.
    var logPriority: UInt8 {
        let names = bootWords.filter { !Scenario.unknownWords.contains($0) }
        let value = names.last { $0.hasPrefix("hammock.log=") }?.last?.wholeNumberValue
        if role == .machine, let value { return UInt8(value) }
        if options.contains("-vv") { return 7 }
        return role == .machine ? 6 : 4
    }

    /// The word for the kernel's log in the kernel's command line.
    var kernelLogWord: KernelLogUse? {
        let word = bootWords.last { $0.hasPrefix("printk.devkmsg=") }
        return word.flatMap { KernelLogUse(rawValue: String($0.dropFirst(15))) }
    }

    /// The signal that is forwarded for this one, or `nil` if none is.
    func forwarded(_ signal: Int32) -> Int32? {
        let other = forwards[signal] ?? signal
        return other == 0 ? nil : other
    }

    /// The ending that this signal asks for when there is no program.
    func request(_ signal: Int32) -> Ending? {
        guard role != .process else { return nil }
        switch signal {
        case 10, 37: return .halt
        case 12, 30, 38: return .powerOff
        case 39: return .reboot
        case 2, 15: return role == .machine ? .reboot : .powerOff
        default: return nil
        }
    }
}

// MARK: From a seed

extension Scenario {
    init(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        self.seed = seed
        role = random.pick([.machine, .machine, .container, .container, .process])
        if !random.oneIn(3) { program = Program(&random) }
        drawOptions(&random)
        pidLimit = random.pick([12, 24, 64])
        forkBudget = random.pick([0, 5, 30, 80])
        clockStep = random.pick([1, 1, 1, 1, 10, 100, 1_000])
        isSlow = random.oneIn(5)
        disksHang = random.oneIn(3)
        isMountedAlready = random.oneIn(4)
        if random.oneIn(2) { faultRate = random.pick([10, 40, 200]) }
        if random.oneIn(8) { broken[random.pick(Call.dispensable)] = random.pick(Call.errors) }
        if random.oneIn(2) { devices = Device.draw(&random) }
        if random.oneIn(5) { openStreams = (0..<3).map { _ in random.oneIn(2) } }
        extraMounts = Mount.draw(&random)
        if role != .machine, random.oneIn(2) {
            terminal = Terminal(
                isThere: true, hasAllStreams: random.oneIn(2), isForeground: !random.oneIn(3))
        }
        hasShell = random.oneIn(2)
        hasDescriptors = !random.oneIn(4)
        if role != .machine, random.oneIn(4) { zombies = random.pick([1, 3]) }
        if role == .machine, random.oneIn(3) { drawSlowDisk(&random) }
        drawHappenings(&random)
        drawLog(&random)
        hasReader = random.oneIn(2)
        hasTerminalDevice = !random.oneIn(4)
        if random.oneIn(2) { inheritance = .draw(&random, for: role) }
    }

    private mutating func drawSlowDisk(_ random: inout SplitMix64) {
        slowDisk = (
            size: Int64(random.pick([1, 500, 5_000, 50_000])),
            perSecond: Int64(random.pick([100, 600, 5_000]))
        )
        if random.oneIn(2) {
            let seconds = random.pick([0, 3, 20, 3_600])
            flushMilliseconds = Int64(seconds) * 1_000
            bootWords.append("hammock.flush=\(seconds)")
        }
    }

    private mutating func drawOptions(_ random: inout SplitMix64) {
        if random.oneIn(2) {
            let seconds = random.pick([0, 1, 3, 30, 3_600])
            askedGrace = Int64(seconds) * 1_000
            if role == .machine && random.oneIn(2) {
                bootWords.append("hammock.grace=\(seconds)")
            } else {
                options += ["--grace", "\(seconds)"]
            }
        }
        if random.oneIn(3) {
            signalsGroup = true
            options.append("-g")
        }
        for _ in 0..<random.pick([0, 0, 1, 4]) {
            let code = UInt8(random.pick([random.below(256), 126, 127, 143, 137]))
            remaps.insert(code)
            options += ["-e", "\(code)"]
        }
        for _ in 0..<random.pick([0, 0, 1, 4]) {
            let (from, to) = (Int32(random.between(1, 64)), Int32(random.below(65)))
            forwards[from] = to
            options += ["-r", "\(from):\(to)"]
        }
        if random.oneIn(3) { options.append("-w") }
        if random.oneIn(3) { options.append("-vv") }
        if random.oneIn(2) { options.append("-s") }
        if random.oneIn(9) { options += ["-p", "TERM"] }
        if random.oneIn(3) { bootWords.append("hammock.log=7") }
    }

    /// Options of the log, and words that PID 1 has to complain about.
    private mutating func drawLog(_ random: inout SplitMix64) {
        if random.oneIn(3) { bootWords.append("hammock.log=\(random.below(8))") }
        if random.oneIn(4) { bootWords.append(random.pick(Scenario.unknownWords)) }
        if random.oneIn(6) {
            bootWords.append("printk.devkmsg=\(random.pick(["on", "off", "ratelimit"]))")
        }
    }

    /// What happens to PID 1 and its processes from outside.
    private mutating func drawHappenings(_ random: inout SplitMix64) {
        let end = random.pick([0, 20, 3_000, 60_000])
        for _ in 0..<random.pick([0, 3, 10, 40]) {
            happenings.append((Int64(random.between(0, end)), Happening.draw(&random)))
        }
        // Most worlds come to an end.
        if random.oneIn(4) { return }
        if program != nil, random.oneIn(2) {
            happenings.append((Int64(end) + random.duration(), .killProgram(9)))
        } else {
            let signal = Int32(random.pick([10, 37, 12, 30, 38, 39, 2, 15]))
            happenings.append((Int64(end) + random.duration(), .signal(signal)))
        }
    }
}

extension Scenario.Program {
    init(_ random: inout SplitMix64) {
        if random.oneIn(10) {
            execError = random.pick([
                .noSuchFile, .permissionDenied, .execFormatError, .noMemory, .wouldBlock,
                .isDirectory,
            ])
        }
        execTime = random.oneIn(4) ? random.duration() : 0
        lifetime = random.oneIn(2) ? nil : random.duration()
        waitStatus = random.waitStatus()
        manners = random.oneIn(2) ? .ignores : .draw(&random)
        forks = random.pick([0, 0, 2, 20])
    }
}

extension Scenario.Manners {
    static func draw(_ random: inout SplitMix64) -> Scenario.Manners {
        switch random.below(5) {
        case 0, 1: .dies
        case 2: .ignores
        case 3: .hangsUp
        default: .exits(after: random.duration(), code: UInt8(random.below(256)))
        }
    }
}
