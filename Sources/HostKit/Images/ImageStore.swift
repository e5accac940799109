import FoundationEssentials
import Glibc
import SystemPackage

/// An image that a machine can start from.
public struct PreparedImage: Sendable {
    /// A squashfs file (lz4) with the root file system.
    public let root: FilePath
    public let configuration: ImageConfiguration
    /// What the cache knows the image by: the digest of its manifest, of the configuration for
    /// `docker save`'s archives, or of the tar file of a root file system. None for a directory.
    public let digest: ImageDigest?
    /// The image's `/etc/passwd`. Empty if there is none that is a file of at most 1 MiB.
    public let passwd: String
    /// The image's `/etc/group`, likewise.
    public let group: String
    /// What belongs to this run only. None for an image in the cache.
    private let scratch: ScratchDirectory?

    init(
        root: FilePath, configuration: ImageConfiguration, digest: ImageDigest?, passwd: String,
        group: String, scratch: ScratchDirectory? = nil
    ) {
        self.root = root
        self.configuration = configuration
        self.digest = digest
        self.passwd = passwd
        self.group = group
        self.scratch = scratch
    }

    /// Removes what was made for this run only. The cache stays.
    public func cleanUp() {
        if let scratch { removeTree(scratch.path) }
    }
}

/// A cache of images as squashfs files.
///
/// An entry is a directory `sha256-HEX` with `root.squashfs`, `config.json`, `passwd` and `group`.
/// It is made under another name and then renamed, so that it is complete or not there.
public struct ImageStore: Sendable {
    public let directory: FilePath
    public let limits: ImageLimits

    /// - Parameters:
    ///   - directory: Made if it does not exist. By default
    ///     `${XDG_CACHE_HOME:-~/.cache}/hammock/images`.
    ///   - limits: For an image that is not yet in the cache.
    public init(directory: FilePath = Self.defaultDirectory, limits: ImageLimits = ImageLimits()) {
        self.directory = directory
        self.limits = limits
    }

    public static var defaultDirectory: FilePath { cacheDirectory.appending("images") }

