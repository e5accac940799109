import InitCore
import SeededRandom
import Testing

/// The mount points of a text. Stops when there are more than there can be.
private func mountPoints(of text: String, column: Int = 1) -> [String] {
    mountPoints(of: Array(text.utf8), column: column)
}

private func mountPoints(of bytes: [UInt8], column: Int = 1) -> [String] {
    // A block of just this size, so that a sanitizer notices a read beyond its end.
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    defer { buffer.deallocate() }
    buffer.copyBytes(from: bytes)
    var table = PathTable(buffer, column: column)
    var found: [String] = []
    while let path = table.next() {
        found.append(String(cString: path))
        guard found.count <= bytes.count else { return ["without end"] }
    }
    return found
}

@Suite struct PathTableTests {
    @Test func `the mount points come in reverse, so that inner ones are first`() {
        let text = """
            /dev/vda / ext4 rw,relatime 0 0
            tmpfs /run tmpfs rw,nosuid,nodev 0 0
            /dev/vdb /home ext4 rw 0 0
            /dev/vdc /home/linus ext4 rw 0 0

            """
        #expect(mountPoints(of: text) == ["/home/linus", "/home", "/run", "/"])
    }

    @Test func `the kernel's own mounts are left out, but not mounts inside them`() {
        let text = """
            devtmpfs /dev devtmpfs rw 0 0
            proc /proc proc rw 0 0
            sysfs /sys sysfs rw 0 0
            devpts /dev/pts devpts rw 0 0
            cgroup2 /sys/fs/cgroup cgroup2 rw 0 0
            a /devices ext4 rw 0 0
            b /process ext4 rw 0 0
            c /sy ext4 rw 0 0
            d /mnt/dev ext4 rw 0 0

            """
        #expect(
            mountPoints(of: text) == [
                "/mnt/dev", "/sy", "/process", "/devices", "/sys/fs/cgroup", "/dev/pts",
            ])
    }

    @Test func `a directory with two mounts comes twice`() {
        #expect(mountPoints(of: "a /mnt x rw 0 0\nb /mnt x rw 0 0\n") == ["/mnt", "/mnt"])
    }

    @Test func `the kernel's escapes for space, tab, newline, backslash and hash are undone`() {
        #expect(
            mountPoints(of: #"a /a\040b\011c\012d\134e\043f x rw 0 0"# + "\n")
                == ["/a b\tc\nd\\e#f"])
        #expect(mountPoints(of: #"a /\040 x rw 0 0"# + "\n") == ["/ "])
        #expect(mountPoints(of: #"a /\134040 x rw 0 0"# + "\n") == [#"/\040"#])
    }

    @Test func `the paths of swap files are in the first column, below its heading`() {
        let text = """
            Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority
            /swap                                   file\t\t4092\t\t0\t\t-2
            /mnt/a\\040swap                           file\t\t4092\t\t0\t\t-3

            """
        #expect(mountPoints(of: text, column: 0) == ["/mnt/a swap", "/swap"])
    }

    @Test func `a byte outside ASCII stays as it is`() {
        #expect(mountPoints(of: "a /päth x rw 0 0\n") == ["/päth"])
        #expect(mountPoints(of: #"a /p\303\244th x rw 0 0"# + "\n") == ["/päth"])
    }

    @Test func `a last line without a newline is left out`() {
        let whole = Array("a /one x rw 0 0\nb /two x rw 0 0\n".utf8)
        for length in 0...whole.count {
            let lines = whole[..<length].count { $0 == UInt8(ascii: "\n") }
            let expected = ["/two", "/one"].suffix(lines)
            #expect(mountPoints(of: Array(whole[..<length])) == Array(expected))
        }
    }

    @Test func `an empty table has no mount points`() {
        #expect(mountPoints(of: "").isEmpty)
        #expect(mountPoints(of: "\n\n\n").isEmpty)
    }

    @Test func `lines without a path are skipped`() {
        #expect(mountPoints(of: "nothing\n \n  \na /here x rw 0 0\n\n") == ["/here"])
    }

    @Test func `a broken escape does no harm`() {
        for path in [#"/\"#, #"/\0"#, #"/\04"#, #"/\999"#, #"/\x41"#] {
            let found = mountPoints(of: "a \(path)\n")
            #expect(found.count == 1 && found[0].hasPrefix("/"))
        }
    }

    @Test func `the table comes to an end, whatever its bytes`() {
        var generator = SplitMix64(seed: 1)
        let alphabet = Array("a/ \\01\n\0".utf8)
        for _ in 0..<5_000 {
            let count = Int.random(in: 0...40, using: &generator)
            let bytes = (0..<count).map { _ in alphabet.randomElement(using: &generator)! }
            #expect(mountPoints(of: bytes) != ["without end"])
        }
    }
}
