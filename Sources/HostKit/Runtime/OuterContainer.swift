import FoundationEssentials
import Glibc
import SystemPackage

/// Does what an engine asks an OCI runtime for, by asking the runtime behind this one for it, in
/// other words. runtime-spec, runtime.md
public struct OuterContainer {
    private let words: RuntimeWords
    /// The runtime behind this one.
    private let inner: String

    /// - Throws: `HostError` (3) if there is no runtime behind this one.
    public init(_ words: RuntimeWords) throws(HostError) {
        self.words = words
        if let given = environmentVariable("HAMMOCK_INNER_RUNTIME") {
            inner = given.contains("/") ? given : try HostProgram.find(given, package: given)
        } else if let runc = try? HostProgram.find("runc", package: "runc") {
            inner = runc
        } else {
            inner = try HostProgram.find("crun", package: "runc")
        }
    }

    /// - Returns: the code to exit with.
    public func run() throws -> Int32 {
        switch words.command {
        case "create", "run": return try create()
        case "exec": return try exec()
        case "state": return try state()
        case "delete": return try delete()
        default: try HostProgram.become(inner, words.all)
        }
    }

    private func create() throws -> Int32 {
        let given = words.value(of: ["bundle", "b"]) ?? "."
        guard let path = realpath(given, nil) else {
            throw HostError("--bundle \(given): \(reason(errno))")
        }
        defer { free(path) }
        let bundle = try ContainerBundle(reading: String(cString: path))
        if bundle.isSandbox { try HostProgram.become(inner, words.all) }
        guard let identifier = words.operands.first else {
            try HostProgram.become(inner, words.all)
        }
        // It becomes the name of a directory, which is removed in the end.
        guard !identifier.isEmpty, !identifier.contains("/"), ![".", ".."].contains(identifier)
        else { throw HostError("a container cannot be called '\(identifier)'") }
        let place = bundle.directory + Self.suffix(of: identifier)
        if access(place, F_OK) == 0, try self.place(of: identifier) != nil {
            // There is such a container. The other runtime says so, and it stays as it is.
            try HostProgram.become(inner, words.all)
        }
        let files = try hostFiles(bundle)
        let (new, order) = try bundle.machine(on: files, at: place)
        Self.removePlace(place)
        try Self.make(place, files)
        var words = words
        words.set(["bundle", "b"], to: place)
        do {
            let text = String(decoding: try JSONEncoder().encode(order), as: UTF8.self)
            try Self.write(text, to: "\(place)/machine.json")
            try Self.write(new.configuration.text, to: "\(place)/config.json")
            let code = try HostProgram.run(inner, words.all).code
            // `run` may leave a container behind: --detach, --keep.
            let stays = words.command == "run" ? try self.place(of: identifier) != nil : code == 0
            if !stays { Self.removePlace(place) }
            return code
        } catch {
            Self.removePlace(place)
            throw error
        }
    }

    private func exec() throws -> Int32 {
        guard let identifier = words.operands.first, let place = try place(of: identifier) else {
            try HostProgram.become(inner, words.all)
        }
        guard let path = words.value(of: ["process", "p"]), let text = readWholeFile(path) else {
            throw HostError(
                "exec takes the process from a file only, as engines give it: --process FILE",
                code: 2)
        }
        let process = try JSONValue(parsing: text, what: path)
        let visit = try JSONEncoder().encode(try ContainerBundle.program(process))
        let new = ContainerBundle.containerProcess(
            process, ["visit"], visit: String(decoding: visit, as: UTF8.self))
        let file = "\(place)/exec-\(getpid()).json"
        try Self.write(new.text, to: file)
        defer { unlink(file) }
        var words = words
        words.set(["process", "p"], to: file)
        return try HostProgram.run(inner, words.all).code
    }

    private func state() throws -> Int32 {
        let ending = try HostProgram.run(inner, words.all, captures: true)
        var text = ending.output
        let suffix = Self.suffix(of: words.operands.first ?? "")
        if ending.code == 0, var state = try? JSONValue(parsing: text, what: "the state"),
            let bundle = state["bundle"].string, Self.isOurs(bundle, suffix)
        {
            state["bundle"] = .string(String(bundle.dropLast(suffix.count)))
            text = state.text + "\n"
        }
        print(text, terminator: "")
        return ending.code
    }