    /// Finds the image in the cache, or puts it there. A root directory is read each time, into a
    /// file that the caller removes (`PreparedImage.cleanUp`).
    ///
    /// - Parameters:
    ///   - scratch: Where a root directory's file goes: by default `${TMPDIR:-/var/tmp}`.
    ///   - progress: Gets short lines without a newline, from any thread.
    /// - Throws: `HostError`: 125 for an image that is damaged, malicious or for another machine,
    ///   3 for a missing tool or too little space, 2 for a tag or name that fits nothing.
    public func prepare(
        _ source: ImageSource, scratch: FilePath? = nil,
        progress: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws -> PreparedImage {
        // A program that ends early is an error of a write here, and no signal.
        signal(SIGPIPE, SIG_IGN)
        for tool in [ImageTool.tar2sqfs, .sha256sum] { try tool.require() }
        do {
            if case .rootDirectory(let root) = source {
                return try await prepare(directory: root, scratch: scratch, progress)
            }
            return try await prepare(image: source, progress)
        } catch let error as Errno {
            if error == .noSpace || error == .diskQuotaExceeded {
                throw HostError("there is too little space in \(directory)", code: 3)
            }
            throw HostError("cannot prepare the image: \(error)")
        } catch let error as HostError {
            throw error
        } catch {
            throw HostError("cannot prepare the image: \(error)")
        }
    }

    private func prepare(
        directory root: FilePath, scratch: FilePath?,
        _ progress: @escaping @Sendable (String) -> Void
    ) async throws -> PreparedImage {
        let temporary = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/var/tmp"
        let own = try ScratchDirectory(in: scratch ?? FilePath(temporary))
        let place = own.path
        do {
            let flattener = ImageFlattener(directory: place, limits: limits, progress: progress)
            let file = place.appending("root.squashfs")
            let result = try await flattener.flatten(directory: root, to: file)
            sayLost(result, progress)
            return PreparedImage(
                root: file, configuration: ImageConfiguration(), digest: nil,
                passwd: String(decoding: result.passwd, as: UTF8.self),
                group: String(decoding: result.group, as: UTF8.self), scratch: own)
        } catch {
            removeTree(place)
            throw error
        }
    }

    private func prepare(
        image source: ImageSource, _ progress: @escaping @Sendable (String) -> Void
    ) async throws -> PreparedImage {
        try makeDirectories(directory)
        let session = StoreSession(directory, progress: progress)
        do {
            let opener = ImageOpener(store: self, session: session, progress: progress)
            let image = try await opener.open(source)
            let prepared = try await prepare(image, session, progress)
            await session.end()
            return prepared
        } catch {
            await session.end()
            throw error
        }
    }

    private func prepare(
        _ image: OpenedImage, _ session: StoreSession,
        _ progress: @escaping @Sendable (String) -> Void
    ) async throws -> PreparedImage {
        // An image for another machine is refused before it is unpacked.
        _ = try ImageConfiguration(json: image.configuration)
        if let entry = try entry(image.digest) { return entry }
        let partial = try await session.makeDirectory()
        // Another run may have made it while this one waited.
        if let entry = try entry(image.digest) { return entry }
        try await make(image, in: partial, progress)
        guard let entry = try entry(image.digest) else {
            throw HostError("the image that was just made in \(directory) is gone")
        }
        return entry
    }

    private func make(
        _ image: OpenedImage, in partial: FilePath,
        _ progress: @escaping @Sendable (String) -> Void
    ) async throws {
        let flattener = ImageFlattener(directory: directory, limits: limits, progress: progress)
        let result = try await flattener.flatten(
            image.layers, to: partial.appending("root.squashfs"))
        sayLost(result, progress)
        try writeFile(partial.appending("config.json"), image.configuration)
        try writeFile(partial.appending("passwd"), result.passwd)
        try writeFile(partial.appending("group"), result.group)
        for name in ["root.squashfs", "."] { try synchronise(partial.appending(name)) }
        let place = self.place(of: image.digest)
        guard rename(partial.string, place.string) == 0 else { throw Errno(rawValue: errno) }
        try synchronise(directory)
    }

    private func sayLost(
        _ result: ImageFlattener.Result, _ progress: @Sendable (String) -> Void
    ) {
        guard result.attributesLost > 0 else { return }
        progress(
            "\(result.attributesLost) files lose access control lists, which squashfs cannot hold")
    }
}

// MARK: - Entries
extension ImageStore {
    private func place(of digest: ImageDigest) -> FilePath {
        directory.appending("sha256-\(digest.hexadecimal)")
    }

    /// The entry, if it is there.
    func entry(_ digest: ImageDigest) throws -> PreparedImage? {
        let place = place(of: digest)
        guard access(place.string, F_OK) == 0 else { return nil }
        func content(_ name: String) throws -> [UInt8] {
            let path = place.appending(name)
            return try FilePart(path, label: path.string).bytes()
        }
        return PreparedImage(
            root: place.appending("root.squashfs"),
            configuration: try ImageConfiguration(json: content("config.json")), digest: digest,
            passwd: String(decoding: try content("passwd"), as: UTF8.self),
            group: String(decoding: try content("group"), as: UTF8.self))
    }
}

/// One run's use of a store's directory. Whoever makes anything in it holds flock(2) on its file
/// `lock`, and so knows that all temporary directories that are there were left behind.
actor StoreSession {
    private static let prefix = "partial-"

    private let directory: FilePath
    private let progress: @Sendable (String) -> Void
    private var lock: FileDescriptor?
    private var made: [FilePath] = []

    init(_ directory: FilePath, progress: @escaping @Sendable (String) -> Void) {
        self.directory = directory
        self.progress = progress
    }

    /// Makes a temporary directory. It waits for whoever else makes something.
    func makeDirectory() async throws -> FilePath {
        if lock == nil { try await takeLock() }
        let path = directory.appending(Self.prefix + UUID().uuidString)
        try HostKit.makeDirectory(path)
        made.append(path)
        return path
    }

    /// Removes the temporary directories, and lets others in.
    func end() {
        for path in made { removeTree(path) }
        made = []
        // Closing it is what gives the lock back.
        try? lock?.close()
        lock = nil
    }

    private func takeLock() async throws {
        let file = try FileDescriptor.open(
            directory.appending("lock"), .readWrite, options: [.create, .closeOnExec],
            permissions: [.ownerReadWrite])
        lock = file
        if flock(file.rawValue, LOCK_EX | LOCK_NB) != 0 {
            progress("waiting for another conversion to end")
            try await onOwnThread {
                while flock(file.rawValue, LOCK_EX) != 0 {
                    guard errno == EINTR else { throw Errno(rawValue: errno) }
                }
            }
        }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory.string)) ?? []
        for name in names where name.hasPrefix(Self.prefix) {
            removeTree(directory.appending(name))
        }
    }
}

