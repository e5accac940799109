import Glibc
import SystemPackage

// What each kind of artefact has in its directory.
extension Artefact {
    // MARK: Machines

    private func unifiedKernelImage() throws -> [UInt8] {
        let release = "ID=hammock\nNAME=Hammock\nPRETTY_NAME=\"\(machine.name) (Hammock)\"\n"
        return try UnifiedKernelImage.make(
            stub: ArtefactFiles.read(FilePath(Self.systemdStub)),
            [
                .init(name: ".osrel", content: Array(release.utf8)),
                .init(name: ".cmdline", content: Array(try kernelWords().utf8)),
                // Large ones come last: the stub has the kernel unpack itself in place.
                .init(name: ".initrd", content: initramfs()),
                .init(name: ".linux", content: ArtefactFiles.read(compressedKernel)),
            ])
    }

    private func stubPart() async throws -> BillOfMaterials.Part {
        BillOfMaterials.Part(
            id: "stub", name: "systemd-boot-efi", version: "NOASSERTION", purpose: "APPLICATION",
            license: "LGPL-2.1-or-later",
            sha256: try await ArtefactFiles.digest(of: FilePath(Self.systemdStub)).hexadecimal)
    }

    func makeDisk(_ result: FilePath, _ work: FilePath) async throws -> [BillOfMaterials.Part] {
        let disk = BootDisk(
            kernel: try ArtefactFiles.read(compressedKernel), initramfs: try initramfs(),
            words: try kernelWords(), unifiedKernelImage: try unifiedKernelImage(),
            root: image.root, epoch: epoch)
        try await disk.make(result.appending("disk.img"), in: work)
        return [
            try await kernelPart(compressedKernel), try await initramfsPart(),
            try await stubPart(),
            BillOfMaterials.Part(
                id: "syslinux", name: "syslinux", version: "NOASSERTION", purpose: "APPLICATION",
                license: "GPL-2.0-or-later", sha256: nil),
        ]
    }

    func makeUnifiedKernelImage(_ result: FilePath) async throws -> [BillOfMaterials.Part] {
        try ArtefactFiles.write(
            result.appending("hammock.efi"), unifiedKernelImage())
        try ArtefactFiles.copy(image.root, into: result.appending("root.squashfs"))
        return [
            try await kernelPart(compressedKernel), try await initramfsPart(),
            try await stubPart(),
        ]
    }

    func makeFirecracker(_ result: FilePath) async throws -> [BillOfMaterials.Part] {
        let kernel = FilePath(machine.kernel)
        try ArtefactFiles.copy(kernel, into: result.appending("vmlinux"))
        try ArtefactFiles.write(result.appending("initrd"), initramfs())
        try ArtefactFiles.copy(image.root, into: result.appending("root.squashfs"))
        // What firecracker reads with --config-file, in this directory. With a root device it would
        // add the word root=, and the kernel would look there for init.
        let configuration: JSONValue = [
            "boot-source": [
                "kernel_image_path": "vmlinux", "initrd_path": "initrd",
                "boot_args": .string(try kernelWords()),
            ],
            "drives": [
                [
                    "drive_id": "root", "path_on_host": "root.squashfs", "is_root_device": false,
                    "is_read_only": true,
                ]
            ],
            "machine-config": [
                "vcpu_count": .integer(Int64(machine.processors)),
                "mem_size_mib": .integer(Int64(machine.memory)),
            ],
        ]
        try ArtefactFiles.write(result.appending("config.json"), configuration.document())
        return [try await kernelPart(kernel), try await initramfsPart()]
    }

    func makeKernelBoot(
        _ result: FilePath, _ work: FilePath
    ) async throws -> [BillOfMaterials.Part] {
        let initramfs = try initramfs()
        let root = result.appending("root.squashfs")
        try ArtefactFiles.write(result.appending("description"), description())
        try ArtefactFiles.copy(compressedKernel, into: result.appending("vmlinuz"))
        try ArtefactFiles.write(result.appending("initrd"), initramfs)
        try ArtefactFiles.write(
            result.appending("cmdline"), Array("\(try kernelWords())\n".utf8))
        try ArtefactFiles.copy(image.root, into: root)
        // What KubeVirt takes is in container images: kernelBoot.container, and a containerDisk.
        let boot = work.appending("boot")
        try ArtefactFiles.makeDirectory(boot)
        try ArtefactFiles.copy(compressedKernel, into: boot.appending("vmlinuz"))
        try ArtefactFiles.write(boot.appending("initrd"), initramfs)
        try await layout(
            result.appending("kernel-image"), of: "boot", in: work, owner: 0,
            comment: "the kernel and its initramfs")
        let disk = work.appending("disk")
        try ArtefactFiles.makeDirectory(disk)
        guard link(root.string, disk.appending("root.img").string) == 0 else {
            throw Errno(rawValue: errno)
        }
        // qemu runs as this user there.
        try await layout(
            result.appending("disk-image"), of: "disk", in: work, owner: 107,
            comment: "the image's files, as a disk")
        return [try await kernelPart(compressedKernel), try await initramfsPart()]
    }

    private func layout(
        _ layout: FilePath, of name: String, in work: FilePath, owner: Int, comment: String
    ) async throws {
        let archive = work.appending("\(name).tar")
        try await pack(name, in: work, to: archive, owner: owner)
        try await ContainerLayout(directory: layout, epoch: epoch).make(
            [.init(archive: archive, comment: comment)], [:])
    }

    // MARK: Containers

