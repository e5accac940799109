import Testing

@testable import HostKit

/// The bytes are those that `ip` of iproute2 sends for the same, but for the flags.
@Suite struct NetworkMessageTests {
    /// What follows the header of netlink(7).
    private func body(_ message: NetworkMessage) -> [UInt8] { Array(message.bytes[16...]) }

    @Test func `a message begins with its size, its kind, and flags that ask for an answer`() throws
    {
        let message = NetworkMessage.link(2, name: "eth0")
        #expect(Array(message.bytes[..<16]) == [44, 0, 0, 0, 16, 0, 5, 0, 1, 0, 0, 0, 0, 0, 0, 0])
        #expect(
            body(message)
                == [0, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]
                + [9, 0, 3, 0] + Array("eth0".utf8) + [0, 0, 0, 0])
        #expect(message.subject == "the interface eth0")
    }

    @Test func `an address has its prefix, and is not looked for before it is used`() throws {
        let message = try NetworkMessage.address("172.17.0.2/16", of: 2, name: "eth0")
        #expect(Array(message.bytes[4..<8]) == [20, 0, 5, 4])
        #expect(
            body(message)
                == [2, 16, 2, 0, 2, 0, 0, 0, 8, 0, 1, 0, 172, 17, 0, 2, 8, 0, 2, 0, 172, 17, 0, 2])
        let other = try NetworkMessage.address("fd00::2/64", of: 3, name: "eth1")
        #expect(Array(body(other)[..<8]) == [10, 64, 2, 0, 3, 0, 0, 0])
        #expect(other.bytes.count == 16 + 8 + 2 * 20)
    }

    @Test func `a route has a gateway, or is to what is on the link`() throws {
        let gateway = try NetworkMessage.route(
            .init(target: "0.0.0.0/0", gateway: "172.17.0.1"), by: 2, name: "eth0")
        #expect(
            body(gateway)
                == [2, 0, 0, 0, 254, 4, 0, 1, 0, 0, 0, 0]
                + [8, 0, 1, 0, 0, 0, 0, 0] + [8, 0, 5, 0, 172, 17, 0, 1, 8, 0, 4, 0, 2, 0, 0, 0])
        let link = try NetworkMessage.route(
            .init(target: "10.1.0.0/24", gateway: nil), by: 2, name: "eth0")
        #expect(
            body(link)
                == [2, 24, 0, 0, 254, 4, 253, 1, 0, 0, 0, 0]
                + [8, 0, 1, 0, 10, 1, 0, 0, 8, 0, 4, 0, 2, 0, 0, 0])
    }

    @Test func `of two routes one is taken first, and a gateway may be on the link`() throws {
        let route = try NetworkMessage.route(
            .init(target: "::/0", gateway: "fe80::1", metric: 200, isOnLink: true), by: 2,
            name: "eth0")
        #expect(Array(body(route)[..<12]) == [10, 0, 0, 0, 254, 4, 0, 1, 4, 0, 0, 0])
        #expect(Array(body(route).suffix(8)) == [8, 0, 6, 0, 200, 0, 0, 0])
    }

    @Test(arguments: ["", "10.0.0.1/33", "10.0.0/24", "name", "10.0.0.1/x", "fd00::/129", "1/2/3"])
    func `what is no address is refused`(text: String) {
        #expect(throws: HostError("'\(text)' is no address")) {
            try NetworkMessage.address(text, of: 2, name: "eth0")
        }
    }

    @Test func `a machine asks qemu's name server in place of one on the loopback`() {
        #expect(NameServer.resolverFile(insteadOf: "nameserver 10.0.0.1\nsearch a\n") == nil)
        #expect(
            NameServer.resolverFile(
                insteadOf: "# docker\nnameserver 127.0.0.11\nnameserver\t::1\noptions ndots:0\n")
                == "nameserver 169.254.53.3\n# docker\noptions ndots:0\n")
    }

    @Test func `a machine is told each tap's addresses, and its routes after what is on the link`()
        throws
    {
        var description = MachineDescription(name: "box", kernel: "/k", initramfs: "/i")
        description.root = .directory("/image")
        description.process = ProcessDescription(arguments: ["true"])
        let tap = TapInterface(
            name: "eth0", tap: "hammock0", mac: "02:00:00:00:00:01", mtu: 1500,
            addresses: ["10.0.0.2/24"],
            routes: [
                .init(target: "0.0.0.0/0", gateway: "10.1.0.1"),
                .init(target: "10.1.0.0/24", gateway: nil),
            ])
        description.network = .taps([tap], hasNameServer: true)
        let subjects = try description.setup().filter { $0.kind == .network }.map { frame in
            String(decoding: frame.payload.prefix { $0 != 0 }, as: UTF8.self)
        }
        #expect(
            subjects == [
                "the interface eth0", "the address 10.0.0.2/24 of eth0",
                "the route to 10.1.0.0/24 by eth0", "the route to 0.0.0.0/0 by eth0",
                "the interface names0", "the address 169.254.53.15/24 of names0",
            ])
        let words = description.qemu(MachinePaths(directory: "/run/box")).joined(separator: " ")
        #expect(words.contains("tap,id=net0,ifname=hammock0,script=no,downscript=no"))
        #expect(words.contains("mac=02:00:00:00:00:01,host_mtu=1500"))
        #expect(words.contains("user,id=names,ipv6=off,net=169.254.53.0/24"))
        #expect(!words.contains(" ip="))
    }
}
