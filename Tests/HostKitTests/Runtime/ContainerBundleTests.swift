import Testing

@testable import HostKit

@Suite struct ContainerBundleTests {
    private let host = HostFiles(
        runtime: "/r/hammock-runtime", kernel: "/r/vmlinux", initramfs: "/r/run.cpio",
        hasKVM: false, programDirectories: ["/usr": nil, "/bin": "usr/bin"])

    /// A container as podman describes it, in short.
    private static let container = """
        {"ociVersion": "1.0.2", "root": {"path": "rootfs"}, "hostname": "box", "strange": [1],
         "process": {"args": ["sleep", "1"], "cwd": "/data", "env": ["A=b"], "terminal": true,
           "user": {"uid": 33, "gid": 34, "additionalGids": [5]}, "oomScoreAdj": 7,
           "rlimits": [{"type": "RLIMIT_FSIZE", "hard": 1, "soft": 1}],
           "capabilities": {"bounding": ["CAP_KILL"], "ambient": ["CAP_KILL"]}},
         "mounts": [
           {"destination": "/proc", "type": "proc", "source": "proc"},
           {"destination": "/dev/pts", "type": "devpts", "source": "devpts"},
           {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue"},
           {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup"},
           {"destination": "/dev/shm", "type": "bind", "source": "/shm", "options": ["nosuid"]},
           {"destination": "/t/", "type": "tmpfs", "source": "tmpfs",
             "options": ["rprivate", "noexec", "size=1m", "tmpcopyup", "mode=700"]},
           {"destination": "/vol", "type": "bind", "source": "/", "options": ["rbind", "ro"]}],
         "hooks": {"poststop": [{"path": "/h"}]},
         "linux": {"namespaces": [{"type": "pid"}, {"type": "network", "path": "/n"},
             {"type": "mount"}],
           "sysctl": {"kernel.shm_rmid_forced": "1"},
           "resources": {"devices": [{"allow": false, "access": "rwm"}]}}}
        """

    private func bundle(
        _ change: (inout JSONValue) -> Void = { _ in }
    ) throws -> ContainerBundle {
        var value = try JSONValue(parsing: Self.container, what: "the test's container")
        change(&value)
        return ContainerBundle(value, in: "/b")
    }

    private func refusal(_ change: (inout JSONValue) -> Void) throws -> String {
        let bundle = try bundle(change)
        do {
            _ = try bundle.machine(on: host, at: "/b/hammock")
            return "accepted"
        } catch {
            return error.description
        }
    }

    @Test func `the container's process runs the machine, as root in a root directory of its own`()
        throws
    {
        let new = try bundle().machine(on: host, at: "/b/hammock").bundle.configuration
        #expect(new["process"]["args"].strings == ["/hammock/runtime", "machine"])
        #expect(new["process"]["user"].text == #"{"gid":0,"uid":0}"#)
        #expect(new["process"]["terminal"].isTrue)
        #expect(new["process"]["capabilities"]["ambient"] == .null)
        #expect(new["process"]["rlimits"] == .null)
        #expect(new["process"]["capabilities"]["effective"].strings.contains("CAP_NET_ADMIN"))
        #expect(new["root"].text == #"{"path":"/b/hammock/root","readonly":true}"#)
    }

    @Test func `what is the other runtime's stays as it is`() throws {
        let old = try bundle().configuration
        let new = try bundle().machine(on: host, at: "/b/hammock").bundle.configuration
        for name in ["ociVersion", "hostname", "strange", "hooks"] {
            #expect(new[name] == old[name])
        }
        #expect(new["process"]["oomScoreAdj"].integer == 7)
        #expect(new["linux"]["namespaces"] == old["linux"]["namespaces"])
    }