    func makeOCI(_ result: FilePath, _ work: FilePath) async throws -> [BillOfMaterials.Part] {
        let root = work.appending("root.tar")
        try await unpackRoot(to: root, below: ".")
        let place = work.appending(".hammock")
        try ArtefactFiles.makeDirectory(place)
        try ArtefactFiles.write(
            place.appending("init"), try member("init"),
            mode: [.ownerReadWriteExecute, .groupReadExecute, .otherReadExecute])
        let own = work.appending("init.tar")
        try await pack(".hammock", in: work, to: own, owner: 0)
        let configuration = image.configuration
        var settings: JSONValue = [
            "Entrypoint": .strings(["/.hammock/init", "--"] + entrypoint),
            "Cmd": .strings(command), "Env": .strings(environment),
            "WorkingDir": .string(machine.process.workingDirectory),
        ]
        if !user.isEmpty { settings["User"] = .string(user) }
        if let signal = configuration.stopSignal { settings["StopSignal"] = .string(signal) }
        for (name, values) in [
            ("Volumes", configuration.volumes), ("ExposedPorts", configuration.exposedPorts),
        ] where !values.isEmpty {
            settings[name] = .object(Dictionary(values.map { ($0, [:]) }) { first, _ in first })
        }
        try await ContainerLayout(directory: result.appending("image"), epoch: epoch).make(
            [
                .init(archive: root, comment: "the files of \(imageName)"),
                .init(archive: own, comment: "Hammock's init"),
            ], settings)
        return [try await initramfsPart()]
    }

    func makeLXD(_ result: FilePath, _ work: FilePath) async throws -> [BillOfMaterials.Part] {
        let archive = work.appending("root.tar")
        try await unpackRoot(to: archive, below: "rootfs")
        try ArtefactFiles.write(
            work.appending("metadata.yaml"),
            Array(
                """
                architecture: x86_64
                creation_date: \(epoch)
                properties:
                  architecture: amd64
                  description: \(machine.name), with Hammock's init
                  os: hammock
                  release: \(machine.name)

                """.utf8))
        let programs: FilePermissions = [
            .ownerReadWriteExecute, .groupReadExecute, .otherReadExecute,
        ]
        for path in ["rootfs", "rootfs/.hammock"] {
            try ArtefactFiles.makeDirectory(work.appending(path))
        }
        let place = work.appending("rootfs/.hammock")
        try ArtefactFiles.write(place.appending("init"), try member("init"), mode: programs)
        try ArtefactFiles.write(place.appending("agent"), try member("agent"), mode: programs)
        try ArtefactFiles.write(
            place.appending("description"), try description(), mode: .ownerReadWrite)
        // LXD starts /sbin/init without a word. Called so, the agent has init run it anew.
        let sbin = try await directory("rootfs/sbin", in: archive)
        var made = FilePath("")
        for part in sbin.split(separator: "/") {
            made.append(String(part))
            if access(work.appending(made.string).string, F_OK) != 0 {
                try ArtefactFiles.makeDirectory(work.appending(made.string))
            }
        }
        guard symlink("/.hammock/agent", work.appending("\(sbin)/init").string) == 0 else {
            throw Errno(rawValue: errno)
        }
        let own = work.appending("own.tar")
        // Files only: the directories of the image keep their modes.
        try await pack(
            "metadata.yaml", "rootfs/.hammock", "\(sbin)/init", in: work, to: own, owner: 0)
        try await run(.tar, ["--concatenate", "--file", archive.string, own.string])
        let packed = result.appending("image.tar.gz")
        try await run(
            .gzip, ["--no-name", "--stdout", archive.string], output: packed)
        return [try await initramfsPart()]
    }

    /// The directory that a name in an archive leads to, which may be a link.
    private func directory(_ name: String, in archive: FilePath) async throws -> String {
        let ending = try await ImageTool.tar.run([
            "--list", "--verbose", "--no-recursion", "--file", archive.string, name,
        ])
        let line = String(decoding: ending.output, as: UTF8.self).split(separator: "\n").first
        guard let line, let arrow = line.firstRange(of: " -> ") else { return name }
        let target = line[arrow.upperBound...].split(separator: "/").filter { $0 != "." }
        guard !target.contains("..") else {
            throw HostError("the image's /sbin leads to a strange place: \(line)")
        }
        return "rootfs/" + target.joined(separator: "/")
    }

    /// A file of the initramfs.
    private func member(_ name: String) throws -> [UInt8] {
        let archive = try ArtefactFiles.read(FilePath(machine.initramfs))
        guard let content = CpioArchive.content(of: name, in: archive) else {
            throw HostError("there is no /\(name) in \(machine.initramfs)")
        }
        return content
    }

    /// The image's files as tar has them.
    private func unpackRoot(to archive: FilePath, below directory: String) async throws {
        try await run(
            .sqfs2tar, ["--root-becomes", directory, image.root.string], output: archive)
    }

    private func pack(
        _ names: String..., in directory: FilePath, to archive: FilePath, owner: Int
    ) async throws {
        try await run(
            .tar,
            [
                "--create", "--file", archive.string, "--directory", directory.string,
                "--format=gnu", "--sort=name", "--mtime=@\(epoch)", "--owner=\(owner)",
                "--group=\(owner)", "--numeric-owner",
            ] + names)
    }

    private func run(
        _ tool: ImageTool, _ arguments: [String], output: FilePath? = nil
    ) async throws {
        let file = try output.map {
            try FileDescriptor.open(
                $0, .writeOnly, options: [.create, .truncate, .closeOnExec],
                permissions: [.ownerReadWrite, .groupRead, .otherRead])
        }
        let ending = try await tool.run(arguments, output: file)
        guard ending.isSuccess else {
            // It says in words of its own that the disk is full.
            if ending.errors.contains("No space left on device") { throw Errno.noSpace }
            throw HostError("\(tool.rawValue) failed: \(ending.reason)")
        }
    }
}
