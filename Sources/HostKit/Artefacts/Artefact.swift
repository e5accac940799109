import AgentProtocol
import Dispatch
import Glibc
import SystemPackage

/// Something that is made of an image once, and that other programs than Hammock run.
public struct Artefact: Sendable {
    public enum Kind: String, CaseIterable, Sendable {
        case disk, uki, kernelboot, firecracker, lxd, oci

        /// Whether a machine is started of it, and no container.
        public var isMachine: Bool { self != .lxd && self != .oci }
    }

    public let kind: Kind
    /// Name, kernel, initramfs, memory and processors.
    public var machine: MachineDescription
    public var image: PreparedImage
    /// What the user calls the image.
    public var imageName: String
    /// What a container engine is told: the two parts of the command line, variables and user.
    public var entrypoint: [String] = []
    public var command: [String] = []
    public var environment: [String] = []
    public var user = ""
    /// The kernel's word `ip=`: how the machine gets an address. None without one.
    public var address: String?
    /// More words for the kernel.
    public var words = ""
    /// What all dates are, in seconds since 1970.
    public var epoch: Int

    /// The first day that a FAT knows.
    public static let defaultEpoch = 315_532_800

    public init(
        _ kind: Kind, machine: MachineDescription, image: PreparedImage, imageName: String,
        epoch: Int
    ) {
        self.kind = kind
        self.machine = machine
        self.image = image
        self.imageName = imageName
        self.epoch = epoch
    }

    static let systemdStub = "/usr/lib/systemd/boot/efi/linuxx64.efi.stub"

    /// Where the artefact goes, and whether this host can make it. Looks before anything is unpacked.
    ///
    /// - Throws: `HostError`.
    public static func check(_ kind: Kind, _ output: String) throws {
        switch kind {
        case .disk: try BootDisk.check()
        case .oci, .lxd: for tool in [ImageTool.sqfs2tar, .tar, .gzip] { try tool.require() }
        case .kernelboot: try ImageTool.tar.require()
        case .uki, .firecracker: break
        }
        if kind == .uki || kind == .disk, access(systemdStub, R_OK) != 0 {
            throw HostError.missing(systemdStub, package: "systemd-boot-efi")
        }
        _ = try OutputDirectory(output)
    }

    /// Makes the artefact. A directory that is half made never has the name `output`.
    public func build(
        _ output: String, progress: @escaping @Sendable (String) -> Void
    ) async throws {
        let place = try OutputDirectory(output)
        let scratch = try ScratchDirectory(in: place.parent).path
        // Whoever interrupts it finds nothing of it.
        let signals = CaughtSignals()
        let watch = DispatchSource.makeReadSource(fileDescriptor: signals.descriptor)
        watch.setEventHandler {
            let asked = signals.take().first { ![SIGWINCH, SIGUSR1, SIGUSR2].contains($0) }
            guard let asked else { return }
            removeTree(scratch)
            _exit(128 + asked)
        }
        watch.activate()
        defer { watch.cancel() }
        do {
            let work = scratch.appending("work")
            let result = scratch.appending("artefact")
            for path in [work, result] { try ArtefactFiles.makeDirectory(path) }
            let parts = try await make(result, work, progress)
            progress("adding up the files")
            try await seal(result, parts)
            try place.take(result)
            removeTree(scratch)
        } catch {
            removeTree(scratch)
            if let error = error as? Errno {
                if error == .noSpace || error == .diskQuotaExceeded {
                    throw HostError("there is too little space in \(place.parent)", code: 3)
                }
                throw HostError("cannot make \(output): \(error)")
            }
            throw error
        }
    }

    private func make(
        _ result: FilePath, _ work: FilePath, _ progress: @Sendable (String) -> Void
    ) async throws -> [BillOfMaterials.Part] {
        progress("making the \(kind.rawValue) of \(imageName)")
        switch kind {
        case .disk: return try await makeDisk(result, work)
        case .uki: return try await makeUnifiedKernelImage(result)
        case .kernelboot: return try await makeKernelBoot(result, work)
        case .firecracker: return try await makeFirecracker(result)
        case .lxd: return try await makeLXD(result, work)
        case .oci: return try await makeOCI(result, work)
        }
    }

