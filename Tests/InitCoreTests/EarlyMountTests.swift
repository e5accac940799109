import InitCore
import Testing

private let table = EarlyMount.table.indices.map { EarlyMount.table[$0] }

@Suite struct EarlyMountTests {
    @Test func `these file systems are mounted, in this order`() {
        #expect(
            table.map { "\($0.type.text) \($0.path.text) \($0.flags) \($0.data.text)" } == [
                "devtmpfs /dev 34 mode=755,size=4m",
                "proc /proc 14 ",
                "sysfs /sys 14 ",
                "devpts /dev/pts 10 gid=5,mode=620,ptmxmode=666",
                "tmpfs /dev/shm 6 mode=1777,size=30%",
                "tmpfs /run 6 mode=755,size=10%",
                "tmpfs /tmp 6 mode=1777,size=30%",
                "cgroup2 /sys/fs/cgroup 14 ",
            ])
    }

    @Test func `no directory is mounted twice, and none before its parent`() {
        for (number, mount) in table.enumerated() {
            let path = mount.path.text
            #expect(path.hasPrefix("/") && !path.hasSuffix("/"))
            for later in table[(number + 1)...].map(\.path.text) {
                #expect(later != path)
                #expect(!path.hasPrefix(later + "/"), "\(path) comes before \(later)")
            }
        }
    }

    @Test func `the command line can be read, and the log written, before the rest is mounted`() {
        let first = table[...EarlyMount.lastBeforeCommandLine].map(\.path.text)
        #expect(first.contains("/dev"))
        #expect(first.contains("/proc"))
    }

    @Test func `everything is a C string, for mount(2)`() {
        for mount in table {
            for text in [mount.type, mount.path, mount.data] {
                #expect(!text.text.contains("\0"))
                #expect(text.utf8Start[text.utf8CodeUnitCount] == 0)
            }
        }
    }
}
