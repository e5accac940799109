import InitCore
import KernelInterface

/// The log for PID 1's own lines: the kernel's log on a machine, standard error elsewhere.
///
/// PID 1 never waits for the log. It drops a line that finds no room, and says before the next line
/// that does how many it dropped.
struct Log {
    private let role: Role
    /// The personality in whose words the lines are.
    var speaker = Speaker()
    private var kernelLog: FileDescriptor?
    private(set) var dropped: Int32 = 0

    init(role: Role) {
        self.role = role
    }

    /// Opens the kernel's log, once /dev and /proc are there.
    ///
    /// By default the kernel takes ten lines in five seconds from each opener and silently drops
    /// the rest, which could include a line that counts. It does not let init change that if its
    /// own command line sets `printk.devkmsg=`.
    mutating func open<K: Kernel & ~Copyable>(on kernel: inout K) {
        guard role == .machine, kernelLog == nil else { return }
        kernelLog = try? kernel.openForWriting("/dev/kmsg")
        if kernelLog != nil {
            try? kernel.setParameter("/proc/sys/kernel/printk_devkmsg", to: "on\n")
        }
    }

    /// - Parameter limit: the highest priority number that is logged.
    mutating func say<K: Kernel & ~Copyable>(
        _ message: Message, about name: ByteView, upTo limit: UInt8, on kernel: inout K
    ) {
        let priority = message.priority(in: role, as: speaker.personality)
        guard priority.rawValue <= limit else { return }
        var line = begin(priority)
        message.append(to: &line, name: name, as: speaker.personality)
        say(&line, priority, upTo: limit, on: &kernel)
    }

    mutating func report<K: Kernel & ~Copyable>(
        _ record: EventRecord, upTo limit: UInt8, on kernel: inout K
    ) {
        guard Priority.critical.rawValue <= limit else { return }
        var line = begin(.critical)
        record.append(to: &line)
        say(&line, .critical, upTo: limit, on: &kernel)
    }

    mutating func say<K: Kernel & ~Copyable>(
        _ message: ServiceMessage, in plan: Plan, upTo limit: UInt8, on kernel: inout K
    ) {
        let priority = message.priority
        guard priority.rawValue <= limit else { return }
        var line = begin(priority)
        message.append(to: &line, in: plan)
        say(&line, priority, upTo: limit, on: &kernel)
    }

    /// Says what services have to do without.
    mutating func warn<K: Kernel & ~Copyable>(
        _ text: ByteView, _ error: Errno, upTo limit: UInt8, on kernel: inout K
    ) {
        guard Priority.warning.rawValue <= limit else { return }
        var line = begin(.warning)
        line.append(word: text)
        if error != .none { error.append(to: &line) }
        say(&line, .warning, upTo: limit, on: &kernel)
    }

    @inline(never)
    private func begin(_ priority: Priority) -> Line {
        var line = Line()
        if kernelLog != nil {
            line.append("<")
            line.append(number: Int32(priority.rawValue))
            line.append(">")
        }
        speaker.begin(&line, priority)
        return line
    }

    @inline(never)
    private mutating func say<K: Kernel & ~Copyable>(
        _ line: inout Line, _ priority: Priority, upTo limit: UInt8, on kernel: inout K
    ) {
        line.end()
        if dropped > 0, Priority.warning.rawValue <= limit {
            var notice = begin(.warning)
            notice.append("lines dropped: ")
            notice.append(number: dropped)
            notice.end()
            if writeIfReady(notice, to: .standardError, on: &kernel) { dropped = 0 }
        }
        let stream: FileDescriptor =
            speaker.usesStandardOutput(for: priority) ? .standardOutput : .standardError
        if !writeIfReady(line, to: stream, on: &kernel), dropped < .max { dropped &+= 1 }
    }

    /// - Parameter stream: where the line goes if the kernel's log is not open.
    /// - Returns: whether the whole line got through.
    @inline(never)
    private func writeIfReady<K: Kernel & ~Copyable>(
        _ line: Line, to stream: FileDescriptor, on kernel: inout K
    ) -> Bool {
        if let kernelLog { return write(line, to: kernelLog, on: &kernel) }
        guard (try? kernel.waitUntilWritable(stream, milliseconds: 0)) == true else {
            return false
        }
        // Other processes may have filled the stream since.
        beginInterruptions(on: &kernel)
        defer { endInterruptions(on: &kernel) }
        return write(line, to: stream, on: &kernel)
    }

    @inline(never)
    private func write<K: Kernel & ~Copyable>(
        _ line: Line, to descriptor: FileDescriptor, on kernel: inout K
    ) -> Bool {
        line.withBytes { (try? kernel.write($0, to: descriptor)) ?? 0 } == line.count
    }
}
