import InitCore
import KernelInterface

/// What a condition asks. systemd.unit(5), CONDITIONS AND ASSERTS
private enum ConditionKind: UInt8 {
    case pathExists, pathIsDirectory, pathIsSymbolicLink, pathIsMountPoint, pathIsReadWrite
    case fileNotEmpty, fileIsExecutable, directoryNotEmpty
    case virtualization, kernelCommandLine, capability

    /// In the order of the cases.
    static var names: ByteView {
        """
        PathExists PathIsDirectory PathIsSymbolicLink PathIsMountPoint PathIsReadWrite \
        FileNotEmpty FileIsExecutable DirectoryNotEmpty Virtualization KernelCommandLine Capability
        """
    }

    init?(named name: ByteView) {
        guard let number = name.position(in: ConditionKind.names) else { return nil }
        self.init(rawValue: UInt8(truncatingIfNeeded: number))
    }
}

extension Recipe {
    /// Checks conditions, then assertions, once a start: before its first command.
    mutating func checkConditions<K: Kernel & ~Copyable>(on kernel: inout K) throws(Errno) {
        let isFirst =
            stage == .prepare
            || stage == .main && plan.commandCount(.prepare, of: service) == 0
        guard isFirst, commandIndex == 0 else { return }
        try check(.condition, on: &kernel)
        try check(.assertion, on: &kernel)
    }

    /// All conditions have to hold; of those with `|` one.
    @inline(never)
    private mutating func check<K: Kernel & ~Copyable>(
        _ step: RecipeStep, on kernel: inout K
    ) throws(Errno) {
        var hasTriggers = false
        var isTriggered = false
        var reader = RecipeReader(entries)
        while var text = reader.next(.condition) {
            let name = text.removeFirst(upTo: 0)
            let flags = text.removeFirst(upTo: 0)
            let argument = text.removeFirst(upTo: 0)
            guard flags.has(UInt8(ascii: "=")) == (step == .assertion) else { continue }
            begin(step, argument.count > 0 ? argument : name)
            guard let kind = ConditionKind(named: name) else { throw .invalidArgument }
            let holds = holds(kind, argument, on: &kernel) != flags.has(UInt8(ascii: "!"))
            if flags.has(UInt8(ascii: "|")) {
                hasTriggers = true
                if holds { isTriggered = true }
            } else if !holds {
                throw .none
            }
        }
        if hasTriggers, !isTriggered { throw .none }
    }

    /// What cannot be found out does not hold.
    @inline(never)
    private mutating func holds<K: Kernel & ~Copyable>(
        _ kind: ConditionKind, _ argument: ByteView, on kernel: inout K
    ) -> Bool {
        let path = argument.start
        // Of a path that leads nowhere nothing holds.
        let file = (try? kernel.status(of: path, followsLink: true)) ?? FileStatus(mode: 0)
        switch kind {
        case .pathExists: return file.mode != 0
        case .pathIsDirectory: return file.isDirectory
        case .pathIsSymbolicLink:
            return (try? kernel.status(of: path, followsLink: false))?.isSymbolicLink == true
        case .pathIsMountPoint: return (try? kernel.isMountPoint(path)) == true
        case .pathIsReadWrite:
            // A path that is missing is not on a file system that is read-only.
            do throws(Errno) {
                try kernel.checkWritable(path)
                return true
            } catch {
                return error != .readOnlyFileSystem
            }
        case .fileNotEmpty: return file.isRegular && file.size > 0
        case .fileIsExecutable: return file.isRegular && file.isExecutable
        case .directoryNotEmpty: return (try? kernel.isEmptyDirectory(path)) == false
        case .virtualization: return isVirtualization(argument, on: &kernel)
        case .kernelCommandLine: return commandLineHas(argument, on: &kernel)
        case .capability: return hasCapability(argument, on: &kernel)
        }
    }

    /// A word without `=` also stands for an option of this name.
    private func commandLineHas<K: Kernel & ~Copyable>(
        _ argument: ByteView, on kernel: inout K
    ) -> Bool {
        guard var rest = view(of: "/proc/cmdline", on: &kernel) else { return false }
        let isName = argument.length(before: UInt8(ascii: "=")) == argument.count
        while rest.count > 0 {
            var length = 0
            while length < rest.count, !isSpace(rest[length]) { length &+= 1 }
            let word = rest.slice(0, length)
            rest = rest.dropping(length &+ 1)
            if word.equals(argument) { return true }
            if isName, word.hasPrefix(argument), word[argument.count] == UInt8(ascii: "=") {
                return true
            }
        }
        return false
    }

