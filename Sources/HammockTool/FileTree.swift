internal import CLinux
import InitCore
internal import KernelInterface
import UnitFiles

/// The files below a directory that stands for `/`, and where problems with them are written.
struct FileTree: UnitSource, ~Copyable {
    /// Without a slash at its end; empty for the root of this machine.
    let root: ByteView
    let isJSON: Bool
    /// Whether a console is to be spared the warnings. `Planner.countWarnings` counts them.
    var isForBoot = false
    var output: Output
    private let path: UnsafeMutablePointer<UInt8>
    var kernel = LinuxKernel()

    static let pathCapacity = 8 * 1_024
    /// Of a file that is not whole yet.
    private static var ending: ByteView { ".partial" }
    /// How long standard output may take nothing. PID 1 waits as long for a plan.
    private static var patienceMilliseconds: Int32 { 10_000 }

    /// - Parameter memory: `pathCapacity` bytes.
    init(root: ByteView, isJSON: Bool, _ output: Output, _ memory: UnsafeMutableRawPointer) {
        var length = root.count
        while length > 0, root[length &- 1] == UInt8(ascii: "/") { length &-= 1 }
        self.root = root.slice(0, length)
        self.isJSON = isJSON
        self.output = output
        path = memory.assumingMemoryBound(to: UInt8.self)
    }

    /// The path below the root as a C string.
    func cPath(_ text: ByteView) throws(Errno) -> UnsafePointer<UInt8> {
        guard root.count &+ text.count < FileTree.pathCapacity else {
            throw .nameTooLong
        }
        let count = root.copy(to: path)
        path[count &+ text.copy(to: path + count)] = 0
        return UnsafePointer(path)
    }

    func cString(_ text: UnsafePointer<UInt8>) -> UnsafePointer<CChar> {
        UnsafeRawPointer(text).assumingMemoryBound(to: CChar.self)
    }

    @discardableResult
    func check(_ result: Int) throws(Errno) -> Int {
        if result < 0 { throw Errno(rawValue: Int32(truncatingIfNeeded: 0 &- result)) }
        return result
    }

    mutating func kind(of path: ByteView) -> PathKind {
        do throws(Errno) {
            // inode(7): the bits S_IFMT.
            switch try kernel.status(of: try cPath(path), followsLink: false).mode & 0o170000 {
            case 0o010000: return .pipe
            case 0o040000: return .directory
            case 0o100000: return .file
            case 0o120000: return .link
            case 0o140000: return .socket
            default: return .device
            }
        } catch {
            // A part of the path may be a file.
            guard error == .noSuchFile || error == .notDirectory else { return .failed(error) }
            if BuiltInUnits.isDirectory(path) { return .directory }
            return BuiltInUnits.text(of: path) == nil ? .missing : .file
        }
    }

