import AgentProtocol
import CLinux
import InitCore
import KernelInterface

/// A path that is being made: a C string in memory that it does not own.
struct PathBuffer: ByteSink {
    private let bytes: UnsafeMutableRawBufferPointer
    private(set) var count = 0
    private var isCut = false

    init(_ bytes: UnsafeMutableRawBufferPointer) { self.bytes = bytes }

    mutating func append(byte: UInt8) {
        guard count < bytes.count &- 1 else {
            isCut = true
            return
        }
        bytes[count] = byte
        count &+= 1
    }

    /// - Throws: `Errno.nameTooLong` if it did not fit.
    mutating func finish() throws(Errno) -> UnsafePointer<UInt8> {
        guard !isCut, count < bytes.count, let start = bytes.baseAddress else {
            throw .nameTooLong
        }
        bytes[count] = 0
        return UnsafePointer(start.assumingMemoryBound(to: UInt8.self))
    }
}

extension OpenFlags {
    /// O_EXCL: fails if the file is there, even as a link.
    fileprivate static let exclusively = OpenFlags(rawValue: 0o200)
}

extension LinuxKernel {
    /// Makes a directory, and those above it that are missing, as root's and with mode 755.
    ///
    /// - Throws: `Errno.notDirectory` if something else has the name.
    mutating func makeDirectories(at path: ByteView, _ memory: AgentMemory) throws(Errno) {
        var buffer = PathBuffer(memory.path)
        var rest = path
        while rest.count > 0 {
            let part = rest.removeFirst(upTo: UInt8(ascii: "/"))
            if part.count == 0 { continue }
            buffer.append("/")
            buffer.append(part)
            let directory = try buffer.finish()
            do throws(Errno) {
                try makeDirectory(at: directory, mode: 0o755)
            } catch {
                guard error == .fileExists else { throw error }
            }
        }
        guard try status(of: path.start, followsLink: true).isDirectory else {
            throw .notDirectory
        }
    }
}

extension LinuxSystem {
    mutating func mount(_ request: MountRequest, _ memory: AgentMemory) throws(Errno) {
        let isBind = request.flags & bindFlag != 0
        if (try? kernel.status(of: request.target.start, followsLink: true)) == nil {
            let source =
                isBind ? try? kernel.status(of: request.source.start, followsLink: true) : nil
            if let source, !source.isDirectory {
                try makeDirectories(above: request.target, memory)
                kernel.close(
                    try kernel.open(
                        at: request.target.start, .writing.union(.making).union(.noTerminal),
                        mode: 0o644))
            } else {
                try kernel.makeDirectories(at: request.target, memory)
            }
        }
        try LinuxSystem.check(
            clinux_mount_from(
                text(request.source), text(request.target),
                request.type.count > 0 ? text(request.type) : nil, UInt(request.flags),
                request.data.count > 0 ? text(request.data) : nil))
    }

    mutating func makeDirectory(_ request: EntryRequest, _ memory: AgentMemory) throws(Errno) {
        let path = request.path.start
        let isThere = (try? kernel.status(of: path, followsLink: true)) != nil
        try kernel.makeDirectories(at: request.path, memory)
        if isThere, request.mode & EntryRequest.isOwned == 0 { return }
        try kernel.setOwner(of: path, to: request.user, request.group)
        // chown(2) may take bits off, so the mode comes last.
        try kernel.setMode(of: path, to: request.mode & permissions)
    }

    mutating func writeFile(_ request: EntryRequest, _ memory: AgentMemory) throws(Errno) {
        try makeDirectories(above: request.path, memory)
        let new = try newName(beside: request.path, memory)
        do throws(Errno) {
            let file = try kernel.open(
                at: new,
                .writing.union(.making).union(.exclusively).union(.notFollowing), mode: 0o600)
            defer { kernel.close(file) }
            var rest = UnsafeRawBufferPointer(
                start: request.content.start, count: request.content.count)
            while rest.count > 0 {
                let count = try kernel.write(rest, to: file)
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            }
            try kernel.setOwner(of: new, to: request.user, request.group)
            try kernel.setMode(of: new, to: request.mode & permissions)
            try kernel.rename(new, to: request.path.start)
        } catch {
            try? kernel.removeFile(at: new)
            throw error
        }
    }

    mutating func makeLink(_ request: LinkRequest, _ memory: AgentMemory) throws(Errno) {
        try makeDirectories(above: request.path, memory)
        let new = try newName(beside: request.path, memory)
        try LinuxSystem.check(clinux_symlink(text(request.target), LinuxSystem.cString(new)))
        do throws(Errno) {
            try kernel.rename(new, to: request.path.start)
        } catch {
            try? kernel.removeFile(at: new)
            throw error
        }
    }

    mutating func enter(_ path: ByteView) throws(Errno) {
        // A working directory outside of the root directory would be a way out of it.
        try kernel.changeDirectory(to: path.start)
        let here: ByteView = "."
        try kernel.changeRoot(to: here.start)
        let top: ByteView = "/"
        try kernel.changeDirectory(to: top.start)
    }

