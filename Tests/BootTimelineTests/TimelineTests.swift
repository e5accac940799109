import Testing

@testable import BootTimeline

@Suite struct TimelineTests {
    @Test func `the phases follow each other and leave nothing out`() throws {
        let timeline = try timeline()
        #expect(timeline.title == "microvm, tcg, Linux 6.12.117")
        #expect(timeline.total == 900_000)
        #expect(
            timeline.phases.map(\.name)
                == ["qemu", "firmware", "early kernel (no clock yet)", "kernel", "init"])
        #expect(timeline.phases.map(\.start) == [0, 100_000, 200_000, 300_000, 810_000])
        #expect(timeline.phases.last?.end == timeline.total)
        for (phase, next) in zip(timeline.phases, timeline.phases.dropFirst()) {
            #expect(phase.end == next.start)
        }
    }

    @Test func `without qemu's trace, what comes before the kernel's clock is one phase`() throws {
        let text = microvm.split(separator: "\n").filter { !$0.contains(" firmware ") }
        let phases = try timeline(text.joined(separator: "\n")).phases
        #expect(phases.map(\.name) == ["qemu, firmware", "kernel", "init"])
    }

    @Test func `an initcall lasts from its call to its return, whatever duration it logs`() throws {
        let call = try #require(timeline().details.first { $0.name == "acpi_init" })
        #expect(call.kind == .initcall)
        #expect(call.start == 330_000)
        #expect(call.length == 100_000)
    }

    @Test func `a stretch between two lines is named after the one that ends it`() throws {
        let stretches = try timeline().details.filter { $0.kind == .stretch }
        #expect(
            stretches.map(\.name) == [
                "printk: log_buf_len: 1048576 bytes", "calling  acpi_init+0x0/0x4a9 @ 1",
                "VFS: Mounted root (ext4 filesystem) readonly on device 254:0.",
                "Freeing unused kernel image (initmem) memory: 1392K", "Run /init as init process",
            ])
        #expect(stretches.map(\.length) == [20_000, 10_000, 100_000, 170_000, 10_000])
    }

    @Test func `the largest spans leave out one that is nearly all of another`() throws {
        let largest = try timeline().largest(10, share: 0.1)
        #expect(
            largest.map(\.name) == [
                "acpi_init", "virtio_blk_init",
                "VFS: Mounted root (ext4 filesystem) readonly on device 254:0.",
                "Freeing unused kernel image (initmem) memory: 1392K",
            ])
        #expect(try timeline().largest(1, share: 0).map(\.length) == [170_000])
    }

    @Test func `what the kernel asks of qemu is not the firmware's`() throws {
        let text = microvm + "\n1700000 firmware file_dir"
        #expect(try timeline(text).phases == timeline().phases)
    }

    @Test func `a machine to log in to has its network and its server among the milestones`() throws
    {
        let text = withServices(
            """
            [    0.400000] IP-Config: Complete:
            [    0.610000] init: ssh.service begins
            [    0.640000] init: ssh.service is up
            """)
        let milestones = try timeline(text).milestones.map { "\($0.name) \($0.at)" }
        #expect(milestones.contains("the network is up 700000"))
        #expect(milestones.contains("the SSH server listens 940000"))
    }

    @Test func `the milestones come in their order`() throws {
        #expect(
            try timeline().milestones.map { "\($0.name) \($0.at)" } == [
                "kernel is entered 200000", "root is mounted 630000", "init is executed 810000",
                "Hello, World! 900000",
            ])
    }

    @Test(arguments: ["Hello, World!", "Run /init as init process"])
    func `a boot that did not come to the greeting is refused`(line: String) {
        let text = microvm.split(separator: "\n").filter { !$0.contains(line) }
        #expect(throws: Recording.Problem.self) { try timeline(text.joined(separator: "\n")) }
    }
}
