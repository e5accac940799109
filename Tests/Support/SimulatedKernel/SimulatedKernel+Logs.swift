import InitCore
import KernelInterface

/// Pipes with their bytes, and files with theirs.
public struct SimulatedLogs {
    struct Pipe {
        var bytes: [UInt8] = []
        /// What it holds at most, in bytes.
        var capacity = 65_536
        /// The number that the watch has for it.
        var number: UInt32?
        /// Whether something came since the watch last said so.
        var hasArrived = false
        /// How many bytes one tee(2) copies at most.
        var mostCopied = Int.max
        /// Whether init has each end open.
        var isReaderOpen = true
        var isWriterOpen = true
        /// Whether nobody can write into it any more.
        var isOver = false
        /// What the next read of it throws.
        var readError: Errno?
    }

    private var pipes: [Pipe] = []
    /// The pipe of each end; a reader's is even, its writer's the next number.
    private let firstEnd: Int32 = 1_000
    private var watchNumber: Int32 = 999
    private var firstFile: Int32 = 100_000

    /// The files by path, each the number of its content.
    private var names: [String: Int] = [:]
    private var contents: [[UInt8]] = []
    private var openFiles: [Int32: Int] = [:]
    /// The directories that are there.
    public var directories: Set<String> = ["/run", "/run/log"]
    /// How many bytes more the file system takes; `nil` for any number.
    public var room: Int?
    /// What opening a file throws.
    public var openError: Errno?
    /// The call from which on opening a file throws nothing.
    public var reopensAt: Int?
    /// How large the file system is.
    public var fileSystemSize: Int64 = 1 << 30
    /// What is in the pipes, as it was written, by the number of the call before which it comes.
    public var writes: [(call: Int, pipe: KernelInterface.Pipe, bytes: [UInt8])] = []
    /// The call at which SIGKILL comes: it and all calls after it do nothing.
    public var killedAt: Int?
    /// How many bytes of a write(2) get through that a kill interrupts.
    public var killLeaves = 0
    public fileprivate(set) var isDying = false
    /// Whether SIGKILL has come.
    public private(set) var isKilled = false
    /// The calls about pipes and files, in order, in words.
    public internal(set) var deeds: [String] = []
    /// Each range of descriptors that was closed.
    public internal(set) var closed: [ClosedRange<Int32>] = []
    /// The clock, in microseconds. Each look at it moves it on.
    public var time: UInt64 = 12_345_678

    // MARK: What tests ask

