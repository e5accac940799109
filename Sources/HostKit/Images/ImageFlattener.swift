import Glibc
import Subprocess
import SystemPackage

/// A layer of an image, and how to know that its bytes are the right ones.
struct ImageLayer: Sendable {
    enum Check: Sendable {
        /// The digest of the file as it is stored.
        case stored(ImageDigest)
        /// The digest of the archive in it.
        case unpacked(ImageDigest)
    }

    let part: FilePart
    let check: Check?
    /// What messages call it.
    let label: String
    /// See `LayerMerger.take`.
    var isRoot = false
}

/// Makes one squashfs of the layers of an image.
struct ImageFlattener {
    /// What is beside the file.
    struct Result: Sendable {
        var passwd: [UInt8]
        var group: [UInt8]
        var attributesLost: Int
    }

    /// A second pass knows what the first found out. What it still finds, a third knows.
    private static let maximumPasses = 4

    /// In bytes: a disk with less is full. A block of squashfs has 128 KiB.
    private static let fullSize: UInt = 1 << 20

    /// What a message about too little space calls the place.
    let directory: FilePath
    let limits: ImageLimits
    let progress: @Sendable (String) -> Void

    /// Merges `layers`, the lowest first, into `file`.
    func flatten(_ layers: [ImageLayer], to file: FilePath) async throws -> Result {
        try await passes(to: file) { merger in
            for (index, layer) in layers.enumerated().reversed() {
                progress(
                    "unpacking layer \(index + 1) of \(layers.count)"
                        + " (\(ByteCount(layer.part.size)))")
                try await take(layer, number: index + 1, into: merger)
            }
        }
    }

    /// Puts what is in `root` into `file`.
    func flatten(directory root: FilePath, to file: FilePath) async throws -> Result {
        try await passes(to: file) { merger in
            progress("reading \(root)")
            let archive = try ImagePipe()
            async let ending = ImageTool.tar.run(
                [
                    "--create", "--directory", root.string, "--numeric-owner", "--sort=name",
                    "--format=posix", "--pax-option=delete=atime,delete=ctime,delete=mtime",
                    "--xattrs", "--xattrs-include=user.*", "--xattrs-include=security.*",
                    "--warning=no-file-ignored", ".",
                ],
                output: archive.writeEnd)
            let merged = await merge(
                DescriptorSource(descriptor: archive.readEnd), closing: archive.readEnd,
                number: 1, label: "\(root)", isRoot: true, into: merger)
            try check(try await ending, of: .tar, doing: "read \(root)", mergeFailed: merged)
            try merged.get()
        }
    }

    private func passes(
        to file: FilePath, _ layers: (LayerMerger) async throws -> Void
    ) async throws -> Result {
        var known = Amendments()
        for _ in 0..<Self.maximumPasses {
            let merger = try await pass(to: file, known: known, layers)
            if !merger.needsAnotherPass {
                return Result(
                    passwd: merger.captured[[UInt8]("etc/passwd".utf8)] ?? [],
                    group: merger.captured[[UInt8]("etc/group".utf8)] ?? [],
                    attributesLost: merger.attributesLost)
            }
            known = merger.amendments
            progress("reading the layers once more, for files that have several places")
        }
        throw HostError("the image's layers contradict each other in too many places")
    }

    private func pass(
        to file: FilePath, known: Amendments, _ layers: (LayerMerger) async throws -> Void
    ) async throws -> LayerMerger {
        let archive = try ImagePipe()
        let merger = LayerMerger(
            DescriptorSink(descriptor: archive.writeEnd), limits: limits, known: known)
        async let squashed = ImageTool.tar2sqfs.run(
            ["--quiet", "--force", "--no-skip", "--compressor", "lz4", file.string],
            input: archive.readEnd)
        var failure: (any Error)?
        do {
            try await layers(merger)
            try await onOwnThread { try merger.finish() }
        } catch {
            failure = error
        }
        try archive.writeEnd.close()
        let ending = try await squashed
        // If it ended first, its words say why nobody reads any more.
        if let failure, failure as? Errno != .brokenPipe { throw failure }
        guard ending.isSuccess || merger.needsAnotherPass else {
            throw outOfSpace(ending) ?? HostError("tar2sqfs failed: \(ending.reason)")
        }
        return merger
    }

