import Glibc
import InitCore
import KernelInterface
import Testing

/// The calls of the logger, against the Linux that runs the tests.
@Suite struct LogCallTests {
    private func write(_ text: String, to descriptor: FileDescriptor) {
        var kernel = LinuxKernel()
        let sent = Array(text.utf8).withUnsafeBytes { try? kernel.write($0, to: descriptor) }
        #expect(sent == text.utf8.count)
    }

    private func read(_ descriptor: FileDescriptor) throws -> String {
        var kernel = LinuxKernel()
        var bytes = [UInt8](repeating: 0, count: 100)
        let count = try bytes.withUnsafeMutableBytes { try kernel.read($0, from: descriptor) }
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    /// Calls `body` with a path in a directory of its own, as a C string.
    private func withPath<Result>(
        _ name: String, in directory: String, _ body: (UnsafePointer<UInt8>) throws -> Result
    ) rethrows -> Result {
        try (Array("\(directory)/\(name)".utf8) + [0]).withUnsafeBufferPointer {
            try body($0.baseAddress!)
        }
    }

    private func makeDirectory() throws -> String {
        let template = strdup("/tmp/hammock-log-XXXXXX")!
        defer { free(template) }
        return String(cString: try #require(mkdtemp(template)))
    }

    @Test(arguments: [true, false]) func `a pipe's reader never waits`(writerWaits: Bool) throws {
        var kernel = LinuxKernel()
        let pipe = try kernel.pipe(writerWaits: writerWaits)
        defer { (kernel.close(pipe.reading), kernel.close(pipe.writing)) }
        #expect(throws: Errno.wouldBlock) { try read(pipe.reading) }
        let flags = fcntl(pipe.writing.rawValue, F_GETFL)
        #expect((flags & O_NONBLOCK == 0) == writerWaits)
        for end in [pipe.reading, pipe.writing] {
            #expect(fcntl(end.rawValue, F_GETFD) & FD_CLOEXEC != 0)
        }
    }

    @Test func `what was copied from a pipe is still there`() throws {
        var kernel = LinuxKernel()
        let (from, to) = (try kernel.pipe(writerWaits: true), try kernel.pipe(writerWaits: true))
        let ends = [from.reading, from.writing, to.reading, to.writing]
        defer { for end in ends { kernel.close(end) } }
        #expect(throws: Errno.wouldBlock) {
            try kernel.tee(from.reading, into: to.writing, count: 10)
        }
        write("line\n", to: from.writing)
        #expect(try kernel.tee(from.reading, into: to.writing, count: 3) == 3)
        #expect(try read(to.reading) == "lin")
        #expect(try kernel.tee(from.reading, into: to.writing, count: 10) == 5)
        #expect(try read(from.reading) == "line\n")
        #expect(try read(to.reading) == "line\n")
    }

    @Test func `a watch tells of each arrival once`() throws {
        var kernel = LinuxKernel()
        let watch = try kernel.makeWatch()
        let pipe = try kernel.pipe(writerWaits: true)
        defer { for end in [watch, pipe.reading, pipe.writing] { kernel.close(end) } }
        try kernel.watch(pipe.reading, as: 7, by: watch)
        #expect(try kernel.nextArrival(at: watch) == nil)
        for _ in 1...2 {
            write("x", to: pipe.writing)
            #expect(try kernel.nextArrival(at: watch) == 7)
            #expect(try kernel.nextArrival(at: watch) == nil)
        }
    }

    @Test func `a log is appended to, read, cut off and given another name`() throws {
        var kernel = LinuxKernel()
        let directory = try makeDirectory()
        try withPath("below", in: directory) { try kernel.makeDirectory(at: $0, mode: 0o755) }
        let path = "\(directory)/below"
        let log = try withPath("a", in: path) { try kernel.openLog($0) }
        defer { kernel.close(log) }
        write("one\n", to: log)
        write("two\n", to: log)
        #expect(try kernel.fileSize(log) == 8)
        var bytes = [UInt8](repeating: 0, count: 2)
        let count = try bytes.withUnsafeMutableBytes { try kernel.read($0, from: log, at: 4) }
        #expect(count == 2 && bytes == Array("tw".utf8))
        try kernel.truncate(log, to: 4)
        write("three\n", to: log)
        #expect(try kernel.fileSize(log) == 10)
        try withPath("a", in: path) { a in
            try withPath("b", in: path) { b in
                try kernel.rename(a, to: b)
                #expect(throws: Errno.noSuchFile) { try kernel.rename(a, to: b) }
            }
            // A link leads to no log.
            symlink("\(path)/b", "\(path)/a")
            #expect(throws: Errno(rawValue: ELOOP)) { try kernel.openLog(a) }
        }
        var status = stat()
        #expect(stat("\(path)/b", &status) == 0)
        // A umask may have taken more off.
        #expect(status.st_mode & 0o777 & ~0o640 == 0 && status.st_mode & 0o600 == 0o600)
        for name in ["below/a", "below/b"] { unlink("\(directory)/\(name)") }
        #expect(rmdir(path) == 0 && rmdir(directory) == 0)
    }

    @Test func `the clock is that of the kernel, and a file system has a size`() throws {
        var kernel = LinuxKernel()
        let before = kernel.now().milliseconds
        let time = Int64(kernel.uptime() / 1_000)
        #expect(time >= before && time <= kernel.now().milliseconds)
        #expect(try kernel.fileSystemSize("/proc") == 0)
        #expect(try kernel.fileSystemSize("/") > 1 << 20)
        #expect(throws: Errno.noSuchFile) { try kernel.fileSystemSize("/no/such") }
    }
}
