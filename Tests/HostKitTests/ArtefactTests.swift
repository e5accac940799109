import AgentProtocol
import InitCore
import SystemPackage
import Testing

@testable import HostKit

@Suite struct ArtefactTests {
    // MARK: The initramfs

    @Test func `an archive gives back what it was made of`() {
        let files = (0..<5).map { index in
            CpioArchive.File(
                name: String(repeating: "n", count: index + 1), mode: 0o600,
                content: (0..<UInt8(index * 3)).map { $0 })
        }
        let archive = CpioArchive.make(files)
        #expect(archive.count % 512 == 0)
        for file in files {
            #expect(CpioArchive.content(of: file.name, in: archive) == file.content)
        }
        #expect(CpioArchive.content(of: "other", in: archive) == nil)
        // Cut anywhere, it gives a whole file or none.
        for count in 0..<archive.count {
            let content = CpioArchive.content(of: "nnnnn", in: Array(archive[..<count]))
            #expect(content == nil || content == files[4].content)
        }
    }

    @Test func `a header of an archive has the fields of newc in their order`() {
        let archive = CpioArchive.make([
            CpioArchive.File(name: "ab", mode: 0o640, content: [1, 2, 3])
        ])
        let fields = [
            "070701", "00000001", "000081A0", "00000000", "00000000", "00000001", "00000000",
            "00000003", "00000000", "00000000", "00000000", "00000000", "00000003", "00000000",
        ]
        // The header and the name are padded to four bytes together, and the content is by itself.
        let start =
            Array((fields.joined() + "ab\0\0\0\0").utf8) + [1, 2, 3, 0] + Array("0707".utf8)
        #expect(archive.starts(with: start))
    }

    // MARK: UEFI

    /// A program for UEFI with one section, as small as one can be.
    private func stub() -> [UInt8] {
        var bytes = Array("MZ".utf8) + [UInt8](repeating: 0, count: 62)
        bytes.set(number32: 64, at: 0x3c)
        bytes += [80, 69, 0, 0] + [UInt8](repeating: 0, count: 20 + 112)
        bytes.set(number16: 0x8664, at: 68)
        bytes.set(number16: 1, at: 70)
        bytes.set(number16: 112, at: 64 + 20)
        bytes.set(number16: 0x20b, at: 88)
        bytes.set(number32: 4096, at: 88 + 32)
        bytes.set(number32: 512, at: 88 + 36)
        bytes.set(number32: 1024, at: 88 + 60)
        var section = Array(".text\0\0\0".utf8) + [UInt8](repeating: 0, count: 32)
        section.set(number32: 100, at: 8)
        section.set(number32: 4096, at: 12)
        section.set(number32: 512, at: 16)
        section.set(number32: 1024, at: 20)
        bytes += section
        return bytes + [UInt8](repeating: 7, count: 1536 - bytes.count)
    }

    @Test func `sections lie behind the stub's own, in memory and in the file`() throws {
        let content = [UInt8](repeating: 9, count: 5000)
        let image = try UnifiedKernelImage.make(
            stub: stub(),
            [.init(name: ".cmdline", content: [1, 2, 3]), .init(name: ".linux", content: content)])
        #expect(image.number16(at: 70) == 3)
        let table = 88 + 112
        for (index, address, wanted) in [(1, 8192, [1, 2, 3]), (2, 12288, content)] {
            let entry = table + 40 * index
            #expect(image.number32(at: entry + 8) == wanted.count)
            #expect(image.number32(at: entry + 12) == address)
            #expect(image.number32(at: entry + 16) % 512 == 0)
            let place = image.number32(at: entry + 20)
            #expect(place % 512 == 0)
            #expect(Array(image[place..<place + wanted.count]) == wanted)
        }
        // Its size in memory ends with a whole page.
        #expect(image.number32(at: 88 + 56) == 12288 + 8192)
        // The code of the stub is where it was.
        #expect(image[1024..<1536].allSatisfy { $0 == 7 })
    }

