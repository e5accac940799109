import HostKit
import Testing

@Suite struct HostErrorTests {
    @Test func `what is missing is named, with the package that has it`() {
        let error = HostError.missing("tar2sqfs", package: "squashfs-tools-ng")
        #expect(error.description == "tar2sqfs is not installed; apt-get install squashfs-tools-ng")
        #expect(error.code == 3)
    }
}
