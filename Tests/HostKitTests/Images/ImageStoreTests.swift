import Foundation
import Glibc
import Synchronization
import SystemPackage
import Testing

@testable import HostKit

/// Whether Debian's tools for squashfs are here.
private let hasTools =
    ImageTool.tar2sqfs.isInstalled && ImageTool.sha256sum.isInstalled
    && access("/usr/bin/sqfs2tar", X_OK) == 0

/// An image in OCI's layout, below a directory that is gone when this is.
private final class Layout: Sendable {
    let directory: FilePath
    private let flattener: ImageFlattener

    var path: FilePath { directory.appending("layout") }
    var blobs: FilePath { path.appending("blobs/sha256") }
    var store: ImageStore { ImageStore(directory: directory.appending("cache/images")) }
    var source: ImageSource { .ociLayout(path, tag: nil) }

    init() throws {
        directory = FilePath(NSTemporaryDirectory()).appending("images-\(UUID().uuidString)")
        flattener = ImageFlattener(
            directory: directory, limits: ImageLimits(), progress: { _ in })
        try FileManager.default.createDirectory(
            atPath: blobs.string, withIntermediateDirectories: true)
        try write(path.appending("oci-layout"), #"{"imageLayoutVersion":"1.0.0"}"#)
    }

    deinit { removeTree(directory) }

    func write(_ path: FilePath, _ bytes: [UInt8]) throws {
        try Data(bytes).write(to: URL(filePath: path.string))
    }

    func write(_ path: FilePath, _ text: String) throws { try write(path, [UInt8](text.utf8)) }

    /// Adds a blob, and says its descriptor.
    func add(_ bytes: [UInt8], type: String) async throws -> (digest: String, json: String) {
        let digest = try await flattener.digest(of: MemorySource(bytes))
        try write(blobs.appending(digest.hexadecimal), bytes)
        return (
            digest.hexadecimal,
            #"{"mediaType":"\#(type)","digest":"\#(digest)","size":\#(bytes.count)}"#
        )
    }

    /// Makes an image of layers, the lowest first.
    @discardableResult
    func fill(
        _ layers: [[UInt8]], architecture: String = "amd64"
    ) async throws -> (config: String, layers: [String]) {
        var descriptors: [String] = []
        var digests: [String] = []
        for layer in layers {
            let blob = try await add(layer, type: "application/vnd.oci.image.layer.v1.tar")
            descriptors.append(blob.json)
            digests.append(blob.digest)
        }
        let unpacked = digests.map { "\"sha256:\($0)\"" }.joined(separator: ",")
        let config = try await add(
            [UInt8](
                (#"{"architecture":"\#(architecture)","os":"linux","config":{"Cmd":["/x"]},"#
                    + #""rootfs":{"type":"layers","diff_ids":[\#(unpacked)]}}"#).utf8),
            type: "application/vnd.oci.image.config.v1+json")
        let manifest = try await add(
            [UInt8](
                (#"{"schemaVersion":2,"config":\#(config.json),"#
                    + #""layers":[\#(descriptors.joined(separator: ","))]}"#).utf8),
            type: "application/vnd.oci.image.manifest.v1+json")
        try write(
            path.appending("index.json"),
            #"{"schemaVersion":2,"manifests":[\#(manifest.json)]}"#)
        return (config.digest, digests)
    }

    /// What is in the store's directory, apart from its lock.
    var entries: [String] {
        let names = try? FileManager.default.contentsOfDirectory(atPath: store.directory.string)
        return (names ?? []).filter { $0 != "lock" }.sorted()
    }
}

/// Two layers, of which the upper one hides a part of the lower one.
private let twoLayers = [
    TarBuilder.archive {
        $0.directory("./", mode: 0o711)
        $0.file("etc/passwd", "root:x:0:0::/root:/bin/sh\n")
        $0.file("etc/group", "root:x:0:\n")
        $0.file("a", "old")
        $0.link("b", to: "a")
        $0.file("large", String(repeating: "0123456789abcdef", count: 20_000))
        $0.file("gone/x", "1")
    },
    TarBuilder.archive {
        $0.file(".wh.a")
        $0.file(".wh.gone")
        $0.symlink("s", to: "../b")
        $0.directory("d", mode: 0o1777)
    },
]

/// What a program writes.
@discardableResult
private func run(_ program: String, _ arguments: String...) throws -> [UInt8] {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "\(program) \(arguments)")
    return [UInt8](bytes)
}

private func bytes(_ path: FilePath) throws -> Data {
    try Data(contentsOf: URL(filePath: path.string))
}

/// Collects the lines of progress.
private final class Lines: Sendable {
    private let lines = Mutex<[String]>([])

    func add(_ line: String) { lines.withLock { $0.append(line) } }
    func count(_ words: String) -> Int {
        lines.withLock { $0.count { $0.contains(words) } }
    }
    var isEmpty: Bool { lines.withLock(\.isEmpty) }
}

/// What is wrong, if `body` says so.
private func refusal(_ body: () async throws -> PreparedImage) async -> HostError? {
    do {
        _ = try await body()
        return nil
    } catch let error as HostError {
        return error
    } catch {
        Issue.record("\(error) is no error for a person")
        return nil
    }
}

@Suite(.enabled(if: hasTools, "squashfs-tools-ng is not installed"))
struct ImageStoreTests {
    @Test func `the squashfs has what the layers are together`() async throws {
        let layout = try Layout()
        try await layout.fill(twoLayers)
        let image = try await layout.store.prepare(layout.source)
        #expect(image.configuration.command == ["/x"])
        #expect(image.passwd == "root:x:0:0::/root:/bin/sh\n")
        #expect(image.group == "root:x:0:\n")
        let archive = try run("/usr/bin/sqfs2tar", "-r", ".", image.root.string)
        let contents = try Contents(archive: archive, modes: true).entries
        #expect(contents["large"]?.utf8.count == 320_005)
        #expect(
            contents.filter { $0.key != "large" } == [
                "": "dir 711", "etc": "dir 755", "d": "dir 777", "b": "file old",
                "s": "symlink ../b", "etc/group": "file root:x:0:\n",
                "etc/passwd": "file root:x:0:0::/root:/bin/sh\n",
            ])
    }

    @Test func `an image is converted once, and to the same bytes each time`() async throws {
        let layout = try Layout()
        try await layout.fill(twoLayers)
        let first = try await layout.store.prepare(layout.source)
        let lines = Lines()
        let again = try await layout.store.prepare(layout.source) { lines.add($0) }
        #expect(again.root == first.root)
        #expect(lines.isEmpty)
        let other = ImageStore(directory: layout.directory.appending("other"))
        let second = try await other.prepare(layout.source)
        #expect(try bytes(first.root) == bytes(second.root))
        #expect(layout.entries == ["sha256-\(try #require(first.digest).hexadecimal)"])
    }

    @Test(arguments: [ImageTool.gzip, .zstd, .xz])
    func `layers may be compressed`(tool: ImageTool) async throws {
        guard tool.isInstalled else { return }
        let layout = try Layout()
        var layers: [[UInt8]] = []
        for (index, layer) in twoLayers.enumerated() {
            let file = layout.directory.appending("\(index)")
            try layout.write(file, layer)
            layers.append(try run("/usr/bin/env", tool.rawValue, "-c", file.string))
        }
        try await layout.fill(layers)
        let packed = try await layout.store.prepare(layout.source)
        let plain = try Layout()
        try await plain.fill(twoLayers)
        let image = try await plain.store.prepare(plain.source)
        #expect(try bytes(packed.root) == bytes(image.root))
    }

    @Test func `an archive, plain or packed, has the image that the layout has`() async throws {
        let layout = try Layout()
        let parts = try await layout.fill(twoLayers)
        let plain = try await layout.store.prepare(layout.source)
        let archive = layout.directory.appending("oci.tar")
        try run("/usr/bin/env", "tar", "-C", layout.path.string, "-cf", archive.string, ".")
        try run("/usr/bin/env", "gzip", "-k", archive.string)
        for source in [
            ImageSource.ociArchive(archive, tag: nil), .file(archive, tag: nil),
            .file(layout.directory.appending("oci.tar.gz"), tag: nil),
        ] {
            #expect(try await layout.store.prepare(source).root == plain.root)
        }
        let names = parts.layers.map { "\"blobs/sha256/\($0)\"" }.joined(separator: ",")
        try layout.write(
            layout.path.appending("manifest.json"),
            #"[{"Config":"blobs/sha256/\#(parts.config)","RepoTags":["x.io/a:1"],"#
                + #""Layers":[\#(names)]}]"#)
        let saved = layout.directory.appending("docker.tar")
        try run(
            "/usr/bin/env", "tar", "-C", layout.path.string, "-cf", saved.string, "blobs",
            "manifest.json")
        for source in [
            ImageSource.dockerArchive(saved, tag: "a:1"), .file(saved, tag: nil),
        ] {
            let image = try await layout.store.prepare(source)
            #expect(image.digest?.hexadecimal == parts.config)
            #expect(try bytes(image.root) == bytes(plain.root))
        }
        let error = await refusal {
            try await layout.store.prepare(.dockerArchive(saved, tag: "2"))
        }
        #expect(error?.description.contains("(there is: x.io/a:1)") == true)
    }

    @Test(arguments: ["gnu", "posix", "ustar"])
    func `a tar of a root file system and its directory are the same`(
        format: String
    ) async throws {
        let layout = try Layout()
        let root = layout.directory.appending("root")
        let deep = root.appending(
            String(repeating: "d", count: 70) + "/" + String(repeating: "e", count: 60))
        try FileManager.default.createDirectory(
            atPath: deep.string, withIntermediateDirectories: true)
        let file = deep.appending(String(repeating: "f", count: 70))
        try layout.write(file, "1")
        let short = root.appending("short")
        try layout.write(short, "2")
        try run("/usr/bin/env", "ln", short.string, root.appending("link").string)
        try layout.write(root.appending(".wh.short"), "no whiteout")
        try run("/usr/bin/env", "mkfifo", root.appending("fifo").string)
        try run("/usr/bin/env", "touch", "-d@1000000000", file.string)
        for packer in ["cat", "gzip -c", "xz -c"] {
            let tar = layout.directory.appending("root.tar")
            try run(
                "/bin/sh", "-c",
                "tar --format=\(format) --numeric-owner -C \(root) -c . | \(packer) > \(tar)")
            let packed = try await layout.store.prepare(.file(tar, tag: nil))
            let image = try await layout.store.prepare(
                .rootDirectory(root), scratch: layout.directory)
            func contents(_ image: PreparedImage) throws -> [String: String] {
                try Contents(
                    archive: run("/usr/bin/sqfs2tar", "-r", ".", image.root.string), modes: true
                ).entries
            }
            #expect(try contents(packed) == contents(image))
            #expect(try contents(image).count == 8)
            image.cleanUp()
            #expect(access(image.root.string, F_OK) != 0)
            packed.cleanUp()
            #expect(access(packed.root.string, F_OK) == 0)
        }
    }

    @Test func `a tar of a root file system that is cut short is refused`() async throws {
        let layout = try Layout()
        let tar = layout.directory.appending("root.tar")
        // At the end of an entry, where only the mark of the end is missing.
        try layout.write(tar, Array(twoLayers[0].dropLast(1024)))
        let error = await refusal { try await layout.store.prepare(.file(tar, tag: nil)) }
        #expect(error?.description.contains("it is cut short") == true)
    }

    @Test func `a tag of a root file system is refused`() async throws {
        let layout = try Layout()
        let tar = layout.directory.appending("root.tar")
        try layout.write(tar, twoLayers[0])
        let error = await refusal { try await layout.store.prepare(.file(tar, tag: "x")) }
        #expect(error?.code == 2)
    }

    @Test func `two conversions at once make one entry`() async throws {
        let layout = try Layout()
        try await layout.fill(twoLayers)
        let lines = Lines()
        try await withThrowingTaskGroup(of: PreparedImage.self) { group in
            for _ in 0..<3 {
                group.addTask {
                    try await layout.store.prepare(layout.source) { lines.add($0) }
                }
            }
            try await group.waitForAll()
        }
        // Twice, as a hidden file has a link here.
        #expect(lines.count("unpacking layer 1") == 2)
        #expect(layout.entries.count == 1)
    }

    @Test func `a conversion waits for another, and removes what a third left behind`()
        async throws
    {
        let layout = try Layout()
        try await layout.fill(twoLayers)
        let left = layout.store.directory.appending("partial-1234")
        try FileManager.default.createDirectory(
            atPath: left.string, withIntermediateDirectories: true)
        try layout.write(left.appending("root.squashfs"), "half")
        let lock = try FileDescriptor.open(
            layout.store.directory.appending("lock"), .readWrite, options: .create,
            permissions: .ownerReadWrite)
        #expect(flock(lock.rawValue, LOCK_EX) == 0)
        // The one that waits says so, and only then gets the lock.
        let image = try await layout.store.prepare(layout.source) { line in
            guard line.contains("waiting") else { return }
            #expect(layout.entries == ["partial-1234"])
            try? lock.close()
        }
        #expect(layout.entries == ["sha256-\(try #require(image.digest).hexadecimal)"])
    }
}

@Suite(.enabled(if: hasTools, "squashfs-tools-ng is not installed"))
struct DamagedImageTests {
    /// What a store says to an image that `damage` changed. It must not keep anything of it.
    private func refusal(
        _ layers: [[UInt8]] = twoLayers, architecture: String = "amd64",
        damage: (Layout, (config: String, layers: [String])) throws -> Void = { _, _ in }
    ) async throws -> String {
        let layout = try Layout()
        let parts = try await layout.fill(layers, architecture: architecture)
        try damage(layout, parts)
        let error = await HostKitTests.refusal { try await layout.store.prepare(layout.source) }
        #expect(layout.entries == [])
        #expect(error?.code == 125)
        return error?.description ?? "it was accepted"
    }

    @Test func `a blob that is cut short is refused`() async throws {
        let error = try await refusal { layout, parts in
            let blob = layout.blobs.appending(parts.layers[1])
            try layout.write(blob, [UInt8](try bytes(blob).dropLast()))
        }
        #expect(error.contains("the layer 2 of 2 in "))
        #expect(error.contains("has 3071 bytes, and should have 3072"))
    }

    @Test func `a layer with a wrong digest is refused by name`() async throws {
        for index in [0, 1] {
            var digest = ""
            let error = try await refusal { layout, parts in
                digest = parts.layers[index]
                let blob = layout.blobs.appending(digest)
                var content = [UInt8](try bytes(blob))
                // In the padding at the end, where tar sees nothing wrong.
                content[content.count - 1] = 1
                try layout.write(blob, content)
            }
            #expect(error.contains("layer \(index + 1) of 2"))
            #expect(error.contains("should be sha256:\(digest)"))
        }
    }

    @Test func `a wrong digest is what is said, whatever else is wrong for it`() async throws {
        let error = try await refusal { layout, parts in
            let blob = layout.blobs.appending(parts.layers[1])
            var content = [UInt8](try bytes(blob))
            content[0] ^= 1
            try layout.write(blob, content)
        }
        #expect(error.contains("is damaged: its digest is"))
    }

    @Test func `a configuration with a wrong digest is refused`() async throws {
        let error = try await refusal { layout, parts in
            let blob = layout.blobs.appending(parts.config)
            let text = String(decoding: try bytes(blob), as: UTF8.self)
            try layout.write(blob, text.replacing("/x", with: "/y"))
        }
        #expect(error.contains("the configuration in "))
        #expect(error.contains("its digest is"))
    }

    @Test func `a missing blob is named`() async throws {
        let error = try await refusal { layout, parts in
            removeTree(layout.blobs.appending(parts.layers[0]))
        }
        #expect(error.contains("lacks a blob: the layer 1 of 2, sha256:"))
    }

    @Test func `a blob that is a link is refused`() async throws {
        let error = try await refusal { layout, parts in
            let blob = layout.blobs.appending(parts.layers[0])
            try run("/usr/bin/env", "mv", blob.string, blob.string + "x")
            try run("/usr/bin/env", "ln", "-s", blob.string + "x", blob.string)
        }
        #expect(error.contains("cannot read"))
    }

    @Test func `a packed layer that is cut short is refused`() async throws {
        let layout = try Layout()
        let file = layout.directory.appending("layer")
        try layout.write(file, twoLayers[0])
        for tool in ["gzip", "zstd", "xz"] where access("/usr/bin/\(tool)", X_OK) == 0 {
            let packed = try run("/usr/bin/env", tool, "-c", file.string)
            let error = try await refusal([Array(packed.dropLast(20))])
            #expect(error.contains("cannot unpack layer 1 of 1"), "\(tool)")
        }
    }

    @Test func `an image for another machine is refused before it is unpacked`() async throws {
        let error = try await refusal([[1, 2, 3]], architecture: "riscv64")
        #expect(error == "the image is for linux/riscv64; the machine is linux/amd64")
    }

    @Test func `a malicious layer is refused, and nothing stays`() async throws {
        let error = try await refusal([TarBuilder.archive { $0.file("../../x", "1") }])
        #expect(error.contains("'../../x', which has '..' in its path"))
    }

    @Test func `docker's layer with a wrong digest is refused`() async throws {
        let layout = try Layout()
        let parts = try await layout.fill(twoLayers)
        try layout.write(
            layout.path.appending("manifest.json"),
            #"[{"Config":"blobs/sha256/\#(parts.config)","Layers":["blobs/sha256/"#
                + #"\#(parts.layers[1])","blobs/sha256/\#(parts.layers[0])"]}]"#)
        let tar = layout.directory.appending("docker.tar")
        try run("/usr/bin/env", "tar", "-C", layout.path.string, "-cf", tar.string, ".")
        let error = await HostKitTests.refusal {
            try await layout.store.prepare(.dockerArchive(tar, tag: nil))
        }
        #expect(error?.description.contains("is damaged: its digest is") == true)
        #expect(layout.entries == [])
    }

    @Test(.enabled(if: geteuid() == 0, "only root can mount a small file system"))
    func `a full disk is named, and leaves nothing behind`() async throws {
        let layout = try Layout()
        var random = SystemRandomNumberGenerator()
        let noise = (0..<200_000).map { _ in
            Character(UnicodeScalar(UInt8.random(in: 33...126, using: &random)))
        }
        let large = TarBuilder.archive { $0.file("large", String(noise)) }
        try await layout.fill([large])
        let cache = layout.store.directory
        try FileManager.default.createDirectory(
            atPath: cache.string, withIntermediateDirectories: true)
        try run("/usr/bin/env", "mount", "-t", "tmpfs", "-o", "size=100k", "none", cache.string)
        defer { umount2(cache.string, Int32(MNT_DETACH)) }
        let error = await HostKitTests.refusal { try await layout.store.prepare(layout.source) }
        #expect(error?.code == 3)
        #expect(error?.description.contains("too little space in \(cache)") == true)
        #expect(layout.entries == [])
    }
}
