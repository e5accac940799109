import FoundationEssentials

/// What an image says of the program to run in it. OCI image-spec, config.md
public struct ImageConfiguration: Equatable, Sendable {
    /// The words that the command's stand behind.
    public var entrypoint: [String] = []
    public var command: [String] = []
    /// `NAME=value` each.
    public var environment: [String] = []
    /// Empty if the image names none.
    public var workingDirectory = ""
    /// `USER`, `USER:GROUP`, names or numbers. Empty is root. See `UserLookup`.
    public var user = ""
    /// `SIGTERM` or a number, if the image names one.
    public var stopSignal: String?
    /// Paths that hold data.
    public var volumes: [String] = []
    /// `80/tcp` each.
    public var exposedPorts: [String] = []
    public var architecture = "amd64"
    public var os = "linux"

    /// What a root directory without an image says: nothing.
    public init() {}

    /// Reads an image's configuration, in OCI's or docker's form.
    ///
    /// - Parameter json: The bytes of the file.
    /// - Throws: `HostError` (125) if it is no configuration, or one for another machine than
    ///   linux/amd64.
    public init(json: [UInt8]) throws {
        let file = try ImageJSON.decode(File.self, from: json, what: "the image's configuration")
        if let architecture = file.architecture, !architecture.isEmpty {
            self.architecture = architecture
        }
        if let os = file.os, !os.isEmpty { self.os = os }
        guard self.os == "linux", self.architecture == "amd64" else {
            throw HostError(
                "the image is for \(self.os)/\(self.architecture); the machine is linux/amd64")
        }
        guard let settings = file.config else { return }
        entrypoint = settings.entrypoint ?? []
        command = settings.command ?? []
        environment = settings.environment ?? []
        workingDirectory = settings.workingDirectory ?? ""
        user = settings.user ?? ""
        stopSignal = settings.stopSignal.flatMap { $0.isEmpty ? nil : $0 }
        volumes = (settings.volumes ?? [:]).keys.sorted()
        exposedPorts = (settings.exposedPorts ?? [:]).keys.sorted()
    }

    /// The digests of an image's unpacked layers, the lowest first.
    static func unpackedDigests(json: [UInt8]) throws -> [ImageDigest] {
        let file = try ImageJSON.decode(File.self, from: json, what: "the image's configuration")
        return try (file.rootfs?.digests ?? []).map { try ImageDigest(parsing: $0) }
    }

    private struct File: Decodable {
        var architecture: String?
        var os: String?
        var config: Settings?
        var rootfs: Layers?
    }

    private struct Layers: Decodable {
        var digests: [String]?

        enum CodingKeys: String, CodingKey {
            case digests = "diff_ids"
        }
    }

    private struct Settings: Decodable {
        var entrypoint: [String]?
        var command: [String]?
        var environment: [String]?
        var workingDirectory: String?
        var user: String?
        var stopSignal: String?
        var volumes: [String: Nothing]?
        var exposedPorts: [String: Nothing]?

        enum CodingKeys: String, CodingKey {
            case entrypoint = "Entrypoint"
            case command = "Cmd"
            case environment = "Env"
            case workingDirectory = "WorkingDir"
            case user = "User"
            case stopSignal = "StopSignal"
            case volumes = "Volumes"
            case exposedPorts = "ExposedPorts"
        }
    }

    /// An empty object, which JSON's sets have as values.
    private struct Nothing: Decodable {
        init(from decoder: any Decoder) {}
    }
}

/// Reads the JSON files of images.
enum ImageJSON {
    /// - Parameter what: What messages call the file.
    static func decode<Value: Decodable>(
        _ type: Value.Type, from bytes: [UInt8], what: String
    ) throws -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch {
            throw HostError("\(what) is damaged, or not what it should be: it is no such JSON")
        }
    }
}

/// The name of a blob: the SHA-256 of its bytes. OCI image-spec, descriptor.md
public struct ImageDigest: Hashable, Sendable, CustomStringConvertible {
    /// 64 digits of lower case.
    public let hexadecimal: String

    public var description: String { "sha256:\(hexadecimal)" }

    /// - Parameter text: `sha256:` and 64 digits.
    /// - Throws: `HostError` (125) for anything else.
    public init(parsing text: String) throws {
        guard text.hasPrefix("sha256:"), let digest = ImageDigest(hexadecimal: text.dropFirst(7))
        else { throw HostError("'\(text)' is no digest that hammock can check (sha256:...)") }
        self = digest
    }

    init?(hexadecimal: some StringProtocol) {
        let digits = Set("0123456789abcdef".utf8)
        guard hexadecimal.utf8.count == 64, hexadecimal.utf8.allSatisfy(digits.contains) else {
            return nil
        }
        self.hexadecimal = String(hexadecimal)
    }
}