    /// Adds SHA256SUMS and the bill of materials.
    private func seal(_ result: FilePath, _ parts: [BillOfMaterials.Part]) async throws {
        var sums: [(name: String, sum: String)] = []
        for name in try files(in: result, below: "") {
            let digest = try await ArtefactFiles.digest(of: result.appending(name))
            sums.append((name, digest.hexadecimal))
        }
        let work = result.appending("hammock.spdx.json")
        try ArtefactFiles.write(work, lines(sums))
        let bill = BillOfMaterials(
            name: "\(machine.name)-\(kind.rawValue)", epoch: epoch,
            parts: try await [imagePart] + parts)
        try ArtefactFiles.write(
            work,
            bill.json(sum: try await ArtefactFiles.digest(of: work).hexadecimal).document())
        sums.append(
            ("hammock.spdx.json", try await ArtefactFiles.digest(of: work).hexadecimal))
        try ArtefactFiles.write(
            result.appending("SHA256SUMS"), lines(sums.sorted { $0.name < $1.name }))
    }

    private func lines(_ sums: [(name: String, sum: String)]) -> [UInt8] {
        Array(sums.map { "\($0.sum)  \($0.name)\n" }.joined().utf8)
    }

    /// All regular files, in order.
    private func files(in directory: FilePath, below prefix: String) throws -> [String] {
        var found: [String] = []
        guard let stream = opendir(directory.string) else { throw Errno(rawValue: errno) }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
            }
            if name == "." || name == ".." { continue }
            if isDirectory(directory.appending(name).string) {
                found += try files(in: directory.appending(name), below: prefix + name + "/")
            } else {
                found.append(prefix + name)
            }
        }
        return found.sorted()
    }
}

// MARK: - What it is made of
extension Artefact {
    /// What the agent does when the machine has started.
    func description() throws -> [UInt8] {
        var process = machine.process
        process.hasConsole = true
        guard kind.isMachine else {
            return try Self.description([
                .directory(process.workingDirectory, mode: 0o755), .start(process),
            ])
        }
        var machine = machine
        machine.process = process
        machine.network = .none
        let disk = "/disk"
        var frames = [
            // A squashfs begins with its date, its size and where its tables are.
            try Frame.locate(
                disk, milliseconds: 30_000,
                beginning: ArtefactFiles.beginning(of: image.root, count: 96))
        ]
        frames += try machine.setup(disk: disk)
        if address != nil {
            // Where the kernel writes down the name server that it was told.
            frames.insert(
                try .link("/etc/resolv.conf", to: "/proc/net/pnp"), at: frames.count - 1)
        }
        return try Self.description(frames)
    }

    private static func description(_ frames: [Frame]) throws(HostError) -> [UInt8] {
        let content = frames.flatMap(\.bytes)
        let header = DescriptionHeader(count: content.count).bytes
        return (0..<DescriptionHeader.size).map { header[$0] } + content
    }

    /// What the kernel unpacks into its first root directory.
    func initramfs() throws -> [UInt8] {
        try ArtefactFiles.read(FilePath(machine.initramfs))
            + CpioArchive.make([
                CpioArchive.File(name: "description", mode: 0o600, content: description())
            ])
    }

    /// The kernel's command line.
    ///
    /// - Throws: `HostError` with code 2 if it is longer than the kernel takes.
    func kernelWords() throws -> String {
        var all = ["console=ttyS0", "quiet", "loglevel=3"]
        // Firecracker hears of an end by the keyboard's controller, and has no PCI.
        all += kind == .firecracker ? ["reboot=k", "panic=1", "pci=off"] : ["panic=-1"]
        if let address { all.append("ip=\(address)") }
        all.append("hammock.hostname=\(machine.name)")
        if !words.isEmpty { all.append(words) }
        all += ["--", "/agent", "--description", "/description"]
        // Nothing hears there that a machine is off.
        if kind == .firecracker { all.append("--reboot") }
        let line = all.joined(separator: " ")
        guard line.utf8.count <= 2047, !line.utf8.contains(where: { $0 < 0x20 }) else {
            throw HostError(
                "the kernel's command line has \(line.utf8.count) bytes, and may have 2047 in one "
                    + "line; say less by --append", code: 2)
        }
        return line
    }

