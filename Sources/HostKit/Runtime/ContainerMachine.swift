import FoundationEssentials
import Glibc

/// The process of a container that is a machine. It ends as the machine's program does.
public enum ContainerMachine {
    /// Runs the machine that the container's order describes.
    public static func run() throws -> Machine.Verdict {
        let order = try readOrder()
        var description = MachineDescription(
            name: hostName, kernel: ContainerPlaces.kernel, initramfs: ContainerPlaces.initramfs)
        description.root = .directory(ContainerPlaces.root)
        description.volumes = ContainerPlaces.volumes
        description.mounts = order.volumes.flatMap { Self.mounts($0) }
        let names = Self.namesOfLoopback(order.volumes)
        if let names {
            description.files[Self.ownNames] = names
            description.mounts.append(
                Mount(Self.ownNames, on: Self.resolverFile, type: "", .bind))
        }
        description.settings = order.settings
        description.isReadOnly = order.isReadOnly
        description.memory = order.memory
        description.isMemoryTight = order.isLimited
        description.processors = order.processors
        description.process = ProcessDescription(order.process)
        if Accelerator.whyNoKVM() == nil { description.accelerator = .kvm }
        if description.accelerator == .tcg { description.counterSpeed = Accelerator.counterSpeed }
        description.network = .taps(
            try ContainerNetwork().take(), hasNameServer: names != nil)
        guard mkdir(ContainerPlaces.machine, 0o700) == 0 || errno == EEXIST else {
            throw HostError("\(ContainerPlaces.machine): \(reason(errno))")
        }
        let machine = Machine(
            description, paths: MachinePaths(directory: ContainerPlaces.machine), input: 0,
            seconds: nil)
        machine.isForwarder = true
        let terminal = order.process.hasTerminal ? HostTerminal(raw: 0) : nil
        defer { terminal?.restore() }
        return try machine.run()
    }

    /// Runs one more process in the machine of this container.
    public static func visit(_ process: MachineOrder.Process) throws -> LocalStreams.Ending? {
        let paths = MachinePaths(directory: ContainerPlaces.machine)
        // The container runs as soon as its process does, and that takes a moment to listen.
        let visit = try Visit(paths, waiting: 30)
        let terminal = process.hasTerminal ? HostTerminal(raw: 0) : nil
        defer { terminal?.restore() }
        return try visit.run(ProcessDescription(process), input: 0, isForwarder: true)
    }

    /// The container's, which may be its pod's. gethostname(2)
    private static var hostName: String {
        var name = [UInt8](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        let text = String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
        // It becomes a word of the kernel's command line, which quotation marks and spaces end.
        let isWord = text.utf8.allSatisfy { (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "\"") }
        return isWord && !text.isEmpty ? text : "machine"
    }

    private static func readOrder() throws -> MachineOrder {
        guard let text = readWholeFile(ContainerPlaces.order),
            let order = try? JSONDecoder().decode(MachineOrder.self, from: Data(text.utf8))
        else {
            throw HostError("\(ContainerPlaces.order): cannot be read")
        }
        return order
    }

    private static let resolverFile = "/etc/resolv.conf"
    /// Where the machine has its own resolv.conf: in its memory.
    private static let ownNames = "/dev/.resolv.conf"

    /// What is to be in the machine's resolv.conf if the container's names a server on the loopback,
    /// as docker's own is; `nil` if it does not. resolv.conf(5)
    private static func namesOfLoopback(_ volumes: [MachineOrder.Volume]) -> String? {
        guard let volume = volumes.last(where: { $0.target == resolverFile }),
            case .shared(let name) = volume.kind,
            let text = readWholeFile("\(ContainerPlaces.volumes)/\(name)")
        else { return nil }
        return NameServer.resolverFile(insteadOf: text)
    }

    /// Options of a tmpfs. Without a mode of its own it has that of the image's directory.
    private static func data(_ data: String, at target: String) -> String {
        var status = stat()
        guard !data.contains("mode="), lstat(ContainerPlaces.root + target, &status) == 0 else {
            return data
        }
        let mode = "mode=\(String(status.st_mode & 0o7777, radix: 8))"
        return data.isEmpty ? mode : "\(data),\(mode)"
    }

    private static func mounts(_ volume: MachineOrder.Volume) -> [Mount] {
        let flags = Mount.Flags(rawValue: volume.flags)
        // An image may have links that lead nowhere, such as a resolv.conf of systemd's.
        let target = resolved(volume.target, in: ContainerPlaces.root)
        switch volume.kind {
        case .memory(let data):
            return [
                Mount("tmpfs", on: target, type: "tmpfs", flags, data: Self.data(data, at: target))
            ]
        case .shared(let name):
            let bound = Mount(
                "\(MachineDescription.volumesPlace)/\(name)", on: target, type: "", .bind)
            if flags.isEmpty { return [bound] }
            // A bind mount takes its flags only afterwards. mount(2)
            return [
                bound, Mount("", on: target, type: "", flags.union([.bind, .remount])),
            ]
        }
    }
}

extension ProcessDescription {
    init(_ process: MachineOrder.Process) {
        self.init(arguments: process.arguments, environment: process.environment)
        workingDirectory = process.workingDirectory
        user = process.user
        group = process.group
        groups = process.groups
        hasTerminal = process.hasTerminal
        window = WindowSize(rows: process.rows, columns: process.columns)
    }
}
