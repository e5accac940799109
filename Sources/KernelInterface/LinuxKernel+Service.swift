internal import CLinux
public import InitCore

// What the child of a service asks for.

// MARK: Fork and report

extension LinuxKernel {
    /// Room for what init keeps about its services, which costs nothing until it is used. There is
    /// one in a process.
    public static var serviceMemory: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(
            start: clinux_services_memory(), count: Int(clinux_services_size))
    }

    public mutating func forkService(
        into cgroup: FileDescriptor?, _ body: (inout LinuxKernel, FileDescriptor, Bool) -> Int32
    ) throws(Errno) -> Child {
        var ends: (Int32, Int32) = (0, 0)
        try withUnsafeMutableBytes(of: &ends) { (bytes) throws(Errno) in
            guard let start = bytes.baseAddress else { return }
            try check(clinux_pipe(start.assumingMemoryBound(to: Int32.self)))
        }
        var isInside = cgroup != nil
        var process = clinux_fork_service(cgroup?.rawValue ?? -1)
        // Container runtimes before 2021 answer EPERM to calls that their filter does not know, and
        // kernels before 5.5 do not know the flag.
        if process == 0 &- Errno.notPermitted.rawValue
            || process == 0 &- Errno.noSuchSystemCall.rawValue
            || process == 0 &- Errno.invalidArgument.rawValue
        {
            isInside = false
            process = clinux_fork()
        }
        if process == 0 {
            _ = clinux_close(ends.0)
            clinux_exit(body(&self, FileDescriptor(rawValue: ends.1), isInside))
        }
        _ = clinux_close(ends.1)
        if process < 0 { _ = clinux_close(ends.0) }
        return Child(
            process: ProcessID(rawValue: try check(process)), descriptor: nil,
            report: FileDescriptor(rawValue: ends.0))
    }

    public mutating func readServiceReport(
        _ report: FileDescriptor
    ) throws(Errno) -> ServiceReport? {
        defer { _ = clinux_close(report.rawValue) }
        var numbers: (Int32, Int32) = (0, 0)
        let count = try withUnsafeMutableBytes(of: &numbers) { (bytes) throws(Errno) in
            try check(clinux_read(report.rawValue, bytes.baseAddress, bytes.count))
        }
        return count == 8 ? ServiceReport(code: numbers.0, errno: numbers.1) : nil
    }
}

// MARK: Signals and terminals

extension LinuxKernel {
    public mutating func resetSignals(ignoring ignored: Signal?) throws(Errno) {
        try check(clinux_reset_signals(ignored?.rawValue ?? 0))
    }

    public mutating func unblockSignals() throws(Errno) {
        try check(clinux_unblock_signals())
    }

    public mutating func newSession() throws(Errno) {
        try check(clinux_set_sid())
    }

    public mutating func takeTerminal(
        _ terminal: FileDescriptor, byForce: Bool
    ) throws(Errno) {
        try check(clinux_take_terminal(terminal.rawValue, byForce ? 1 : 0))
    }

    public mutating func hangUpTerminal(_ terminal: FileDescriptor) throws(Errno) {
        try check(clinux_hang_up_terminal(terminal.rawValue))
    }

    public mutating func resetTerminal(_ terminal: FileDescriptor) throws(Errno) {
        try check(clinux_reset_terminal(terminal.rawValue))
    }
}

// MARK: What a process is and may

extension LinuxKernel {
    public mutating func setGroups(_ groups: UnsafeBufferPointer<UInt32>) throws(Errno) {
        try check(clinux_set_groups(groups.count, groups.baseAddress))
    }

    public mutating func setGroup(_ group: UInt32) throws(Errno) {
        try check(clinux_set_group(group))
    }

    public mutating func setUser(_ user: UInt32) throws(Errno) {
        try check(clinux_set_user(user))
    }

    public mutating func setLimit(
        _ resource: Int32, soft: UInt64, hard: UInt64
    ) throws(Errno) {
        try check(clinux_set_limit(resource, soft, hard))
    }

    public mutating func limit(
        of resource: Int32
    ) throws(Errno) -> (soft: UInt64, hard: UInt64) {
        var limits: (UInt64, UInt64) = (0, 0)
        try withUnsafeMutableBytes(of: &limits) { (bytes) throws(Errno) in
            guard let start = bytes.baseAddress else { return }
            try check(
                clinux_get_limit(resource, start.assumingMemoryBound(to: UInt64.self)))
        }
        return limits
    }

    public mutating func setPriority(_ priority: Int32) throws(Errno) {
        try check(clinux_set_priority(priority))
    }

    public mutating func setIOPriority(_ priority: Int32) throws(Errno) {
        try check(clinux_set_io_priority(priority))
    }

    public mutating func setScheduling(policy: Int32, priority: Int32) throws(Errno) {
        try check(clinux_set_scheduling(policy, priority))
    }

    public mutating func setUmask(_ mask: UInt32) { _ = clinux_set_umask(mask) }

    public mutating func changeDirectory(to path: UnsafePointer<UInt8>) throws(Errno) {
        try check(clinux_change_directory(cString(path)))
    }

    public mutating func changeRoot(to path: UnsafePointer<UInt8>) throws(Errno) {
        try check(clinux_change_root(cString(path)))
    }

    public mutating func fillRandomly(_ bytes: UnsafeMutableRawBufferPointer) throws(Errno) {
        let count = try check(clinux_random(bytes.baseAddress, bytes.count))
        if count < bytes.count { throw .wouldBlock }
    }

