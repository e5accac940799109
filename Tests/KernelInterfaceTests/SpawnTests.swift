import Foundation
import Glibc
import InitCore
import KernelInterface
import Testing

/// How a program is found: as exec(3) promises. One at a time, as PID 1 has one thread.
@Suite(.serialized) struct SpawnTests {
    private let folder: Folder

    init() throws {
        folder = try Folder()
        try folder.write("first/note", mode: 0o644, "#!/bin/sh\nexit 1\n")
        try folder.write("second/note", mode: 0o755, "#!/bin/sh\nexit 2\n")
        try folder.write("second/word", mode: 0o644, "#!/bin/sh\nexit 3\n")
        try folder.write("second/data", mode: 0o755, "no program\n")
        try folder.write("file", mode: 0o644, "")
    }

    private func codeOf(_ name: String, path: String?) throws -> Int32 {
        let path = path?.replacingOccurrences(of: "@", with: folder.path)
        return try spawn([name], environment: path.map { ["PATH=\($0)"] } ?? ["PATHS=/nowhere"])
    }

    @Test func `a program is looked up in PATH, folder by folder`() throws {
        #expect(try codeOf("note", path: "@/second:@/first") == 2)
        #expect(try codeOf("note", path: "@/nowhere:@/second") == 2)
        #expect(try codeOf("note", path: "@/file:@/second") == 2)
    }

    @Test func `a file that cannot be executed hides nothing behind it`() throws {
        #expect(try codeOf("note", path: "@/first:@/second") == 2)
    }

    @Test func `a file that cannot be executed is named as the reason`() {
        #expect(throws: Errno.permissionDenied) { try codeOf("word", path: "@/second:@/first") }
        #expect(throws: Errno.badFormat) { try codeOf("data", path: "@/second:@/first") }
    }

    @Test func `what is in no folder of PATH is not there`() {
        #expect(throws: Errno.noSuchFile) { try codeOf("nowhere", path: "@/first:@/second") }
        #expect(throws: Errno.noSuchFile) { try codeOf("", path: "@/first:@/second") }
        #expect(throws: Errno.noSuchFile) { try codeOf("note", path: "") }
    }

    @Test func `a folder too long for any path is passed over`() throws {
        let long = String(repeating: "x", count: 4100)
        #expect(try codeOf("note", path: "/\(long):@/second") == 2)
        #expect(throws: Errno.noSuchFile) { try codeOf(long, path: "@/second") }
    }

    @Test func `a name with a slash is not looked up`() throws {
        #expect(throws: Errno.noSuchFile) { try codeOf("./note", path: "@/second") }
        #expect(try codeOf(folder.path + "/second/note", path: nil) == 2)
    }

    @Test func `without PATH the usual folders are searched`() throws {
        #expect(try codeOf("true", path: nil) == 0)
    }

    @Test func `LISTEN_PID becomes the program's, where it was the parent's`() throws {
        let own = "LISTEN_PID=\(getpid())"
        let shell = { ["/bin/sh", "-c", $0] }
        let equal = shell("test $LISTEN_PID = $$")
        #expect(try spawn(equal, environment: ["LISTEN_FDS=1", own]) == 0)
        let untouched = shell("test $LISTEN_PID = 1")
        #expect(try spawn(untouched, environment: ["LISTEN_PID=1"]) == 0)
        #expect(try spawn(shell("test -z \"$LISTEN_PID\""), environment: ["LISTEN_FDS=1"]) == 0)
    }
}

/// Runs a program to its end, and returns its code.
private func spawn(_ arguments: [String], environment: [String]) throws -> Int32 {
    var words = arguments.map { strdup($0) } + [nil]
    var entries = environment.map { strdup($0) } + [nil]
    let copies = words + entries
    defer { for copy in copies { free(copy) } }
    let process = try words.withUnsafeMutableBufferPointer { words in
        try entries.withUnsafeMutableBufferPointer { entries in
            var kernel = LinuxKernel()
            return try kernel.spawn(
                Program(
                    arguments: words.baseAddress!, environment: entries.baseAddress!,
                    hasOwnSession: false))
        }
    }
    var status: Int32 = 0
    try #require(waitpid(process.rawValue, &status, 0) == process.rawValue)
    return status >> 8 & 0xff
}

/// A folder of files, removed when the test is over.
private final class Folder {
    let path: String

    init() throws {
        var template = Array("/tmp/hammock-spawn-XXXXXX".utf8CString)
        path = String(cString: try #require(mkdtemp(&template)))
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func write(_ name: String, mode: Int, _ text: String) throws {
        let file = URL(fileURLWithPath: "\(path)/\(name)")
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
    }
}