    mutating func askNetwork(_ message: ByteView) throws(Errno) {
        try LinuxSystem.check(clinux_ask_network(message.start, message.count))
    }

    mutating func locate(_ request: LocateRequest, _ memory: AgentMemory) throws(Errno) {
        let limit = kernel.now().advanced(byMilliseconds: Int64(request.milliseconds))
        try makeDirectories(above: request.path, memory)
        while true {
            // The kernel hears of some disks only after a while.
            if let disk = try disk(beginningWith: request.beginning, memory) {
                try LinuxSystem.check(
                    clinux_symlink(LinuxSystem.cString(disk), text(request.path)))
                return
            }
            guard kernel.now() < limit else { throw .noSuchDevice }
            kernel.sleep(milliseconds: diskPauseMilliseconds)
        }
    }

    /// The path of a disk, or of a part of one: a C string in `memory.path`.
    private mutating func disk(
        beginningWith wanted: ByteView, _ memory: AgentMemory
    ) throws(Errno) -> UnsafePointer<UInt8>? {
        var found: UnsafePointer<UInt8>?
        // The kernel's own list of them.
        try kernel.readLines("/proc/partitions") { kernel, bytes in
            guard let start = bytes.baseAddress else { return }
            var lines = ByteView(
                start: UnsafePointer(start.assumingMemoryBound(to: UInt8.self)),
                count: bytes.count)
            while found == nil, lines.count > 0 {
                guard let name = diskName(lines.removeFirst(upTo: UInt8(ascii: "\n"))) else {
                    continue
                }
                var path = PathBuffer(memory.path)
                path.append("/dev/")
                path.append(name)
                guard let disk = try? path.finish(),
                    begins(disk, with: wanted, memory.otherPath, &kernel)
                else { continue }
                found = disk
            }
        }
        return found
    }

    private mutating func makeDirectories(
        above path: ByteView, _ memory: AgentMemory
    ) throws(Errno) {
        var buffer = PathBuffer(memory.otherPath)
        buffer.append(directory(of: path))
        let parent = try buffer.finish()
        try kernel.makeDirectories(at: ByteView(cString: parent), memory)
    }

    /// The name of a new file in the same directory, which nothing has.
    private mutating func newName(
        beside path: ByteView, _ memory: AgentMemory
    ) throws(Errno) -> UnsafePointer<UInt8> {
        var buffer = PathBuffer(memory.otherPath)
        buffer.append(directory(of: path))
        buffer.append(".hammock-new")
        let name = try buffer.finish()
        do throws(Errno) {
            try kernel.removeFile(at: name)
        } catch {
            guard error == .noSuchFile else { throw error }
        }
        return name
    }

    /// With the slash behind it.
    private func directory(of path: ByteView) -> ByteView {
        var end = path.count
        while end > 0, path[end &- 1] != UInt8(ascii: "/") { end &-= 1 }
        return path.slice(0, end)
    }

    private func text(_ text: ByteView) -> UnsafePointer<CChar> {
        LinuxSystem.cString(text.start)
    }

    private static func cString(_ text: UnsafePointer<UInt8>) -> UnsafePointer<CChar> {
        UnsafeRawPointer(text).assumingMemoryBound(to: CChar.self)
    }
}

/// The name in a line of /proc/partitions: the last of four words, of which the first is a number.
func diskName(_ line: ByteView) -> ByteView? {
    var rest = line
    var name = ByteView.empty
    var words = 0
    while rest.count > 0 {
        let word = rest.removeFirst(upTo: UInt8(ascii: " "))
        if word.count == 0 { continue }
        if words == 0, word.decimal(upTo: .max) == nil { return nil }
        name = word
        words &+= 1
    }
    return words == 4 ? name : nil
}

/// Whether a file begins with these bytes, of which there are no more than fit into `buffer`.
private func begins(
    _ path: UnsafePointer<UInt8>, with wanted: ByteView, _ buffer: UnsafeMutableRawBufferPointer,
    _ kernel: inout LinuxKernel
) -> Bool {
    guard let file = try? kernel.open(at: path, .reading.union(.notWaiting), mode: 0) else {
        return false
    }
    defer { kernel.close(file) }
    let bytes = UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted.count])
    guard let start = bytes.baseAddress, let count = try? kernel.read(bytes, from: file) else {
        return false
    }
    return ByteView(
        start: UnsafePointer(start.assumingMemoryBound(to: UInt8.self)), count: count
    ).equals(wanted)
}

/// How long the agent waits before it looks for a disk again.
private let diskPauseMilliseconds: Int32 = 5
/// MS_BIND of mount(2).
private let bindFlag: UInt32 = 4096
/// The bits of a mode that are no type.
private let permissions: UInt32 = 0o7777
