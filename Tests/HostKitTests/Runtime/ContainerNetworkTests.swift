import Testing

@testable import HostKit

@Suite struct ContainerNetworkTests {
    private func interfaces(
        _ addresses: String, _ routes: String, _ newRoutes: String = "[]"
    ) throws -> [TapInterface] {
        try ContainerNetwork.interfaces(
            addresses: try JSONValue(parsing: addresses, what: "addresses").elements,
            routes: try JSONValue(parsing: routes, what: "routes").elements,
            newRoutes: try JSONValue(parsing: newRoutes, what: "routes").elements)
    }

    @Test func `the machine gets the interface's addresses, routes, MAC address and size`() throws {
        let found = try interfaces(
            """
            [{"ifname": "lo", "link_type": "loopback", "mtu": 65536, "address": "00:00",
              "addr_info": [{"local": "127.0.0.1", "prefixlen": 8, "scope": "host"}]},
             {"ifname": "eth0", "link_type": "ether", "mtu": 1400, "address": "02:42:ac:11:00:02",
              "addr_info": [
                {"local": "172.17.0.2", "prefixlen": 16, "scope": "global"},
                {"local": "fd00::2", "prefixlen": 64, "scope": "global"},
                {"local": "fe80::1", "prefixlen": 64, "scope": "link"}]}]
            """,
            """
            [{"dst": "default", "gateway": "172.17.0.1", "dev": "eth0", "metric": 100,
              "flags": ["onlink"]},
             {"dst": "172.17.0.0/16", "dev": "eth0", "protocol": "kernel"},
             {"dst": "10.1.0.0/24", "dev": "eth0", "protocol": "static"}]
            """, #"[{"dst": "default", "dev": "eth0", "flags": []}]"#)
        #expect(
            found == [
                TapInterface(
                    name: "eth0", tap: "", mac: "02:42:ac:11:00:02", mtu: 1400,
                    addresses: ["172.17.0.2/16", "fd00::2/64"],
                    routes: [
                        .init(
                            target: "0.0.0.0/0", gateway: "172.17.0.1", metric: 100,
                            isOnLink: true),
                        .init(target: "10.1.0.0/24", gateway: nil),
                        .init(target: "::/0", gateway: nil),
                    ])
            ])
    }

    @Test func `a tap that a machine has left is no interface`() throws {
        let text = #"[{"ifname": "hammock0", "link_type": "ether", "mtu": 1, "address": "02:00"}]"#
        #expect(try interfaces(text, "[]").isEmpty)
    }
}