    public mutating func execute(
        _ path: UnsafePointer<UInt8>, _ arguments: UnsafePointer<UnsafeMutablePointer<CChar>?>,
        _ environment: UnsafePointer<UnsafeMutablePointer<CChar>?>
    ) throws(Errno) {
        try check(clinux_execve(cString(path), arguments, environment))
    }
}

// MARK: Descriptors and files

extension LinuxKernel {
    public mutating func open(
        at path: UnsafePointer<UInt8>, _ flags: OpenFlags, mode: UInt32
    ) throws(Errno) -> FileDescriptor {
        FileDescriptor(rawValue: try check(clinux_open(cString(path), flags.rawValue, mode)))
    }

    public mutating func close(_ descriptor: FileDescriptor) {
        _ = clinux_close(descriptor.rawValue)
    }

    public mutating func closeDescriptors(
        from first: FileDescriptor, keeping one: FileDescriptor?, _ other: FileDescriptor?
    ) {
        let before = first.rawValue &- 1
        let (one, other) = (one?.rawValue ?? before, other?.rawValue ?? before)
        let lower = max(min(one, other), before)
        let upper = max(max(one, other), before)
        closeRange(first.rawValue, lower &- 1)
        closeRange(lower &+ 1, upper &- 1)
        closeRange(upper &+ 1, .max)
    }

    private func closeRange(_ first: Int32, _ last: Int32) {
        if first <= last { _ = clinux_close_range(first, last) }
    }

    public mutating func duplicate(
        _ descriptor: FileDescriptor, as copy: FileDescriptor
    ) throws(Errno) {
        try check(clinux_duplicate(descriptor.rawValue, copy.rawValue))
    }

    public mutating func duplicate(
        _ descriptor: FileDescriptor, above other: FileDescriptor
    ) throws(Errno) -> FileDescriptor {
        FileDescriptor(
            rawValue: try check(
                clinux_duplicate_above(descriptor.rawValue, other.rawValue &+ 1)))
    }

    public mutating func read(
        _ bytes: UnsafeMutableRawBufferPointer, from descriptor: FileDescriptor
    ) throws(Errno) -> Int {
        try check(clinux_read(descriptor.rawValue, bytes.baseAddress, bytes.count))
    }

    public mutating func readParts(
        at path: UnsafePointer<UInt8>,
        _ body: (inout LinuxKernel, UnsafeRawBufferPointer) -> Bool
    ) throws(Errno) {
        let descriptor = try check(clinux_open_for_reading(cString(path)))
        defer { _ = clinux_close(descriptor) }
        let size = Int(clinux_scratch_size)
        while case let count = try check(clinux_read(descriptor, clinux_scratch(), size)),
            count > 0
        {
            let part = UnsafeRawBufferPointer(start: clinux_scratch(), count: count)
            guard body(&self, part) else { return }
        }
    }

    public mutating func writeFile(
        at path: UnsafePointer<UInt8>, _ bytes: UnsafeRawBufferPointer
    ) throws(Errno) {
        let descriptor = try check(clinux_open_for_writing(cString(path)))
        defer { _ = clinux_close(descriptor) }
        try check(clinux_write(descriptor, bytes.baseAddress, bytes.count))
    }

    public mutating func makeDirectory(
        at path: UnsafePointer<UInt8>, mode: UInt32
    ) throws(Errno) {
        try check(clinux_make_directory(cString(path), mode))
    }

    public mutating func removeFile(at path: UnsafePointer<UInt8>) throws(Errno) {
        try check(clinux_unlink(cString(path)))
    }

    public mutating func removeDirectory(at path: UnsafePointer<UInt8>) throws(Errno) {
        try check(clinux_remove_directory(cString(path)))
    }

    public mutating func setMode(
        of path: UnsafePointer<UInt8>, to mode: UInt32
    ) throws(Errno) {
        try check(clinux_change_mode(cString(path), mode))
    }

    public mutating func setOwner(
        of path: UnsafePointer<UInt8>, to user: UInt32?, _ group: UInt32?
    ) throws(Errno) {
        try check(clinux_change_owner(cString(path), user ?? .max, group ?? .max))
    }

    public mutating func status(
        of path: UnsafePointer<UInt8>, followsLink: Bool
    ) throws(Errno) -> FileStatus {
        var size: Int64 = 0
        let mode = try check(clinux_stat(cString(path), followsLink ? 1 : 0, &size))
        return FileStatus(mode: UInt32(bitPattern: mode), size: size)
    }

    public mutating func isMountPoint(_ path: UnsafePointer<UInt8>) throws(Errno) -> Bool {
        try check(clinux_is_mount_point(cString(path))) == 1
    }

    public mutating func checkWritable(_ path: UnsafePointer<UInt8>) throws(Errno) {
        try check(clinux_may_write(cString(path)))
    }

    public mutating func isEmptyDirectory(
        _ path: UnsafePointer<UInt8>
    ) throws(Errno) -> Bool {
        let descriptor = try check(clinux_open_for_reading(cString(path)))
        defer { _ = clinux_close(descriptor) }
        guard let entries = clinux_directory() else { return true }
        var names = 0
        while case let count = try check(clinux_getdents(descriptor, entries)), count > 0 {
            var offset = 0
            while offset < count {
                let entry = entries + offset
                names &+= 1
                offset &+= max(1, Int(entry.loadUnaligned(fromByteOffset: 16, as: UInt16.self)))
            }
        }
        // The other two are `.` and `..`.
        return names <= 2
    }
}
