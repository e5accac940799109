import ArgumentParser
import Glibc
import HostKit

/// `hammock build`
struct Build: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes a disk, or what another program starts, of an image.",
        discussion: """
            IMAGE is what hammock run takes. What is made starts by itself: the description of the \
            program is in it, and the program's streams are the machine's console. The machine \
            ends with the program. What the program writes to its files is kept in memory.

            disk: disk.img, which starts by BIOS and by UEFI. uki: hammock.efi for UEFI, and \
            root.squashfs, for a disk or a partition of any name. kernelboot: kernel, initrd, \
            command line and disk, also as two container images for KubeVirt. firecracker: kernel, \
            initrd, disk and config.json. lxd: image.tar.gz for LXD and Incus. oci: a container \
            image in which Hammock's init runs the program.

            Beside it are SHA256SUMS and hammock.spdx.json, the bill of materials. The same image \
            and the same tools make the same bytes. SOURCE_DATE_EPOCH is the date in them.
            """)

    @Option(
        name: .customLong("as"),
        help: ArgumentHelp("What to make.", valueName: "kind"))
    var kind: Kind

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("The directory to make, or one that is empty.", valueName: "dir"))
    var output: String

    @OptionGroup var program: ProgramOptions
    @OptionGroup var files: RuntimeFiles

    @Option(help: "A program in place of the image's entrypoint.")
    var entrypoint: String?

    @Option(name: [.short, .long], help: "firecracker: the machine's memory: 512m, 2g.")
    var memory: String?

    @Option(help: "firecracker: the machine's processors.")
    var cpus: Int?

    @Option(help: "The machine's host name, and its name in the bill of materials.")
    var name: String?

    @Option(
        help: ArgumentHelp(
            "The machine's address: dhcp, or what the kernel's word ip= takes.",
            valueName: "address"))
    var ip: String?

    @Option(help: ArgumentHelp("More words for the kernel.", valueName: "words"))
    var append: String?

    @Option(
        help: ArgumentHelp(
            "How large an image may be when it is unpacked: 64g.", valueName: "size"))
    var imageLimit = "64g"

    @Flag(name: .customLong("read-only"), help: "Nothing can be written to the image's files.")
    var isReadOnly = false

    @Argument(help: "What to make it of.")
    var image: String

    @Argument(
        parsing: .postTerminator,
        help: "Words in place of the image's own command; the entrypoint gets them.")
    var words: [String] = []

    typealias Kind = Artefact.Kind

    func validate() throws {
        if let cpus, cpus < 1 || cpus > 16 {
            throw ValidationError("--cpus takes a number from 1 to 16")
        }
        // What is asked for and has no effect is worse than a refusal.
        let others: [(String, Bool, Bool)] = [
            ("--memory", memory != nil, kind == .firecracker),
            ("--cpus", cpus != nil, kind == .firecracker),
            ("--ip", ip != nil, kind.isMachine), ("--append", append != nil, kind.isMachine),
            ("--read-only", isReadOnly, kind.isMachine),
        ]
        for (option, isGiven, isUsed) in others where isGiven && !isUsed {
            throw ValidationError("\(option) makes no difference to \(kind.rawValue)")
        }
    }

    func run() async throws {
        try Artefact.check(kind, output)
        var machine = MachineDescription(
            name: name ?? plainName(of: image), kernel: try files.kernelFile(),
            initramfs: try files.initramfsFile())
        try MachineDirectory.check(machine.name)
        machine.memory = try ByteSize.memory(memory ?? "512m")
        machine.processors = cpus ?? 1
        machine.isReadOnly = isReadOnly
        let epoch = try sourceDate()
        let limits = ImageLimits(size: try ByteSize.parse(imageLimit, of: "--image-limit"))
        let prepared = try await ImageStore(limits: limits).prepare(
            try ImageSource.parse(image), progress: { @Sendable line in progress(line) })
        defer { prepared.cleanUp() }
        let programWords = try ProgramWords(
            prepared.configuration, entrypoint: entrypoint, words: words,
            usage: "hammock build \(image)")
        machine.process = try program.describe(
            ProcessDescription(arguments: programWords.all), image: prepared, host: machine.name)
        let given = try program.variables()
        machine.process.environment = Variables(machine.process.environment).with(given).text
        var artefact = Artefact(
            kind, machine: machine, image: prepared, imageName: image, epoch: epoch)
        artefact.entrypoint = programWords.entrypoint
        artefact.command = programWords.command
        artefact.environment = Variables(prepared.configuration.environment).with(given).text
        artefact.user = program.user ?? prepared.configuration.user
        artefact.address = ip
        artefact.words = append ?? ""
        try await artefact.build(output, progress: { @Sendable line in progress(line) })
    }

    /// - Throws: `HostError` with code 2 if SOURCE_DATE_EPOCH is no date.
    private func sourceDate() throws -> Int {
        guard let text = environmentVariable("SOURCE_DATE_EPOCH") else {
            return Artefact.defaultEpoch
        }
        guard let seconds = Int(text), (Artefact.defaultEpoch...4_354_819_199).contains(seconds)
        else {
            throw HostError(
                "SOURCE_DATE_EPOCH takes seconds since 1970, from 315532800 on, not '\(text)'",
                code: 2)
        }
        return seconds
    }
}

extension Artefact.Kind: ExpressibleByArgument {}
