import Glibc
import SystemPackage

/// An image whose parts are known, and whose layers are still packed.
struct OpenedImage: Sendable {
    /// What the cache calls it.
    var digest: ImageDigest
    /// JSON.
    var configuration: [UInt8]
    /// The lowest first.
    var layers: [ImageLayer]

    /// One whose parts need not be looked at.
    static func inCache(_ digest: ImageDigest) -> OpenedImage {
        OpenedImage(digest: digest, configuration: [UInt8]("{}".utf8), layers: [])
    }
}

/// Finds the parts of an image.
struct ImageOpener {
    let store: ImageStore
    let session: StoreSession
    let progress: @Sendable (String) -> Void

    /// More levels of indexes than any image has.
    private static let maximumDepth = 4

    var flattener: ImageFlattener {
        ImageFlattener(directory: store.directory, limits: store.limits, progress: progress)
    }

    /// - Throws: `HostError` that says what is wrong with the image.
    func open(_ source: ImageSource) async throws -> OpenedImage {
        switch source {
        case .ociLayout(let path, let tag):
            return try await openLayout(DirectoryFiles(directory: path), tag, place: path.string)
        case .ociArchive(let path, let tag):
            let (files, _, _) = try await archive(path)
            return try await openLayout(files, tag, place: path.string)
        case .dockerArchive(let path, let tag):
            let (files, _, _) = try await archive(path)
            return try await openDockerArchive(files, tag, place: path.string)
        case .file(let path, let tag):
            return try await openFile(path, tag)
        case .transport(let name):
            return try await openTransport(name)
        case .name(let name):
            return try await openName(name)
        case .rootDirectory(let path):
            throw HostError("'\(path)' is a directory, and no image")
        }
    }

    private func openFile(_ path: FilePath, _ tag: String?) async throws -> OpenedImage {
        let file = try FilePart(path, label: path.string)
        // An archive names its image itself, and need not be read to its end for that.
        if try Compression.of(file) == nil,
            let image = try await openArchive(try ArchiveFiles(file), tag, path)
        {
            return image
        }
        let digest = try await flattener.digest(of: file.source)
        // A root file system that was packed before need not be unpacked to know that.
        if tag == nil, try store.entry(digest) != nil { return .inCache(digest) }
        let (files, plain, read) = try await archive(path)
        if let image = try await openArchive(files, tag, path) { return image }
        guard tag == nil else {
            throw HostError("\(path) is a tar of a root file system, which has no tags", code: 2)
        }
        // If it was unpacked, `read` is of the bytes that came out here.
        let check = read == nil ? ImageLayer.Check.stored(digest) : nil
        return OpenedImage(
            digest: read ?? digest, configuration: [UInt8]("{}".utf8),
            layers: [ImageLayer(part: plain, check: check, label: path.string, isRoot: true)])
    }

    /// - Returns: `nil` if these are not the members of an archive of images.
    private func openArchive(
        _ files: ArchiveFiles, _ tag: String?, _ path: FilePath
    ) async throws -> OpenedImage? {
        if files.has("oci-layout") { return try await openLayout(files, tag, place: path.string) }
        if files.has("manifest.json") {
            return try await openDockerArchive(files, tag, place: path.string)
        }
        return nil
    }

    /// The members of an archive. One that is compressed is unpacked first, and its digest known.
    private func archive(
        _ path: FilePath
    ) async throws -> (files: ArchiveFiles, plain: FilePart, digest: ImageDigest?) {
        let file = try FilePart(path, label: path.string)
        guard let compression = try Compression.of(file) else {
            return (try ArchiveFiles(file), file, nil)
        }
        progress("unpacking \(path) (\(ByteCount(file.size)))")
        let directory = try await session.makeDirectory()
        let plain = directory.appending("archive.tar")
        let digest = try await flattener.unpack(file, with: compression, to: plain)
        let part = try FilePart(plain, label: path.string)
        return (try ArchiveFiles(part), part, digest)
    }
}

// MARK: - OCI's layout
extension ImageOpener {
    private func openLayout(
        _ files: any ImageFiles, _ tag: String?, place: String
    ) async throws -> OpenedImage {
        guard try files.file("oci-layout") != nil, let index = try files.file("index.json") else {
            throw HostError("\(place) is no OCI layout: it lacks oci-layout or index.json")
        }
        let manifests =
            try ImageJSON.decode(
                ImageManifest.self, from: index.bytes(), what: index.label
            ).manifests ?? []
        let blobs = Blobs(files: files, prefix: "blobs/sha256/", place: place)
        let fitting = try manifests.called(tag, in: place)
        return try await open(ImageManifest.chooseMachine(fitting), blobs)
    }

