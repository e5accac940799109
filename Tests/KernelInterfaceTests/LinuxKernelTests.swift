import Foundation
import Glibc
import InitCore
import KernelInterface
import Testing

/// The seam against the Linux that runs the tests. Signal handlers and alarms belong to a
/// whole process: they are tested on init itself, in Tests/Namespace. One test at a time, because
/// a `LinuxKernel` reads into the one buffer that a process has.
@Suite(.serialized) struct LinuxKernelTests {
    @Test func `opening a missing file gives an error`() {
        var kernel = LinuxKernel()
        #expect(throws: Errno.noSuchFile) { try kernel.openForWriting("/no/such/file") }
    }

    @Test func `an opened file neither blocks nor survives an execve`() throws {
        var kernel = LinuxKernel()
        let descriptor = try kernel.openForWriting("/dev/null")
        defer { close(descriptor.rawValue) }
        #expect(fcntl(descriptor.rawValue, F_GETFL) & O_NONBLOCK != 0)
        #expect(fcntl(descriptor.rawValue, F_GETFD) & FD_CLOEXEC != 0)
    }

    @Test func `a file of lines is read to its end, in parts of whole lines`() throws {
        var kernel = LinuxKernel()
        let lines = (0..<20_000).map { "line \($0)\n" }
        let file = try NumberedFile(lines.joined(), at: 1000)
        defer { file.close() }
        var parts: [String] = []
        try kernel.readLines("/proc/self/fd/1000") {
            parts.append(String(decoding: $1, as: UTF8.self))
        }
        #expect(parts.count > 1)
        #expect(parts.allSatisfy { $0.hasSuffix("\n") })
        #expect(parts.joined() == lines.joined())
    }

    @Test func `a line without a newline is left out, and too long a line is an error`() throws {
        var kernel = LinuxKernel()
        var text = ""
        let open = try NumberedFile("one\ntwo", at: 1001)
        defer { open.close() }
        try kernel.readLines("/proc/self/fd/1001") { text += String(decoding: $1, as: UTF8.self) }
        #expect(text == "one\n")
        let long = try NumberedFile(
            "one\n" + String(repeating: "x", count: 40_000) + "\n", at: 1002)
        defer { long.close() }
        #expect(throws: Errno.tooLarge) {
            try kernel.readLines("/proc/self/fd/1002") {
                text += String(decoding: $1, as: UTF8.self)
            }
        }
        #expect(text == "one\none\n")
    }

    @Test func `a directory is listed, however many names it has`() throws {
        var kernel = LinuxKernel()
        var found: Set<String> = []
        try kernel.list("/proc/self") { found.insert(String(cString: $1)) }
        #expect(found.isSuperset(of: [".", "..", "stat", "mounts", "fd"]))
        #expect(throws: Errno.noSuchFile) { try kernel.list("/no/such") { _, _ in } }
        var count = 0
        try kernel.list("/usr/bin") { count += String(cString: $1).utf8.count }
        #expect(count > 4_096, "more than one part")
    }

    /// What `readStart` gives: the text and the owner.
    private func start(_ path: String, size: Int = 8) throws -> (String, UInt32) {
        var kernel = LinuxKernel()
        var bytes = [UInt8](repeating: 0, count: size)
        let start = try bytes.withUnsafeMutableBytes { bytes in
            try path.withCString {
                try $0.withMemoryRebound(to: UInt8.self, capacity: path.utf8.count + 1) {
                    try kernel.readStart(of: $0, into: bytes)
                }
            }
        }
        return (String(decoding: bytes.prefix(start.count), as: UTF8.self), start.user)
    }

    @Test func `the beginning of a file is read without waiting, and of no link`() throws {
        let directory = FileManager.default.temporaryDirectory.path + "/hammock-\(getpid())-start"
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let (file, link, fifo) = (directory + "/file", directory + "/link", directory + "/fifo")
        try "0123456789".write(toFile: file, atomically: false, encoding: .utf8)
        #expect(symlink(file, link) == 0 && mkfifo(fifo, 0o600) == 0)
        #expect(try start(file) == ("01234567", getuid()))
        #expect(try start(file, size: 20) == ("0123456789", getuid()))
        #expect(throws: Errno(rawValue: ELOOP)) { try start(link) }
        #expect(try start(fifo) == ("", getuid()))
        #expect(try start(directory) == ("", getuid()))
        #expect(throws: Errno.noSuchFile) { try start(directory + "/none") }
        #expect(try start("/proc/\(getpid())") == ("", geteuid()))
    }

    /// Needs losetup(8), and root, for a loop device of its own.
    @Test(.enabled(if: LoopDevice.isPossible, "this machine lets this user make no loop device"))
    func `a loop device lets go of its file, at once or when it is closed last`() throws {
        var kernel = LinuxKernel()
        for isOpen in [false, true] {
            let loop = try LoopDevice()
            let descriptor = isOpen ? open(loop.path, O_RDONLY) : -1
            let path = strdup(loop.path)!
            defer { free(path) }
            try kernel.detachLoop(UnsafeRawPointer(path).assumingMemoryBound(to: UInt8.self))
            #expect(loop.hasFile == isOpen)
            if isOpen { close(descriptor) }
            #expect(!loop.hasFile)
        }
    }

    @Test func `a write returns how many bytes were written`() throws {
        var kernel = LinuxKernel()
        let pipe = try Pipe()
        let sent = try Array("llo".utf8).withUnsafeBytes { bytes in
            try kernel.write(bytes, to: pipe.end)
        }
        #expect(sent == 3)
        #expect(pipe.read() == "llo")
    }

    @Test func `a write to a closed descriptor gives an error`() {
        var kernel = LinuxKernel()
        let closed = FileDescriptor(rawValue: 1_000_000)
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        #expect(throws: Errno.badFileDescriptor) { try kernel.write(nothing, to: closed) }
    }

    @Test func `a full pipe is not writable until it is read`() throws {
        var kernel = LinuxKernel()
        let pipe = try Pipe()
        #expect(try kernel.waitUntilWritable(pipe.end, milliseconds: 0))
        pipe.fill()
        #expect(try !kernel.waitUntilWritable(pipe.end, milliseconds: 1))
    }
}

