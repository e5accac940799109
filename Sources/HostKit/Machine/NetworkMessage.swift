import Glibc

/// What a machine's kernel is asked for its network. rtnetlink(7)
struct NetworkMessage {
    /// What it is about, for whoever reads that it failed.
    let subject: String
    let bytes: [UInt8]

    // linux/rtnetlink.h and linux/netlink.h
    private static let newLink: UInt16 = 16
    private static let newAddress: UInt16 = 20
    private static let newRoute: UInt16 = 24
    private static let wantsAnswer: UInt16 = 1 | 4
    private static let create: UInt16 = 0x400

    /// Names an interface, and brings it up.
    ///
    /// - Parameter index: the kernel's number of the interface.
    static func link(_ index: UInt32, name: String) -> NetworkMessage {
        var body = [UInt8](repeating: 0, count: 4)
        append(index, to: &body)
        for _ in 0..<2 { append(UInt32(IFF_UP), to: &body) }
        // IFLA_IFNAME
        append(attribute: 3, Array(name.utf8) + [0], to: &body)
        return NetworkMessage("the interface \(name)", newLink, body)
    }

    /// Gives an interface an address.
    ///
    /// - Parameter address: with the length of its prefix behind a slash.
    /// - Throws: `HostError` if it is none.
    static func address(
        _ address: String, of index: UInt32, name: String
    ) throws(HostError) -> NetworkMessage {
        let (family, bytes, prefix) = try parse(address)
        // An IPv6 address is not to be looked for first: the engine gave it. IFA_F_NODAD
        var body: [UInt8] = [family, prefix, 2, 0]
        append(index, to: &body)
        // IFA_ADDRESS and IFA_LOCAL
        for kind: UInt16 in 1...2 { append(attribute: kind, bytes, to: &body) }
        return NetworkMessage("the address \(address) of \(name)", newAddress, body, create)
    }

    /// Says where a network is.
    ///
    /// - Throws: `HostError` if the target or the gateway is no address.
    static func route(
        _ route: TapInterface.Route, by index: UInt32, name: String
    ) throws(HostError) -> NetworkMessage {
        let gateway = try route.gateway.map { text throws(HostError) in try parse(text) }
        let target = try parse(route.target)
        // RT_TABLE_MAIN, RTPROT_STATIC, RT_SCOPE_LINK or RT_SCOPE_UNIVERSE, RTN_UNICAST, and
        // RTNH_F_ONLINK
        var body: [UInt8] = [
            target.family, target.prefix, 0, 0, 254, 4, gateway == nil ? 253 : 0, 1,
            route.isOnLink ? 4 : 0, 0, 0, 0,
        ]
        // RTA_DST, RTA_GATEWAY, RTA_OIF and RTA_PRIORITY
        append(attribute: 1, target.bytes, to: &body)
        if let gateway { append(attribute: 5, gateway.bytes, to: &body) }
        for (attribute, number): (UInt16, UInt32?) in [(4, index), (6, route.metric)] {
            guard let number else { continue }
            var bytes: [UInt8] = []
            append(number, to: &bytes)
            append(attribute: attribute, bytes, to: &body)
        }
        return NetworkMessage("the route to \(route.target) by \(name)", newRoute, body, create)
    }

    private init(_ subject: String, _ type: UInt16, _ body: [UInt8], _ flags: UInt16 = 0) {
        self.subject = subject
        var bytes: [UInt8] = []
        Self.append(UInt32(16 + body.count), to: &bytes)
        for part in [type, Self.wantsAnswer | flags] {
            bytes += [UInt8(truncatingIfNeeded: part), UInt8(part >> 8)]
        }
        // The number of the message is 1, and of the sender 0: the kernel gives it one.
        Self.append(1, to: &bytes)
        Self.append(0, to: &bytes)
        self.bytes = bytes + body
    }

    private static func append(_ value: UInt32, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    /// An attribute is padded to four bytes.
    private static func append(attribute kind: UInt16, _ value: [UInt8], to body: inout [UInt8]) {
        body += [UInt8(4 + value.count), 0, UInt8(kind), 0] + value
        while body.count % 4 != 0 { body.append(0) }
    }

    private static func parse(
        _ text: String
    ) throws(HostError) -> (family: UInt8, bytes: [UInt8], prefix: UInt8) {
        let parts = text.split(separator: "/", maxSplits: 1).map(String.init)
        for (family, count) in [(AF_INET, 4), (AF_INET6, 16)] {
            var bytes = [UInt8](repeating: 0, count: count)
            guard inet_pton(family, parts.first ?? "", &bytes) == 1 else { continue }
            let prefix = parts.count == 2 ? UInt8(parts[1]) : UInt8(count * 8)
            guard let prefix, prefix <= count * 8 else { break }
            return (UInt8(family), bytes, prefix)
        }
        throw HostError("'\(text)' is no address")
    }
}