    private func delete() throws -> Int32 {
        guard let identifier = words.operands.first, let place = try place(of: identifier) else {
            try HostProgram.become(inner, words.all)
        }
        let code = try HostProgram.run(inner, words.all).code
        if code == 0 { Self.removePlace(place) }
        return code
    }

    // MARK: The bundle of the container that is a machine

    /// Where in the engine's bundle the bundle for the runtime behind this one is. A bundle may be
    /// that of more than one container.
    private static func suffix(of identifier: String) -> String { "/hammock/\(identifier)" }

    /// Where a container's new bundle is; `nil` if it is a plain one, or there is no such container.
    private func place(of identifier: String) throws -> String? {
        let ending = try HostProgram.run(
            inner, words.global + ["state", identifier], captures: true, capturesErrors: true)
        guard ending.code == 0,
            let bundle = try? JSONValue(parsing: ending.output, what: "the state")["bundle"].string,
            Self.isOurs(bundle, Self.suffix(of: identifier))
        else { return nil }
        return bundle
    }

    /// Whether it is a bundle that this runtime made. An engine's own may have such a path, too:
    /// containerd's have one where a namespace is called hammock.
    private static func isOurs(_ bundle: String, _ suffix: String) -> Bool {
        bundle.hasSuffix(suffix) && access("\(bundle)/machine.json", F_OK) == 0
    }

    private func hostFiles(_ bundle: ContainerBundle) throws -> HostFiles {
        guard let link = realpath("/proc/self/exe", nil) else {
            throw HostError("/proc/self/exe: \(reason(errno))")
        }
        defer { free(link) }
        let runtime = String(cString: link)
        let place = Self.parent(of: runtime)
        let file = { (annotation: String, inCheckout: String, name: String) throws -> String in
            let choices =
                bundle.annotation(annotation).map { [$0] }
                ?? ["\(place)/\(inCheckout)", "/usr/lib/hammock/\(name)"]
            guard let path = choices.first(where: { access($0, R_OK) == 0 }) else {
                throw HostError(
                    "there is no \(choices[0]); in a checkout scripts/hammock doctor builds it",
                    code: 3)
            }
            return path
        }
        var directories: [String: String?] = [:]
        for directory in ContainerBundle.programDirectories {
            if let target = try? FileManager.default.destinationOfSymbolicLink(atPath: directory) {
                directories[directory] = target
            } else if isDirectory(directory) {
                directories.updateValue(nil, forKey: directory)
            }
        }
        guard access("/dev/net/tun", F_OK) == 0 else {
            throw HostError("there is no /dev/net/tun, which a machine's network needs", code: 3)
        }
        return HostFiles(
            runtime: runtime, kernel: try file("io.hammock.kernel", "kernel/vmlinux", "vmlinux"),
            initramfs: try file("io.hammock.initramfs", "run.cpio", "run.cpio"),
            hasKVM: Accelerator.whyNoKVM() == nil, programDirectories: directories)
    }

    private static func make(_ place: String, _ files: HostFiles) throws {
        let parent = Self.parent(of: place)
        for directory in [parent, place, "\(place)/root", "\(place)/root/volumes"] {
            guard mkdir(directory, 0o700) == 0 || errno == EEXIST && directory == parent else {
                throw HostError("\(directory): cannot be made: \(reason(errno))")
            }
        }
        for case (let directory, let target?) in files.programDirectories {
            guard symlink(target, "\(place)/root\(directory)") == 0 else {
                throw HostError("\(place)/root\(directory): cannot be made: \(reason(errno))")
            }
        }
    }

    private static func write(_ text: String, to path: String) throws(HostError) {
        guard let file = fopen(path, "wxe") else {
            throw HostError("\(path): cannot be written: \(reason(errno))")
        }
        let isWritten = fputs(text, file) >= 0
        guard fclose(file) == 0, isWritten else {
            throw HostError("\(path): cannot be written: \(reason(errno))")
        }
    }

    /// Removes the new bundle. The runtime behind this one has made empty files and directories in
    /// it, to mount upon; nothing is mounted there any more outside of the container.
    private static func removePlace(_ place: String) {
        // If something is mounted there all the same, it is not ours to remove what is in it.
        let mounts = readWholeFile("/proc/self/mountinfo") ?? ""
        guard !mounts.contains(" \(place)/") else { return }
        removeTree(FilePath(place))
        // Another container may be there.
        rmdir(Self.parent(of: place))
    }

    /// The directory that an absolute path is in.
    private static func parent(of path: String) -> String {
        String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    }
}
