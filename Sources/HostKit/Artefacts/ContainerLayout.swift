import Glibc
import SystemPackage

/// A container image as a directory. OCI image-spec, image-layout.md
struct ContainerLayout {
    struct Layer {
        /// What tar has made.
        var archive: FilePath
        /// For people, in the image's history.
        var comment: String
    }

    let directory: FilePath
    /// What all dates are, in seconds since 1970.
    let epoch: Int

    private var blobs: FilePath { directory.appending("blobs/sha256") }

    /// Makes the layout with one image, whose tag is `latest`. The layers' archives are moved there.
    ///
    /// - Parameter settings: what the image is started with.
    func make(_ layers: [Layer], _ settings: JSONValue) async throws {
        for path in [directory, directory.appending("blobs"), blobs] {
            try ArtefactFiles.makeDirectory(path)
        }
        var descriptors: [JSONValue] = []
        var digests: [String] = []
        for layer in layers {
            let digest = try await ArtefactFiles.digest(of: layer.archive).description
            descriptors.append(
                try await add(layer.archive, "application/vnd.oci.image.layer.v1.tar"))
            digests.append(digest)
        }
        let configuration = try await add(
            configuration(layers, digests, settings), "application/vnd.oci.image.config.v1+json")
        var manifest = try await add(
            [
                "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": configuration, "layers": .array(descriptors),
            ], "application/vnd.oci.image.manifest.v1+json")
        manifest["annotations"] = ["org.opencontainers.image.ref.name": "latest"]
        manifest["platform"] = ["architecture": "amd64", "os": "linux"]
        let index: JSONValue = [
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [manifest],
        ]
        let version: JSONValue = ["imageLayoutVersion": "1.0.0"]
        try ArtefactFiles.write(directory.appending("index.json"), index.document())
        try ArtefactFiles.write(directory.appending("oci-layout"), version.document())
    }

    private func configuration(_ layers: [Layer], _ digests: [String], _ settings: JSONValue)
        -> JSONValue
    {
        let date = JSONValue.string(isoDate(epoch))
        let history = layers.map { layer -> JSONValue in
            ["created": date, "created_by": "hammock build", "comment": .string(layer.comment)]
        }
        return [
            "architecture": "amd64", "os": "linux", "created": date, "config": settings,
            "rootfs": ["type": "layers", "diff_ids": .strings(digests)], "history": .array(history),
        ]
    }

    private func add(_ value: JSONValue, _ type: String) async throws -> JSONValue {
        let file = blobs.appending("new")
        try ArtefactFiles.write(file, value.document())
        return try await add(file, type)
    }

    /// Moves a file to the place that its bytes give it.
    ///
    /// - Returns: its descriptor.
    private func add(_ file: FilePath, _ type: String) async throws -> JSONValue {
        let digest = try await ArtefactFiles.digest(of: file)
        let size = try ArtefactFiles.size(of: file)
        guard rename(file.string, blobs.appending(digest.hexadecimal).string) == 0 else {
            throw Errno(rawValue: errno)
        }
        return [
            "mediaType": .string(type), "digest": .string(digest.description),
            "size": .integer(Int64(size)),
        ]
    }
}