    @Test func `what is no stub, or has no room, is refused`() {
        let sections = [UnifiedKernelImage.Section(name: ".linux", content: [1])]
        #expect(throws: HostError.self) { try UnifiedKernelImage.make(stub: [], sections) }
        for place in [0, 64, 68, 88] {
            var wrong = stub()
            wrong[place] ^= 0xff
            #expect(throws: HostError.self) { try UnifiedKernelImage.make(stub: wrong, sections) }
        }
        // More headers than lie before the first section.
        let many = (0..<30).map { UnifiedKernelImage.Section(name: ".\($0)", content: [1]) }
        #expect(throws: HostError.self) { try UnifiedKernelImage.make(stub: stub(), many) }
    }

    // MARK: The disk

    @Test func `a partition table has both parts, one behind the other`() throws {
        let megabyte = 1 << 20
        let table = try PartitionTable(
            code: [0xfa, 0x31], systemSize: 16 * megabyte, rootSize: 3 * megabyte
        ).bytes
        #expect(table.count == 512)
        #expect(table.starts(with: [0xfa, 0x31, 0]))
        #expect(table[510...] == [0x55, 0xaa])
        #expect(table[446] == 0x80 && table[450] == 0xef)
        #expect(table.number32(at: 454) == 2048)
        #expect(table.number32(at: 458) == 32768)
        #expect(table[462] == 0 && table[466] == 0x83)
        #expect(table.number32(at: 470) == 2048 + 32768)
        #expect(table.number32(at: 474) == 3 * 2048)
        #expect(table[478..<510].allSatisfy { $0 == 0 })
        #expect(throws: HostError.self) {
            try PartitionTable(code: [], systemSize: megabyte, rootSize: 512 << 32)
        }
        #expect(throws: HostError.self) {
            try PartitionTable(
                code: [UInt8](repeating: 0, count: 441), systemSize: 512, rootSize: 512)
        }
    }

    // MARK: Documents

    @Test func `a document has a line for each value, and its names in order`() throws {
        let document: JSONValue = ["b": ["x/\"\n", 1, true], "a": .strings(["é"])]
        let wanted = """
            {
              "a" : [
                "é"
              ],
              "b" : [
                "x/\\"\\n",
                1,
                true
              ]
            }

            """
        #expect(String(decoding: try document.document(), as: UTF8.self) == wanted)
        #expect(isoDate(315_532_800) == "1980-01-01T00:00:00Z")
    }

    @Test func `a bill of materials names each part, and says what belongs to what`() throws {
        let bill = BillOfMaterials(
            name: "box-disk", epoch: 315_532_800,
            parts: [
                .init(
                    id: "kernel", name: "linux", version: "6.12.1", purpose: "OPERATING-SYSTEM",
                    license: "GPL-2.0-only", sha256: "abc")
            ]
        ).json(sum: "def")
        #expect(bill["documentNamespace"] == "urn:hammock:build:box-disk:def")
        let names = bill["packages"].elements.map { $0["name"].string }
        #expect(names == ["box-disk", "linux"])
        let sums = bill["packages"].elements[1]["checksums"]
        #expect(sums == [["algorithm": "SHA256", "checksumValue": "abc"]])
        let related = bill["relationships"].elements.map { $0["relatedSpdxElement"].string }
        #expect(related == ["SPDXRef-Package-artefact", "SPDXRef-Package-kernel"])
    }

    // MARK: What the machine is told

    private func artefact(_ kind: Artefact.Kind, in directory: FilePath) throws -> Artefact {
        let root = directory.appending("root")
        try ArtefactFiles.write(root, (0..<200).map { $0 })
        var machine = MachineDescription(
            name: "box", kernel: directory.appending("vmlinux").string,
            initramfs: directory.appending("run.cpio").string)
        machine.process = ProcessDescription(arguments: ["/bin/true", "x"])
        let image = PreparedImage(
            root: root, configuration: ImageConfiguration(), digest: nil, passwd: "", group: "")
        return Artefact(
            kind, machine: machine, image: image, imageName: "box", epoch: 315_532_800)
    }

    /// The messages of a description, as the agent takes them.
    private func frames(_ description: [UInt8]) throws -> [Frame] {
        let header = description[..<DescriptionHeader.size].withUnsafeBufferPointer {
            DescriptionHeader(ByteView(start: $0.baseAddress!, count: $0.count))
        }
        #expect(header?.count == description.count - DescriptionHeader.size)
        var buffer = FrameBuffer()
        description[DescriptionHeader.size...].withUnsafeBytes { buffer.append($0) }
        var frames: [Frame] = []
        while let frame = try buffer.next() { frames.append(frame) }
        return frames
    }

    @Test func `a description looks for the image's disk first, and ends with the program`() throws
    {
        try inTemporaryDirectory { directory in
            var artefact = try artefact(.disk, in: directory)
            artefact.address = "dhcp"
            let frames = try frames(artefact.description())
            let locate = try Frame.locate(
                "/disk", milliseconds: 30_000, beginning: (0..<96).map { $0 })
            #expect(frames.first == locate)
            let mount = try Frame.mount(Mount("/disk", on: "/image", type: "squashfs", .readOnly))
            #expect(frames.dropFirst().first == mount)
            var process = artefact.machine.process
            process.hasConsole = true
            #expect(frames.last == (try Frame.start(process)))
            #expect(frames.last?.payload.first == ProcessRequest.hasConsole)
            let resolver = try Frame.link("/etc/resolv.conf", to: "/proc/net/pnp")
            #expect(frames.contains(resolver))
            // The agent takes it.
            var progress = DescriptionProgress(
                DescriptionHeader(count: frames.reduce(0) { $0 + $1.bytes.count }))
            for frame in frames {
                let isTaken = progress.take(FrameHeader(frame.kind, count: frame.payload.count))
                #expect(isTaken)
            }
        }
    }

    @Test func `a container's description leaves the root directory alone`() throws {
        try inTemporaryDirectory { directory in
            let frames = try frames(try artefact(.lxd, in: directory).description())
            #expect(frames.map(\.kind) == [.directory, .start])
        }
    }

    @Test func `the kernel's words end with the agent's, whatever stands before`() throws {
        try inTemporaryDirectory { directory in
            var artefact = try artefact(.disk, in: directory)
            artefact.address = "10.0.0.2::10.0.0.1:255.255.255.0::eth0:off"
            artefact.words = "hammock.grace=3"
            #expect(
                try artefact.kernelWords() == """
                    console=ttyS0 quiet loglevel=3 panic=-1 \
                    ip=10.0.0.2::10.0.0.1:255.255.255.0::eth0:off hammock.hostname=box \
                    hammock.grace=3 -- /agent --description /description
                    """)
            artefact.words = String(repeating: "x", count: 2000)
            #expect(throws: HostError.self) { try artefact.kernelWords() }
            artefact.words = "a\nb"
            #expect(throws: HostError.self) { try artefact.kernelWords() }
            let firecracker = try self.artefact(.firecracker, in: directory).kernelWords()
            #expect(firecracker.hasSuffix(" -- /agent --description /description --reboot"))
            #expect(firecracker.contains(" reboot=k panic=1 pci=off "))
        }
    }

    @Test func `a kernel says its release, and another file does not`() throws {
        try inTemporaryDirectory { directory in
            let file = directory.appending("kernel")
            try ArtefactFiles.write(file, Array("\u{7f}ELF...Linux version 6.12.1 (x@y)".utf8))
            #expect(try KernelVersion.find(in: file.string) == "6.12.1")
            try ArtefactFiles.write(file, Array("Linux".utf8))
            #expect(throws: HostError.self) { try KernelVersion.find(in: file.string) }
        }
    }

    // MARK: Where it goes

    @Test func `a directory is taken that is not there, or empty, and no other`() throws {
        try inTemporaryDirectory { directory in
            let there = directory.appending("there")
            try ArtefactFiles.makeDirectory(there)
            #expect(try OutputDirectory(there.string + "/").path == there)
            #expect(try OutputDirectory(directory.appending("new").string).parent == directory)
            try ArtefactFiles.write(there.appending("file"), [])
            for wrong in [there, there.appending("file"), directory.appending("none/new")] {
                #expect(throws: HostError.self) { try OutputDirectory(wrong.string) }
            }
        }
    }
}
