import InitCore
import SimulatedKernel
import Testing

@testable import InitRuntime

private let first = "a / ext4 rw 0 0\nb /mnt ext4 rw 0 0\n"
private let second = "c /mnt/in tmpfs rw 0 0\nd /home ext4 rw 0 0\n"

/// Takes everything apart on `kernel`.
private func takeApart(on kernel: inout SimulatedKernel) -> Bool {
    let log = Log(role: .process)
    return unmountEverything(on: &kernel, log: log, upTo: 7)
}

@Suite struct TakingApartTests {
    @Test func `init goes through a table in parts until nothing changes`() {
        var kernel = SimulatedKernel(devices: [:])
        kernel.tables["/proc/self/mounts"] = [first, second]
        #expect(takeApart(on: &kernel))
        #expect(
            kernel.deeds == ["unmount /mnt", "unmount /home", "unmount /mnt/in", "read-only /"])
    }

    @Test func `file systems in memory go first, then swap, and then those with the swap files`() {
        var kernel = SimulatedKernel(devices: [:])
        kernel.tables["/proc/self/mounts"] = [first]
        kernel.tables["/proc/swaps"] = ["Filename Type\n/mnt/a\\040swap file\n"]
        #expect(takeApart(on: &kernel))
        #expect(kernel.deeds == ["unmount /mnt", "swap off /mnt/a swap", "read-only /"])
    }

    @Test func `each loop device lets go of its file, and no other device is asked to`() {
        var kernel = SimulatedKernel(devices: [:])
        kernel.directories["/dev"] = [
            ".", "..", "console", "loop0", "loop12", "xloop",
            "loop" + String(repeating: "0", count: 251),
        ]
        #expect(!takeApart(on: &kernel))
        let detached = kernel.deeds.filter { $0.hasPrefix("detach") }
        #expect(detached == ["detach /dev/loop0", "detach /dev/loop12"])
    }

    @Test func `init names what stays writable, but no more than the log accepts at once`() {
        var kernel = SimulatedKernel(devices: ["2": SimulatedKernel.Device()])
        kernel.tables["/proc/self/mounts"] = [
            first + (1...8).map { "x /busy\($0) ext4 rw 0 0\n" }.joined()
        ]
        kernel.busy = (1...8).map { "/busy\($0)" }
        kernel.openStandardError()
        #expect(!takeApart(on: &kernel))
        let lines = [8, 7, 6, 5].map {
            "init: /busy\($0) stays writable: device or resource busy\n"
        }
        #expect(kernel.devices["2"]!.text == lines.joined())
    }

    @Test func `unmounting fails if a table cannot be read to its end`() {
        var kernel = SimulatedKernel(devices: [:])
        kernel.tables["/proc/self/mounts"] = [first]
        kernel.endOfTables = .tooLarge
        #expect(!takeApart(on: &kernel))
        #expect(kernel.deeds.last == "read-only /")
    }
}
