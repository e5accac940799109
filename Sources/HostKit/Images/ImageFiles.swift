import Glibc
import SystemPackage

/// A file of an image: one in a directory, or a member of an archive.
final class FilePart: Sendable {
    let descriptor: FileDescriptor
    /// In bytes.
    let offset: Int64
    /// In bytes.
    let size: Int64
    /// What messages call it.
    let label: String

    /// Opens a whole file. A link or anything that is not a regular file is refused.
    convenience init(_ path: FilePath, label: String) throws {
        let descriptor: FileDescriptor
        do {
            descriptor = try FileDescriptor.open(
                path, .readOnly, options: [.closeOnExec, .noFollow, .nonBlocking])
        } catch let error as Errno {
            throw HostError("cannot read \(label): \(error)")
        }
        var status = stat()
        guard fstat(descriptor.rawValue, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            try? descriptor.close()
            throw HostError("cannot read \(label): it is not a file")
        }
        self.init(descriptor, offset: 0, size: Int64(status.st_size), label: label)
    }

    /// - Parameter descriptor: Closed with this.
    init(_ descriptor: FileDescriptor, offset: Int64, size: Int64, label: String) {
        self.descriptor = descriptor
        self.offset = offset
        self.size = size
        self.label = label
    }

    // Nothing was written to it.
    deinit { try? descriptor.close() }

    var source: RangeSource { RangeSource(descriptor, offset: offset, size: size) }

    /// All of a small file.
    func bytes() throws -> [UInt8] {
        // As large as other programs let a manifest or a configuration be.
        guard size <= 4 << 20 else {
            throw HostError("\(label) is too large: it has \(size) bytes")
        }
        return try prefix(Int(size))
    }

    /// The first bytes, at most `count`.
    func prefix(_ count: Int) throws -> [UInt8] {
        let source = source
        return try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let rest = UnsafeMutableRawBufferPointer(buffer)[filled...]
                let read = try source.read(into: UnsafeMutableRawBufferPointer(rebasing: rest))
                if read == 0 { break }
                filled += read
            }
        }
    }
}

/// The files that an image is made of, by name.
protocol ImageFiles {
    /// The file `name`, or none if it does not exist.
    func file(_ name: String) throws -> FilePart?
}

struct DirectoryFiles: ImageFiles {
    let directory: FilePath

    func file(_ name: String) throws -> FilePart? {
        let path = directory.appending(name)
        guard access(path.string, F_OK) == 0 else { return nil }
        return try FilePart(path, label: path.string)
    }
}

/// The members of a tar archive.
struct ArchiveFiles: ImageFiles {
    private enum Member {
        case file(offset: Int64, size: Int64)
        case link(String)
    }

    private let archive: FilePart
    private var members: [String: Member] = [:]

    /// More than any program that saves images writes.
    private static let maximumMembers = 1_000_000

    /// Reads the names in a plain tar archive.
    init(_ archive: FilePart) throws {
        self.archive = archive
        let reader = TarReader(archive.source, label: archive.label)
        while let entry = try reader.next() {
            let name = String(decoding: entry.path, as: UTF8.self)
            let target = String(decoding: entry.linkTarget, as: UTF8.self)
            guard members.count < Self.maximumMembers else { break }
            switch entry.kind {
            case .file where entry.size == entry.realSize:
                members[name] = .file(
                    offset: archive.offset + Int64(reader.contentOffset), size: Int64(entry.size))
            case .hardLink:
                members[name] = .link(target)
            case .symbolicLink:
                let directory = FilePath(name).removingLastComponent()
                members[name] = .link(
                    directory.appending(target).lexicallyNormalized().string)
            case .file, .directory, .device, .fifo:
                continue
            }
        }
    }

    func has(_ name: String) -> Bool { members[name] != nil }

    func file(_ name: String) throws -> FilePart? {
        var name = FilePath(name).lexicallyNormalized().string
        // `docker save` of old links a layer that two images share. No link leads to another.
        for _ in 0..<2 {
            switch members[name] {
            case nil: return nil
            case .link(let target): name = FilePath(target).lexicallyNormalized().string
            case .file(let offset, let size):
                let copy = fcntl(archive.descriptor.rawValue, F_DUPFD_CLOEXEC, 0)
                guard copy >= 0 else {
                    throw HostError("cannot read \(archive.label): \(Errno(rawValue: errno))")
                }
                return FilePart(
                    FileDescriptor(rawValue: copy), offset: offset, size: size,
                    label: "\(name) in \(archive.label)")
            }
        }
        return nil
    }
}
