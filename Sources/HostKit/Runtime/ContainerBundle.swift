import Glibc

/// What an engine says of a container: the file config.json of an OCI bundle.
/// runtime-spec, config.md and config-linux.md
public struct ContainerBundle: Sendable {
    public var configuration: JSONValue
    /// The bundle's own directory: an absolute path.
    public let directory: String

    public init(_ configuration: JSONValue, in directory: String) {
        self.configuration = configuration
        self.directory = directory
    }

    /// Reads a bundle.
    ///
    /// - Throws: `HostError` if the directory has none.
    public init(reading directory: String) throws(HostError) {
        let path = "\(directory)/config.json"
        guard let text = readWholeFile(path) else {
            throw HostError("\(path): cannot be read; is \(directory) a bundle?")
        }
        self.init(try JSONValue(parsing: text, what: path), in: directory)
    }

    var process: JSONValue { configuration["process"] }
    var linux: JSONValue { configuration["linux"] }

    /// The root directory that the engine made: an absolute path.
    var root: String {
        let path = configuration["root"]["path"].string ?? "rootfs"
        return path.hasPrefix("/") ? path : "\(directory)/\(path)"
    }

    var mounts: [ContainerMount] {
        configuration["mounts"].elements.map { ContainerMount($0, in: directory) }
    }

    func annotation(_ name: String) -> String? { configuration["annotations"][name].string }

    /// Whether it does nothing but hold a pod's namespaces. Such a one stays a plain container: the
    /// machine of the pod's program joins its network.
    public var isSandbox: Bool {
        annotation("io.kubernetes.cri.container-type") == "sandbox"
            || annotation("io.kubernetes.cri-o.ContainerType") == "sandbox" || isPodmanPause
    }

    /// podman gives the first container of a pod no annotation of its own. Its program is this.
    private var isPodmanPause: Bool {
        annotation("io.container.manager") == "libpod"
            && process["args"].strings == ["/catatonit", "-P"]
    }

    /// Whether it has the network that this process has, by whatever name.
    private var hasNetworkOfHost: Bool {
        guard let network = namespace("network") else { return true }
        guard let path = network["path"].string, !path.isEmpty else { return false }
        var (theirs, own) = (stat(), stat())
        return stat(path, &theirs) == 0 && stat("/proc/self/ns/net", &own) == 0
            && theirs.st_dev == own.st_dev && theirs.st_ino == own.st_ino
    }

    private func namespace(_ type: String) -> JSONValue? {
        linux["namespaces"].elements.first { $0["type"].string == type }
    }

    /// Refuses what a machine of its own cannot give.
    ///
    /// - Throws: `HostError`
    public func check() throws(HostError) {
        let refused = "a machine of its own cannot have "
        let other = "; run it with the engine's own runtime, or without"
        if hasNetworkOfHost {
            throw HostError(refused + "the host's network" + other)
        }
        guard let processes = namespace("pid"), processes["path"].string ?? "" == "" else {
            throw HostError(
                refused + "the processes of the host, or of another container" + other)
        }
        guard let mounts = namespace("mount"), mounts["path"].string ?? "" == "" else {
            throw HostError(refused + "the mounts of the host, or of another container" + other)
        }
        if namespace("user") != nil || !linux["uidMappings"].elements.isEmpty {
            throw HostError(
                refused + "a user namespace: its users are its own anyway" + other)
        }
        if let device = linux["devices"].elements.first {
            let path = device["path"].string ?? "one"
            throw HostError(
                refused + "a device of the host's (\(path), \(linux["devices"].elements.count) in "
                    + "all; --privileged asks for each)" + other)
        }
        for mount in self.mounts {
            guard let source = mount.source, mount.isShared, let kind = kindOfSpecialFile(source)
            else { continue }
            throw HostError(refused + "\(source), \(kind) of the host's" + other)
        }
    }

    /// The program's words.
    ///
    /// - Throws: `HostError` if there are none.
    func program() throws(HostError) -> MachineOrder.Process {
        try Self.program(process)
    }

    /// - Parameter process: runtime-spec, config.md, "Process".
    public static func program(_ process: JSONValue) throws(HostError) -> MachineOrder.Process {
        let arguments = process["args"].strings
        guard !arguments.isEmpty else { throw HostError("the container names no program") }
        let directory = process["cwd"].string ?? "/"
        guard directory.hasPrefix("/") else {
            throw HostError("the working directory '\(directory)' does not begin with a slash")
        }
        let user = process["user"]
        let groups = user["additionalGids"].elements
        guard groups.count <= 255 else {
            throw HostError("the user has \(groups.count) more groups; a machine takes 255")
        }
        let size = process["consoleSize"]
        let number = { (value: JSONValue) in UInt32(clamping: value.integer ?? 0) }
        let program = MachineOrder.Process(
            arguments: arguments, environment: process["env"].strings,
            workingDirectory: directory, user: number(user["uid"]),
            group: number(user["gid"]), groups: groups.map(number),
            hasTerminal: process["terminal"].isTrue,
            rows: UInt16(clamping: size["height"].integer ?? 24),
            columns: UInt16(clamping: size["width"].integer ?? 80))
        // What no message can hold is refused now, and not once the container has begun.
        _ = try Frame.start(ProcessDescription(program))
        return program
    }

    /// What the container's limits, and annotations, say of the machine's size.
    struct Size: Equatable {
        var memory: Int
        var isLimited: Bool
        var processors: Int
    }

    /// What qemu needs beside the machine's own memory, in MiB.
    static let overhead = 96
    /// The memory of a machine without a limit, in MiB. It takes what it uses.
    static let usualMemory = 512

    /// In MiB.
    private static let hostMemory =
        sysconf(Int32(_SC_PHYS_PAGES)) / ((1 << 20) / sysconf(Int32(_SC_PAGESIZE)))

    /// - Throws: `HostError` if the limit leaves no room for a machine.
    func size() throws(HostError) -> Size {
        let resources = linux["resources"]
        var size = Size(memory: Self.usualMemory, isLimited: false, processors: 1)
        if let text = annotation("io.hammock.memory") {
            size.memory = try ByteSize.memory(text)
        }
        if let limit = resources["memory"]["limit"].integer, limit > 0, limit < 1 << 50 {
            let room = Int(limit >> 20) - Self.overhead
            guard room >= 40 else {
                throw HostError(
                    """
                    the memory limit of \(limit >> 20) MiB is too low for a machine: qemu takes \
                    \(Self.overhead) MiB, and the machine at least 40; give it \
                    \(Self.overhead + 40)m or more
                    """)
            }
            size.isLimited = true
            // A limit may be more than there is, and qemu takes all of it at once.
            let most = min(room, Self.hostMemory)
            size.memory = annotation("io.hammock.memory") == nil ? most : min(size.memory, most)
        }
        if let text = annotation("io.hammock.cpus") {
            guard let count = Int(text), (1...64).contains(count) else {
                throw HostError("io.hammock.cpus takes a number from 1 to 64, not '\(text)'")
            }
            size.processors = count
        } else if let quota = resources["cpu"]["quota"].integer, quota > 0 {
            let period = max(resources["cpu"]["period"].integer ?? 100_000, 1)
            size.processors = Int(min(max((quota + period - 1) / period, 1), 64))
        }
        return size
    }
}
