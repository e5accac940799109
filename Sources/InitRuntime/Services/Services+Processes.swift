import InitCore
import KernelInterface

// The processes of a service: those of its cgroup or, where there are no cgroups, those of the
// process groups that its commands lead. setsid(2), cgroups(7)

extension Services {
    // MARK: Cgroups

    /// Makes the directory of all services' cgroups, if the kernel and the container allow it.
    mutating func findControlGroups<K: Kernel & ~Copyable>(on kernel: inout K) {
        let directory: StaticString = "/sys/fs/cgroup/hammock"
        let list: StaticString = "/sys/fs/cgroup/hammock/cgroup.procs"
        // It may be there already.
        try? kernel.makeDirectory(at: directory.utf8Start, mode: 0o755)
        hasControlGroups = (try? kernel.checkWritable(list.utf8Start)) != nil
        guard hasControlGroups else { return }
        if settings.isContainer { leaveRootGroup(on: &kernel) }
        passControllers("/sys/fs/cgroup/cgroup.subtree_control", on: &kernel)
        passControllers("/sys/fs/cgroup/hammock/cgroup.subtree_control", on: &kernel)
    }

    /// A group that has processes of its own cannot pass on controllers, but for the kernel's root.
    private func leaveRootGroup<K: Kernel & ~Copyable>(on kernel: inout K) {
        let directory: StaticString = "/sys/fs/cgroup/init"
        let list: StaticString = "/sys/fs/cgroup/init/cgroup.procs"
        try? kernel.makeDirectory(at: directory.utf8Start, mode: 0o755)
        write("0", to: list, on: &kernel)
    }

    /// One by one: a kernel may lack some.
    @inline(never)
    private func passControllers<K: Kernel & ~Copyable>(
        _ file: StaticString, on kernel: inout K
    ) {
        write("+cpu", to: file, on: &kernel)
        write("+memory", to: file, on: &kernel)
        write("+pids", to: file, on: &kernel)
        write("+io", to: file, on: &kernel)
    }

    @inline(never)
    private func write<K: Kernel & ~Copyable>(
        _ text: ByteView, to file: StaticString, on kernel: inout K
    ) {
        try? kernel.writeFile(
            at: file.utf8Start, UnsafeRawBufferPointer(start: text.start, count: text.count))
    }

    /// - Returns: the descriptor of the service's cgroup, which is made if it is missing; `nil` if
    ///   its process groups have to do.
    /// - Throws: if another command of the service is in a cgroup already. One outside of it would
    ///   not be found again.
    mutating func openControlGroup<K: Kernel & ~Copyable>(
        _ service: ServiceID, on kernel: inout K
    ) throws(Errno) -> FileDescriptor? {
        guard hasControlGroups else { return nil }
        var directory: FileDescriptor?
        do throws(Errno) {
            try controlGroup(service, "").use { (path) throws(Errno) in
                do throws(Errno) {
                    try kernel.makeDirectory(at: path, mode: 0o755)
                } catch {
                    guard error == .fileExists else { throw error }
                }
                directory = try kernel.open(at: path, .reading, mode: 0)
            }
            holdings[service.index].hasControlGroup = true
        } catch {
            if holdings[service.index].hasControlGroup { throw error }
        }
        return directory
    }

    mutating func removeControlGroup<K: Kernel & ~Copyable>(
        _ service: ServiceID, on kernel: inout K
    ) {
        guard holdings[service.index].hasControlGroup else { return }
        // A group of its own below it, or a process that is stuck, keeps it. The next run uses it.
        try? controlGroup(service, "").use { (path) throws(Errno) in
            try kernel.removeDirectory(at: path)
        }
        holdings[service.index].hasControlGroup = false
        holdings[service.index].memoryKills = 0
    }

    private func controlGroup(_ service: ServiceID, _ file: ByteView) -> Path {
        ServicePaths.controlGroup(table.plan.name(of: service), file)
    }

    /// - Returns: what the file holds, or `nil` if it cannot be read.
    @inline(never)
    private func read<K: Kernel & ~Copyable>(
        _ path: Path, on kernel: inout K
    ) -> UnsafeMutableRawBufferPointer? {
        var text: UnsafeMutableRawBufferPointer?
        try? path.use { (path) throws(Errno) in text = try kernel.read(at: path) }
        return text
    }