    mutating func read(
        _ path: ByteView, into buffer: UnsafeMutableRawBufferPointer
    ) throws(Errno) -> Int {
        let descriptor: FileDescriptor
        do throws(Errno) {
            descriptor = try open(path)
        } catch {
            guard let text = BuiltInUnits.text(of: path) else { throw error }
            guard let start = buffer.baseAddress else { return 0 }
            let part = text.slice(0, buffer.count)
            return part.copy(to: start.assumingMemoryBound(to: UInt8.self))
        }
        defer { kernel.close(descriptor) }
        var count = 0
        while count < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
            let part = try kernel.read(rest, from: descriptor)
            if part == 0 { break }
            count &+= part
        }
        return count
    }

    /// Neither follows a link nor waits for what has come into the file's place.
    private mutating func open(_ path: ByteView) throws(Errno) -> FileDescriptor {
        try kernel.open(
            at: try cPath(path), .notFollowing.union(.notWaiting).union(.noTerminal), mode: 0)
    }

    mutating func list(
        _ path: ByteView, into buffer: UnsafeMutableRawBufferPointer
    ) throws(Errno) -> Int {
        let descriptor = try open(path)
        defer { kernel.close(descriptor) }
        guard let entries = clinux_directory() else { return 0 }
        var count = 0
        while case let size = try check(Int(clinux_getdents(descriptor.rawValue, entries))),
            size > 0
        {
            var offset = 0
            while offset < size {
                // struct linux_dirent64: the entry's length is at 16, its name from 19.
                let entry = entries + offset
                var name = (entry + 19).assumingMemoryBound(to: UInt8.self)
                repeat {
                    guard count < buffer.count else { throw Errno.tooLarge }
                    buffer[count] = name.pointee
                    count &+= 1
                    name += 1
                } while buffer[count &- 1] != 0
                offset &+= max(1, Int(entry.loadUnaligned(fromByteOffset: 16, as: UInt16.self)))
            }
        }
        return count
    }

    mutating func allNames(
        in path: ByteView, into buffer: UnsafeMutableRawBufferPointer
    ) -> Int? {
        var count = 0
        do throws(Errno) {
            count = try list(path, into: buffer)
            // Whoever may read a directory need not be allowed to look for what is in it.
            let itself: ByteView = "/.\0"
            itself.copy(to: self.path + root.count + path.count)
            _ = try kernel.status(of: self.path, followsLink: false)
        } catch {
            guard error == .noSuchFile else { return nil }
        }
        return BuiltInUnits.appendNames(in: path, to: buffer, count)
    }

    mutating func readLink(
        _ path: ByteView, into buffer: UnsafeMutableRawBufferPointer
    ) throws(Errno) -> Int {
        guard let start = buffer.baseAddress else { return 0 }
        return try check(
            clinux_readlink(
                cString(try cPath(path)), start.assumingMemoryBound(to: CChar.self), buffer.count))
    }

    /// The name of the machine that the files are for, as far as it is known here.
    ///
    /// - Parameter memory: 256 bytes that it is kept in.
    mutating func hostName(_ memory: UnsafeMutableRawPointer) -> ByteView? {
        let buffer = UnsafeMutableRawBufferPointer(start: memory, count: 256)
        let path: ByteView = root.count == 0 ? "/proc/sys/kernel/hostname" : "/etc/hostname"
        guard let count = try? read(path, into: buffer) else { return nil }
        let text = ByteView(
            start: UnsafePointer(memory.assumingMemoryBound(to: UInt8.self)), count: count)
        let name = text.slice(0, text.length(before: 0x0a))
        return name.count > 0 ? name : nil
    }

    // MARK: The plan

    /// Writes to standard output, which may be a pipe that does not block: PID 1 reads a plan so.
    mutating func writeToStandardOutput(_ bytes: ByteView) throws(Errno) {
        let descriptor = FileDescriptor(rawValue: 1)
        var sent = 0
        while sent < bytes.count {
            do throws(Errno) {
                sent &+= try write(bytes.dropping(sent), to: descriptor)
            } catch {
                guard error == .wouldBlock else { throw error }
                let hasRoom = try kernel.waitUntilWritable(
                    descriptor, milliseconds: FileTree.patienceMilliseconds)
                if !hasRoom { throw .wouldBlock }
            }
        }
    }

    /// Writes what there is room for.
    private mutating func write(_ bytes: ByteView, to descriptor: FileDescriptor) throws(Errno)
        -> Int
    {
        let written = try kernel.write(
            UnsafeRawBufferPointer(start: bytes.start, count: bytes.count), to: descriptor)
        if written == 0 { throw .inputOutput }
        return written
    }

    /// Writes a file, which is not below the root. A new file, or one in place of another, is
    /// written beside its place and renamed into it. What is no ordinary file, such as a device, a
    /// pipe or a link, stays what it is and is written to.
    mutating func write(_ bytes: ByteView, to file: ByteView) throws(Errno) {
        let temporary = try temporaryPath(file)
        // The file's name is the temporary one without its ending.
        let target = temporary + (file.count &+ FileTree.ending.count &+ 1)
        if let status = try? kernel.status(of: target, followsLink: false),
            !status.isRegular, !status.isDirectory
        {
            return try write(bytes, into: target, .writing.union(.emptying))
        }
        do throws(Errno) {
            try write(
                bytes, into: temporary,
                .writing.union(.making).union(.emptying).union(.notFollowing))
            try kernel.rename(temporary, to: target)
        } catch {
            // It is the temporary file's end either way, so no second error is of interest.
            try? kernel.removeFile(at: temporary)
            throw error
        }
    }

    private mutating func write(
        _ bytes: ByteView, into path: UnsafePointer<UInt8>, _ flags: OpenFlags
    ) throws(Errno) {
        let descriptor = try kernel.open(at: path, flags, mode: 0o644)
        defer { kernel.close(descriptor) }
        var sent = 0
        while sent < bytes.count {
            sent &+= try write(bytes.dropping(sent), to: descriptor)
        }
        do throws(Errno) {
            try check(Int(clinux_fsync(descriptor.rawValue)))
        } catch {
            // A device or a pipe keeps nothing that could be written through.
            guard error == .invalidArgument else { throw error }
        }
    }

    /// `FILE.partial` and, behind it, `FILE`, each with a NUL.
    private func temporaryPath(_ file: ByteView) throws(Errno) -> UnsafePointer<UInt8> {
        guard file.count &* 2 &+ 16 < FileTree.pathCapacity else { throw .nameTooLong }
        var count = file.copy(to: path)
        count &+= FileTree.ending.copy(to: path + count)
        path[count] = 0
        count &+= 1
        path[count &+ file.copy(to: path + count)] = 0
        return UnsafePointer(path)
    }

    // MARK: Problems

    mutating func report(_ problem: Problem) {
        if isJSON { return reportJSON(problem) }
        if isForBoot, problem.severity == .warned { return }
        if problem.file.count > 0 {
            output.append(foreign: problem.file)
            if problem.line > 0 {
                output.append(byte: UInt8(ascii: ":"))
                output.append(number: UInt64(problem.line))
            }
            output.append(": ")
        }
        output.append(foreign: problem.unit)
        if problem.unit.count > 0 { output.append(" is ") }
        output.append(problem.severity == .refused ? "refused: " : "warned of: ")
        problem.describe { output.append(foreign: $0) }
        output.append(byte: 0x0a)
    }

    private mutating func reportJSON(_ problem: Problem) {
        output.append(key: "problem", isFirst: true)
        output.append(string: problem.severity == .refused ? "refused" : "warned")
        output.append(key: "unit")
        output.append(string: problem.unit)
        output.append(key: "file")
        output.append(string: problem.file)
        output.append(key: "line")
        output.append(number: UInt64(problem.line))
        output.append(key: "directive")
        output.append(string: problem.directive)
        output.append(key: "text")
        output.append(byte: UInt8(ascii: "\""))
        problem.describe { output.append(part: $0) }
        output.append("\"}\n")
    }
}