    /// The kernel as firmware and boot loaders take it. It lies beside the other form.
    var compressedKernel: FilePath {
        FilePath(machine.kernel).removingLastComponent().appending("bzImage")
    }

    private var imagePart: BillOfMaterials.Part {
        get async throws {
            BillOfMaterials.Part(
                id: "image", name: imageName,
                version: image.digest?.description ?? "NOASSERTION", purpose: "CONTAINER",
                license: "NOASSERTION",
                sha256: try await ArtefactFiles.digest(of: image.root).hexadecimal)
        }
    }

    func kernelPart(_ file: FilePath) async throws -> BillOfMaterials.Part {
        BillOfMaterials.Part(
            id: "kernel", name: "linux", version: try KernelVersion.find(in: machine.kernel),
            purpose: "OPERATING-SYSTEM", license: "GPL-2.0-only WITH Linux-syscall-note",
            sha256: try await ArtefactFiles.digest(of: file).hexadecimal)
    }

    func initramfsPart() async throws -> BillOfMaterials.Part {
        BillOfMaterials.Part(
            id: "init", name: "hammock-init", version: "NOASSERTION", purpose: "APPLICATION",
            license: "MIT",
            sha256: try await ArtefactFiles.digest(of: FilePath(machine.initramfs)).hexadecimal)
    }
}

/// The release of a kernel, as it says it itself.
enum KernelVersion {
    /// - Throws: `HostError` if the file is no kernel.
    static func find(in path: String) throws -> String {
        let bytes = try ArtefactFiles.read(FilePath(path))
        let mark = Array("Linux version ".utf8)
        let found = bytes.withUnsafeBytes { all in
            (0..<max(0, all.count - mark.count)).first { place in
                all[place] == mark[0] && all[place..<place + mark.count].elementsEqual(mark)
            }
        }
        guard let found else { throw HostError("\(path) is no Linux kernel", code: 2) }
        let rest = bytes[(found + mark.count)...].prefix(64).prefix { $0 > 0x20 && $0 < 0x7f }
        return String(decoding: rest, as: UTF8.self)
    }
}

/// A directory that does not exist yet, or is empty.
struct OutputDirectory {
    let path: FilePath
    let parent: FilePath

    /// - Throws: `HostError` with code 2 if the directory cannot be made.
    init(_ text: String) throws {
        var given = text
        while given.count > 1, given.hasSuffix("/") { given.removeLast() }
        let isThere = access(given, F_OK) == 0
        // A link to an empty directory is as good as the directory.
        path = isThere ? try Self.resolve(given) : FilePath(given)
        if isThere {
            guard isDirectory(path.string) else {
                throw HostError("--output \(text): that is a file; name a directory", code: 2)
            }
            guard Self.isEmpty(path) else {
                throw HostError(
                    "--output \(text): the directory is not empty; name another one", code: 2)
            }
        }
        let above = path.removingLastComponent()
        parent = above.isEmpty ? FilePath(".") : above
        guard isDirectory(parent.string) else {
            throw HostError("--output \(text): there is no directory \(parent)", code: 2)
        }
        guard access(parent.string, W_OK | X_OK) == 0 else {
            throw HostError(
                "--output \(text): cannot write to \(parent): \(Errno(rawValue: errno))", code: 2)
        }
    }

    private static func resolve(_ text: String) throws -> FilePath {
        guard let resolved = realpath(text, nil) else { throw Errno(rawValue: errno) }
        defer { free(resolved) }
        return FilePath(String(cString: resolved))
    }

    private static func isEmpty(_ path: FilePath) -> Bool {
        guard let stream = opendir(path.string) else { return false }
        defer { closedir(stream) }
        var count = 0
        while readdir(stream) != nil { count += 1 }
        return count <= 2
    }

    /// Gives a directory this name.
    func take(_ directory: FilePath) throws {
        guard rename(directory.string, path.string) == 0 else {
            throw HostError("cannot put the result into \(path): \(Errno(rawValue: errno))")
        }
    }
}