    /// Whether the kernel has killed a process of the service for want of memory since the last
    /// look. cgroups(7), memory.events
    mutating func lacksMemory<K: Kernel & ~Copyable>(
        _ service: ServiceID, on kernel: inout K
    ) -> Bool {
        guard holdings[service.index].hasControlGroup else { return false }
        guard let text = read(controlGroup(service, "/memory.events"), on: &kernel) else {
            return false
        }
        var rest = ByteView(text)
        var kills = 0
        while rest.count > 0 {
            var line = rest.removeFirst(upTo: UInt8(ascii: "\n"))
            if line.removeFirst(upTo: UInt8(ascii: " ")).equals("oom_kill") {
                kills = line.decimal(upTo: Int(Int32.max)) ?? 0
            }
        }
        let before = holdings[service.index].memoryKills
        holdings[service.index].memoryKills = kills
        return kills > before
    }

    /// Whether any unit asks for what only a cgroup can do: MemoryMax= and its like.
    var limitsByGroup: Bool {
        var index = 0
        while index < table.plan.count {
            let service = ServiceID(index: index)
            var reader = RecipeReader(table.plan.recipe(of: service))
            if reader.next(.cgroupFile) != nil { return true }
            index &+= 1
        }
        return false
    }

    // MARK: Signals

    mutating func send<K: Kernel & ~Copyable>(
        _ signal: Signal, _ service: ServiceID, to target: ServiceTarget, on kernel: inout K
    ) {
        let state = table.state(of: service)
        switch target {
        case .main:
            if let process = state.main { try? kernel.send(signal, to: .process(process)) }
        case .control:
            if let process = state.control { try? kernel.send(signal, to: .process(process)) }
        case .everybody:
            sendToAll(signal, service, on: &kernel)
        }
    }

    @inline(never)
    private mutating func sendToAll<K: Kernel & ~Copyable>(
        _ signal: Signal, _ service: ServiceID, on kernel: inout K
    ) {
        if var members = members(of: service, on: &kernel) {
            while let process = members.next() { try? kernel.send(signal, to: .process(process)) }
            return
        }
        var index = 0
        while index < ServiceHoldings.groupCount {
            if let group = holdings[service.index].group(index) {
                try? kernel.send(signal, to: .group(group))
            }
            index &+= 1
        }
    }

    mutating func killAll<K: Kernel & ~Copyable>(_ service: ServiceID, on kernel: inout K) {
        if holdings[service.index].hasControlGroup {
            let one: ByteView = "1"
            let isKilled: Void? = try? controlGroup(service, "/cgroup.kill").use {
                (path) throws(Errno) in
                try kernel.writeFile(
                    at: path, UnsafeRawBufferPointer(start: one.start, count: one.count))
            }
            if isKilled != nil { return }
        }
        // Before Linux 5.14, and without cgroups.
        sendToAll(.kill, service, on: &kernel)
    }

    /// Whether the service has a process. A zombie is none.
    mutating func isOccupied<K: Kernel & ~Copyable>(
        _ service: ServiceID, on kernel: inout K
    ) -> Bool {
        if holdings[service.index].hasControlGroup {
            if let text = read(controlGroup(service, "/cgroup.events"), on: &kernel) {
                return ByteView(text).hasLine("populated 1")
            }
        }
        var isOccupied = false
        var index = 0
        while index < ServiceHoldings.groupCount {
            if let group = holdings[service.index].group(index) {
                do throws(Errno) {
                    try kernel.send(.probe, to: .group(group))
                    isOccupied = true
                } catch {
                    // Nobody can make this group again but a process with the same number.
                    if error == .noSuchProcess { holdings[service.index].forget(group: index) }
                }
            }
            index &+= 1
        }
        return isOccupied
    }

    // MARK: The main process of a service that forks

    /// - Returns: the answer to `findMain`.
    mutating func findMain<K: Kernel & ~Copyable>(
        _ service: ServiceID, on kernel: inout K
    ) -> ServiceEvent {
        let found: ProcessID?
        if table.plan.flags(of: service).contains(.hasPIDFile) {
            found = readProcessFile(of: service, on: &kernel)
            // A daemon may have left its process groups, but not its cgroup.
            if found == nil, holdings[service.index].hasControlGroup,
                !isOccupied(service, on: &kernel)
            {
                return .emptied(service)
            }
        } else {
            found = guessMain(service, on: &kernel)
        }
        guard let found else { return .mainNotFound(service) }
        holdings[service.index].add(group: found)
        return .mainFound(service, found)
    }

    /// The process of the cgroup that is PID 1's child, if there is exactly one.
    private mutating func guessMain<K: Kernel & ~Copyable>(
        _ service: ServiceID, on kernel: inout K
    ) -> ProcessID? {
        guard var members = members(of: service, on: &kernel) else { return nil }
        var found: ProcessID?
        while let process = members.next() {
            guard isChild(process, on: &kernel) else { continue }
            if found != nil { return nil }
            found = process
        }
        return found
    }