    /// The lines of a file, which have to end in a newline each.
    public func lines(in path: String) -> [String] {
        String(decoding: bytes(in: path), as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }

    public func bytes(in path: String) -> [UInt8] { names[path].map { contents[$0] } ?? [] }

    public var files: [String] { names.keys.sorted() }

    public mutating func put(_ bytes: [UInt8], at path: String) {
        names[path] = contents.count
        contents.append(bytes)
    }

    public mutating func remove(_ path: String) { names[path] = nil }

    /// What a pipe holds.
    public func content(of pipe: KernelInterface.Pipe) -> [UInt8] { pipes[index(pipe)].bytes }

    public mutating func setCapacity(of pipe: KernelInterface.Pipe, _ capacity: Int) {
        pipes[index(pipe)].capacity = capacity
    }

    /// tee(2) copies no more at once, as from a pipe that holds many small writes.
    public mutating func setMostCopied(of pipe: KernelInterface.Pipe, _ count: Int) {
        pipes[index(pipe)].mostCopied = count
    }

    /// Makes a pipe that was there before the logger.
    public mutating func makePipe() -> KernelInterface.Pipe {
        pipes.append(Pipe())
        return Self.pipe(pipes.count - 1, from: firstEnd)
    }

    /// A service writes.
    public mutating func write(_ text: String, into pipe: KernelInterface.Pipe) {
        write(Array(text.utf8), into: pipe)
    }

    public mutating func write(_ bytes: [UInt8], into pipe: KernelInterface.Pipe) {
        pipes[index(pipe)].bytes += bytes
        pipes[index(pipe)].hasArrived = true
    }

    /// The logger has died: another begins, and the pipes are as they were.
    public mutating func beginAgain() {
        killedAt = nil
        (isDying, isKilled) = (false, false)
        openFiles = [:]
        for index in pipes.indices {
            pipes[index].number = nil
            pipes[index].hasArrived = !pipes[index].bytes.isEmpty
        }
    }

    /// Nobody can write into the pipe any more.
    public mutating func hangUp(_ pipe: KernelInterface.Pipe) { pipes[index(pipe)].isOver = true }

    /// The next read of the pipe throws this.
    public mutating func refuseRead(of pipe: KernelInterface.Pipe, _ error: Errno) {
        pipes[index(pipe)].readError = error
    }

    /// The pipe that was made last.
    public var lastPipe: KernelInterface.Pipe? {
        pipes.isEmpty ? nil : Self.pipe(pipes.count - 1, from: firstEnd)
    }

    /// The ends of pipes that init has open, by name.
    var open: [String] {
        pipes.indices.flatMap { index in
            (pipes[index].isReaderOpen ? ["pipe \(index), reading"] : [])
                + (pipes[index].isWriterOpen ? ["pipe \(index), writing"] : [])
        }
    }

    /// Whether this is an end of a pipe that init has open.
    func hasOpen(_ descriptor: FileDescriptor) -> Bool {
        let offset = Int(descriptor.rawValue - firstEnd)
        guard offset >= 0, offset / 2 < pipes.count else { return false }
        return offset % 2 == 0 ? pipes[offset / 2].isReaderOpen : pipes[offset / 2].isWriterOpen
    }

    /// Whether a read of the pipe would not wait.
    func isReady(_ descriptor: FileDescriptor) -> Bool {
        guard let pipe = try? pipe(descriptor, isReading: true) else { return false }
        return !pipes[pipe].bytes.isEmpty || pipes[pipe].isOver || pipes[pipe].readError != nil
    }

    private static func pipe(_ index: Int, from first: Int32) -> KernelInterface.Pipe {
        let end = first + Int32(index) * 2
        return KernelInterface.Pipe(
            reading: FileDescriptor(rawValue: end), writing: FileDescriptor(rawValue: end + 1))
    }

    // MARK: What the kernel does

    private func index(_ pipe: KernelInterface.Pipe) -> Int {
        Int(pipe.reading.rawValue - firstEnd) / 2
    }

    private func pipe(_ end: FileDescriptor, isReading: Bool) throws(Errno) -> Int {
        let offset = Int(end.rawValue - firstEnd)
        guard offset >= 0, offset / 2 < pipes.count, (offset % 2 == 0) == isReading else {
            throw .badFileDescriptor
        }
        return offset / 2
    }

    func isWatch(_ descriptor: FileDescriptor) -> Bool { descriptor.rawValue == watchNumber }

    var hasArrival: Bool { pipes.contains { $0.number != nil && $0.hasArrived } }

    func knows(_ descriptor: FileDescriptor) -> Bool { descriptor.rawValue >= firstEnd }

    /// What comes between two calls.
    mutating func pass(_ call: Int) throws(Errno) {
        while let next = writes.firstIndex(where: { $0.call <= call }) {
            let write = writes.remove(at: next)
            self.write(write.bytes, into: write.pipe)
        }
        if let reopensAt, call >= reopensAt { openError = nil }
        isDying = false
        if isKilled { throw .inputOutput }
        guard let killedAt, call >= killedAt else { return }
        (isDying, isKilled) = (true, true)
        throw .inputOutput
    }

    mutating func write(_ bytes: [UInt8], to descriptor: FileDescriptor) throws(Errno) -> Int {
        if let file = openFiles[descriptor.rawValue] {
            let count = min(bytes.count, room ?? .max)
            guard count > 0 else { throw Errno(rawValue: 28) }
            contents[file] += bytes.prefix(count)
            if let room { self.room = room - count }
            deeds.append("write \(count)")
            return count
        }
        let pipe = try pipe(descriptor, isReading: false)
        pipes[pipe].bytes += bytes
        pipes[pipe].hasArrived = true
        return bytes.count
    }

    func hasRoom(_ descriptor: FileDescriptor) -> Bool {
        guard let pipe = try? pipe(descriptor, isReading: false) else { return true }
        return pipes[pipe].bytes.count < pipes[pipe].capacity
    }

    mutating func tee(
        _ source: FileDescriptor, _ destination: FileDescriptor, _ count: Int
    ) throws(Errno) -> Int {
        let from = try pipe(source, isReading: true)
        let to = try pipe(destination, isReading: false)
        guard !pipes[from].bytes.isEmpty else { throw .wouldBlock }
        let bytes = pipes[from].bytes.prefix(min(count, pipes[from].mostCopied))
        // A copy that was cut short has filled the pipe that it goes to.
        let isFull = bytes.count == pipes[from].mostCopied
        pipes[to].bytes += bytes
        pipes[to].capacity = isFull ? bytes.count : 65_536
        deeds.append("tee \(bytes.count)")
        return bytes.count
    }

    mutating func read(_ count: Int, _ descriptor: FileDescriptor) throws(Errno) -> [UInt8] {
        let pipe = try pipe(descriptor, isReading: true)
        if let error = pipes[pipe].readError.take() { throw error }
        guard !pipes[pipe].bytes.isEmpty || pipes[pipe].isOver else { throw .wouldBlock }
        let bytes = Array(pipes[pipe].bytes.prefix(count))
        pipes[pipe].bytes.removeFirst(bytes.count)
        deeds.append((pipes[pipe].number == nil ? "read " : "take ") + "\(bytes.count)")
        return bytes
    }

    mutating func read(_ count: Int, _ descriptor: FileDescriptor, at offset: Int)
        throws(Errno) -> [UInt8]
    {
        Array(contents[try file(descriptor)].dropFirst(offset).prefix(count))
    }

    func file(_ descriptor: FileDescriptor) throws(Errno) -> Int {
        guard let file = openFiles[descriptor.rawValue] else { throw .badFileDescriptor }
        return file
    }

    mutating func watch(_ descriptor: FileDescriptor, _ number: UInt32) throws(Errno) {
        let pipe = try pipe(descriptor, isReading: true)
        pipes[pipe].number = number
        pipes[pipe].hasArrived = !pipes[pipe].bytes.isEmpty
    }

    mutating func nextArrival() -> UInt32? {
        guard let pipe = pipes.firstIndex(where: { $0.number != nil && $0.hasArrived }) else {
            return nil
        }
        pipes[pipe].hasArrived = false
        return pipes[pipe].number
    }

    mutating func open(_ path: String) throws(Errno) -> FileDescriptor {
        if let openError { throw openError }
        let directory = path[..<path.lastIndex(of: "/")!]
        guard directories.contains(String(directory)) else { throw .noSuchFile }
        if names[path] == nil { put([], at: path) }
        firstFile += 1
        openFiles[firstFile] = names[path]
        return FileDescriptor(rawValue: firstFile)
    }

    mutating func close(_ descriptor: FileDescriptor) {
        openFiles[descriptor.rawValue] = nil
        guard hasOpen(descriptor) else { return }
        let offset = Int(descriptor.rawValue - firstEnd)
        if offset % 2 == 0 {
            pipes[offset / 2].isReaderOpen = false
        } else {
            pipes[offset / 2].isWriterOpen = false
        }
    }

    func isFile(_ descriptor: FileDescriptor) -> Bool { openFiles[descriptor.rawValue] != nil }

    /// How many files are open.
    public var openFileCount: Int { openFiles.count }

    func size(_ descriptor: FileDescriptor) throws(Errno) -> Int {
        contents[try file(descriptor)].count
    }

    mutating func truncate(_ descriptor: FileDescriptor, _ size: Int) throws(Errno) {
        let file = try file(descriptor)
        if let room { self.room = room + contents[file].count - size }
        contents[file] = Array(contents[file].prefix(size))
        deeds.append("truncate \(size)")
    }

    mutating func rename(_ path: String, _ other: String) throws(Errno) {
        guard let file = names.removeValue(forKey: path) else { throw .noSuchFile }
        names[other] = file
        deeds.append("rename \(path) \(other)")
    }
}

extension SimulatedKernel {
    public mutating func pipe(writerWaits: Bool) throws(Errno) -> Pipe {
        try count()
        return logs.makePipe()
    }

