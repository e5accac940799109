import InitCore

/// How many lines in a row the kernel takes from one open file of /dev/kmsg: lib/ratelimit.c, as
/// devkmsg_write() in kernel/printk/printk.c uses it. The kernel drops further lines, and write(2)
/// still succeeds.
struct RateLimit {
    static let burst = 10
    static let interval: Int64 = 5_000

    private var began: Int64?
    private var taken = 0

    /// Whether the kernel takes a line that comes now.
    mutating func takes(at time: Int64) -> Bool {
        if began.map({ time > $0 + Self.interval }) != false {
            began = time
            taken = 0
        }
        if taken == Self.burst { return false }
        taken += 1
        return true
    }
}

/// What the kernel does with what is written to /dev/kmsg.
enum KernelLogUse: String {
    case on, off
    case limited = "ratelimit"

    /// Its number in `Device.names`.
    static let device = 3
}

extension World {
    /// Whether the kernel drops a line that is written now.
    func isDropped(by number: Int) -> Bool {
        guard files[number]!.device == KernelLogUse.device, kernelLogUse != .on else {
            return false
        }
        if kernelLogUse == .limited, files[number]!.limit.takes(at: time) { return false }
        note("the kernel drops what is written to its log")
        book.isDropped = true
        return true
    }

    func setParameter(_ path: String, to value: String) throws(Errno) {
        guard mounts.contains(where: { $0.path == "/proc" }),
            path == "/proc/sys/kernel/printk_devkmsg"
        else { throw .noSuchFile }
        // A word of the kernel's own command line is the last one.
        guard scenario.kernelLogWord == nil, value.last == "\n",
            let use = KernelLogUse(rawValue: String(value.dropLast()))
        else { throw .invalidArgument }
        note("the kernel's log is \(use)")
        kernelLogUse = use
    }
}
