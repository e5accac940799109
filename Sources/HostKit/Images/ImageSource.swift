import Glibc
import SystemPackage

/// Where an image comes from, as a user names it.
public enum ImageSource: Equatable, Sendable {
    /// A directory in OCI's layout. OCI image-spec, image-layout.md
    case ociLayout(FilePath, tag: String?)
    /// The same in a tar archive.
    case ociArchive(FilePath, tag: String?)
    /// What `docker save` writes.
    case dockerArchive(FilePath, tag: String?)
    /// A file that has to be looked into: one of the two archives, or a tar of a root file system.
    case file(FilePath, tag: String?)
    /// A root file system as it stands in a directory.
    case rootDirectory(FilePath)
    /// What skopeo fetches: `docker://debian:12`. skopeo(1)
    case transport(String)
    /// A name: looked for in podman's storage, and then at its registry.
    case name(String)

    private static let fetched = ["docker-daemon:", "containers-storage:", "docker://"]

    /// Parses what a user types. It looks at the file system, but into no file.
    ///
    /// - Throws: `HostError`: 2 for something that is neither a path nor a name, 125 for a path
    ///   that does not exist.
    public static func parse(_ text: String) throws -> ImageSource {
        guard !text.isEmpty else { throw HostError("an image's name is empty", code: 2) }
        for (prefix, make) in local where text.hasPrefix(prefix) {
            let rest = String(text.dropFirst(prefix.count))
            guard !rest.isEmpty else {
                throw HostError("'\(prefix)' needs a path behind it", code: 2)
            }
            guard let (path, tag) = split(rest) else {
                throw HostError("there is no '\(rest)', of which '\(text)' speaks")
            }
            return make(path, tag)
        }
        if let prefix = fetched.first(where: text.hasPrefix) {
            guard text.count > prefix.count else {
                throw HostError("'\(prefix)' needs an image's name behind it", code: 2)
            }
            return .transport(text)
        }
        if let (path, tag) = split(text), let source = try existing(path, tag: tag) {
            return source
        }
        if text.hasPrefix("/") || text.hasPrefix(".") || text.hasPrefix("~") {
            throw HostError("there is no file or directory '\(text)'")
        }
        guard isName(text) else {
            throw HostError(
                "'\(text)' is no path that exists, and no image can have this name", code: 2)
        }
        return .name(text)
    }

    private static let local: [(String, @Sendable (FilePath, String?) -> ImageSource)] = [
        ("oci:", { .ociLayout($0, tag: $1) }),
        ("oci-archive:", { .ociArchive($0, tag: $1) }),
        ("docker-archive:", { .dockerArchive($0, tag: $1) }),
    ]

    /// What stands at a path. None if a tag would be for something that has none: then it is a
    /// name that a directory happens to have, too.
    private static func existing(_ path: FilePath, tag: String?) throws -> ImageSource? {
        var status = stat()
        guard stat(path.string, &status) == 0 else { return nil }
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
            if access(path.appending("oci-layout").string, F_OK) == 0 {
                return .ociLayout(path, tag: tag)
            }
            return tag == nil ? .rootDirectory(path) : nil
        case S_IFREG:
            return .file(path, tag: tag)
        default:
            throw HostError("'\(path)' is neither a file nor a directory", code: 2)
        }
    }

    /// `PATH` or `PATH:TAG`, where the path is the shortest that exists.
    private static func split(_ text: String) -> (FilePath, String?)? {
        if access(text, F_OK) == 0 { return (FilePath(text), nil) }
        for index in text.indices where text[index] == ":" && index > text.startIndex {
            let path = String(text[..<index])
            let tag = String(text[text.index(after: index)...])
            if access(path, F_OK) == 0, !tag.isEmpty { return (FilePath(path), tag) }
        }
        return nil
    }

    /// Whether `text` has the form `[HOST[:PORT]/]NAME[/NAME...][:TAG][@DIGEST]`.
    static func isName(_ text: String) -> Bool {
        let host = "([A-Za-z0-9.-]+(:[0-9]+)?/)?"
        let path = "[a-z0-9]+((\\.|_|__|-+|/)[a-z0-9]+)*"
        let end = "(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?"
        guard let pattern = try? Regex(host + path + end) else { return false }
        return text.wholeMatch(of: pattern) != nil
    }
}