/// A directory for one run. This process holds flock(2) on it to its end, and so the next run knows
/// what a run that was killed has left, and removes it.
struct ScratchDirectory: Sendable {
    private static let prefix = "hammock-image-"

    private(set) var path: FilePath

    init(in parent: FilePath) throws {
        path = parent
        let names = (try? FileManager.default.contentsOfDirectory(atPath: parent.string)) ?? []
        for name in names where name.hasPrefix(Self.prefix) {
            let path = parent.appending(name)
            // Somebody else's is theirs to remove.
            guard let lock = try? Self.open(path), Self.isOwn(lock) else { continue }
            if flock(lock.rawValue, LOCK_EX | LOCK_NB) == 0 { removeTree(path) }
            try? lock.close()
        }
        while true {
            let path = parent.appending(Self.prefix + UUID().uuidString)
            do {
                try makeDirectory(path)
            } catch {
                throw HostError(
                    "cannot make a directory in \(parent): \(error); set TMPDIR to another")
            }
            do {
                let lock = try Self.open(path)
                guard flock(lock.rawValue, LOCK_EX) == 0 else { throw Errno(rawValue: errno) }
                self.path = path
            } catch Errno.noSuchFileOrDirectory {
                continue
            }
            // Another run may have taken it for one that was left, before this one had its lock.
            if access(path.string, F_OK) == 0 { return }
        }
    }

    private static func isOwn(_ directory: FileDescriptor) -> Bool {
        var status = stat()
        return fstat(directory.rawValue, &status) == 0 && status.st_uid == geteuid()
    }

    private static func open(_ path: FilePath) throws -> FileDescriptor {
        try FileDescriptor.open(path, .readOnly, options: [.directory, .noFollow, .closeOnExec])
    }
}

// MARK: - The file system
func makeDirectory(_ path: FilePath) throws {
    guard mkdir(path.string, 0o700) == 0 else { throw Errno(rawValue: errno) }
}

private func makeDirectories(_ path: FilePath) throws {
    var here = FilePath(root: path.root)
    for component in path.components {
        here.append(component)
        guard mkdir(here.string, 0o755) != 0 else { continue }
        let error = Errno(rawValue: errno)
        guard access(here.string, F_OK) == 0 else {
            throw HostError("cannot make \(here): \(error)")
        }
    }
}

/// Something that cannot be removed stays: it is a temporary file, and the next run tries again.
func removeTree(_ path: FilePath) {
    try? FileManager.default.removeItem(atPath: path.string)
}

private func writeFile(_ path: FilePath, _ bytes: [UInt8]) throws {
    let file = try FileDescriptor.open(
        path, .writeOnly, options: [.create, .truncate, .closeOnExec],
        permissions: [.ownerReadWrite, .groupRead, .otherRead])
    try file.closeAfter {
        _ = try file.writeAll(bytes)
        guard fsync(file.rawValue) == 0 else { throw Errno(rawValue: errno) }
    }
}

/// Has the disk hold a file, or the names in a directory.
private func synchronise(_ path: FilePath) throws {
    let file = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
    try file.closeAfter {
        guard fsync(file.rawValue) == 0 else { throw Errno(rawValue: errno) }
    }
}

/// What Hammock keeps for this user, and could make again: `${XDG_CACHE_HOME:-~/.cache}/hammock`.
var cacheDirectory: FilePath {
    let environment = ProcessInfo.processInfo.environment
    // XDG Base Directory Specification: a relative path is to be ignored.
    if let cache = environment["XDG_CACHE_HOME"], cache.hasPrefix("/") {
        return FilePath(cache).appending("hammock")
    }
    return FilePath(environment["HOME"] ?? "/").appending(".cache/hammock")
}
