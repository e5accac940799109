import Dispatch
import FoundationEssentials
import Glibc
import Subprocess
import SystemPackage

/// The programs that do what Hammock need not do itself.
enum ImageTool: String {
    case gzip, zstd, xz, sha256sum, tar, tar2sqfs, skopeo

    /// The package of Debian's that has it.
    var package: String {
        switch self {
        case .gzip, .zstd, .tar, .skopeo: rawValue
        case .xz: "xz-utils"
        case .sha256sum: "coreutils"
        case .tar2sqfs: "squashfs-tools-ng"
        }
    }

    var isInstalled: Bool {
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
        return path.split(separator: ":").contains { access("\($0)/\(rawValue)", X_OK) == 0 }
    }

    /// - Throws: `HostError` (3) that names the package.
    func require() throws {
        guard isInstalled else { throw HostError.missing(rawValue, package: package) }
    }

    /// What a program left behind.
    struct Ending: Sendable {
        /// None if a signal killed it.
        var code: Int32?
        /// None if it exited.
        var signal: Int32?
        /// What it wrote to its standard output, if that went nowhere else: at most 4 MiB.
        var output: [UInt8]
        /// What it wrote to its standard error: the last 4 KiB.
        var errors: String

        var isSuccess: Bool { code == 0 }

        /// The last words for a message, or how it ended if it said nothing.
        var reason: String {
            let words = errors.split(separator: "\n").suffix(4).joined(separator: "; ")
            if !words.isEmpty { return words }
            if let signal { return "signal \(signal) killed it" }
            return "it exited with \(code ?? 0)"
        }
    }

    /// Runs the program until it ends. It does not block its thread.
    ///
    /// - Parameters:
    ///   - input: Its standard input, which is closed here. None is /dev/null.
    ///   - output: Its standard output, which is closed here.
    ///   - directory: Has room for what it says.
    /// - Throws: `HostError` (3) if it is not installed.
    func run(
        _ arguments: [String], input: FileDescriptor? = nil, output: FileDescriptor? = nil,
        directory: FilePath
    ) async throws -> Ending {
        try require()
        let said = try ScratchFile(in: directory)
        let errors = try ScratchFile(in: directory)
        let nothing = try FileDescriptor.open("/dev/null", .readOnly, options: .closeOnExec)
        defer { try? nothing.close() }
        let record = try await Subprocess.run(
            .name(rawValue), arguments: Arguments(arguments),
            environment: .inherit.updating(["LC_ALL": "C"]),
            input: .fileDescriptor(input ?? nothing, closeAfterSpawningProcess: input != nil),
            output: .fileDescriptor(
                output ?? said.descriptor, closeAfterSpawningProcess: output != nil),
            error: .fileDescriptor(errors.descriptor, closeAfterSpawningProcess: false))
        var ending = Ending(
            output: try said.bytes(last: 4 << 20),
            errors: String(decoding: try errors.bytes(last: 4096), as: UTF8.self))
        switch record.terminationStatus {
        case .exited(let code): ending.code = code
        case .signaled(let signal): ending.signal = signal
        }
        return ending
    }
}

/// A file without a name, for what a program says.
private final class ScratchFile: Sendable {
    let descriptor: FileDescriptor

    init(in directory: FilePath) throws {
        let path = directory.appending("said-\(UUID().uuidString)")
        descriptor = try FileDescriptor.open(
            path, .readWrite, options: [.create, .exclusiveCreate, .closeOnExec],
            permissions: .ownerReadWrite)
        unlink(path.string)
    }

    deinit { try? descriptor.close() }

    /// The last bytes, at most `count`.
    func bytes(last count: Int) throws -> [UInt8] {
        let size = try descriptor.seek(offset: 0, from: .end)
        let start = max(0, size - Int64(count))
        return try [UInt8](unsafeUninitializedCapacity: Int(size - start)) { buffer, filled in
            filled = try descriptor.read(
                fromAbsoluteOffset: start, into: UnsafeMutableRawBufferPointer(buffer))
        }
    }
}

/// A pipe whose ends no other program inherits.
struct ImagePipe {
    let readEnd: FileDescriptor
    let writeEnd: FileDescriptor
    /// F_SETPIPE_SZ, which Swift does not see. fcntl(2)
    private static let setSize: Int32 = 1031

    init() throws {
        (readEnd, writeEnd) = try FileDescriptor.pipe()
        for end in [readEnd, writeEnd] { _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC) }
        // Fewer calls for the same bytes. A system that grants less still works.
        _ = fcntl(writeEnd.rawValue, Self.setSize, 1 << 20)
    }
}

/// Runs `body`, which may block, on a thread of its own.
func onOwnThread<Result: Sendable>(
    _ body: @escaping @Sendable () throws -> Result
) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue(label: "hammock.images").async {
            continuation.resume(with: Swift.Result(catching: body))
        }
    }
}
