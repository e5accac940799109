import Foundation
import SystemPackage
import Testing

@testable import HostKit

@Suite struct ImageConfigurationTests {
    @Test func `all that a configuration says is read`() throws {
        let json = """
            {"architecture":"amd64","os":"linux","config":{"Entrypoint":["/a","b"],"Cmd":["c"],
            "Env":["A=1","B="],"WorkingDir":"/w","User":"u:g","StopSignal":"SIGINT",
            "Volumes":{"/v":{},"/a":{}},"ExposedPorts":{"80/tcp":{}},"Labels":{"x":"y"}},
            "rootfs":{"type":"layers","diff_ids":[]},"history":[{"created_by":"x"}]}
            """
        let configuration = try ImageConfiguration(json: [UInt8](json.utf8))
        #expect(configuration.entrypoint == ["/a", "b"])
        #expect(configuration.command == ["c"])
        #expect(configuration.environment == ["A=1", "B="])
        #expect(configuration.workingDirectory == "/w")
        #expect(configuration.user == "u:g")
        #expect(configuration.stopSignal == "SIGINT")
        #expect(configuration.volumes == ["/a", "/v"])
        #expect(configuration.exposedPorts == ["80/tcp"])
    }

    @Test func `what a configuration does not say is empty`() throws {
        let sparse = #"{"os":"linux","config":{"Cmd":null,"Entrypoint":null,"Volumes":null}}"#
        for json in ["{}", #"{"config":null}"#, sparse] {
            #expect(try ImageConfiguration(json: [UInt8](json.utf8)) == ImageConfiguration())
        }
    }

    @Test func `an image for another machine is refused by name`() {
        let json = #"{"architecture":"arm64","os":"linux"}"#
        let error = refusal { try ImageConfiguration(json: [UInt8](json.utf8)) }
        #expect(error == "the image is for linux/arm64; the machine is linux/amd64")
        let windows = #"{"architecture":"amd64","os":"windows"}"#
        #expect(
            refusal { try ImageConfiguration(json: [UInt8](windows.utf8)) }?
                .contains("windows/amd64") == true)
    }

    @Test func `what is no JSON of the right form is refused`() {
        for json in ["", "[]", "{", #"{"config":{"Cmd":"sh"}}"#, "\u{1}"] {
            #expect(
                refusal { try ImageConfiguration(json: [UInt8](json.utf8)) }?
                    .contains("damaged") == true)
        }
    }
}

@Suite struct ImageManifestTests {
    private func descriptor(
        _ name: String, _ platform: (String, String)? = nil, tag: String? = nil
    ) -> ImageManifest.Descriptor {
        ImageManifest.Descriptor(
            digest: name, size: 1,
            platform: platform.map { .init(architecture: $0.1, os: $0.0) },
            annotations: tag.map { ["org.opencontainers.image.ref.name": $0] })
    }

    @Test func `of an index the manifest for this machine is chosen`() throws {
        let index = [
            descriptor("arm", ("linux", "arm64")), descriptor("win", ("windows", "amd64")),
            descriptor("note", ("unknown", "unknown")), descriptor("this", ("linux", "amd64")),
        ]
        #expect(try ImageManifest.chooseMachine(index).digest == "this")
        #expect(try ImageManifest.chooseMachine([descriptor("only")]).digest == "only")
    }

    @Test func `an index without this machine is refused, with what it has`() {
        let index = [descriptor("1", ("linux", "arm64")), descriptor("2", ("windows", "amd64"))]
        #expect(
            refusal { try ImageManifest.chooseMachine(index) }
                == "the image has nothing for linux/amd64; it has: linux/arm64, windows/amd64")
        #expect(
            refusal { try ImageManifest.chooseMachine([index[0]]) }?.contains("linux/arm64")
                == true)
    }

    @Test func `a layout with several tags needs one of them`() throws {
        let images = [descriptor("1", tag: "a"), descriptor("2", tag: "x.io/y:b")]
        #expect(try images.called("a", in: "dir").map(\.digest) == ["1"])
        #expect(try images.called("b", in: "dir").map(\.digest) == ["2"])
        #expect(
            refusal { try images.called(nil, in: "dir") }
                == "there are several images in dir; say which, as in dir:a"
                + " (there are: a, x.io/y:b)")
        #expect(
            refusal { try images.called("c", in: "dir") }
                == "there is no image 'c' in dir (there is: a, x.io/y:b)")
        #expect(try [images[0]].called(nil, in: "dir").map(\.digest) == ["1"])
        #expect(refusal { try [ImageManifest.Descriptor]().called(nil, in: "dir") } != nil)
    }

    @Test func `only a digest of SHA-256 is one`() {
        let digits = String(repeating: "0a", count: 32)
        #expect(throws: Never.self) { try ImageDigest(parsing: "sha256:\(digits)") }
        for text in [
            "sha512:\(digits)", "sha256:\(digits)0", "sha256:../\(digits)", digits,
            "sha256:" + digits.uppercased(),
        ] {
            #expect(throws: HostError.self, "\(text)") { try ImageDigest(parsing: text) }
        }
    }
}