    /// The process that PIDFile= names, if PID 1 may take its word. A file of the last run names a
    /// process that is gone, or whose number another one has by now; and PID 1 must not signal a
    /// process of others because a user wrote its number.
    private mutating func readProcessFile<K: Kernel & ~Copyable>(
        of service: ServiceID, on kernel: inout K
    ) -> ProcessID? {
        var reader = RecipeReader(table.plan.recipe(of: service))
        guard let path = reader.next(.pidFile) else { return nil }
        var writer: UInt32 = 0
        var number: Int?
        var buffer = [32 of UInt8](repeating: 0)
        withUnsafeMutableBytes(of: &buffer) { bytes in
            guard let start = try? kernel.readStart(of: path.start, into: bytes) else { return }
            writer = start.user
            var text = ByteView(UnsafeMutableRawBufferPointer(rebasing: bytes[..<start.count]))
            var line = text.removeFirst(upTo: UInt8(ascii: "\n"))
            // Some programs fill up the number with spaces.
            while line[0] == UInt8(ascii: " ") { line = line.dropping(1) }
            number = line.decimal(upTo: Int(Int32.max))
        }
        guard let number else { return nil }
        let process = ProcessID(rawValue: Int32(truncatingIfNeeded: number))
        guard isChild(process, on: &kernel), (table.owner(of: process) ?? service) == service else {
            return nil
        }
        if writer == 0 || belongs(process, to: service, childOf: nil, on: &kernel) {
            return process
        }
        // A daemon leaves the sessions of its service. Its user may signal what is his own anyway.
        let isOwn =
            !holdings[service.index].hasControlGroup && user(of: process, on: &kernel) == writer
        return isOwn ? process : nil
    }

    /// Whether a process is of the service. Without a cgroup it is one that a command of the
    /// service leads the session of, or a child of `parent`.
    mutating func belongs<K: Kernel & ~Copyable>(
        _ process: ProcessID, to service: ServiceID, childOf parent: ProcessID?,
        on kernel: inout K
    ) -> Bool {
        if var members = members(of: service, on: &kernel) {
            while let member = members.next() {
                if member == process { return true }
            }
            return false
        }
        guard let stat = stat(of: process, on: &kernel) else { return false }
        if stat.parent == parent?.rawValue { return true }
        var index = 0
        while index < ServiceHoldings.groupCount {
            // Each command leads a session and a group of the same number.
            if let group = holdings[service.index].group(index), group.rawValue == stat.session {
                return true
            }
            index &+= 1
        }
        return false
    }

    /// The user that a process runs as.
    private func user<K: Kernel & ~Copyable>(
        of process: ProcessID, on kernel: inout K
    ) -> UInt32? {
        var user: UInt32?
        var number = Line()
        number.append(number: process.rawValue)
        number.withBytes { number in
            try? Path("/proc/", ByteView(number), "").use { (path) throws(Errno) in
                user = try kernel.readStart(
                    of: path, into: UnsafeMutableRawBufferPointer(start: nil, count: 0)
                ).user
            }
        }
        return user
    }

    /// - Returns: the processes of the cgroup; `nil` if there is none, or it cannot be read.
    @inline(never)
    mutating func members<K: Kernel & ~Copyable>(
        of service: ServiceID, on kernel: inout K
    ) -> MemberReader? {
        guard holdings[service.index].hasControlGroup else { return nil }
        return read(controlGroup(service, "/cgroup.procs"), on: &kernel).map {
            MemberReader(rest: ByteView($0))
        }
    }
}

/// The processes that a cgroup.procs names. It goes through the read buffer, which must stay as it
/// is.
struct MemberReader {
    fileprivate var rest: ByteView

    @inline(never)
    mutating func next() -> ProcessID? {
        while rest.count > 0 {
            let number = rest.removeFirst(upTo: UInt8(ascii: "\n")).decimal(upTo: Int(Int32.max))
            // 0 is a process of another PID namespace.
            if let number, number > 1 {
                return ProcessID(rawValue: Int32(truncatingIfNeeded: number))
            }
        }
        return nil
    }
}

/// Whether the process is PID 1's own child, so that its end will be seen.
@inline(never)
private func isChild<K: Kernel & ~Copyable>(
    _ process: ProcessID, on kernel: inout K
) -> Bool {
    stat(of: process, on: &kernel)?.parent == 1
}

extension ByteView {
    init(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else {
            self = .empty
            return
        }
        self.init(start: start.assumingMemoryBound(to: UInt8.self), count: bytes.count)
    }

    init(_ bytes: UnsafeMutableRawBufferPointer) { self.init(UnsafeRawBufferPointer(bytes)) }

    /// Whether one of the lines is this.
    fileprivate func hasLine(_ line: ByteView) -> Bool {
        var rest = self
        while rest.count > 0 {
            if rest.removeFirst(upTo: UInt8(ascii: "\n")).equals(line) { return true }
        }
        return false
    }
}