/// A pipe(2), closed when the test is over.
/// A loop device, and a file of its own below it.
private final class LoopDevice {
    let path: String

    static let isPossible = getuid() == 0 && (try? LoopDevice()) != nil

    init() throws {
        let template = strdup("/tmp/hammock-loop-XXXXXX")!
        defer { free(template) }
        let descriptor = mkstemp(template)
        let file = String(cString: template)
        try #require(descriptor >= 0 && ftruncate(descriptor, 1 << 20) == 0)
        defer {
            close(descriptor)
            unlink(file)
        }
        path = try LoopDevice.losetup("--find", "--show", file)
        try #require(path.hasPrefix("/dev/loop"))
    }

    deinit { if hasFile { _ = try? LoopDevice.losetup("--detach", path) } }

    var hasFile: Bool {
        let name = path.dropFirst("/dev/".count)
        return access("/sys/block/\(name)/loop/backing_file", F_OK) == 0
    }

    private static func losetup(_ words: String...) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/sbin/losetup")
        process.arguments = words
        let output = Foundation.Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        let text = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

/// A file with this content and without a name, as a descriptor of a number that a `StaticString`
/// can name. Other tests of this process open files at the same time: it never takes a number that
/// is in use, and the numbers are far above what a busy process gets.
private struct NumberedFile {
    private let descriptor: Int32

    init(_ text: String, at number: Int32) throws {
        let file = try #require(tmpfile())
        defer { fclose(file) }
        let bytes = Array(text.utf8)
        #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count && fflush(file) == 0)
        descriptor = fcntl(fileno(file), F_DUPFD_CLOEXEC, number)
        try #require(descriptor == number, "the number \(number) is in use, or too high")
    }

    func close() { _ = Glibc.close(descriptor) }
}

private final class Pipe {
    private let ends: (read: Int32, write: Int32)

    init() throws {
        var both: [Int32] = [-1, -1]
        try #require(pipe(&both) == 0)
        ends = (both[0], both[1])
    }

    deinit {
        close(ends.read)
        close(ends.write)
    }

    /// The end to write to.
    var end: FileDescriptor { FileDescriptor(rawValue: ends.write) }

    func read() -> String {
        var bytes = [UInt8](repeating: 0, count: 100)
        let count = Glibc.read(ends.read, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    /// Fills the pipe to the last byte, and leaves it blocking.
    func fill() {
        let flags = fcntl(ends.write, F_GETFL)
        _ = fcntl(ends.write, F_SETFL, flags | O_NONBLOCK)
        let page = [UInt8](repeating: 0, count: 4096)
        while write(ends.write, page, page.count) > 0 {}
        while write(ends.write, page, 1) > 0 {}
        _ = fcntl(ends.write, F_SETFL, flags)
    }
}
