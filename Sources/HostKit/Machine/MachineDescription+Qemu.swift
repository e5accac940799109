/// Where the files of one machine's life are.
public struct MachinePaths: Sendable {
    /// A directory that only this user may enter.
    public let directory: String

    public init(directory: String) { self.directory = directory }

    /// qemu's end of the control port.
    var port: String { "\(directory)/port" }
    /// Where `hammock exec` and the like connect.
    public var socket: String { "\(directory)/socket" }
    /// What the guest's kernel and PID 1 say.
    public var console: String { "\(directory)/console" }
    /// What qemu itself complains of.
    var complaints: String { "\(directory)/qemu" }
    /// Who this machine is: `MachineRecord`.
    public var record: String { "\(directory)/machine.json" }
    /// The image's /etc/passwd and /etc/group, for those who come later.
    public var passwd: String { "\(directory)/passwd" }
    public var group: String { "\(directory)/group" }
}

extension MachineDescription {
    /// qemu's command line. The machine is a microvm, with the devices that are named and no others.
    public func qemu(_ paths: MachinePaths) -> [String] {
        var board = "microvm,acpi=on,x-option-roms=off"
        // With this kind of ACPI the kernel has no use for the old timer and interrupt controller,
        // but would measure the processor's speed by that timer, which takes 8 ms or fails.
        if accelerator == .tcg { board += ",pit=off,pic=off" }
        var words = [
            "qemu-system-x86_64", "-machine", board, "-bios", "qboot.rom", "-nodefaults",
            "-no-user-config", "-no-reboot", "-display", "none", "-m", "\(memory)", "-smp",
            "\(processors)",
        ]
        words +=
            accelerator == .kvm
            ? ["-accel", "kvm", "-cpu", "host"]
            // A processor with these two features has the kernel fill memory byte by byte, which
            // hardware does quickly and an emulator does not.
            : ["-accel", "tcg\(isMemoryTight ? ",tb-size=32" : "")", "-cpu", "max,-erms,-fsrm"]
        words += ["-kernel", kernel, "-initrd", initramfs, "-append", kernelWords]
        words += [
            "-chardev", "file,id=console,path=\(escaped(paths.console))",
            "-serial", "chardev:console",
            // The first device: the port has the device's number in its name.
            "-chardev", "socket,id=control,path=\(escaped(paths.port))",
            "-device", "virtio-serial-device",
            "-device", "virtserialport,chardev=control,nr=1,name=org.hammock.control",
            "-device", "virtio-rng-device",
        ]
        if case .image(let file) = root {
            words += [
                "-drive", "if=none,id=root,format=raw,readonly=on,file=\(escaped(file))",
                "-device", "virtio-blk-device,drive=root",
            ]
        }
        return words + networkDevices + shareDevices
    }

    private var kernelWords: String {
        var words = [
            "rdinit=/init", "console=ttyS0", "quiet", "loglevel=3", "panic=-1", "reboot=t",
        ]
        if accelerator == .tcg {
            // Without these, a kernel on a busy host cannot measure the counter, or doubts it.
            words += ["tsc_early_khz=\(counterSpeed)", "tsc=reliable"]
        }
        for (name, value) in settings.sorted(by: { $0.key < $1.key }) {
            words.append("sysctl.\(name)=\"\(value)\"")
        }
        if network == .user {
            words.append("ip=10.0.2.15::10.0.2.2:255.255.255.0:\(name):eth0:off")
        }
        // What the program leaves behind is killed at once, as an engine for containers does it.
        // The kernel's own word: engines give names that hostname(7) does not allow.
        words += ["hostname=\(name)", "hammock.grace=0", "--", "/agent", "/dev/vport0p1"]
        return words.joined(separator: " ")
    }

    private var networkDevices: [String] {
        switch network {
        case .none: return []
        case .user: break
        case .taps(let taps, let hasNameServer):
            let devices = taps.enumerated().flatMap { index, tap in
                [
                    "-netdev", "tap,id=net\(index),ifname=\(tap.tap),script=no,downscript=no",
                    "-device",
                    "virtio-net-device,netdev=net\(index),mac=\(tap.mac),host_mtu=\(tap.mtu)",
                ]
            }
            guard hasNameServer else { return devices }
            let servers =
                "net=\(NameServer.network),host=\(NameServer.host),dns=\(NameServer.address)"
            return devices + [
                "-netdev", "user,id=names,ipv6=off,\(servers)",
                "-device", "virtio-net-device,netdev=names",
            ]
        }
        let forwards = ports.map {
            ",hostfwd=\($0.isUDP ? "udp" : "tcp"):\($0.address):\($0.host)-:\($0.guest)"
        }
        return [
            "-netdev", "user,id=net" + forwards.joined(),
            "-device", "virtio-net-device,netdev=net",
        ]
    }

    private var shareDevices: [String] {
        var devices: [String] = []
        if case .directory(let directory) = root { devices += export(directory, as: "root") }
        if let volumes { devices += export(volumes, as: "volumes") }
        for (index, share) in exportedDirectories.enumerated() {
            devices += export(
                share.directory, as: "share\(index)", isReadOnly: share.isReadOnly)
        }
        return devices
    }

    private func export(
        _ directory: String, as tag: String, isReadOnly: Bool = false
    ) -> [String] {
        [
            "-fsdev",
            // Below one directory there may be mounts: a file's number is remapped where two have it.
            "local,id=\(tag),path=\(escaped(directory)),multidevs=remap,security_model="
                + (isSuperuser ? "passthrough" : "none") + (isReadOnly ? ",readonly=on" : ""),
            "-device", "virtio-9p-device,fsdev=\(tag),mount_tag=\(tag)",
        ]
    }

    /// In a value of qemu's, a comma stands for itself only when doubled.
    private func escaped(_ path: String) -> String {
        path.split(separator: ",", omittingEmptySubsequences: false).joined(separator: ",,")
    }
}
