import Foundation
import Testing

@testable import HostKit

@Suite struct ContainerMountTests {
    @Test(arguments: [
        ("/a/b", "/a/b"), ("/gone/x", "/nowhere/at/x"), ("/up/x", "/x"), ("/a/../../b/.", "/b"),
        ("/near/x", "/dir/sub/x"), ("/dir/back", "/dir/sub"), ("/round/x", "/round/x"), ("/", "/"),
    ])
    func `a mount point is looked for in the container's root directory, and in no other`(
        path: String, found: String
    ) throws {
        let files = FileManager.default
        let root = files.temporaryDirectory.appending(path: "hammock-\(UUID())").path
        try files.createDirectory(atPath: "\(root)/dir/sub", withIntermediateDirectories: true)
        defer { try? files.removeItem(atPath: root) }
        for (link, target) in [
            ("gone", "/nowhere/at"), ("up", "../../.."), ("near", "dir/sub"), ("round", "round"),
            ("dir/back", "../near"),
        ] {
            try files.createSymbolicLink(
                atPath: "\(root)/\(link)", withDestinationPath: target)
        }
        #expect(resolved(path, in: root) == found)
    }
}
