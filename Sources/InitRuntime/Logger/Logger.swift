internal import InitCore
public import KernelInterface

/// Copies what services write from their pipes to files in /run/log.
///
/// A child of PID 1 does this, which has the pipes from PID 1. It copies what a pipe holds, writes
/// the whole lines of that to the file, and only then takes them out of the pipe. It keeps nothing
/// of its own: half a line stays in the pipe. So SIGKILL at any moment loses no line. What the
/// logger had written but not taken, the next logger writes again: less than
/// `LogBatch.mostInput`. Only the count of lines that a full disk has cost is lost.
///
/// PID 1 asks the logger by SIGTERM to end. It does so when all pipes are empty.
public struct Logger: ~Copyable {
    /// How many logs there can be: one for each unit, and PID 1's own.
    public static let capacity = ServiceSet.capacity + 1
    /// Everything a logger writes is below this.
    private static let fileSystem: StaticString = "/run"

    var pipes = [129 of LogPipe](repeating: .none)
    private var count = 0
    private var readyCount = 0
    private var isEnding = false

    public init() {}

    /// A pipe more to copy from. More than `capacity` are ignored.
    public mutating func add(_ pipe: LogPipe) {
        guard count < Logger.capacity else { return }
        pipes[count] = pipe
        count &+= 1
    }

    /// Works until SIGTERM has come and all pipes are empty.
    ///
    /// - Returns: the code to exit with: 0, or 1 if the kernel refused what a logger cannot do
    ///   without. Then nothing is lost, and PID 1 can start another.
    public mutating func run<K: Kernel & ~Copyable>(on kernel: inout K) -> Int32 {
        var input = [4096 of UInt8](repeating: 0)
        var output = [8192 of UInt8](repeating: 0)
        return withUnsafeMutableBytes(of: &input) { input in
            withUnsafeMutableBytes(of: &output) { output in
                do throws(Errno) {
                    closeOthers(on: &kernel)
                    fitFileSystem(on: &kernel)
                    let desk = LogDesk(
                        input: input, output: output,
                        scratch: try kernel.pipe(writerWaits: false))
                    try work(at: desk, on: &kernel)
                    return 0
                } catch {
                    return 1
                }
            }
        }
    }

    private mutating func work<K: Kernel & ~Copyable>(
        at desk: LogDesk, on kernel: inout K
    ) throws(Errno) {
        let watch = try kernel.makeWatch()
        var index = 0
        while index < count {
            try kernel.watch(pipes[index].pipe.reading, as: UInt32(index), by: watch)
            index &+= 1
        }
        while true {
            try takeArrivals(at: watch, on: &kernel)
            if readyCount > 0 {
                try copyAll(at: desk, on: &kernel)
            } else if isEnding {
                return
            } else {
                try wait(for: watch, on: &kernel)
            }
        }
    }

    /// Takes as many arrivals as there are pipes at most: pipes that never rest must not keep the
    /// logger from copying.
    private mutating func takeArrivals<K: Kernel & ~Copyable>(
        at watch: FileDescriptor, on kernel: inout K
    ) throws(Errno) {
        var most = count
        while most > 0, let number = try kernel.nextArrival(at: watch) {
            setReady(Int(number), true)
            most &-= 1
        }
    }

    /// Sleeps until something comes. A line that has no end yet lets the logger sleep.
    private mutating func wait<K: Kernel & ~Copyable>(
        for watch: FileDescriptor, on kernel: inout K
    ) throws(Errno) {
        do throws(Errno) {
            guard case .signal(let received) = try kernel.wait(for: watch, milliseconds: nil),
                received.signal == .terminate
            else { return }
        } catch {
            if error != .interrupted { throw error }
            return
        }
        isEnding = true
        // What half lines there are will not get an end.
        var index = 0
        while index < count {
            setReady(index, true)
            index &+= 1
        }
    }

    /// Copies one batch from each pipe that is ready: a service that never rests holds up no other.
    private mutating func copyAll<K: Kernel & ~Copyable>(
        at desk: LogDesk, on kernel: inout K
    ) throws(Errno) {
        var index = 0
        while index < count {
            if pipes[index].isReady, !(try pipes[index].copy(at: desk, isEnding, on: &kernel)) {
                setReady(index, false)
            }
            index &+= 1
        }
    }

    private mutating func setReady(_ index: Int, _ isReady: Bool) {
        guard index < count, pipes[index].isReady != isReady else { return }
        pipes[index].isReady = isReady
        readyCount &+= isReady ? 1 : -1
    }

    /// Closes all that PID 1 has open but the standard streams and the pipes.
    private mutating func closeOthers<K: Kernel & ~Copyable>(on kernel: inout K) {
        var last: Int32 = 2
        while true {
            let next = leastDescriptor(above: last)
            if next > last &+ 1 {
                kernel.closeDescriptors(
                    from: FileDescriptor(rawValue: last &+ 1),
                    through: FileDescriptor(rawValue: next == .max ? .max : next &- 1))
            }
            if next == .max { return }
            last = next
        }
    }

    /// The lowest descriptor of the pipes that is above this one, or the highest number.
    private mutating func leastDescriptor(above last: Int32) -> Int32 {
        var least = Int32.max
        var index = 0
        while index < count {
            let (reading, writing) = (
                pipes[index].pipe.reading.rawValue, pipes[index].pipe.writing.rawValue
            )
            if reading > last { least = min(least, reading) }
            if writing > last { least = min(least, writing) }
            index &+= 1
        }
        return least
    }

    /// All files together may take a quarter of their file system. If they could get larger, each
    /// gets less in proportion, but `LogPipe.leastSize`.
    private mutating func fitFileSystem<K: Kernel & ~Copyable>(on kernel: inout K) {
        guard let space = try? kernel.fileSystemSize(Logger.fileSystem) else { return }
        let most = UInt64(max(space, 0)) / 4
        var sum: UInt64 = 0
        var index = 0
        while index < count {
            sum &+= 2 &* UInt64(pipes[index].size)
            index &+= 1
        }
        guard sum > most else { return }
        index = 0
        while index < count {
            // In KiB: `most` is less than `sum`, and that less than 2^41, so nothing overflows.
            let share = (UInt64(pipes[index].size) >> 10) &* most / sum
            pipes[index].size = max(UInt32(truncatingIfNeeded: share << 10), LogPipe.leastSize)
            index &+= 1
        }
    }
}

/// What the logger works with: two buffers, and a pipe to copy pipes into.
struct LogDesk {
    /// Of `LogBatch.mostInput`.
    let input: UnsafeMutableRawBufferPointer
    /// Of `LogBatch.mostOutput`.
    let output: UnsafeMutableRawBufferPointer
    /// Is empty between two copies.
    let scratch: Pipe
}
