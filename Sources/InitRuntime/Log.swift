import InitCore
import KernelInterface

/// Where PID 1's own lines go: on a machine to the kernel's log, elsewhere to standard error.
///
/// Nothing is ever waited for. A line that finds no room is dropped, and the next one that
/// does find it is preceded by how many were.
struct Log {
    private let role: Role
    /// The least important line that is still written.
    var threshold: Priority
    private var kernelLog: FileDescriptor?
    private(set) var dropped: Int32 = 0

    init(role: Role) {
        self.role = role
        threshold = role == .machine ? .info : .warning
    }

    /// Opens the kernel's log, once there is a /dev to find it in.
    mutating func open<K: Kernel & ~Copyable>(on kernel: inout K) {
        guard role == .machine, kernelLog == nil else { return }
        kernelLog = try? kernel.openForWriting("/dev/kmsg")
    }

    mutating func write<K: Kernel & ~Copyable>(
        _ message: Message, program: ByteView, on kernel: inout K
    ) {
        let priority = message.priority(in: role)
        guard priority <= threshold else { return }
        var line = begin(priority)
        message.append(to: &line, program: program)
        line.end()
        write(line, on: &kernel)
    }

    mutating func write<K: Kernel & ~Copyable>(_ record: EventRecord, on kernel: inout K) {
        var line = begin(.critical)
        record.append(to: &line)
        line.end()
        write(line, on: &kernel)
    }

    private func begin(_ priority: Priority) -> Line {
        var line = Line()
        if kernelLog != nil {
            line.append("<")
            line.append(number: Int32(priority.rawValue))
            line.append(">")
        }
        line.append("init: ")
        return line
    }

    private mutating func write<K: Kernel & ~Copyable>(_ line: Line, on kernel: inout K) {
        if dropped > 0 {
            var notice = begin(.warning)
            notice.append("lines dropped: ")
            notice.append(number: dropped)
            notice.end()
            if put(notice, on: &kernel) { dropped = 0 }
        }
        if !put(line, on: &kernel), dropped < .max { dropped &+= 1 }
    }

    /// - Returns: whether the whole line got through.
    private func put<K: Kernel & ~Copyable>(_ line: Line, on kernel: inout K) -> Bool {
        if let kernelLog {
            return line.withBytes { (try? kernel.write($0, to: kernelLog)) ?? 0 } == line.count
        }
        let stream = FileDescriptor.standardError
        guard (try? kernel.waitUntilWritable(stream, milliseconds: 0)) == true else {
            return false
        }
        // Others may have filled it in the meantime.
        beginInterruptions(on: &kernel)
        defer { endInterruptions(on: &kernel) }
        return line.withBytes { (try? kernel.write($0, to: stream)) ?? 0 } == line.count
    }
}
