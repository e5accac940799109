import ArgumentParser
import Glibc
import HostKit

/// `hammock run`
struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Boots a machine with an image's file system, and runs its program.",
        discussion: """
            IMAGE is an OCI layout (a directory, or oci:PATH:TAG), an archive (oci-archive:FILE, \
            docker-archive:FILE), a directory or a tar of a root file system, or an image's name, \
            which skopeo looks for in podman's storage and at its registry.

            The machine has a kernel of its own. Standard input, output and error are the \
            program's, byte for byte, and the exit code is the program's too. 123: the guest's \
            kernel panicked. 124: the time was up. 125: Hammock itself failed. 126: the program \
            cannot be executed. 127: there is no such program in the image. 130: interrupted.

            What the program writes is kept in the machine's memory, and gone when it ends, but \
            for what it writes to a --volume.
            """)

    @OptionGroup var process: ProcessOptions
    @OptionGroup var files: RuntimeFiles

    @Option(help: "A program in place of the image's entrypoint.")
    var entrypoint: String?

    @Option(
        name: [.short, .long],
        help: "A directory or file of this host, seen in the machine: HOST:GUEST or HOST:GUEST:ro.")
    var volume: [String] = []

    @Option(
        name: [.customShort("p"), .long],
        help: "A port of this host leads to the machine's: [ADDRESS:]HOST:GUEST[/udp].")
    var publish: [String] = []

    @Option(help: "user: a network from which the machine gets out. none: no network.")
    var net: Network = .user

    @Option(name: [.short, .long], help: "The machine's memory: 512m, 2g.")
    var memory = "512m"

    @Option(help: "The machine's processors.")
    var cpus = 1

    @Option(help: "The machine's name, and its host name.")
    var name: String?

    @Option(help: "Ends the machine after so many seconds, with code 124.")
    var timeout: Int?

    @Option(help: "auto, kvm or tcg (emulation).")
    var accel: AcceleratorChoice = .auto

    @Option(
        help: ArgumentHelp(
            "How large an image may be when it is unpacked: 64g.", valueName: "size"))
    var imageLimit = "64g"

    @Flag(name: .customLong("read-only"), help: "Nothing can be written to the image's files.")
    var isReadOnly = false

    @Flag(name: .customLong("rm"), help: "Accepted for those who are used to it: nothing is kept.")
    var removes = false

    @Argument(help: "What to run.", completion: .file())
    var image: String

    @Argument(
        parsing: .captureForPassthrough,
        help: "Words in place of the image's own command; the entrypoint gets them.")
    var words: [String] = []

    enum Network: String, ExpressibleByArgument, CaseIterable { case user, none }
    enum AcceleratorChoice: String, ExpressibleByArgument, CaseIterable { case auto, kvm, tcg }

    func validate() throws {
        if cpus < 1 || cpus > 16 { throw ValidationError("--cpus takes a number from 1 to 16") }
        if let timeout, timeout < 1 { throw ValidationError("--timeout takes seconds from 1 on") }
        if net == .none && !publish.isEmpty {
            throw ValidationError("--publish needs a network, and --net none takes it away")
        }
    }

    /// On the main thread, because qemu ends with the thread that started it.
    @MainActor func run() async throws {
        // What is wrong with the options is said before an image is unpacked.
        var description = try describe()
        // It takes its time, and so does the look for the image.
        let counterSpeed = Task.detached { Accelerator.counterSpeed }
        let limits = ImageLimits(size: try ByteSize.parse(imageLimit, of: "--image-limit"))
        let prepared = try await ImageStore(limits: limits).prepare(
            try ImageSource.parse(image), progress: { @Sendable line in progress(line) })
        defer { prepared.cleanUp() }
        description.root = .image(prepared.root.string)
        description.counterSpeed = await counterSpeed.value
        description.process = try process.describe(
            ProcessDescription(
                arguments: try ProgramWords(
                    prepared.configuration, entrypoint: entrypoint, words: words,
                    usage: "hammock run \(image)"
                ).all),
            image: prepared, host: description.name)
        let directory = try MachineDirectory(for: description.name)
        defer { directory.remove() }
        try directory.write(
            MachineRecord(
                name: description.name, image: image, process: description.process,
                ports: description.ports,
                stopSignal: try SignalNumber.parse(prepared.configuration.stopSignal ?? "TERM")),
            of: prepared)
        let machine = Machine(
            description, paths: directory.paths, input: process.standardInput, seconds: timeout)
        // Nothing is left of it, even if this process is killed.
        machine.whenReady = { prepared.cleanUp() }
        let terminal = process.terminal ? HostTerminal(raw: 0) : nil
        defer { terminal?.restore() }
        let verdict = try machine.run()
        terminal?.restore()
        // hammock stop waits until the machine hangs up, and then the name has to be free.
        withExtendedLifetime(machine) { directory.remove() }
        prepared.cleanUp()
        end(verdict)
    }

    private func end(_ verdict: Machine.Verdict) -> Never {
        // Nobody may read what is said now. A signal ends this process then.
        Machine.letSignals()
        if verdict == .timedOut {
            complain("the program did not end within \(timeout ?? 0) s")
        } else if let complaint = verdict.complaint {
            complain(complaint)
        }
        Glibc.exit(verdict.code)
    }

    /// The machine without its image.
    private func describe() throws -> MachineDescription {
        let directory = currentDirectory()
        var description = MachineDescription(
            name: name ?? generatedName(), kernel: try files.kernelFile(),
            initramfs: try files.initramfsFile())
        try MachineDirectory.check(description.name)
        description.shares = try volume.map { try Share($0, in: directory) }
        try Share.check(description.shares)
        for share in description.shares where access(share.host, F_OK) != 0 {
            throw HostError("--volume: there is no '\(share.host)'", code: 2)
        }
        description.ports = try publish.map { try PublishedPort($0) }
        description.network = net == .user ? .user : .none
        description.memory = try ByteSize.memory(memory)
        description.processors = cpus
        description.isReadOnly = isReadOnly
        description.accelerator = try choose()
        return description
    }

    private func choose() throws -> Accelerator {
        let obstacle = Accelerator.whyNoKVM()
        switch accel {
        case .tcg: return .tcg
        case .auto: return obstacle == nil ? .kvm : .tcg
        case .kvm:
            if let obstacle { throw HostError("--accel kvm: \(obstacle)", code: 3) }
            return .kvm
        }
    }

    /// The image's last name, and something that no other machine has.
    private func generatedName() -> String {
        let number = UInt32.random(in: 0x10000...0xfffff)
        return "\(plainName(of: image))-\(String(number, radix: 16))"
    }
}

/// The image's last name, as a host may be called.
func plainName(of image: String) -> String {
    let last = image.split(whereSeparator: { "/:@".contains($0) }).last ?? "machine"
    let plain = last.lowercased().filter {
        $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-")
    }
    return plain.isEmpty || plain.hasPrefix("-") ? "machine" : String(plain.prefix(24))
}

/// Says what takes its time, where somebody watches.
func progress(_ line: String) {
    if isatty(2) != 0 { say("hammock: \(line)") }
}
