import HostKit
import Testing

@Suite struct ValueTests {
    @Test func `a volume is a path here, one in the machine, and maybe a mode`() throws {
        let share = try Share("data:/var/lib/data:ro", in: "/home/me")
        #expect(share.host == "/home/me/data")
        #expect(share.guest == "/var/lib/data")
        #expect(share.isReadOnly)
        #expect(try Share("/a:/b", in: "/").isReadOnly == false)
        #expect(try Share("/a:/b:rw", in: "/").isReadOnly == false)
    }

    @Test(arguments: [
        "/a", "/a:b", "/a:/", ":/b", "/a:/b:rx", "/a:/b:ro:x", "", "/a://", "/a:/./", "/a:/b/../c",
    ])
    func `what is no volume is refused as wrong use`(text: String) {
        let error = #expect(throws: HostError.self) { try Share(text, in: "/") }
        #expect(error?.code == 2)
        #expect(error?.description.contains("--volume") == true)
    }

    @Test func `a path in the machine is one without detours`() throws {
        #expect(try Share("/a://b/./c/", in: "/").guest == "/b/c")
    }

    @Test func `volumes that one machine cannot have are refused`() throws {
        let shares = try (1...20).map { try Share("/a:/b\($0)", in: "/") }
        try Share.check(Array(shares.dropLast()))
        #expect(throws: HostError.self) { try Share.check(shares) }
        let error = #expect(throws: HostError.self) {
            try Share.check([try Share("/a:/b", in: "/"), try Share("/c:/b/", in: "/")])
        }
        #expect(error?.code == 2)
        #expect(error?.description.contains("'/b'") == true)
    }

    @Test func `a port is one of 127.0.0.1 unless an address is named`() throws {
        let port = try PublishedPort("8080:80")
        #expect(port.address == "127.0.0.1" && port.host == 8080 && port.guest == 80)
        #expect(!port.isUDP)
        let other = try PublishedPort("0.0.0.0:53:5353/udp")
        #expect(other.address == "0.0.0.0" && other.host == 53 && other.guest == 5353)
        #expect(other.isUDP)
    }

    @Test(arguments: [
        "80", "0:80", "80:0", "65536:1", "1:2:3", "300.0.0.1:1:2", "a:b", "1:2/icmp", ":1:2", "",
    ])
    func `what is no port is refused as wrong use`(text: String) {
        let error = #expect(throws: HostError.self) { try PublishedPort(text) }
        #expect(error?.code == 2)
    }

    @Test func `memory has podman's units`() throws {
        #expect(try ByteSize.memory("40m") == 40)
        #expect(try ByteSize.memory("512m") == 512)
        #expect(try ByteSize.memory("2G") == 2048)
        #expect(try ByteSize.memory("65536k") == 64)
        #expect(try ByteSize.memory("134217728") == 128)
        #expect(try ByteSize.memory("17179869184") == 16384)
    }

    @Test(arguments: [
        "", "m", "0m", "-1m", "39m", "99999g", "99999999999g", "1.5g", "9999999999999999999",
    ])
    func `what is no size of a machine's memory is refused`(text: String) {
        #expect(throws: HostError.self) { try ByteSize.memory(text) }
    }

    @Test func `a signal goes by its name or its number`() throws {
        #expect(try SignalNumber.parse("SIGTERM") == 15)
        #expect(try SignalNumber.parse("quit") == 3)
        #expect(try SignalNumber.parse("9") == 9)
        #expect(try SignalNumber.parse("RTMIN+3") == 37)
        for text in ["", "0", "65", "SIGFOO", "RTMIN+31"] {
            #expect(throws: HostError.self) { try SignalNumber.parse(text) }
        }
    }

    @Test func `a variable takes the place of one of its name`() {
        let variables = Variables(["A=1", "AB=2"]).with(["AB=3", "C=4"]).with(["A="])
        #expect(variables.text == ["A=", "AB=3", "C=4"])
    }

    @Test(arguments: ["a", "web-1", "0", "x-y-z"])
    func `a host name is a machine's name`(name: String) throws {
        try MachineDirectory.check(name)
    }

    @Test(arguments: ["", "-a", "A", "a b", "../x", "a/b", String(repeating: "a", count: 49)])
    func `what is no host name is no machine's name`(name: String) {
        let error = #expect(throws: HostError.self) { try MachineDirectory.check(name) }
        #expect(error?.code == 2)
    }
}
