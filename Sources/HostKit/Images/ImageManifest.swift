/// What names the parts of an image, or the images for several machines. OCI image-spec,
/// manifest.md and image-index.md; docker's schema 2 has the same form.
struct ImageManifest: Decodable {
    struct Descriptor: Decodable {
        var mediaType: String?
        var digest: String
        /// In bytes.
        var size: Int64
        var platform: Platform?
        var annotations: [String: String]?
    }

    struct Platform: Decodable {
        var architecture: String?
        var os: String?

        var shown: String { "\(os ?? "?")/\(architecture ?? "?")" }
        /// Attestations and the like belong to no machine.
        var isUnknown: Bool { os == "unknown" || architecture == "unknown" }
    }

    var config: Descriptor?
    var layers: [Descriptor]?
    /// Of an index only.
    var manifests: [Descriptor]?
    var schemaVersion: Int?

    private static let configTypes = [
        "application/vnd.oci.image.config.v1+json",
        "application/vnd.docker.container.image.v1+json",
    ]

    /// The descriptors of the configuration and of the layers, the lowest layer first.
    ///
    /// - Throws: `HostError` (125) if the manifest is none of an image.
    func parts() throws -> (config: Descriptor, layers: [Descriptor]) {
        guard let config, let layers else {
            throw HostError("the manifest is none of an image that hammock can read")
        }
        if let type = config.mediaType, !Self.configTypes.contains(type) {
            throw HostError("this is no image of a root file system: its type is \(type)")
        }
        if let type = layers.compactMap(\.mediaType).first(where: { $0.contains("encrypted") }) {
            throw HostError("a layer of the image is encrypted (\(type))")
        }
        return (config, layers)
    }

    /// The one of several manifests that is for this machine.
    static func chooseMachine(_ manifests: [Descriptor]) throws -> Descriptor {
        let known = manifests.filter { $0.platform?.isUnknown != true }
        let fitting = known.filter {
            guard let platform = $0.platform else { return known.count == 1 }
            return platform.os == "linux" && platform.architecture == "amd64"
        }
        guard let first = fitting.first else {
            let there = known.compactMap { $0.platform?.shown }.joined(separator: ", ")
            throw HostError(
                "the image has nothing for linux/amd64"
                    + (there.isEmpty ? "" : "; it has: \(there)"))
        }
        return first
    }
}

extension ImageManifest.Descriptor {
    /// The names that a layout or `docker save` gives an image.
    var tags: [String] {
        ["org.opencontainers.image.ref.name", "io.containerd.image.name"]
            .compactMap { annotations?[$0] }
    }

    /// Whether a user may mean the image with `tag`.
    func isCalled(_ tag: String) -> Bool {
        tags.contains { $0 == tag || $0.hasSuffix(":\(tag)") }
    }
}

extension [ImageManifest.Descriptor] {
    /// The images of a layout that are called `tag`, or all if there is only one name.
    ///
    /// - Parameter place: What messages call the layout.
    /// - Throws: `HostError` (125) that names the tags there are.
    func called(_ tag: String?, in place: String) throws -> [ImageManifest.Descriptor] {
        let names = Set(compactMap(\.tags.first)).sorted()
        guard let tag else {
            if isEmpty { throw HostError("there is no image in \(place)") }
            if names.count > 1, Set(map(\.digest)).count > 1 {
                throw HostError(
                    "there are several images in \(place); say which, as in"
                        + " \(place):\(names[0]) (there are: \(names.joined(separator: ", ")))")
            }
            return self
        }
        let fitting = filter { $0.isCalled(tag) }
        guard !fitting.isEmpty else {
            let there = names.isEmpty ? "its image has no tag" : names.joined(separator: ", ")
            throw HostError("there is no image '\(tag)' in \(place) (there is: \(there))")
        }
        return fitting
    }
}
