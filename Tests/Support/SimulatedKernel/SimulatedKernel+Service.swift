import InitCore
import KernelInterface

/// What the child of a service finds in a simulated kernel, and what it became.
public struct SimulatedService: Sendable {
    /// The files that can be read, by path.
    public var texts: [String: String] = [:]
    /// How many bytes of a file come at a time.
    public var partSize = 7
    /// The files that `read(at:)` finds.
    public var files: [String: String] = [:]
    /// Who owns a file; root, if it is not here. A path that is only here is no regular file.
    public var owners: [String: UInt32] = [:]
    /// What is at each path; a directory's parents need no entry.
    public var statuses: [String: FileStatus] = [:]
    public var mountPoints: Set<String> = []
    public var readOnly: Set<String> = []
    /// The directories that have no entry.
    public var emptyDirectories: Set<String> = []
    /// What the calls of this name fail with, such as `setUser`.
    public var refusals: [String: Errno] = [:]
    /// What calls about this path fail with.
    public var refusedPaths: [String: Errno] = [:]
    /// How often a refused call fails before it succeeds.
    public var refusalCount = Int.max
    /// Every limit that this process has.
    public var limit: (soft: UInt64, hard: UInt64) = (.max, .max)
    /// What somebody types at the terminal.
    public var typed = "\n"
    /// Whether clone3(2) puts a child into its cgroup.
    public var forksIntoCgroup = true
    /// The arguments of execve(2).
    public fileprivate(set) var arguments: [String] = []
    public fileprivate(set) var environment: [String] = []

    public init() {}
}

extension SimulatedKernel {
    /// Does a deed, unless the test refuses it.
    private mutating func act(_ name: String, _ words: String...) throws(Errno) {
        try count()
        if let refusal = service.refusals[name], service.refusalCount > 0 {
            service.refusalCount -= 1
            throw refusal
        }
        if let refusal = words.first.flatMap({ service.refusedPaths[$0] }) { throw refusal }
        deeds.append(([name] + words.filter { $0 != "" }).joined(separator: " "))
    }

    private func text(_ path: UnsafePointer<UInt8>) -> String { String(cString: path) }

    private func words(_ table: UnsafePointer<UnsafeMutablePointer<CChar>?>) -> [String] {
        var words: [String] = []
        while let word = table[words.count] { words.append(String(cString: word)) }
        return words
    }

    public mutating func forkService(
        into cgroup: FileDescriptor?,
        _ body: (inout SimulatedKernel, FileDescriptor, Bool) -> Int32
    ) throws(Errno) -> Child {
        try count()
        if offspring.staysAlive {
            if let spawnError { throw spawnError }
            let process = newChild()
            return offspring.add(process, into: cgroup.flatMap { openPaths[$0.rawValue] })
        }
        let report = FileDescriptor(rawValue: 100)
        openPaths[100] = "report"
        let code = body(&self, report, cgroup != nil && service.forksIntoCgroup)
        let process = newChild()
        if service.arguments.isEmpty {
            end(process, .exited(UInt8(truncatingIfNeeded: code)))
        }
        return Child(process: process, descriptor: nil, report: report)
    }

    public mutating func readServiceReport(
        _ report: FileDescriptor
    ) throws(Errno) -> ServiceReport? {
        if offspring.knows(report) {
            // It is closed, whatever comes of the read.
            defer { offspring.close(report) }
            try count()
            return offspring.report(at: report)
        }
        try count()
        let bytes = devices["report"]?.received ?? []
        guard bytes.count == 8 else { return nil }
        return bytes.withUnsafeBytes {
            ServiceReport(
                code: $0.loadUnaligned(as: Int32.self),
                errno: $0.loadUnaligned(fromByteOffset: 4, as: Int32.self))
        }
    }

    public mutating func resetSignals(ignoring ignored: Signal?) throws(Errno) {
        try act("resetSignals", "ignoring", "\(ignored?.rawValue ?? 0)")
    }

    public mutating func unblockSignals() throws(Errno) { try act("unblockSignals") }

    public mutating func newSession() throws(Errno) { try act("newSession") }

    public mutating func takeTerminal(
        _ terminal: FileDescriptor, byForce: Bool
    ) throws(Errno) {
        try act("takeTerminal", openPaths[terminal.rawValue] ?? "?", byForce ? "by force" : "")
    }

