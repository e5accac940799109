import Glibc
import InitCore
import KernelInterface
import Testing

/// The seam against the Linux that runs the tests. Signal handlers and alarms belong to a
/// whole process: they are tested on init itself, in Tests/Namespace.
@Suite struct LinuxKernelTests {
    @Test func `the numbers of errors are the C library's`() {
        #expect(Errno.interrupted.rawValue == EINTR)
        #expect(Errno.inputOutput.rawValue == EIO)
        #expect(Errno.noSuchDeviceOrAddress.rawValue == ENXIO)
        #expect(Errno.badFileDescriptor.rawValue == EBADF)
        #expect(Errno.wouldBlock.rawValue == EAGAIN)
        #expect(Errno.noSuchFile.rawValue == ENOENT)
    }

    @Test func `the numbers of signals are the C library's`() {
        #expect(Signal.illegalInstruction.rawValue == SIGILL)
        #expect(Signal.trap.rawValue == SIGTRAP)
        #expect(Signal.busError.rawValue == SIGBUS)
        #expect(Signal.arithmeticFault.rawValue == SIGFPE)
        #expect(Signal.segmentationFault.rawValue == SIGSEGV)
        #expect(Signal.alarm.rawValue == SIGALRM)
        #expect(Signal.child.rawValue == SIGCHLD)
    }

    @Test func `opening what is not there says so`() {
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

    @Test func `a write says how much got through`() throws {
        var kernel = LinuxKernel()
        let pipe = try Pipe()
        let sent = try Array("llo".utf8).withUnsafeBytes { bytes in
            try kernel.write(bytes, to: pipe.end)
        }
        #expect(sent == 3)
        #expect(pipe.read() == "llo")
    }

    @Test func `a write to a closed descriptor says so`() {
        var kernel = LinuxKernel()
        let closed = FileDescriptor(rawValue: 1_000_000)
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        #expect(throws: Errno.badFileDescriptor) { try kernel.write(nothing, to: closed) }
    }

    @Test func `a full pipe is not writable until somebody reads`() throws {
        var kernel = LinuxKernel()
        let pipe = try Pipe()
        #expect(try kernel.waitUntilWritable(pipe.end, milliseconds: 0))
        pipe.fill()
        #expect(try !kernel.waitUntilWritable(pipe.end, milliseconds: 1))
    }
}

/// A pipe(2), closed when the test is over.
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

    /// Leaves no room for a single byte, and the pipe blocking.
    func fill() {
        let flags = fcntl(ends.write, F_GETFL)
        _ = fcntl(ends.write, F_SETFL, flags | O_NONBLOCK)
        let page = [UInt8](repeating: 0, count: 4096)
        while write(ends.write, page, page.count) > 0 {}
        while write(ends.write, page, 1) > 0 {}
        _ = fcntl(ends.write, F_SETFL, flags)
    }
}
