/// A directory of the host's, or a file, that the machine sees.
public struct Share: Equatable, Sendable {
    public var host: String
    public var guest: String
    public var isReadOnly: Bool

    /// - Parameter text: `HOST:GUEST`, maybe with `:ro` or `:rw` behind it. `HOST` may be relative
    ///   to `directory`.
    /// - Throws: `HostError` with code 2.
    public init(_ text: String, in directory: String) throws(HostError) {
        var parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        var isReadOnly = false
        if parts.count == 3, let mode = parts.popLast() {
            switch mode {
            case "ro": isReadOnly = true
            case "rw": break
            default:
                throw HostError("--volume \(text): after the second ':' comes ro or rw", code: 2)
            }
        }
        guard parts.count == 2, !parts[0].isEmpty else {
            throw HostError("--volume takes HOST:GUEST or HOST:GUEST:ro, not '\(text)'", code: 2)
        }
        let components = parts[1].split(separator: "/").filter { $0 != "." }
        guard parts[1].hasPrefix("/"), !components.isEmpty, !components.contains("..") else {
            throw HostError("--volume \(text): '\(parts[1])' is no path in the machine", code: 2)
        }
        host = parts[0].hasPrefix("/") ? parts[0] : "\(directory)/\(parts[0])"
        guest = "/" + components.joined(separator: "/")
        self.isReadOnly = isReadOnly
    }

    /// How many a machine takes: a microvm has 24 places for devices, of which the network and
    /// three others need one each, and Linux does not start when the last one is taken.
    static let most = 19

    /// - Throws: `HostError` with code 2 for shares that one machine cannot have.
    public static func check(_ shares: [Share]) throws(HostError) {
        guard shares.count <= most else {
            throw HostError(
                "--volume: a machine takes \(most), not \(shares.count); share a directory above",
                code: 2)
        }
        var targets: Set<String> = []
        for share in shares where !targets.insert(share.guest).inserted {
            throw HostError("--volume: '\(share.guest)' is named twice", code: 2)
        }
    }
}

/// A port of the host's that leads to one of the machine's.
public struct PublishedPort: Equatable, Sendable, Codable {
    public var address: String
    public var host: UInt16
    public var guest: UInt16
    public var isUDP: Bool

    /// - Parameter text: `[ADDRESS:]HOST:GUEST[/tcp|udp]`; without an address it is 127.0.0.1.
    /// - Throws: `HostError` with code 2.
    public init(_ text: String) throws(HostError) {
        let wrong = HostError(
            "--publish takes [ADDRESS:]HOST:GUEST, with ports from 1 to 65535, not '\(text)'",
            code: 2)
        let halves = text.split(separator: "/", omittingEmptySubsequences: false)
        guard halves.count <= 2, halves.count == 1 || halves[1] == "tcp" || halves[1] == "udp"
        else { throw wrong }
        isUDP = halves.count == 2 && halves[1] == "udp"
        var parts = halves[0].split(separator: ":", omittingEmptySubsequences: false)
        guard let guest = parts.popLast().flatMap({ UInt16($0) }), guest > 0,
            let host = parts.popLast().flatMap({ UInt16($0) }), host > 0, parts.count <= 1
        else { throw wrong }
        address = parts.first.map(String.init) ?? "127.0.0.1"
        let isAddress =
            address.split(separator: ".", omittingEmptySubsequences: false)
            .map { UInt8($0) }
        guard isAddress.count == 4, !isAddress.contains(nil) else { throw wrong }
        self.host = host
        self.guest = guest
    }
}

/// Where a machine's root directory comes from.
public enum RootFileSystem: Equatable, Sendable {
    /// A squashfs. What the machine writes is kept in its memory.
    case image(String)
    /// A directory of the host's, into which the machine writes.
    case directory(String)
}

/// How a machine reaches others.
public enum MachineNetwork: Equatable, Sendable {
    case none
    /// By qemu itself, as the user who runs it. The host publishes `MachineDescription.ports`.
    case user
    /// By taps that are there, with addresses that somebody else has given. The machine may also
    /// have a way to the name server of the host's resolv.conf: `NameServer`.
    case taps([TapInterface], hasNameServer: Bool)
}

/// An interface of a machine that leads to a name server which only the host can reach, because its
/// address is a loopback's. qemu passes the questions on.
enum NameServer {
    /// Addresses that no network routes. RFC 3927
    static let network = "169.254.53.0/24"
    static let host = "169.254.53.2"
    /// Whom the machine asks.
    static let address = "169.254.53.3"
    /// The machine's own.
    static let ownAddress = "169.254.53.15/24"

    /// - Parameter text: a resolv.conf. resolv.conf(5)
    /// - Returns: one that names this server in place of those on the loopback; `nil` if there is
    ///   none on it.
    static func resolverFile(insteadOf text: String) -> String? {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let isOfLoopback = { (line: Substring) -> Bool in
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            return words.count >= 2 && words[0] == "nameserver"
                && (words[1].hasPrefix("127.") || words[1] == "::1")
        }
        guard lines.contains(where: isOfLoopback) else { return nil }
        let others = lines.filter { !isOfLoopback($0) }
        return (["nameserver \(address)"] + others.map(String.init)).joined(separator: "\n")
    }
}

/// All that a machine for one image is made of.
public struct MachineDescription: Sendable {
    public var name: String
    /// A vmlinux.
    public var kernel: String
    /// The initramfs with init and the agent.
    public var initramfs: String
    public var root = RootFileSystem.image("")
    public var process = ProcessDescription(arguments: [])
    public var accelerator = Accelerator.tcg
    /// Under emulation the guest is told how fast the processor's counter is, in ticks a
    /// millisecond (`Accelerator.counterSpeed`).
    public var counterSpeed: UInt64 = 0
    /// In MiB.
    public var memory = 512
    public var processors = 1
    public var shares: [Share] = []
    public var ports: [PublishedPort] = []
    public var network = MachineNetwork.user
    /// A directory of the host's that the machine has at `volumesPlace`; none if `nil`.
    public var volumes: String?
    /// Files of the machine's own, by their paths.
    public var files: [String: String] = [:]
    /// What the machine mounts over its root, in this order.
    public var mounts: [Mount] = []
    /// Settings of the machine's kernel: names as sysctl(8) has them.
    public var settings: [String: String] = [:]
    /// Whether qemu, too, is to be sparing with memory.
    public var isMemoryTight = false
    /// Whether what is written to the image's root is refused, and not kept in memory.
    public var isReadOnly = false

    public init(name: String, kernel: String, initramfs: String) {
        self.name = name
        self.kernel = kernel
        self.initramfs = initramfs
    }
    /// Whether the machine writes into directories of the host's.
    var writesToHost: Bool {
        if case .directory = root { return true }
        return volumes != nil || shares.contains { !$0.isReadOnly }
    }
}