    public mutating func hangUpTerminal(_ terminal: FileDescriptor) throws(Errno) {
        try act("hangUpTerminal", openPaths[terminal.rawValue] ?? "?")
    }

    public mutating func resetTerminal(_ terminal: FileDescriptor) throws(Errno) {
        try act("resetTerminal", openPaths[terminal.rawValue] ?? "?")
    }

    public mutating func setGroups(_ groups: UnsafeBufferPointer<UInt32>) throws(Errno) {
        try act("setGroups", groups.map(String.init).joined(separator: ","))
    }

    public mutating func setGroup(_ group: UInt32) throws(Errno) {
        try act("setGroup", "\(group)")
    }

    public mutating func setUser(_ user: UInt32) throws(Errno) { try act("setUser", "\(user)") }

    public mutating func setLimit(
        _ resource: Int32, soft: UInt64, hard: UInt64
    ) throws(Errno) {
        let limits = [soft, hard].map { $0 == .max ? "-" : String($0) }
        try act("setLimit", "\(resource)", limits.joined(separator: ":"))
    }

    public mutating func limit(
        of resource: Int32
    ) throws(Errno) -> (soft: UInt64, hard: UInt64) {
        try count()
        return service.limit
    }

    public mutating func setPriority(_ priority: Int32) throws(Errno) {
        try act("setPriority", "\(priority)")
    }

    public mutating func setIOPriority(_ priority: Int32) throws(Errno) {
        try act("setIOPriority", "\(priority)")
    }

    public mutating func setScheduling(policy: Int32, priority: Int32) throws(Errno) {
        try act("setScheduling", "\(policy)", "\(priority)")
    }

    public mutating func setUmask(_ mask: UInt32) {
        deeds.append("setUmask \(String(mask, radix: 8))")
    }

    public mutating func open(
        at path: UnsafePointer<UInt8>, _ flags: OpenFlags, mode: UInt32
    ) throws(Errno) -> FileDescriptor {
        let mode = flags.contains(.making) ? " " + String(mode, radix: 8) : ""
        try act("open", text(path), String(flags.rawValue, radix: 8) + mode)
        // The lowest that is free, as open(2) promises.
        let descriptor = (Int32(0)...).first { openPaths[$0] == nil }!
        openPaths[descriptor] = text(path)
        return FileDescriptor(rawValue: descriptor)
    }

    public mutating func close(_ descriptor: FileDescriptor) {
        if !isOpenSomewhere(descriptor) { closedTwice.append(descriptor.rawValue) }
        openPaths[descriptor.rawValue] = nil
        logs.close(descriptor)
        sockets.close(descriptor, at: elapsedMilliseconds)
        offspring.close(descriptor)
    }

    public mutating func closeDescriptors(
        from first: FileDescriptor, keeping one: FileDescriptor?, _ other: FileDescriptor?
    ) {
        deeds.append("closeDescriptors \(first.rawValue)")
        let kept = [one?.rawValue, other?.rawValue]
        openPaths = openPaths.filter { $0.key < first.rawValue || kept.contains($0.key) }
    }

    public mutating func duplicate(
        _ descriptor: FileDescriptor, as copy: FileDescriptor
    ) throws(Errno) {
        let path = openPaths[descriptor.rawValue]
        try act("duplicate", path ?? "?", "as", "\(copy.rawValue)")
        guard path != nil else { throw .badFileDescriptor }
        openPaths[copy.rawValue] = path
    }

    public mutating func duplicate(
        _ descriptor: FileDescriptor, above other: FileDescriptor
    ) throws(Errno) -> FileDescriptor {
        try act("duplicate", "above", "\(other.rawValue)")
        let copy = ((other.rawValue + 1)...).first { openPaths[$0] == nil }!
        openPaths[copy] = openPaths[descriptor.rawValue]
        return FileDescriptor(rawValue: copy)
    }

    public mutating func read(
        _ bytes: UnsafeMutableRawBufferPointer, from descriptor: FileDescriptor
    ) throws(Errno) -> Int {
        if logs.knows(descriptor) {
            try count()
            let found = try logs.read(bytes.count, descriptor)
            bytes.copyBytes(from: found)
            return found.count
        }
        try act("read")
        let part = Array(service.typed.utf8.prefix(bytes.count))
        service.typed.removeFirst(part.count)
        bytes.copyBytes(from: part)
        return part.count
    }

