import Glibc
import SystemPackage

/// A disk that starts by BIOS and by UEFI, made without root: a classic partition table, a small FAT
/// with the boot loader and the kernel in both forms, and the image's squashfs as it is.
struct BootDisk {
    /// For BIOS: the kernel, its initramfs and its words.
    var kernel: [UInt8]
    var initramfs: [UInt8]
    var words: String
    /// For UEFI.
    var unifiedKernelImage: [UInt8]
    var root: FilePath
    /// What all dates are, in seconds since 1970.
    var epoch: Int

    private static let megabyte = 1 << 20
    /// syslinux's code for the first sector, which starts the active partition.
    private static let sectorCode = "/usr/lib/syslinux/mbr/mbr.bin"

    /// What is to be said before anything is unpacked.
    static func check() throws {
        for tool in [ImageTool.mkfsVFAT, .mmd, .mcopy, .syslinux] { try tool.require() }
        guard access(sectorCode, R_OK) == 0 else {
            throw HostError.missing(sectorCode, package: "syslinux-common")
        }
    }

    /// Makes the disk.
    ///
    /// - Parameter work: a directory for what is needed on the way.
    func make(_ disk: FilePath, in work: FilePath) async throws {
        let system = work.appending("fat")
        try await makeSystem(system, in: work)
        let systemSize = try ArtefactFiles.size(of: system)
        let rootSize = Self.whole(try ArtefactFiles.size(of: root))
        let table = try PartitionTable(
            code: ArtefactFiles.read(FilePath(Self.sectorCode)), systemSize: systemSize,
            rootSize: rootSize)
        try ArtefactFiles.write(disk, table.bytes)
        try ArtefactFiles.copy(system, into: disk, at: PartitionTable.start)
        try ArtefactFiles.copy(root, into: disk, at: PartitionTable.start + systemSize)
        try ArtefactFiles.extend(disk, to: PartitionTable.start + systemSize + rootSize)
    }

    private static func whole(_ size: Int) -> Int {
        (size + megabyte - 1) / megabyte * megabyte
    }

    private func makeSystem(_ system: FilePath, in work: FilePath) async throws {
        let files = [
            ("vmlinuz", kernel, "::/vmlinuz"), ("initrd", initramfs, "::/initrd"),
            ("syslinux.cfg", Array(settings.utf8), "::/syslinux.cfg"),
            ("unified", unifiedKernelImage, "::/EFI/BOOT/BOOTX64.EFI"),
        ]
        // Room for the tables, and for syslinux's own two files.
        let size = files.reduce(2 * Self.megabyte) { $0 + $1.1.count }
        try ArtefactFiles.write(system, [])
        try ArtefactFiles.extend(system, to: Self.whole(size))
        // The number of sectors before it, which syslinux's code reads by.
        let hidden = PartitionTable.start / 512
        try await run(
            .mkfsVFAT, ["-n", "HAMMOCK", "-h", "\(hidden)", "--invariant", system.string])
        try await run(.mmd, ["-i", system.string, "::/EFI", "::/EFI/BOOT"])
        for (name, content, place) in files {
            let file = work.appending(name)
            try ArtefactFiles.write(file, content)
            try await run(.mcopy, ["-i", system.string, file.string, place])
        }
        try await run(.syslinux, ["--install", system.string])
    }

    /// The initramfs is named among the words, since syslinux would put it behind them all, where words
    /// are the program's.
    private var settings: String {
        """
        DEFAULT hammock
        PROMPT 0
        LABEL hammock
          KERNEL /vmlinuz
          APPEND initrd=/initrd \(words)

        """
    }

    private func run(_ tool: ImageTool, _ arguments: [String]) async throws {
        let ending = try await tool.run(
            arguments,
            variables: [
                "SOURCE_DATE_EPOCH": "\(epoch)", "TZ": "UTC", "MTOOLSRC": "/dev/null",
                "MTOOLS_SKIP_CHECK": "1",
            ])
        guard ending.isSuccess else {
            throw HostError("\(tool.rawValue) cannot make the disk: \(ending.reason)")
        }
    }
}

/// The first sector of a disk with two partitions.
struct PartitionTable {
    /// Where the first one begins, in bytes.
    static let start = 1 << 20

    let bytes: [UInt8]

    /// - Parameters:
    ///   - code: what BIOS runs: at most 440 bytes.
    ///   - systemSize: of the first partition, in bytes.
    ///   - rootSize: of the second one, which lies behind it.
    init(code: [UInt8], systemSize: Int, rootSize: Int) throws(HostError) {
        guard code.count <= 440 else {
            throw HostError("the boot loader's first sector is too large: \(code.count) bytes")
        }
        var bytes = code + [UInt8](repeating: 0, count: 440 - code.count)
        // The disk's number.
        bytes += [0x68, 0x61, 0x6d, 0x6d, 0, 0]
        let parts: [(isActive: Bool, type: UInt8, start: Int, size: Int)] = [
            (true, 0xef, Self.start, systemSize), (false, 0x83, Self.start + systemSize, rootSize),
        ]
        for (isActive, type, start, size) in parts {
            // Cylinders and heads are long gone: the highest number says so.
            bytes += [isActive ? 0x80 : 0, 0xfe, 0xff, 0xff, type, 0xfe, 0xff, 0xff]
            guard start + size <= 512 << 32 else {
                throw HostError("the image is too large for a disk with a classic partition table")
            }
            bytes.append(number32: start / 512)
            bytes.append(number32: size / 512)
        }
        bytes += [UInt8](repeating: 0, count: 510 - bytes.count) + [0x55, 0xaa]
        self.bytes = bytes
    }
}
