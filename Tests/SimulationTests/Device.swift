import InitCore
import SeededRandom

/// A file that PID 1 writes to.
struct Device {
    static let null = 4
    static let names = ["1", "2", "/dev/console", "/dev/kmsg", "/dev/null"]

    /// `nil` if it can be opened.
    var openError: Errno?
    /// For example after a hangup.
    var writeError: Errno?
    /// How many bytes it takes now.
    var room = Int.max
    /// How much room comes back in 100 ms.
    var drain = 0
    /// The most that it takes in one write.
    var mostAtOnce = Int.max
    var received = 0

    static let healthy = [Device](repeating: Device(), count: names.count)

    static func draw(_ random: inout SplitMix64) -> [Device] {
        names.map { _ in
            var device = Device()
            switch random.below(9) {
            case 0: device.openError = random.pick(Call.errors)
            case 1: device.writeError = random.pick([.inputOutput, .noMemory, .invalidArgument])
            case 2, 3: device.room = random.pick([0, 1, 30])
            case 4:
                device.room = 5
                device.drain = random.pick([1, 10, 100])
            case 5: device.mostAtOnce = random.pick([1, 7])
            default: break
            }
            return device
        }
    }
}

/// The open file of a descriptor.
struct File {
    /// Its number in `Device.names`.
    let device: Int
    var blocks = true
    var isWritable = true
    /// Whether init's parent had opened it.
    var isInherited = false
    /// FD_CLOEXEC, fcntl(2)
    var closesOnExec = false
    var limit = RateLimit()
}
