import Glibc
import SystemPackage

/// The files that an artefact is made of. What fails is an `Errno`, or a `HostError` where the file
/// is the user's.
enum ArtefactFiles {
    static func size(of path: FilePath) throws -> Int {
        var status = stat()
        guard stat(path.string, &status) == 0 else { throw Errno(rawValue: errno) }
        return Int(status.st_size)
    }

    /// All of a file that is no larger than a kernel.
    static func read(_ path: FilePath) throws -> [UInt8] {
        do {
            let file = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
            return try file.closeAfter {
                try bytes(of: file, count: try size(of: path))
            }
        } catch let error as Errno {
            throw HostError("cannot read \(path): \(error)")
        }
    }

    /// The first bytes of a file, at most `count`.
    static func beginning(of path: FilePath, count: Int) throws -> [UInt8] {
        let file = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
        return try file.closeAfter { try bytes(of: file, count: count) }
    }

    private static func bytes(of file: FileDescriptor, count: Int) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let rest = UnsafeMutableRawBufferPointer(
                    rebasing: UnsafeMutableRawBufferPointer(buffer)[filled...])
                let read = try file.read(into: rest)
                if read == 0 { break }
                filled += read
            }
        }
    }

    /// Writes a new file.
    static func write(
        _ path: FilePath, _ bytes: [UInt8],
        mode: FilePermissions = [.ownerReadWrite, .groupRead, .otherRead]
    ) throws {
        let file = try FileDescriptor.open(
            path, .writeOnly, options: [.create, .truncate, .closeOnExec], permissions: mode)
        try file.closeAfter { _ = try file.writeAll(bytes) }
        // Whatever the mask of this process says: the modes are in some archives.
        guard chmod(path.string, mode.rawValue) == 0 else { throw Errno(rawValue: errno) }
    }

    /// Makes a file longer by zeros.
    static func extend(_ path: FilePath, to size: Int) throws {
        guard truncate(path.string, size) == 0 else { throw Errno(rawValue: errno) }
    }

    static func makeDirectory(_ path: FilePath) throws {
        guard mkdir(path.string, 0o755) == 0, chmod(path.string, 0o755) == 0 else {
            throw Errno(rawValue: errno)
        }
    }

    /// Copies a file to a place in another one, which is made if it is not there.
    static func copy(_ source: FilePath, into target: FilePath, at offset: Int = 0) throws {
        let input = try FileDescriptor.open(source, .readOnly, options: .closeOnExec)
        try input.closeAfter {
            let output = try FileDescriptor.open(
                target, .writeOnly, options: [.create, .closeOnExec],
                permissions: [.ownerReadWrite, .groupRead, .otherRead])
            try output.closeAfter {
                try output.seek(offset: Int64(offset), from: .start)
                let buffer = UnsafeMutableRawBufferPointer.allocate(
                    byteCount: 1 << 20, alignment: 4096)
                defer { buffer.deallocate() }
                while case let count = try input.read(into: buffer), count > 0 {
                    _ = try output.writeAll(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                }
            }
        }
    }

    /// The SHA-256 of a file.
    static func digest(of path: FilePath) async throws -> ImageDigest {
        let file = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
        let ending = try await ImageTool.sha256sum.run([], input: file)
        let words = String(decoding: ending.output, as: UTF8.self)
        guard ending.isSuccess, let digest = ImageDigest(hexadecimal: words.prefix(64)) else {
            throw HostError("sha256sum failed: \(ending.reason)")
        }
        return digest
    }
}
