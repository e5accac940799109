import Glibc

extension MachineDescription {
    /// A directory that qemu hands to the machine.
    struct Export: Equatable {
        let directory: String
        let isReadOnly: Bool
        /// The file in it that is meant, if a file is.
        let file: String?
        let target: String
    }

    /// What qemu exports for the shares. It exports only directories, so for a file it is the
    /// directory that the file is in.
    var exportedDirectories: [Export] {
        shares.map { share in
            let isFile = !isDirectory(share.host)
            let slash = share.host.lastIndex(of: "/") ?? share.host.startIndex
            let parent = slash == share.host.startIndex ? "/" : String(share.host[..<slash])
            return Export(
                directory: isFile ? parent : share.host, isReadOnly: share.isReadOnly,
                file: isFile ? String(share.host[share.host.index(after: slash)...]) : nil,
                target: share.guest)
        }
    }

    var isSuperuser: Bool { geteuid() == 0 }

    /// What makes the image's file system the machine's, and starts the program.
    ///
    /// - Parameter disk: the one with the image.
    /// - Throws: `HostError` with code 2 for a program that no message can hold.
    public func setup(disk: String = "/dev/vda") throws(HostError) -> [Frame] {
        var frames: [Frame] = []
        frames += try rootFrames(disk)
        frames.append(try .enter("/sysroot"))
        let own = Set(mounts.map(\.target))
        for mount in systemMounts where !own.contains(mount.target) {
            frames.append(try .mount(mount))
        }
        for (path, target) in deviceLinks { frames.append(try .link(path, to: target)) }
        for (path, content) in networkFiles {
            frames.append(try .file(path, mode: 0o644, content: content))
        }
        for (index, export) in exportedDirectories.enumerated() {
            for mount in shareMounts(index, export) { frames.append(try .mount(mount)) }
        }
        if volumes != nil {
            frames.append(
                try .mount(Mount("volumes", on: Self.volumesPlace, type: "9p", data: sharing())))
        }
        for (path, content) in files.sorted(by: { $0.key < $1.key }) {
            frames.append(try .file(path, mode: 0o644, content: content))
        }
        for message in try networkMessages() { frames.append(try .network(message)) }
        for mount in mounts { frames.append(try .mount(mount)) }
        frames.append(try .directory(process.workingDirectory, mode: 0o755))
        if isReadOnly {
            // Not earlier: the image may lack the places of what is mounted above.
            frames.append(try .mount(Mount("", on: "/", type: "", [.remount, .readOnly])))
        }
        frames.append(try .start(process))
        return frames
    }

    /// The image, and over it what the machine writes, in memory: at most half of it.
    private func rootFrames(_ disk: String) throws(HostError) -> [Frame] {
        if case .directory = root {
            // Nobody else writes there while the machine runs, so it need not look again.
            let data = sharing(cache: "loose")
            return [try .mount(Mount("root", on: "/sysroot", type: "9p", data: data))]
        }
        return [
            try .mount(Mount(disk, on: "/image", type: "squashfs", .readOnly)),
            try .mount(Mount("tmpfs", on: "/written", type: "tmpfs", data: "mode=755,size=50%")),
            try .directory("/written/upper", mode: 0o755),
            try .directory("/written/work", mode: 0o755),
            try .mount(
                Mount(
                    "overlay", on: "/sysroot", type: "overlay",
                    data: "lowerdir=/image,upperdir=/written/upper,workdir=/written/work")),
        ]
    }

    private var systemMounts: [Mount] {
        let plain: Mount.Flags = [.noSetUserID, .noDevices, .noExecution]
        return [
            Mount("proc", on: "/proc", type: "proc", plain),
            Mount("sysfs", on: "/sys", type: "sysfs", plain),
            Mount("cgroup2", on: "/sys/fs/cgroup", type: "cgroup2", plain),
            Mount("dev", on: "/dev", type: "devtmpfs", .noSetUserID),
            Mount(
                "devpts", on: "/dev/pts", type: "devpts", [.noSetUserID, .noExecution],
                data: "gid=5,mode=620,ptmxmode=666"),
            Mount(
                "shm", on: "/dev/shm", type: "tmpfs", [.noSetUserID, .noDevices],
                data: "mode=1777,size=30%"),
        ]
    }

    private var deviceLinks: [(path: String, target: String)] {
        [
            ("/dev/fd", "/proc/self/fd"), ("/dev/stdin", "/proc/self/fd/0"),
            ("/dev/stdout", "/proc/self/fd/1"), ("/dev/stderr", "/proc/self/fd/2"),
        ]
    }

    /// The files that say who and where the machine is. Where somebody else made the root directory,
    /// they made these, too.
    private var networkFiles: [(path: String, content: String)] {
        guard case .image = root else { return [] }
        let hasNetwork = network == .user
        var files = [
            ("/etc/hostname", "\(name)\n"),
            (
                "/etc/hosts",
                """
                127.0.0.1 localhost
                ::1 localhost ip6-localhost ip6-loopback
                \(hasNetwork ? "10.0.2.15" : "127.0.1.1") \(name)

                """
            ),
        ]
        if hasNetwork { files.append(("/etc/resolv.conf", "nameserver 10.0.2.3\n")) }
        return files
    }

    /// Gives the machine the addresses of its taps. The kernel numbers its interfaces in the order of
    /// the devices, and the loopback is the first.
    private func networkMessages() throws(HostError) -> [NetworkMessage] {
        guard case .taps(let taps, let hasNameServer) = network else { return [] }
        var messages: [NetworkMessage] = []
        var index: UInt32 = 2
        for tap in taps {
            messages.append(.link(index, name: tap.name))
            for address in tap.addresses {
                messages.append(try .address(address, of: index, name: tap.name))
            }
            // A gateway is found only once the routes to what is on the link are there.
            let routes =
                tap.routes.filter { $0.gateway == nil } + tap.routes.filter { $0.gateway != nil }
            for route in routes {
                messages.append(try .route(route, by: index, name: tap.name))
            }
            index += 1
        }
        if hasNameServer {
            messages.append(.link(index, name: "names0"))
            messages.append(try .address(NameServer.ownAddress, of: index, name: "names0"))
        }
        return messages
    }

    /// Where the machine has `volumes`: in its own memory, so that no directory for it is left in a
    /// root directory of the host's.
    static let volumesPlace = "/dev/.volumes"

    /// How a directory of the host's is mounted: with large messages. If the host changes it, too,
    /// nothing of it is kept, so that each sees what the other has changed.
    private func sharing(cache: String = "none") -> String {
        "trans=virtio,version=9p2000.L,msize=512000,cache=\(cache)"
    }

    private func shareMounts(_ index: Int, _ export: Export) -> [Mount] {
        let flags: Mount.Flags = export.isReadOnly ? .readOnly : []
        guard let file = export.file else {
            return [Mount("share\(index)", on: export.target, type: "9p", flags, data: sharing())]
        }
        let place = "/run/hammock/share\(index)"
        return [
            Mount("share\(index)", on: place, type: "9p", flags, data: sharing()),
            Mount("\(place)/\(file)", on: export.target, type: "", .bind),
        ]
    }
}

/// Whether this is a directory, or leads to one. stat(2)
func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}
