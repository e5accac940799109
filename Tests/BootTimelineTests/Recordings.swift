@testable import BootTimeline

/// A boot as scripts/boot.sh records it, cut down to a line of each sort. The kernel's clock starts
/// 300,000 µs after qemu. Each line but the last arrives after 1,000 µs.
let microvm = """
    1000000 qemu
    1400000 console [    0.099000] PCI: Fatal: No config space access function found
    1900000 console Hello, World!
    1900100 console This is your friendly init system.
    1950000 console [    0.650000] sysrq: Trigger a crash
    1960000 console [    0.000000] Linux version 6.12.117 (hammock@hammock) #1 SMP
    1960001 console [    0.020000] printk: log_buf_len: 1048576 bytes
    1960002 console [    0.030000] calling  acpi_init+0x0/0x4a9 @ 1
    1960003 console [    0.099000] PCI: Fatal: No config space access function found
    1960004 console [    0.130000] initcall acpi_init+0x0/0x4a9 returned 0 after 70000 usecs
    1960005 console [    0.130000] calling  virtio_blk_init+0x0/0x78 @ 1
    1960006 console [    0.229000] probe of virtio0 returned 0 after 90000 usecs
    1960007 console [    0.230000] initcall virtio_blk_init+0x0/0x78 returned 0 after 99000 usecs
    1960008 console [    0.330000] VFS: Mounted root (ext4 filesystem) readonly on device 254:0.
    1960009 console [    0.500000] Freeing unused kernel image (initmem) memory: 1392K
    1960010 console [    0.510000] Run /init as init process
    1960011 console [    0.650000] sysrq: Trigger a crash
    1100000 firmware signature
    1200000 firmware kernel_entry
    """

func timeline(_ text: String = microvm) throws -> Timeline {
    try Timeline(of: Recording(parsing: text), title: "microvm, tcg")
}

/// The same boot with services. In place of the greeting init starts a program when they have
/// settled, at 1,100,000. The kernel's clock has 300,000 µs less.
func withServices(_ lines: String) -> String {
    let log = """
        [    0.560000] init: planning
        \(lines)
        [    0.800000] init: program started, pid 40
        """
    return microvm.split(separator: "\n")
        .filter { !$0.contains("Hello, World!") && !$0.contains("sysrq") }
        .joined(separator: "\n")
        // This line arrives at once, as in the recording above.
        + "\n2150000 console [    0.850000] sysrq: Trigger a crash"
        + log.split(separator: "\n").map { "\n2410000 console \($0)" }.joined()
}

/// Three services, one after the other. The last is not up when init goes on without it.
let services = withServices(
    """
    [    0.610000] init: disk.service begins
    [    0.640000] init: disk.service is up
    [    0.640100] init: broken.service begins
    [    0.660000] init: broken.service failed: code 7
    [    0.660200] init: web.service begins
    [    0.799000] init: the services are not settled yet: starting the program
    """)