    /// Follows indexes to the manifest for this machine.
    private func open(
        _ first: ImageManifest.Descriptor, _ blobs: Blobs
    ) async throws -> OpenedImage {
        var descriptor = first
        for _ in 0..<Self.maximumDepth {
            let bytes = try await content(of: descriptor, blobs, what: "manifest")
            let manifest = try ImageJSON.decode(
                ImageManifest.self, from: bytes, what: "the manifest \(descriptor.digest)")
            if let manifests = manifest.manifests {
                descriptor = try ImageManifest.chooseMachine(manifests)
                continue
            }
            return try await open(
                manifest, digest: ImageDigest(parsing: descriptor.digest), blobs)
        }
        throw HostError("the image's indexes lead nowhere")
    }

    /// - Parameter digest: What the cache will call the image.
    func open(
        _ manifest: ImageManifest, digest: ImageDigest, _ blobs: Blobs
    ) async throws -> OpenedImage {
        let (config, layers) = try manifest.parts()
        let opened = try layers.enumerated().map { index, layer in
            let name = "layer \(index + 1) of \(layers.count)"
            return ImageLayer(
                part: try blobs.part(layer, what: name),
                check: .stored(try ImageDigest(parsing: layer.digest)),
                label: "\(name) (\(layer.digest.prefix(19))...)")
        }
        return OpenedImage(
            digest: digest,
            configuration: try await content(of: config, blobs, what: "configuration"),
            layers: opened)
    }

    /// A small blob, whose digest is right.
    private func content(
        of descriptor: ImageManifest.Descriptor, _ blobs: Blobs, what: String
    ) async throws -> [UInt8] {
        let bytes = try blobs.part(descriptor, what: what).bytes()
        let digest = try await flattener.digest(of: MemorySource(bytes))
        guard digest.description == descriptor.digest else {
            throw HostError(
                "the \(what) in \(blobs.place) is damaged: its digest is \(digest), and should be"
                    + " \(descriptor.digest)")
        }
        return bytes
    }

    /// The blobs of an image, by digest.
    struct Blobs {
        let files: any ImageFiles
        /// What stands before the digits in a blob's name.
        let prefix: String
        /// What messages call the whole.
        let place: String

        /// The blob that `descriptor` names, if it has the right size.
        func part(_ descriptor: ImageManifest.Descriptor, what: String) throws -> FilePart {
            let digest = try ImageDigest(parsing: descriptor.digest)
            guard let part = try files.file(prefix + digest.hexadecimal) else {
                throw HostError("\(place) lacks a blob: the \(what), \(digest)")
            }
            guard part.size == descriptor.size else {
                throw HostError(
                    "the \(what) in \(place) is damaged: \(digest) has \(part.size) bytes, and"
                        + " should have \(descriptor.size)")
            }
            return part
        }
    }
}

// MARK: - What docker save writes
extension ImageOpener {
    private struct SavedImage: Decodable {
        var configuration: String
        var tags: [String]?
        var layers: [String]

        enum CodingKeys: String, CodingKey {
            case configuration = "Config"
            case tags = "RepoTags"
            case layers = "Layers"
        }
    }

    private func openDockerArchive(
        _ files: any ImageFiles, _ tag: String?, place: String
    ) async throws -> OpenedImage {
        guard let list = try files.file("manifest.json") else {
            throw HostError("\(place) is no archive of docker's: it lacks manifest.json")
        }
        let images = try ImageJSON.decode(
            [SavedImage].self, from: list.bytes(), what: list.label)
        let image = try choose(images, tag, place: place)
        guard let config = try files.file(image.configuration) else {
            throw HostError("\(place) lacks the configuration '\(image.configuration)'")
        }
        let bytes = try config.bytes()
        let digests = try ImageConfiguration.unpackedDigests(json: bytes)
        guard digests.count == image.layers.count else {
            throw HostError(
                "\(place) is damaged: it has \(image.layers.count) layers, and its configuration"
                    + " names \(digests.count)")
        }
        let layers = try zip(image.layers, digests).enumerated().map { index, layer in
            let (name, digest) = layer
            guard let part = try files.file(name) else {
                throw HostError("\(place) lacks the layer '\(name)'")
            }
            return ImageLayer(
                part: part, check: .unpacked(digest),
                label: "layer \(index + 1) of \(digests.count) (\(name))")
        }
        return OpenedImage(
            digest: try await flattener.digest(of: MemorySource(bytes)), configuration: bytes,
            layers: layers)
    }

    private func choose(
        _ images: [SavedImage], _ tag: String?, place: String
    ) throws -> SavedImage {
        let fitting = images.filter { image in
            guard let tag else { return true }
            return (image.tags ?? []).contains {
                $0 == tag || $0.hasSuffix(":\(tag)") || $0.hasSuffix("/\(tag)")
            }
        }
        let there = images.flatMap { $0.tags ?? [] }.joined(separator: ", ")
        guard let image = fitting.first else {
            throw HostError(
                "there is no image\(tag.map { " '\($0)'" } ?? "") in \(place)"
                    + (there.isEmpty ? "" : " (there is: \(there))"))
        }
        guard tag != nil || fitting.count == 1 else {
            throw HostError("there are several images in \(place); say which of: \(there)")
        }
        return image
    }
}
