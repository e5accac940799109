import HostKit
import Testing

@Suite struct MachineDescriptionTests {
    private func description() -> MachineDescription {
        var description = MachineDescription(name: "box", kernel: "/k", initramfs: "/i")
        description.root = .image("/cache/a,b/root")
        description.process = ProcessDescription(arguments: ["true"])
        description.counterSpeed = 2_500_000
        return description
    }

    /// The values of an option of qemu's.
    private func values(_ option: String, of words: [String]) -> [String] {
        zip(words, words.dropFirst()).filter { $0.0 == option }.map(\.1)
    }

    private let paths = MachinePaths(directory: "/run/box")

    @Test func `under emulation the kernel is told how fast the counter is, and to trust it`() {
        var description = description()
        let emulated = values("-append", of: description.qemu(paths)).first ?? ""
        #expect(emulated.contains(" tsc_early_khz=2500000 tsc=reliable "))
        description.accelerator = .kvm
        let words = description.qemu(paths)
        #expect(values("-append", of: words).first?.contains("tsc") == false)
        #expect(values("-accel", of: words) == ["kvm"])
    }

    @Test func `the words for the agent come last`() {
        let words = values("-append", of: description().qemu(paths)).first ?? ""
        #expect(words.hasSuffix(" -- /agent /dev/vport0p1"))
    }

    @Test func `the port of the agent is on the first device, whose number is in its name`() {
        let devices = values("-device", of: description().qemu(paths))
        #expect(devices.first == "virtio-serial-device")
    }

    @Test func `the image's disk can only be read, and a comma in its path stays one`() {
        let drives = values("-drive", of: description().qemu(paths))
        #expect(drives == ["if=none,id=root,format=raw,readonly=on,file=/cache/a,,b/root"])
    }

    @Test func `without a network there is no device for one, and no address`() {
        var description = description()
        description.network = .none
        let words = description.qemu(paths)
        #expect(values("-netdev", of: words).isEmpty)
        #expect(!words.contains { $0.contains("virtio-net") || $0.contains("ip=") })
    }

    @Test func `a port that is published leads from its address to the machine`() throws {
        var description = description()
        description.ports = [try PublishedPort("8080:80"), try PublishedPort("0.0.0.0:53:53/udp")]
        #expect(
            values("-netdev", of: description.qemu(paths)) == [
                "user,id=net,hostfwd=tcp:127.0.0.1:8080-:80,hostfwd=udp:0.0.0.0:53-:53"
            ])
    }

    @Test func `the machine enters its root before what is in it, and starts the program last`()
        throws
    {
        var description = description()
        description.isReadOnly = true
        let kinds = try description.setup().map(\.kind)
        #expect(kinds.last == .start)
        #expect(kinds.filter { $0 == .enter }.count == 1)
        let enter = try #require(kinds.firstIndex(of: .enter))
        #expect(kinds[..<enter].allSatisfy { $0 == .mount || $0 == .directory })
        #expect(kinds[enter...].contains(.file))
        // What makes the root read-only comes after all that is written to it.
        #expect(Array(kinds.suffix(3)) == [.directory, .mount, .start])
    }
}
