import InitCore
import KernelInterface

/// Unmounts what it can, and makes the rest read-only.
///
/// - Returns: whether no writable file system is left.
func unmountEverything<K: Kernel & ~Copyable>(
    on kernel: inout K, log: Log, upTo limit: UInt8
) -> Bool {
    detachLoops(on: &kernel)
    var sweep = Sweep(log: log, logLimit: limit)
    // A file system may keep busy another one that comes later in the table or is below it, for
    // example by a file that is swapped to or that backs a device.
    var rounds = 0
    var hasChanged = true
    while hasChanged, rounds < mostRounds {
        try? kernel.removeMappings()
        sweep.done = 0
        // File systems in memory come first: their swapped-out pages go away with them. An error
        // comes again when the rest is made read-only, and counts there.
        try? sweep.go(.unmount, on: &kernel)
        try? sweep.go(.swapOff, on: &kernel)
        hasChanged = sweep.done > 0
        rounds &+= 1
    }
    do throws(Errno) {
        try sweep.go(.makeReadOnly, on: &kernel)
        return sweep.writable == 0
    } catch {
        // Without the whole table: the root still holds most of the data.
        let root: StaticString = "/"
        try? kernel.makeReadOnly(root.utf8Start)
        return false
    }
}

/// A bound for a loop that should end by itself: each round but the last removes something. No more
/// file systems than this are mounted on one another.
private let mostRounds = 1_000

/// Goes through a table of paths, and does one thing with each.
private struct Sweep {
    enum Work {
        case unmount, makeReadOnly, swapOff
    }

    /// How many file systems that stay writable are named. The kernel's log takes ten lines at
    /// once.
    static let mostNamed = 4

    var log: Log
    let logLimit: UInt8
    /// How many were unmounted, or are no longer swapped to.
    var done = 0
    /// How many could not be made read-only.
    var writable = 0

    init(log: Log, logLimit: UInt8) {
        self.log = log
        self.logLimit = logLimit
    }

    @inline(never)
    mutating func go<K: Kernel & ~Copyable>(_ work: Work, on kernel: inout K) throws(Errno) {
        do throws(Errno) {
            try read(work, on: &kernel)
        } catch {
            guard work != .swapOff, error != .tooLarge else { throw error }
            // Another process may have unmounted /proc.
            try? kernel.mount(EarlyMount.table[EarlyMount.lastBeforeCommandLine])
            try read(work, on: &kernel)
        }
    }

    @inline(never)
    private mutating func read<K: Kernel & ~Copyable>(
        _ work: Work, on kernel: inout K
    ) throws(Errno) {
        let isAboutSwap = work == .swapOff
        try kernel.readLines(isAboutSwap ? "/proc/swaps" : "/proc/self/mounts") { kernel, lines in
            var table = PathTable(lines, column: isAboutSwap ? 0 : 1)
            while let path = table.next() { perform(work, at: path, on: &kernel) }
        }
    }

    private mutating func perform<K: Kernel & ~Copyable>(
        _ work: Work, at path: UnsafePointer<UInt8>, on kernel: inout K
    ) {
        do throws(Errno) {
            switch work {
            case .unmount:
                try kernel.unmount(path)
                // The root stays, and becomes read-only. umount2(2) reports success for it every
                // time.
                if path[1] != 0 { done &+= 1 }
            case .makeReadOnly: try kernel.makeReadOnly(path)
            case .swapOff:
                try kernel.swapOff(path)
                done &+= 1
            }
        } catch {
            guard work == .makeReadOnly else { return }
            writable &+= 1
            guard writable <= Sweep.mostNamed else { return }
            log.say(
                .staysWritable(error), about: ByteView(cString: path), upTo: logLimit, on: &kernel)
        }
    }
}

/// Each loop device releases its file when it has no more users. A device that is no loop does not
/// know the request.
private func detachLoops<K: Kernel & ~Copyable>(on kernel: inout K) {
    try? kernel.list("/dev") { kernel, name in
        let name = ByteView(cString: name)
        guard name.hasPrefix("loop") else { return }
        try? Path("/dev/", name).use { (path) throws(Errno) in try kernel.detachLoop(path) }
    }
}
