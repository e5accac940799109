import FoundationEssentials
import Glibc

/// Who a machine is, for those who look at it from outside: `machine.json`.
public struct MachineRecord: Codable, Equatable, Sendable {
    public var name: String
    public var image: String
    public var command: [String]
    /// The process that runs the machine, and ends it with its own end.
    public var process: Int32
    /// Seconds since 1970.
    public var started: Int
    public var ports: [PublishedPort]
    /// The number of the signal that asks the program to end.
    public var stopSignal: Int32
    /// What a process in it gets unless it is told otherwise.
    public var environment: [String]
    public var workingDirectory: String
    public var user: UInt32
    public var group: UInt32
    public var groups: [UInt32]

    public init(
        name: String, image: String, process: ProcessDescription, ports: [PublishedPort],
        stopSignal: Int32
    ) {
        self.name = name
        self.image = image
        self.ports = ports
        self.stopSignal = stopSignal
        self.process = getpid()
        started = Int(time(nil))
        command = process.arguments
        environment = process.environment
        workingDirectory = process.workingDirectory
        user = process.user
        group = process.group
        groups = process.groups
    }
}

/// The directory of a machine that runs: `$XDG_RUNTIME_DIR/hammock/NAME`. It is there as long as
/// the machine, and a lock on it says whether that still runs.
public final class MachineDirectory {
    public let paths: MachinePaths
    private let lock: Int32

    /// Where the machines' directories are. Only this user may enter it.
    ///
    /// - Throws: `HostError` if it belongs to somebody else.
    public static func base() throws(HostError) -> String {
        let runtime = environmentVariable("XDG_RUNTIME_DIR")
        let base =
            if let runtime, runtime.hasPrefix("/"), isDirectory(runtime) {
                "\(runtime)/hammock"
            } else {
                "/tmp/hammock-\(geteuid())"
            }
        if mkdir(base, 0o700) != 0, errno != EEXIST {
            throw HostError(
                """
                cannot make \(base): \(reason(errno)); set XDG_RUNTIME_DIR to a directory of yours
                """)
        }
        var status = stat()
        guard lstat(base, &status) == 0, status.st_mode & S_IFMT == S_IFDIR,
            status.st_uid == geteuid(), status.st_mode & 0o077 == 0
        else {
            throw HostError("\(base) is not a directory of this user's alone; remove it")
        }
        return base
    }

    /// Takes a name for a machine that is about to run. What a machine that was killed has left
    /// under the name is removed.
    ///
    /// - Throws: `HostError` if the name is no name, or a machine has it.
    public init(for name: String) throws(HostError) {
        try Self.check(name)
        let base = try Self.base()
        let directory = "\(base)/\(name)"
        paths = MachinePaths(directory: directory)
        let alone = try Alone(in: base)
        defer { alone.end() }
        mkdir(directory, 0o700)
        lock = open("\(directory)/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else {
            throw HostError("\(directory): cannot write there: \(reason(errno))")
        }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            throw HostError("a machine with the name \(name) runs already; choose another --name")
        }
        for name in Self.entries(of: directory) where name != "lock" {
            unlink("\(directory)/\(name)")
        }
    }

    /// Removes the directory.
    public func remove() {
        let alone = try? Alone(in: Self.base())
        defer { alone?.end() }
        Self.remove(paths)
    }

    private static func remove(_ paths: MachinePaths) {
        for name in entries(of: paths.directory) { unlink("\(paths.directory)/\(name)") }
        rmdir(paths.directory)
    }

    deinit { close(lock) }

    /// Writes down who the machine is, and which users its image has.
    public func write(_ record: MachineRecord, of image: PreparedImage) throws(HostError) {
        guard let text = try? MachineRecord.json(record) else {
            throw HostError("\(paths.record): cannot be written: it cannot be put into JSON")
        }
        try write(image.passwd, to: paths.passwd)
        try write(image.group, to: paths.group)
        try write(text, to: paths.record)
    }

    private func write(_ text: String, to path: String) throws(HostError) {
        let new = "\(path).new"
        guard let file = fopen(new, "we") else {
            throw HostError("\(new): cannot be written: \(reason(errno))")
        }
        fputs(text, file)
        // Renamed into its place, so that nobody reads half of it.
        guard fclose(file) == 0, rename(new, path) == 0 else {
            throw HostError("\(path): cannot be written: \(reason(errno))")
        }
    }

    /// The machines that run, by name. What machines that were killed have left is removed.
    public static func running() throws(HostError) -> [MachineRecord] {
        let base = try base()
        let alone = try Alone(in: base)
        defer { alone.end() }
        var found: [MachineRecord] = []
        for name in entries(of: base).sorted() {
            let paths = MachinePaths(directory: "\(base)/\(name)")
            if !isLocked("\(paths.directory)/lock") {
                remove(paths)
            } else if let record = record(in: paths) {
                found.append(record)
            }
        }
        return found
    }

    /// The record of a machine that runs.
    ///
    /// - Throws: `HostError` if none has the name.
    public static func find(_ name: String) throws(HostError) -> (MachineRecord, MachinePaths) {
        try check(name)
        let base = try base()
        let paths = MachinePaths(directory: "\(base)/\(name)")
        let alone = try Alone(in: base)
        defer { alone.end() }
        guard isLocked("\(paths.directory)/lock"), let record = record(in: paths) else {
            throw HostError("no machine with the name \(name) runs (hammock ps lists them)")
        }
        return (record, paths)
    }

    /// A lock on the directory of all machines. Who looks whether a machine's lock is taken takes it
    /// for a moment, which must not be the one in which the machine itself takes it; and a directory
    /// must not be removed while a machine moves in.
    private struct Alone {
        private let descriptor: Int32

        init(in base: String) throws(HostError) {
            descriptor = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard descriptor >= 0 else {
                throw HostError("\(base): cannot be opened: \(reason(errno))")
            }
            while flock(descriptor, LOCK_EX) != 0, errno == EINTR {}
        }

        func end() { close(descriptor) }
    }

    /// Whether somebody holds the lock: a machine runs, or is about to.
    static func isLocked(_ path: String) -> Bool {
        let lock = open(path, O_RDWR | O_CLOEXEC)
        guard lock >= 0 else { return false }
        defer { close(lock) }
        return flock(lock, LOCK_EX | LOCK_NB) != 0
    }

    private static func record(in paths: MachinePaths) -> MachineRecord? {
        guard let text = readWholeFile(paths.record) else { return nil }
        return try? JSONDecoder().decode(MachineRecord.self, from: Data(text.utf8))
    }

    /// A name is a host name, too. hostname(7)
    public static func check(_ name: String) throws(HostError) {
        let isName =
            (1...48).contains(name.utf8.count) && !name.hasPrefix("-")
            && name.utf8.allSatisfy { byte in
                (0x61...0x7a).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2d
            }
        guard isName else {
            throw HostError(
                "a name has small letters, digits and '-', at most 48, and '\(name)' is none",
                code: 2)
        }
    }

    static func entries(of directory: String) -> [String] {
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }
}

/// A variable of this process's environment; `nil` if it is not set, or empty.
public func environmentVariable(_ name: String) -> String? {
    guard let value = getenv(name), value.pointee != 0 else { return nil }
    return String(cString: value)
}

extension MachineRecord {
    /// A record, or several, as JSON.
    public static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}

extension MachinePaths {
    /// A file of the machine's; `nil` if it cannot be read.
    public static func read(_ path: String) -> String? { readWholeFile(path) }
}