@Suite struct ImageSourceTests {
    @Test func `what stands at a path says what it is`() throws {
        try inTemporaryDirectory { directory in
            let layout = directory.appending("layout")
            let root = directory.appending("root")
            let file = directory.appending("file:with")
            for path in [layout, root] { try makeDirectory(path) }
            for path in [file, layout.appending("oci-layout")] {
                #expect(FileManager.default.createFile(atPath: path.string, contents: nil))
            }
            #expect(try ImageSource.parse("\(layout)") == .ociLayout(layout, tag: nil))
            #expect(try ImageSource.parse("\(layout):a:b") == .ociLayout(layout, tag: "a:b"))
            #expect(try ImageSource.parse("oci:\(layout):t") == .ociLayout(layout, tag: "t"))
            #expect(try ImageSource.parse("\(root)") == .rootDirectory(root))
            #expect(try ImageSource.parse("\(file)") == .file(file, tag: nil))
            #expect(try ImageSource.parse("\(file):t") == .file(file, tag: "t"))
            #expect(try ImageSource.parse("oci-archive:\(file)") == .ociArchive(file, tag: nil))
            #expect(
                try ImageSource.parse("docker-archive:\(file):x:y")
                    == .dockerArchive(file, tag: "x:y"))
        }
    }

    @Test func `anything else that can be a name is one`() throws {
        for name in [
            "alpine", "debian:12", "registry.example/x/y:z", "localhost/app", "localhost:5000/a/b",
            "a__b-c.d", "x@sha256:" + String(repeating: "a", count: 64),
        ] {
            #expect(try ImageSource.parse(name) == .name(name))
        }
        for name in ["docker://debian:12", "containers-storage:x", "docker-daemon:x:1"] {
            #expect(try ImageSource.parse(name) == .transport(name))
        }
    }

    @Test func `mistakes are named`() {
        let mistakes: [(String, Int32, String)] = [
            ("", 2, "empty"),
            ("oci:", 2, "needs a path"),
            ("docker://", 2, "needs an image's name"),
            ("oci:/no/such", 125, "there is no '/no/such'"),
            ("/no/such", 125, "there is no file or directory"),
            ("./no", 125, "there is no file or directory"),
            ("No Such", 2, "no image can have this name"),
            ("-x", 2, "no image can have this name"),
            ("/dev/null", 2, "neither a file nor a directory"),
        ]
        for (text, code, words) in mistakes {
            let error = #expect(throws: HostError.self) { try ImageSource.parse(text) }
            #expect(error?.code == code, "\(text)")
            #expect(error?.description.contains(words) == true, "\(text)")
        }
    }

    @Test func `a tag is told from a port`() {
        #expect(ImageOpener.withoutTag("docker://h:5000/a:t") == "docker://h:5000/a")
        #expect(ImageOpener.withoutTag("docker://h:5000/a") == "docker://h:5000/a")
        #expect(ImageOpener.withoutTag("docker://a:t@sha256:1") == "docker://a")
        #expect(ImageOpener.withoutTag("docker://a") == "docker://a")
    }
}

@Suite struct UserLookupTests {
    private let passwd = """
        root:x:0:0:root:/root:/bin/sh
        www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin
        # comment:x:1:1::/:/
        broken:x:7
        44:x:1044:1045::/home/44:/bin/sh
        """
    private let group = """
        root:x:0:
        adm:x:4:www-data,other
        www-data:x:33:www-data
        tty:x:5:other, www-data
        video:x:44:www-data
        """

    private func resolve(_ user: String) throws -> UserLookup {
        try UserLookup.resolve(user, passwd: passwd, group: group)
    }

    @Test func `a name has the groups and the home that the files say`() throws {
        #expect(
            try resolve("www-data")
                == UserLookup(uid: 33, gid: 33, groups: [4, 44], home: "/var/www"))
        #expect(try resolve("") == UserLookup(uid: 0, gid: 0, groups: [], home: "/root"))
    }

    @Test func `a group that is given replaces those of the files`() throws {
        #expect(
            try resolve("www-data:adm")
                == UserLookup(uid: 33, gid: 4, groups: [], home: "/var/www"))
        #expect(try resolve(":adm") == UserLookup(uid: 0, gid: 4, groups: [], home: "/root"))
        #expect(try resolve("www-data:9").gid == 9)
    }

    @Test func `a number is looked up, and need not be there`() throws {
        #expect(
            try resolve("33") == UserLookup(uid: 33, gid: 33, groups: [4, 44], home: "/var/www"))
        #expect(try resolve("1000") == UserLookup(uid: 1000, gid: 0, groups: [], home: "/"))
        #expect(
            try resolve("1000:1001") == UserLookup(uid: 1000, gid: 1001, groups: [], home: "/"))
        #expect(
            try UserLookup.resolve("", passwd: "", group: "")
                == UserLookup(uid: 0, gid: 0, groups: [], home: "/"))
    }

    @Test func `a name of digits is a name first`() throws {
        #expect(try resolve("44").uid == 1044)
    }

    @Test func `an unknown name is refused, with the way out`() {
        for (user, words) in [
            ("nobody", "no user 'nobody'"), ("root:staff", "no group 'staff'"),
            ("broken", "no user 'broken'"), ("-1", "no user '-1'"), ("+1", "no user '+1'"),
            ("4294967295", "no user"), ("comment", "no user 'comment'"),
        ] {
            let error = refusal { try resolve(user) }
            #expect(error?.contains(words) == true, "\(user)")
            #expect(error?.contains("--user 1000:1000") == true)
        }
    }
}

/// Runs `body` with a directory that is gone afterwards.
func inTemporaryDirectory<Result>(_ body: (FilePath) throws -> Result) throws -> Result {
    let path = FilePath(NSTemporaryDirectory()).appending("images-\(UUID().uuidString)")
    try makeDirectory(path)
    defer { removeTree(path) }
    return try body(path)
}
