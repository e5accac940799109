import FoundationEssentials
import Glibc

/// One of a container's mounts, and what it is in a machine. runtime-spec, config.md, "Mounts"
struct ContainerMount {
    private let mount: JSONValue

    /// - Parameter directory: the bundle's. What is bound may be named from there.
    init(_ mount: JSONValue, in directory: String) {
        var mount = mount
        let isBound =
            mount["type"].string == "bind"
            || mount["options"].strings.contains { $0 == "bind" || $0 == "rbind" }
        if isBound, let source = mount["source"].string, !source.hasPrefix("/") {
            mount["source"] = .string("\(directory)/\(source)")
        }
        self.mount = mount
    }

    var source: String? { mount["source"].string }

    var destination: String {
        let parts = (mount["destination"].string ?? "").split(separator: "/").filter { $0 != "." }
        return "/" + parts.joined(separator: "/")
    }

    private var type: String { mount["type"].string ?? "" }
    private var options: [String] { mount["options"].strings }

    /// Whether the container's own process needs it where it is: the runtime behind this one makes a
    /// terminal in /dev/pts, and reads /proc.
    var isForContainer: Bool {
        ["/proc", "/dev", "/dev/pts", "/sys"].contains(destination)
    }

    /// Whether the machine has the like of its own.
    private var isOfKernel: Bool {
        isForContainer || ["/dev/mqueue", "/sys/fs/cgroup"].contains(destination)
            || ["proc", "sysfs", "devpts", "mqueue", "cgroup", "cgroup2"].contains(type)
    }

    /// Whether the machine mounts a file system in its own memory in its place. Shared memory is
    /// shared only by processes that run on one kernel.
    var isOfMemory: Bool { !isOfKernel && (type == "tmpfs" || destination == "/dev/shm") }

    /// Whether the machine gets it from the container.
    var isShared: Bool { !isOfKernel && !isOfMemory }

    /// The mount that the container gets for the machine's: the same elsewhere.
    func moved(to destination: String) -> JSONValue {
        var moved = mount
        moved["destination"] = .string(destination)
        return moved
    }

    /// mount(2), mountflags, as the options say.
    var flags: Mount.Flags {
        var flags: Mount.Flags = []
        for option in options {
            switch option {
            case "ro": flags.insert(.readOnly)
            case "nosuid": flags.insert(.noSetUserID)
            case "nodev": flags.insert(.noDevices)
            case "noexec": flags.insert(.noExecution)
            default: break
            }
        }
        return flags
    }

    /// Options of a tmpfs itself. tmpfs(5)
    var data: String {
        let names = ["size=", "mode=", "uid=", "gid=", "nr_inodes=", "nr_blocks="]
        let own = type == "tmpfs" ? options : []
        let data = own.filter { option in names.contains { option.hasPrefix($0) } }
        if data.isEmpty, destination == "/dev/shm" { return "mode=1777,size=30%" }
        return data.joined(separator: ",")
    }
}

/// Where a path leads in a directory that is another's root: with no symbolic link in it, and no
/// `..`. What is not there leads where it says.
func resolved(_ path: String, in root: String) -> String {
    let parts = { (path: String) in path.split(separator: "/").map(String.init).reversed() }
    var done: [String] = []
    var rest = Array(parts(path))
    // As many as Linux follows. path_resolution(7)
    var links = 40
    while let part = rest.popLast() {
        if part == ".." { _ = done.popLast() }
        if part == "." || part == ".." { continue }
        let here = ([root] + done + [part]).joined(separator: "/")
        let target = try? FileManager.default.destinationOfSymbolicLink(atPath: here)
        if let target, links > 0 {
            links -= 1
            if target.hasPrefix("/") { done = [] }
            rest += parts(target)
        } else {
            done.append(part)
        }
    }
    return "/" + done.joined(separator: "/")
}

/// What a path leads to, if it is neither a file nor a directory: in words. stat(2)
func kindOfSpecialFile(_ path: String) -> String? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    switch status.st_mode & S_IFMT {
    case S_IFSOCK: return "a socket"
    case S_IFCHR, S_IFBLK: return "a device"
    case S_IFIFO: return "a pipe"
    default: return nil
    }
}
