/// What of the host a container needs for being a machine.
public struct HostFiles: Equatable, Sendable {
    /// This program.
    public var runtime: String
    public var kernel: String
    public var initramfs: String
    /// Whether the machine may use /dev/kvm.
    public var hasKVM: Bool
    /// Where each of `ContainerBundle.programDirectories` leads, if it is a symbolic link; `nil` if
    /// it is a directory. Those that are not there are missing.
    public var programDirectories: [String: String?]

    public init(
        runtime: String, kernel: String, initramfs: String, hasKVM: Bool,
        programDirectories: [String: String?]
    ) {
        self.runtime = runtime
        self.kernel = kernel
        self.initramfs = initramfs
        self.hasKVM = hasKVM
        self.programDirectories = programDirectories
    }
}

extension ContainerBundle {
    /// Directories of the host's that qemu and what it needs are in.
    public static let programDirectories = ["/usr", "/bin", "/sbin", "/lib", "/lib64"]

    /// What the process that runs a machine may do: serve files for the machine as root does, and
    /// join its network.
    private static let capabilities = [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID",
        "CAP_KILL", "CAP_MKNOD", "CAP_NET_ADMIN", "CAP_SETFCAP", "CAP_SETGID", "CAP_SETUID",
    ]

    /// The container whose process is the machine, for the runtime behind this one; and what that
    /// process is told.
    ///
    /// Namespaces, cgroups, seccomp, hooks and annotations stay as the engine has them.
    ///
    /// - Parameters:
    ///   - host: what of the host it is made of.
    ///   - place: the directory of the new bundle. Its `root` is the container's root directory,
    ///     and its `machine.json` the order.
    /// - Throws: `HostError` for a container that cannot be a machine.
    public func machine(
        on host: HostFiles, at place: String
    ) throws(HostError) -> (bundle: ContainerBundle, order: MachineOrder) {
        try check()
        let size = try size()
        var newMounts: [JSONValue] = []
        var volumes: [MachineOrder.Volume] = []
        for mount in mounts {
            // qemu, too, asks the name server in /etc/resolv.conf.
            if mount.isForContainer || mount.destination == "/etc/resolv.conf" {
                newMounts.append(mount.moved(to: mount.destination))
            }
            if mount.isOfMemory || mount.isShared {
                let name = "\(volumes.count)"
                if mount.isShared {
                    newMounts.append(mount.moved(to: "\(ContainerPlaces.volumes)/\(name)"))
                }
                volumes.append(
                    MachineOrder.Volume(
                        target: mount.destination,
                        kind: mount.isShared ? .shared(name: name) : .memory(data: mount.data),
                        flags: mount.flags.rawValue))
            }
        }
        let order = MachineOrder(
            process: try program(), volumes: volumes, settings: try settings(),
            isReadOnly: configuration["root"]["readonly"].isTrue, memory: size.memory,
            isLimited: size.isLimited, processors: size.processors)
        var new = configuration
        new["root"] = .object(["path": .string("\(place)/root"), "readonly": .bool(true)])
        new["mounts"] = .array(newMounts + hostMounts(host, order: "\(place)/machine.json"))
        new["process"] = Self.containerProcess(process, ["machine"])
        new["linux"] = linuxWithDevices(host)
        return (ContainerBundle(new, in: place), order)
    }

    /// How long the settings may be: the kernel cuts its command line off behind 2048 bytes.
    private static let mostSettings = 1536

    private func settings() throws(HostError) -> [String: String] {
        let settings = linux["sysctl"].members.compactMapValues(\.string)
        var size = 0
        for (name, value) in settings {
            guard !(name + value).utf8.contains(where: { $0 < 0x20 || $0 == UInt8(ascii: "\"") })
            else {
                throw HostError(
                    "the setting \(name) (--sysctl) has a quotation mark or a control character, "
                        + "which no machine's kernel can be told")
            }
            size += " sysctl.=\"\"".utf8.count + name.utf8.count + value.utf8.count
        }
        guard size <= Self.mostSettings else {
            throw HostError(
                "the settings (--sysctl) have \(size) bytes; a machine takes \(Self.mostSettings)")
        }
        return settings
    }

