import Glibc
import HostKit
import Testing

@Suite struct MachineDirectoryTests {
    @Test func `who lists machines is not in the way of one that begins`() async throws {
        let template = try #require(strdup("/tmp/hammock.XXXXXX"))
        defer { free(template) }
        let place = String(cString: try #require(mkdtemp(template)))
        setenv("XDG_RUNTIME_DIR", place, 1)
        defer { unsetenv("XDG_RUNTIME_DIR") }
        let lister = Task.detached {
            while !Task.isCancelled { _ = try MachineDirectory.running() }
        }
        for _ in 0..<1000 {
            let directory = try MachineDirectory(for: "box")
            try #require(access(directory.paths.directory, F_OK) == 0)
            directory.remove()
        }
        lister.cancel()
        _ = try await lister.value
        #expect(rmdir("\(place)/hammock") == 0)
        #expect(rmdir(place) == 0)
    }
}