    /// Whether a program failed for want of space. tar2sqfs says "I/O error" for that, too.
    private func outOfSpace(_ ending: ImageTool.Ending) -> HostError? {
        if ending.signal == SIGXFSZ {
            return HostError("the limit of a file's size is too low for the image (ulimit -f)")
        }
        var status = statvfs()
        let isFull =
            statvfs(directory.string, &status) == 0
            && status.f_bavail * status.f_frsize < Self.fullSize
        guard isFull || ending.errors.contains("No space left on device") else { return nil }
        return HostError("there is too little space in \(directory) for the image", code: 3)
    }
}

// MARK: - One layer
extension ImageFlattener {
    private typealias Merged = Swift.Result<Void, any Error>

    private func take(
        _ layer: ImageLayer, number: Int, into merger: LayerMerger
    ) async throws {
        let compression = try Compression.of(layer.part)
        // Before there is a pipe that nobody would read.
        try compression?.require()
        let sum = try layer.check.map { _ in try ImagePipe() }
        async let digest = digest(of: sum?.readEnd)
        let merged: Merged
        if let compression {
            merged = try await unpack(
                layer, with: compression, number: number, sum: sum?.writeEnd, into: merger)
        } else {
            merged = await mergePlain(layer, number: number, sum: sum?.writeEnd, into: merger)
        }
        // A wrong digest explains all other mistakes.
        if let check = layer.check, let digest = try await digest {
            try verify(check, digest, layer)
        }
        try merged.get()
    }

    private func verify(
        _ check: ImageLayer.Check, _ digest: ImageDigest, _ layer: ImageLayer
    ) throws {
        switch check {
        case .stored(let expected), .unpacked(let expected):
            guard digest == expected else {
                throw HostError(
                    "\(layer.label) is damaged: its digest is \(digest), and should be \(expected)")
            }
        }
    }

    private func mergePlain(
        _ layer: ImageLayer, number: Int, sum: FileDescriptor?, into merger: LayerMerger
    ) async -> Merged {
        await catching {
            try await onOwnThread {
                defer { try? sum?.close() }
                guard let sum else {
                    return try merger.take(
                        layer.part.source, layer: number, label: layer.label, isRoot: layer.isRoot)
                }
                let tee = TeeSource(layer.part.source, copy: sum)
                let merged = Merged {
                    try merger.take(
                        tee, layer: number, label: layer.label, isRoot: layer.isRoot)
                }
                try tee.drain()
                try merged.get()
            }
        }
    }

    private func unpack(
        _ layer: ImageLayer, with tool: ImageTool, number: Int, sum: FileDescriptor?,
        into merger: LayerMerger
    ) async throws -> Merged {
        let packed = try ImagePipe()
        let unpacked = try ImagePipe()
        var storedSum: FileDescriptor?
        var unpackedSum: FileDescriptor?
        switch layer.check {
        case .stored: storedSum = sum
        case .unpacked: unpackedSum = sum
        case nil: break
        }
        async let fed: Void = feed(layer.part.source, to: packed.writeEnd, sum: storedSum)
        async let ending = tool.run(
            ["-dc"], input: packed.readEnd, output: unpacked.writeEnd)
        let output = DescriptorSource(descriptor: unpacked.readEnd)
        let source: any ByteSource & Sendable =
            unpackedSum.map { TeeSource(output, copy: $0) } ?? output
        let merged = await merge(
            source, closing: unpacked.readEnd, also: unpackedSum, number: number,
            label: layer.label, isRoot: layer.isRoot, into: merger)
        try await fed
        do {
            try check(
                try await ending, of: tool, doing: "unpack \(layer.label)", mergeFailed: merged)
            return merged
        } catch {
            return .failure(error)
        }
    }

    private func merge(
        _ source: any ByteSource & Sendable, closing end: FileDescriptor,
        also other: FileDescriptor? = nil, number: Int, label: String, isRoot: Bool,
        into merger: LayerMerger
    ) async -> Merged {
        await catching {
            try await onOwnThread {
                defer {
                    try? end.close()
                    try? other?.close()
                }
                try merger.take(source, layer: number, label: label, isRoot: isRoot)
            }
        }
    }