    /// A process in the container, in place of one in the machine: this program, which passes
    /// terminal and streams on.
    ///
    /// - Parameters:
    ///   - process: the one that the engine asks for.
    ///   - words: this program's.
    ///   - visit: the process that it is to run in the machine; none for the machine itself.
    public static func containerProcess(
        _ process: JSONValue, _ words: [String], visit: String? = nil
    ) -> JSONValue {
        var new = process
        new["user"] = .object(["uid": .integer(0), "gid": .integer(0)])
        new["args"] = .strings([ContainerPlaces.runtime] + words)
        // A process's words are everybody's to read, and its environment only its user's. proc(5)
        new["env"] = .strings(
            ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]
                + (visit.map { ["\(ContainerPlaces.visit)=\($0)"] } ?? []))
        new["cwd"] = .string("/")
        // They are about the program. A size of files or an amount of memory that suits that would
        // stop qemu.
        new["rlimits"] = .null
        let sets = ["bounding", "effective", "permitted"]
        new["capabilities"] = .object(
            Dictionary(uniqueKeysWithValues: sets.map { ($0, .strings(capabilities)) }))
        return new
    }

    private func hostMounts(_ host: HostFiles, order: String) -> [JSONValue] {
        let bind = { (source: String, target: String, options: [String]) -> JSONValue in
            .object([
                "source": .string(source), "destination": .string(target),
                "type": .string("bind"), "options": .strings(["rbind", "rprivate"] + options),
            ])
        }
        let memory = { (target: String) -> JSONValue in
            .object([
                "source": .string("tmpfs"), "destination": .string(target),
                "type": .string("tmpfs"),
                "options": .strings(["nosuid", "nodev", "noexec", "mode=700"]),
            ])
        }
        let programs = Self.programDirectories.filter { host.programDirectories[$0] == .some(nil) }
        return programs.map { bind($0, $0, ["ro"]) } + [
            memory("/run"), memory("/tmp"),
            bind(host.runtime, ContainerPlaces.runtime, ["ro"]),
            bind(host.kernel, ContainerPlaces.kernel, ["ro"]),
            bind(host.initramfs, ContainerPlaces.initramfs, ["ro"]),
            bind(order, ContainerPlaces.order, ["ro"]),
            bind(root, ContainerPlaces.root, []),
        ]
    }

    /// How many tasks the container may have at least: qemu has a thread for each processor, up to 64
    /// of a share each, and ends where it gets none. Visitors and the runtime behind this one have
    /// some, too.
    private static let leastTasks: Int64 = 512

    private func linuxWithDevices(_ host: HostFiles) -> JSONValue {
        // devices.txt of Linux: misc devices.
        var devices: [(path: String, minor: Int64)] = [("/dev/net/tun", 200)]
        if host.hasKVM { devices.append(("/dev/kvm", 232)) }
        var linux = linux
        linux["devices"] = .array(
            devices.map { device in
                .object([
                    "path": .string(device.path), "type": .string("c"), "major": .integer(10),
                    "minor": .integer(device.minor), "fileMode": .integer(0o600),
                    "uid": .integer(0), "gid": .integer(0),
                ])
            })
        var resources = linux["resources"]
        let rules = devices.map { device -> JSONValue in
            .object([
                "allow": .bool(true), "type": .string("c"), "major": .integer(10),
                "minor": .integer(device.minor), "access": .string("rw"),
            ])
        }
        resources["devices"] = .array(resources["devices"].elements + rules)
        // The limit is about the program's processes, and those are the machine's.
        if let limit = resources["pids"]["limit"].integer, limit > 0 {
            resources["pids"]["limit"] = .integer(max(limit, Self.leastTasks))
        }
        linux["resources"] = resources
        return linux
    }
}