    /// Whether a capability is in the bounding set. capabilities(7)
    private mutating func hasCapability<K: Kernel & ~Copyable>(
        _ name: ByteView, on kernel: inout K
    ) -> Bool {
        guard name.hasPrefix("CAP_"),
            let number = name.dropping(4).position(in: capabilityNames)
        else { return false }
        found = 0
        // Without /proc no capability is known.
        _ = try? search("/proc/self/status", for: .boundingSet, on: &kernel)
        return found >> UInt64(number) & 1 == 1
    }

    /// - Returns: whether this is the line with the set.
    mutating func takeBoundingSet(_ line: ByteView) -> Bool {
        guard line.hasPrefix("CapBnd:\t") else { return false }
        var offset = 8
        while offset < line.count {
            let digit = line[offset] | 0x20
            let value = digit &- (digit < 0x61 ? 0x30 : 0x57)
            found = found << 4 | UInt64(value & 15)
            offset &+= 1
        }
        return true
    }

    // MARK: Virtualization

    @inline(never)
    private func isVirtualization<K: Kernel & ~Copyable>(
        _ argument: ByteView, on kernel: inout K
    ) -> Bool {
        let container = container(on: &kernel)
        let machine = container == nil ? virtualMachine(on: &kernel) : nil
        switch argument.position(in: "vm container yes true 1 on no false 0 off") {
        case 0: return machine != nil
        case 1: return container != nil
        case .some(2...5): return container != nil || machine != nil
        case .some: return container == nil && machine == nil
        case nil: return argument.equals(container ?? machine ?? "none")
        }
    }

    /// The kind of container that this is, or `nil`.
    private func container<K: Kernel & ~Copyable>(on kernel: inout K) -> ByteView? {
        let given = context.environment.value(of: "container") ?? .empty
        guard context.isContainer || given.count > 0 else { return nil }
        // What runc's and crun's configurations say by default.
        if given.count > 0, !given.equals("oci") { return given }
        let podman: StaticString = "/run/.containerenv"
        let docker: StaticString = "/.dockerenv"
        if (try? kernel.status(of: podman.utf8Start, followsLink: true)) != nil {
            return "podman"
        }
        if (try? kernel.status(of: docker.utf8Start, followsLink: true)) != nil {
            return "docker"
        }
        return "container-other"
    }

    /// The kind of virtual machine that this is, or `nil`.
    private func virtualMachine<K: Kernel & ~Copyable>(on kernel: inout K) -> ByteView? {
        guard let processor = view(of: "/proc/cpuinfo", on: &kernel),
            processor.contains(" hypervisor")
        else { return nil }
        if processor.contains("QEMU TCG") { return "qemu" }
        return kind(by: "/sys/class/dmi/id/product_name", on: &kernel)
            ?? kind(by: "/sys/class/dmi/id/sys_vendor", on: &kernel) ?? "vm-other"
    }

    private func kind<K: Kernel & ~Copyable>(
        by file: StaticString, on kernel: inout K
    ) -> ByteView? {
        guard let name = view(of: file, on: &kernel) else { return nil }
        var rest = machineNames
        while rest.count > 0 {
            let prefix = rest.removeFirst(upTo: UInt8(ascii: "="))
            let kind = rest.removeFirst(upTo: UInt8(ascii: "\n"))
            if name.hasPrefix(prefix) { return kind }
        }
        return nil
    }

    private func view<K: Kernel & ~Copyable>(
        of file: StaticString, on kernel: inout K
    ) -> ByteView? {
        guard let bytes = try? kernel.read(file), let start = bytes.baseAddress else {
            return nil
        }
        return ByteView(
            start: UnsafePointer(start.assumingMemoryBound(to: UInt8.self)), count: bytes.count)
    }
}

extension ByteView {
    fileprivate func has(_ flag: UInt8) -> Bool { length(before: flag) < count }

    fileprivate func contains(_ text: ByteView) -> Bool {
        var offset = 0
        while offset &+ text.count <= count {
            if dropping(offset).hasPrefix(text) { return true }
            offset &+= 1
        }
        return false
    }
}

/// What the firmware's names begin with, and what systemd-detect-virt(1) calls the machine.
private var machineNames: ByteView {
    """
    KVM=kvm
    QEMU=kvm
    OpenStack=kvm
    Standard PC=kvm
    Amazon EC2=amazon
    VMware=vmware
    VirtualBox=oracle
    innotek GmbH=oracle
    Xen=xen
    Google=google
    Virtual Machine=microsoft
    Apple Virtualization=apple
    Bochs=bochs
    Parallels=parallels
    BHYVE=bhyve

    """
}

/// By their numbers, without `CAP_`. linux/capability.h
private var capabilityNames: ByteView {
    """
    CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE \
    NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO \
    SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME \
    SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG \
    WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE
    """
}