    public mutating func readParts(
        at path: UnsafePointer<UInt8>,
        _ body: (inout SimulatedKernel, UnsafeRawBufferPointer) -> Bool
    ) throws(Errno) {
        try act("read", text(path))
        guard let content = service.texts[text(path)] else { throw .noSuchFile }
        var rest = Array(content.utf8)[...]
        while !rest.isEmpty {
            let goesOn = Array(rest.prefix(service.partSize)).withUnsafeBytes { body(&self, $0) }
            guard goesOn else { return }
            rest = rest.dropFirst(service.partSize)
        }
    }

    public mutating func writeFile(
        at path: UnsafePointer<UInt8>, _ bytes: UnsafeRawBufferPointer
    ) throws(Errno) {
        try act("writeFile", text(path), String(decoding: bytes, as: UTF8.self))
    }

    public mutating func makeDirectory(
        at path: UnsafePointer<UInt8>, mode: UInt32
    ) throws(Errno) {
        if service.statuses[text(path)] != nil { throw .fileExists }
        try act("makeDirectory", text(path), String(mode, radix: 8))
        service.statuses[text(path)] = FileStatus(mode: 0o040000 | mode)
        logs.directories.insert(text(path))
    }

    public mutating func removeFile(at path: UnsafePointer<UInt8>) throws(Errno) {
        try act("removeFile", text(path))
    }

    public mutating func removeDirectory(at path: UnsafePointer<UInt8>) throws(Errno) {
        try act("removeDirectory", text(path))
        service.statuses[text(path)] = nil
    }

    public mutating func setMode(
        of path: UnsafePointer<UInt8>, to mode: UInt32
    ) throws(Errno) {
        try act("setMode", text(path), String(mode, radix: 8))
    }

    public mutating func setOwner(
        of path: UnsafePointer<UInt8>, to user: UInt32?, _ group: UInt32?
    ) throws(Errno) {
        let owner = [user, group].map { $0.map(String.init) ?? "-" }.joined(separator: ":")
        try act("setOwner", text(path), owner)
    }

    public mutating func status(
        of path: UnsafePointer<UInt8>, followsLink: Bool
    ) throws(Errno) -> FileStatus {
        try count()
        guard let status = service.statuses[text(path)] else { throw .noSuchFile }
        return status
    }

    public mutating func isMountPoint(_ path: UnsafePointer<UInt8>) throws(Errno) -> Bool {
        try count()
        return service.mountPoints.contains(text(path))
    }

    public mutating func checkWritable(_ path: UnsafePointer<UInt8>) throws(Errno) {
        try count()
        guard service.statuses[text(path)] != nil else { throw .noSuchFile }
        if service.readOnly.contains(text(path)) { throw .readOnlyFileSystem }
    }

    public mutating func isEmptyDirectory(
        _ path: UnsafePointer<UInt8>
    ) throws(Errno) -> Bool {
        try count()
        guard service.statuses[text(path)]?.isDirectory == true else { throw .noSuchFile }
        return service.emptyDirectories.contains(text(path))
    }

    public mutating func changeDirectory(to path: UnsafePointer<UInt8>) throws(Errno) {
        try act("changeDirectory", text(path))
    }

    public mutating func changeRoot(to path: UnsafePointer<UInt8>) throws(Errno) {
        try act("changeRoot", text(path))
    }

    public mutating func fillRandomly(_ bytes: UnsafeMutableRawBufferPointer) throws(Errno) {
        try act("fillRandomly")
        for index in bytes.indices { bytes[index] = UInt8(truncatingIfNeeded: 0xa0 + index) }
        // A child of its own kernel asks once; PID 1 asks for each run.
        if offspring.staysAlive { bytes[0] = offspring.nextRandom() }
    }

    public mutating func execute(
        _ path: UnsafePointer<UInt8>, _ arguments: UnsafePointer<UnsafeMutablePointer<CChar>?>,
        _ environment: UnsafePointer<UnsafeMutablePointer<CChar>?>
    ) throws(Errno) {
        try act("execute", text(path))
        service.arguments = words(arguments)
        service.environment = words(environment)
    }
}