    public mutating func tee(
        _ source: FileDescriptor, into destination: FileDescriptor, count: Int
    ) throws(Errno) -> Int {
        try self.count()
        return try logs.tee(source, destination, count)
    }

    public mutating func read(
        _ bytes: UnsafeMutableRawBufferPointer, from descriptor: FileDescriptor, at offset: Int64
    ) throws(Errno) -> Int {
        try count()
        let found = try logs.read(bytes.count, descriptor, at: Int(offset))
        bytes.copyBytes(from: found)
        return found.count
    }

    public mutating func closeDescriptors(
        from first: FileDescriptor, through last: FileDescriptor
    ) {
        logs.closed.append(first.rawValue...last.rawValue)
    }

    public mutating func makeWatch() throws(Errno) -> FileDescriptor {
        try count()
        return FileDescriptor(rawValue: 999)
    }

    public mutating func watch(
        _ descriptor: FileDescriptor, as number: UInt32, by watch: FileDescriptor
    ) throws(Errno) {
        try count()
        try logs.watch(descriptor, number)
    }

    public mutating func nextArrival(at watch: FileDescriptor) throws(Errno) -> UInt32? {
        try count()
        return logs.nextArrival()
    }

    public mutating func openLog(_ path: UnsafePointer<UInt8>) throws(Errno) -> FileDescriptor {
        try count()
        return try logs.open(String(cString: path))
    }

    public mutating func fileSize(_ descriptor: FileDescriptor) throws(Errno) -> Int64 {
        try count()
        return Int64(try logs.size(descriptor))
    }

    public mutating func truncate(_ descriptor: FileDescriptor, to size: Int64) throws(Errno) {
        try count()
        try logs.truncate(descriptor, Int(size))
    }

    public mutating func rename(
        _ path: UnsafePointer<UInt8>, to other: UnsafePointer<UInt8>
    ) throws(Errno) {
        try count()
        try logs.rename(String(cString: path), String(cString: other))
    }

    public mutating func fileSystemSize(_ path: StaticString) throws(Errno) -> Int64 {
        try count()
        return logs.fileSystemSize
    }

    public mutating func uptime() -> UInt64 {
        logs.time += 1
        return logs.time
    }
}