    private func catching(_ body: () async throws -> Void) async -> Merged {
        do { return .success(try await body()) } catch { return .failure(error) }
    }

    /// A program that nobody read to the end has a reason to fail that is not its own.
    private func check(
        _ ending: ImageTool.Ending, of tool: ImageTool, doing what: String, mergeFailed: Merged
    ) throws {
        guard !ending.isSuccess else { return }
        if case .failure = mergeFailed {
            if ending.signal == SIGPIPE || ending.errors.contains("Broken pipe") { return }
        }
        throw HostError("cannot \(what): \(ending.reason)")
    }

    /// Writes the file into a pipe, and to the one that sums it up.
    private func feed(
        _ source: any ByteSource & Sendable, to end: FileDescriptor, sum: FileDescriptor?
    ) async throws {
        try await onOwnThread {
            defer {
                try? end.close()
                try? sum?.close()
            }
            let sink = DescriptorSink(descriptor: end)
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
            defer { buffer.deallocate() }
            var isRead = true
            while case let count = try source.read(into: buffer), count > 0 {
                let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
                if let sum { _ = try sum.writeAll(bytes) }
                do {
                    if isRead { try sink.write(bytes) }
                } catch Errno.brokenPipe {
                    // The program ended early, and says why. The sum still needs the rest.
                    isRead = false
                }
                if !isRead, sum == nil { break }
            }
        }
    }

    private func digest(of input: FileDescriptor?) async throws -> ImageDigest? {
        guard let input else { return nil }
        let ending = try await ImageTool.sha256sum.run([], input: input)
        guard ending.isSuccess,
            let digest = ImageDigest(
                hexadecimal: String(decoding: ending.output.prefix(64), as: UTF8.self))
        else { throw HostError("sha256sum failed: \(ending.reason)") }
        return digest
    }

    /// The digest of all that `source` gives.
    func digest(of source: any ByteSource & Sendable) async throws -> ImageDigest {
        let pipe = try ImagePipe()
        async let fed: Void = feed(source, to: pipe.writeEnd, sum: nil)
        let digest = try await digest(of: pipe.readEnd)
        try await fed
        guard let digest else { throw HostError("sha256sum failed") }
        return digest
    }

    /// Unpacks a compressed file, and says its digest.
    func unpack(
        _ part: FilePart, with tool: ImageTool, to path: FilePath
    ) async throws -> ImageDigest {
        try tool.require()
        let output = try FileDescriptor.open(
            path, .writeOnly, options: [.create, .truncate, .closeOnExec],
            permissions: .ownerReadWrite)
        let packed = try ImagePipe()
        let sum = try ImagePipe()
        async let digest = digest(of: sum.readEnd)
        async let fed: Void = feed(part.source, to: packed.writeEnd, sum: sum.writeEnd)
        let ending = try await tool.run(
            ["-dc"], input: packed.readEnd, output: output)
        try await fed
        guard ending.isSuccess else {
            throw outOfSpace(ending) ?? HostError("cannot unpack \(part.label): \(ending.reason)")
        }
        guard let digest = try await digest else { throw HostError("sha256sum failed") }
        return digest
    }
}

/// How a file is compressed, by its first bytes.
enum Compression {
    private static let marks: [([UInt8], ImageTool)] = [
        ([0x1f, 0x8b], .gzip),
        ([0x28, 0xb5, 0x2f, 0xfd], .zstd),
        ([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], .xz),
    ]

    /// The program that unpacks the file. None if it is not compressed.
    static func of(_ part: FilePart) throws -> ImageTool? {
        let start = try part.prefix(6)
        return marks.first { start.starts(with: $0.0) }?.1
    }
}

/// A size for people: `31 MB`.
struct ByteCount: CustomStringConvertible {
    let bytes: Int64

    init(_ bytes: Int64) { self.bytes = bytes }

    var description: String {
        let units = ["bytes", "kB", "MB", "GB", "TB"]
        var value = bytes
        var unit = 0
        while value >= 10_000, unit + 1 < units.count {
            value = (value + 500) / 1000
            unit += 1
        }
        return "\(value) \(units[unit])"
    }
}
