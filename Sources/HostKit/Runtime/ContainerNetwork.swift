/// The network of a container, as its machine takes it over.
///
/// The engine has given the container's namespace an interface with an address. The machine gets
/// that address, and the interface's own MAC address: what comes in on the interface goes to a tap
/// that qemu reads, and what qemu writes there goes out on the interface. tc-mirred(8). The
/// interface itself stays as it is, so the engine finds it again, and so does the machine of a
/// container that is started anew.
public struct ContainerNetwork: Sendable {
    private let ip: String
    private let tc: String

    /// - Throws: `HostError` (3) if iproute2 is not installed.
    public init() throws(HostError) {
        ip = try HostProgram.find("ip", package: "iproute2")
        tc = try HostProgram.find("tc", package: "iproute2")
    }

    /// Joins the interfaces of this process's network namespace to taps.
    ///
    /// - Returns: what the machine's interfaces are. None if there is nothing but the loopback.
    public func take() throws(HostError) -> [TapInterface] {
        let addresses = try json(["-j", "address", "show"])
        // With nothing but the loopback there is nothing to join.
        guard addresses.count > 1 else { return [] }
        let interfaces = try Self.interfaces(
            addresses: addresses, routes: try json(["-j", "route", "show"]),
            newRoutes: try json(["-j", "-6", "route", "show"]))
        guard !interfaces.isEmpty else { return [] }
        guard try UnixSocket.claim("hammock-machine") else {
            throw HostError(
                """
                the network of this pod belongs to the machine of another container; one container \
                of a pod can have a machine of its own
                """)
        }
        var taken: [TapInterface] = []
        for var interface in interfaces {
            let tap = "hammock\(taken.count)"
            try join(interface.name, tap, mtu: interface.mtu)
            interface.tap = tap
            taken.append(interface)
        }
        return taken
    }

    private func join(_ name: String, _ tap: String, mtu: Int) throws(HostError) {
        if try json(["-j", "link", "show"]).contains(where: { $0["ifname"].string == tap }) {
            // A machine that has ended left it.
            try run(ip, ["link", "delete", tap])
        }
        try run(ip, ["tuntap", "add", "dev", tap, "mode", "tap"])
        try run(ip, ["link", "set", tap, "mtu", "\(mtu)", "up"])
        for (from, to) in [(name, tap), (tap, name)] {
            // It is there if a machine has had this interface before.
            _ = try HostProgram.run(
                tc, ["qdisc", "delete", "dev", from, "ingress"], captures: true,
                capturesErrors: true)
            try run(tc, ["qdisc", "add", "dev", from, "ingress"])
            try run(
                tc,
                [
                    "filter", "add", "dev", from, "parent", "ffff:", "protocol", "all", "u32",
                    "match", "u32", "0", "0", "action", "mirred", "egress", "redirect", "dev", to,
                ])
        }
    }

    private func json(_ words: [String]) throws(HostError) -> [JSONValue] {
        let text = try run(ip, words)
        return text.isEmpty ? [] : try JSONValue(parsing: text, what: "what ip says").elements
    }

    @discardableResult
    private func run(_ program: String, _ words: [String]) throws(HostError) -> String {
        let ending = try HostProgram.run(program, words, captures: true, capturesErrors: true)
        guard ending.code == 0 else {
            let said = ending.output.split(separator: "\n").joined(separator: "; ")
            throw HostError(
                "the machine cannot join the container's network: \(program) "
                    + "\(words.joined(separator: " ")): \(said)")
        }
        return ending.output
    }

    /// Reads what `ip -j` says of interfaces and routes.
    ///
    /// - Parameter newRoutes: those of IPv6.
    static func interfaces(
        addresses: [JSONValue], routes: [JSONValue], newRoutes: [JSONValue]
    ) throws(HostError) -> [TapInterface] {
        var interfaces: [TapInterface] = []
        for link in addresses where link["link_type"].string == "ether" {
            guard let name = link["ifname"].string, !name.hasPrefix("hammock"),
                let mac = link["address"].string
            else { continue }
            var interface = TapInterface(
                name: name, tap: "", mac: mac, mtu: Int(link["mtu"].integer ?? 1500))
            for address in link["addr_info"].elements {
                guard let local = address["local"].string, address["scope"].string == "global"
                else { continue }
                interface.addresses.append("\(local)/\(address["prefixlen"].integer ?? 32)")
            }
            for (anywhere, routes) in [("0.0.0.0/0", routes), ("::/0", newRoutes)] {
                for route in routes where route["dev"].string == name {
                    guard let target = route["dst"].string, route["protocol"].string != "kernel"
                    else { continue }
                    interface.routes.append(
                        TapInterface.Route(
                            target: target == "default" ? anywhere : target,
                            gateway: route["gateway"].string,
                            metric: route["metric"].integer.map { UInt32(clamping: $0) },
                            isOnLink: route["flags"].strings.contains("onlink")))
                }
            }
            interfaces.append(interface)
        }
        return interfaces
    }
}

/// An interface of a machine that stands for one of its container's.
public struct TapInterface: Codable, Equatable, Sendable {
    public struct Route: Codable, Equatable, Sendable {
        /// A network with its prefix's length.
        public var target: String
        /// None for a network that is on the link.
        public var gateway: String?
        /// Of two routes to one network the one with the lower is taken.
        public var metric: UInt32?
        /// Whether no route says where the gateway is: it is on the link.
        public var isOnLink = false
    }

    /// What the container calls it.
    public var name: String
    /// The tap that qemu opens.
    public var tap: String
    public var mac: String
    /// In bytes.
    public var mtu: Int
    /// Each with its prefix's length.
    public var addresses: [String] = []
    public var routes: [Route] = []
}