    @Test func `the machine is told the program, as the container had it`() throws {
        let process = try bundle().machine(on: host, at: "/b/hammock").order.process
        #expect(
            process
                == MachineOrder.Process(
                    arguments: ["sleep", "1"], environment: ["A=b"], workingDirectory: "/data",
                    user: 33, group: 34, groups: [5], hasTerminal: true, rows: 24, columns: 80))
        let order = try bundle().machine(on: host, at: "/b/hammock").order
        #expect(order.settings == ["kernel.shm_rmid_forced": "1"])
    }

    @Test(arguments: ["data", "./data", ""])
    func `a working directory that is not absolute is refused, and asked of no machine`(
        directory: String
    ) throws {
        let refused = try refusal { $0["process"]["cwd"] = .string(directory) }
        #expect(refused == "the working directory '\(directory)' does not begin with a slash")
    }

    @Test func `an environment that no machine takes is refused before the container begins`()
        throws
    {
        let large = String(repeating: "x", count: 65536)
        #expect(
            try refusal { $0["process"]["env"] = .strings(["A=\(large)"]) }
                .contains("a machine takes 65536"))
        #expect(
            try refusal {
                $0["process"]["user"]["additionalGids"] = .array((0..<256).map { .integer($0) })
            } == "the user has 256 more groups; a machine takes 255")
        #expect(
            try refusal { $0["process"]["env"] = .strings(["A=\0"]) }.contains("has a NUL in it"))
    }

    @Test func `the words of a visitor tell nobody the variables of its process`() throws {
        let new = ContainerBundle.containerProcess(.null, ["visit"], visit: #"{"a":"secret"}"#)
        #expect(new["args"].strings == ["/hammock/runtime", "visit"])
        #expect(new["env"].strings.last == #"HAMMOCK_VISIT={"a":"secret"}"#)
    }

    @Test func `a volume goes into the container's /volumes, and memory is the machine's own`()
        throws
    {
        let (new, order) = try bundle().machine(on: host, at: "/b/hammock")
        let mounts = new.configuration["mounts"].elements
        let destinations = mounts.compactMap { $0["destination"].string }
        #expect(
            destinations == [
                "/proc", "/dev/pts", "/volumes/2", "/usr", "/run", "/tmp", "/hammock/runtime",
                "/hammock/kernel", "/hammock/initramfs", "/hammock/machine.json", "/image",
            ])
        #expect(mounts.last?["source"].string == "/b/rootfs")
        #expect(
            order.volumes == [
                .init(target: "/dev/shm", kind: .memory(data: "mode=1777,size=30%"), flags: 2),
                .init(target: "/t", kind: .memory(data: "size=1m,mode=700"), flags: 8),
                .init(target: "/vol", kind: .shared(name: "2"), flags: 1),
            ])
    }

    @Test func `what is bound may be named from the engine's bundle, and nothing else is`() throws {
        let mounts = try JSONValue(
            parsing: """
                [{"destination": "/a", "type": "bind", "source": "data", "options": ["rbind"]},
                 {"destination": "/b", "type": "none", "source": "../x", "options": ["bind"]},
                 {"destination": "/c", "type": "overlay", "source": "overlay"}]
                """, what: "mounts")
        let new = try bundle { $0["mounts"] = mounts }.machine(on: host, at: "/b/hammock").bundle
        #expect(
            new.configuration["mounts"].elements.prefix(3).map { $0["source"].string }
                == ["/b/data", "/b/../x", "overlay"])
    }

    @Test func `the container may use the tap, and KVM where it is of use`() throws {
        var host = host
        let devices = { (host: HostFiles) throws -> [String] in
            let linux = try bundle().machine(on: host, at: "/b/hammock").bundle.linux
            #expect(
                linux["resources"]["devices"].elements.count == linux["devices"].elements.count + 1)
            return linux["devices"].elements.compactMap { $0["path"].string }
        }
        #expect(try devices(host) == ["/dev/net/tun"])
        host.hasKVM = true
        #expect(try devices(host) == ["/dev/net/tun", "/dev/kvm"])
    }

    @Test func `a limit of processes leaves room for qemu's threads`() throws {
        for (given, expected) in [(10, 512), (1000, 1000), (-1, -1)] as [(Int64, Int64)] {
            let new = try bundle { $0["linux"]["resources"]["pids"]["limit"] = .integer(given) }
                .machine(on: host, at: "/b/hammock").bundle
            #expect(new.linux["resources"]["pids"]["limit"].integer == expected)
        }
    }

    @Test func `what no machine can have is refused, with the reason`() throws {
        let namespaces = { (text: String) in
            try JSONValue(parsing: "[\(text)]", what: "namespaces").elements
        }
        let both = #"{"type": "pid"}, {"type": "network"}, {"type": "mount"}"#
        let onlyProcesses = try namespaces(#"{"type": "pid"}"#)
        let joined = try namespaces(#"{"type": "pid", "path": "/p"}, {"type": "network"}"#)
        let twoOnly = try namespaces(#"{"type": "pid"}, {"type": "network"}"#)
        let users = try namespaces(both + #", {"type": "user"}"#)
        #expect(
            try refusal { $0["linux"]["namespaces"] = .array(onlyProcesses) }
                .contains("the host's network"))
        #expect(
            try refusal { $0["linux"]["namespaces"] = .array(joined) }
                .contains("the processes of the host, or of another container"))
        #expect(
            try refusal { $0["linux"]["namespaces"] = .array(twoOnly) }
                .contains("the mounts of the host, or of another container"))
        #expect(
            try refusal { $0["linux"]["namespaces"] = .array(users) }.contains("a user namespace"))
        #expect(
            try refusal {
                $0["linux"]["devices"] = .array([.object(["path": .string("/dev/kmsg")])])
            }
            .contains("(/dev/kmsg, 1 in all; --privileged"))
        let device = #"{"destination": "/n", "type": "bind", "source": "/dev/null"}"#
        let mount = try JSONValue(parsing: device, what: "mount")
        #expect(
            try refusal { $0["mounts"] = .array([mount]) }.contains(
                "/dev/null, a device of the host's"))
        #expect(
            try refusal { $0["process"]["args"] = .array([]) } == "the container names no program")
    }

    @Test func `settings that would break the kernel's command line are refused`() throws {
        let ports = "net.ipv4.ip_local_reserved_ports"
        let many = String(repeating: "1", count: 1600)
        #expect(
            try refusal { $0["linux"]["sysctl"][ports] = .string(many) }
                .contains("a machine takes 1536"))
        for value in ["a\" init=/bin/sh \"", "a\nb"] {
            #expect(
                try refusal { $0["linux"]["sysctl"]["kernel.domainname"] = .string(value) }
                    .contains("the setting kernel.domainname"))
        }
    }

    @Test func `a pod's own container stays plain`() throws {
        #expect(try !bundle().isSandbox)
        for (name, value) in [
            ("io.kubernetes.cri.container-type", "sandbox"),
            ("io.kubernetes.cri-o.ContainerType", "sandbox"),
        ] {
            #expect(try bundle { $0["annotations"][name] = .string(value) }.isSandbox)
            #expect(try !bundle { $0["annotations"][name] = .string("container") }.isSandbox)
        }
        let pause = try bundle {
            $0["annotations"]["io.container.manager"] = .string("libpod")
            $0["process"]["args"] = .strings(["/catatonit", "-P"])
        }
        #expect(pause.isSandbox)
    }

    @Test func `the machine fits into the container's limits`() throws {
        let size = { (text: String) throws -> ContainerBundle.Size in
            let resources = try JSONValue(parsing: text, what: "resources")
            return try bundle { $0["linux"]["resources"] = resources }.size()
        }
        #expect(try size("{}") == .init(memory: 512, isLimited: false, processors: 1))
        #expect(try size(#"{"memory": {"limit": -1}}"#).isLimited == false)
        #expect(
            try size(
                #"{"memory": {"limit": 209715200}, "cpu": {"quota": 150000, "period": 100000}}"#)
                == .init(memory: 104, isLimited: true, processors: 2))
        #expect(throws: HostError.self) { try size(#"{"memory": {"limit": 141557760}}"#) }
        #expect(try size(#"{"memory": {"limit": 142606336}}"#).memory == 40)
        // More than any host of ours has: 512 TiB.
        let most = try size(#"{"memory": {"limit": 562949953421312}}"#).memory
        #expect(most > 40 && most < 1 << 28)
    }

    @Test func `annotations say how large the machine is, and the limit still holds`() throws {
        let bundle = try bundle {
            $0["annotations"]["io.hammock.memory"] = .string("1g")
            $0["annotations"]["io.hammock.cpus"] = .string("3")
        }
        #expect(try bundle.size() == .init(memory: 1024, isLimited: false, processors: 3))
        var limited = bundle.configuration
        limited["linux"]["resources"]["memory"]["limit"] = .integer(200 << 20)
        #expect(try ContainerBundle(limited, in: "/b").size().memory == 104)
        for (name, value) in [("io.hammock.cpus", "0"), ("io.hammock.memory", "a lot")] {
            #expect(
                try refusal { $0["annotations"][name] = .string(value) }.contains("not '\(value)'"))
        }
    }
}
