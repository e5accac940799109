import Dispatch
import Glibc
import Subprocess
import SystemPackage

/// The programs that do what Hammock need not do itself.
enum ImageTool: String {
    case gzip, zstd, xz, sha256sum, tar, tar2sqfs, sqfs2tar, skopeo
    case mkfsVFAT = "mkfs.vfat"
    case mmd, mcopy, syslinux

    /// The package of Debian's that has it.
    var package: String {
        switch self {
        case .gzip, .zstd, .tar, .skopeo: rawValue
        case .xz: "xz-utils"
        case .sha256sum: "coreutils"
        case .tar2sqfs, .sqfs2tar: "squashfs-tools-ng"
        case .mkfsVFAT: "dosfstools"
        case .mmd, .mcopy: "mtools"
        case .syslinux: "syslinux"
        }
    }

    /// Where it is; `nil` if it is not installed.
    var path: String? { HostTool.path(of: rawValue) }

    var isInstalled: Bool { path != nil }

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
    ///   - variables: More for its environment.
    /// - Throws: `HostError` (3) if it is not installed.
    func run(
        _ arguments: [String], input: FileDescriptor? = nil, output: FileDescriptor? = nil,
        variables: [String: String] = [:]
    ) async throws -> Ending {
        // By its path: Subprocess would start a process for each directory that lacks it.
        guard let path = self.path else { throw HostError.missing(rawValue, package: package) }
        // Pipes, as a file might be on the disk whose being full is what the program says.
        let said = try output == nil ? ImagePipe() : nil
        let complained = try ImagePipe()
        async let words = said?.readLast(4 << 20)
        async let complaints = complained.readLast(4096)
        let nothing = try FileDescriptor.open("/dev/null", .readOnly, options: .closeOnExec)
        defer { try? nothing.close() }
        var environment: [Environment.Key: String?] = ["LC_ALL": "C"]
        for (name, value) in variables { environment[.init(stringLiteral: name)] = value }
        let record = try await Subprocess.run(
            .path(FilePath(path)), arguments: Arguments(arguments),
            environment: .inherit.updating(environment),
            input: .fileDescriptor(input ?? nothing, closeAfterSpawningProcess: input != nil),
            output: .fileDescriptor(
                output ?? said?.writeEnd ?? nothing, closeAfterSpawningProcess: true),
            error: .fileDescriptor(complained.writeEnd, closeAfterSpawningProcess: true))
        var ending = Ending(
            output: try await words ?? [],
            errors: String(decoding: try await complaints, as: UTF8.self))
        switch record.terminationStatus {
        case .exited(let code): ending.code = code
        case .signaled(let signal): ending.signal = signal
        }
        return ending
    }
}

/// A pipe whose ends no other program inherits.
struct ImagePipe: Sendable {
    let readEnd: FileDescriptor
    let writeEnd: FileDescriptor
    /// F_SETPIPE_SZ, which Swift does not see. fcntl(2)
    private static let setSize: Int32 = 1031

    init() throws {
        (readEnd, writeEnd) = try FileDescriptor.pipe(options: .closeOnExec)
        // Fewer calls for the same bytes. A system that grants less still works.
        _ = fcntl(writeEnd.rawValue, Self.setSize, 1 << 20)
    }

    /// Reads until nobody can write any more, and keeps the last bytes, at most `count`.
    func readLast(_ count: Int) async throws -> [UInt8] {
        try await onOwnThread {
            defer { try? readEnd.close() }
            var bytes: [UInt8] = []
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
            defer { buffer.deallocate() }
            while case let read = try readEnd.read(into: buffer), read > 0 {
                bytes += buffer[..<read]
                if bytes.count > 2 * count { bytes.removeFirst(bytes.count - count) }
            }
            return bytes.suffix(count)
        }
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
