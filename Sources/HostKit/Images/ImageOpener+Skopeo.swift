import SystemPackage

/// Images in the storage of podman or docker, and at registries. skopeo(1) fetches them.
extension ImageOpener {
    /// Looks for a name in podman's storage, and then at its registry.
    func openName(_ name: String) async throws -> OpenedImage {
        guard ImageTool.skopeo.isInstalled else {
            throw HostError(
                "'\(name)' is no path; to look for an image of this name in podman's storage and at"
                    + " its registry, apt-get install \(ImageTool.skopeo.package)", code: 3)
        }
        // As podman does, one that was made here goes before one of a registry.
        for stored in ["containers-storage:localhost/\(name)", "containers-storage:\(name)"] {
            if let manifest = try await rawManifest(stored).manifest {
                return try await openTransport(stored, raw: manifest)
            }
        }
        progress("looking for \(name) at its registry")
        return try await openTransport("docker://\(name)")
    }

    /// Fetches what skopeo calls `name`, unless the cache has it.
    func openTransport(_ name: String) async throws -> OpenedImage {
        try ImageTool.skopeo.require()
        // The daemon has to write the whole image before its manifest is known.
        if name.hasPrefix("docker-daemon:") { return try await copy(name, called: nil) }
        let (manifest, reason) = try await rawManifest(name)
        guard let manifest else { throw HostError("cannot fetch \(name): \(reason)") }
        return try await openTransport(name, raw: manifest)
    }

    private func openTransport(_ name: String, raw: [UInt8]) async throws -> OpenedImage {
        let manifest = try ImageJSON.decode(
            ImageManifest.self, from: raw, what: "the manifest of \(name)")
        let digest: ImageDigest
        if let manifests = manifest.manifests {
            digest = try ImageDigest(parsing: ImageManifest.chooseMachine(manifests).digest)
        } else {
            digest = try await flattener.digest(of: MemorySource(raw))
        }
        if try store.entry(digest) != nil { return .inCache(digest) }
        // What the name means may change until it is fetched, but not what the digest means.
        if name.hasPrefix("docker://") {
            return try await copy("\(Self.withoutTag(name))@\(digest)", called: digest)
        }
        guard let config = manifest.config else { return try await copy(name, called: digest) }
        let id = try ImageDigest(parsing: config.digest).hexadecimal
        return try await copy("containers-storage:@\(id)", called: digest)
    }

    /// - Parameter digest: What the cache will call it. None means by the manifest that comes.
    private func copy(_ name: String, called digest: ImageDigest?) async throws -> OpenedImage {
        let directory = try await session.makeDirectory()
        let place = directory.appending("image")
        progress("fetching \(name)")
        let ending = try await ImageTool.skopeo.run(
            [
                "--override-os", "linux", "--override-arch", "amd64", "copy", "--quiet", name,
                "dir:\(place)",
            ])
        guard ending.isSuccess else {
            throw HostError("cannot fetch \(name): \(Self.reason(ending))")
        }
        let blobs = Blobs(files: DirectoryFiles(directory: place), prefix: "", place: name)
        guard let file = try blobs.files.file("manifest.json") else {
            throw HostError("skopeo fetched no manifest of \(name)")
        }
        let bytes = try file.bytes()
        let manifest = try ImageJSON.decode(
            ImageManifest.self, from: bytes, what: "the manifest of \(name)")
        let own = try await flattener.digest(of: MemorySource(bytes))
        return try await open(manifest, digest: digest ?? own, blobs)
    }

    private func rawManifest(_ name: String) async throws -> (manifest: [UInt8]?, reason: String) {
        let ending = try await ImageTool.skopeo.run(
            ["inspect", "--raw", name])
        return (ending.isSuccess ? ending.output : nil, Self.reason(ending))
    }

    /// What skopeo says, without its `time=... level=fatal msg="..."`.
    static func reason(_ ending: ImageTool.Ending) -> String {
        let parts = ending.reason.split(separator: " msg=\"", maxSplits: 1)
        guard parts.count == 2 else { return ending.reason }
        let message = parts[1].hasSuffix("\"") ? parts[1].dropLast() : parts[1]
        return String(message.replacing("\\\"", with: "'"))
    }

    /// `docker://host:5000/name:tag@digest` without tag and digest.
    static func withoutTag(_ name: String) -> String {
        let whole = name.split(separator: "@", maxSplits: 1).first.map(String.init) ?? name
        guard let colon = whole.lastIndex(of: ":"),
            !whole[colon...].contains("/")
        else { return whole }
        return String(whole[..<colon])
    }
}
