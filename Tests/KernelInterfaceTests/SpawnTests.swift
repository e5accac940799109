import Foundation
import Glibc
import InitCore
import KernelInterface
import Testing

/// The kernel shim looks a program up as exec(3) says. One test at a time, as PID 1 has one thread.
@Suite(.serialized) struct SpawnTests {
    private let directory: Directory

    init() throws {
        directory = try Directory()
        try directory.write("first/note", mode: 0o644, "#!/bin/sh\nexit 1\n")
        try directory.write("second/note", mode: 0o755, "#!/bin/sh\nexit 2\n")
        try directory.write("second/word", mode: 0o644, "#!/bin/sh\nexit 3\n")
        try directory.write("second/data", mode: 0o755, "\u{7f}ELF of another machine\n")
        try directory.write("second/script", mode: 0o755, "exit $(($# + $1))\n")
        try directory.write("file", mode: 0o644, "")
    }

    private func codeOf(_ name: String, path: String?) throws -> Int32 {
        let path = path?.replacingOccurrences(of: "@", with: directory.path)
        return try spawn([name], environment: path.map { ["PATH=\($0)"] } ?? ["PATHS=/nowhere"])
    }

    @Test func `a program is looked up in PATH, directory by directory`() throws {
        #expect(try codeOf("note", path: "@/second:@/first") == 2)
        #expect(try codeOf("note", path: "@/nowhere:@/second") == 2)
        #expect(try codeOf("note", path: "@/file:@/second") == 2)
    }

    @Test func `a file that cannot be executed does not hide a program later in PATH`() throws {
        #expect(try codeOf("note", path: "@/first:@/second") == 2)
    }

    @Test func `if there is only a file that cannot be executed, that is the error`() {
        #expect(throws: Errno.permissionDenied) { try codeOf("word", path: "@/second:@/first") }
        #expect(throws: Errno.execFormatError) { try codeOf("data", path: "@/second:@/first") }
    }

    @Test func `a program in no directory of PATH is not found`() {
        #expect(throws: Errno.noSuchFile) { try codeOf("nowhere", path: "@/first:@/second") }
        #expect(throws: Errno.noSuchFile) { try codeOf("", path: "@/first:@/second") }
        #expect(throws: Errno.noSuchFile) { try codeOf("note", path: "") }
    }

    @Test func `a directory whose path is too long is skipped`() throws {
        let long = String(repeating: "x", count: 4100)
        #expect(try codeOf("note", path: "/\(long):@/second") == 2)
        #expect(throws: Errno.noSuchFile) { try codeOf(long, path: "@/second") }
    }

    @Test func `a script that names no interpreter is run by the shell`() throws {
        let script = directory.path + "/second/script"
        #expect(try spawn([script, "40", "x"], environment: []) == 42)
        #expect(try spawn([script, "4"], environment: []) == 5)
    }

    @Test func `a name with a slash is not looked up`() throws {
        #expect(throws: Errno.noSuchFile) { try codeOf("./note", path: "@/second") }
        #expect(try codeOf(directory.path + "/second/note", path: nil) == 2)
    }

    @Test func `without PATH the usual directories are searched`() throws {
        #expect(try codeOf("true", path: nil) == 0)
    }

    @Test func `LISTEN_PID becomes the program's, if it was the parent's`() throws {
        let own = "LISTEN_PID=\(getpid())"
        let shell = { ["/bin/sh", "-c", $0] }
        let equal = shell("test $LISTEN_PID = $$")
        #expect(try spawn(equal, environment: ["LISTEN_FDS=1", own]) == 0)
        let untouched = shell("test $LISTEN_PID = 1")
        #expect(try spawn(untouched, environment: ["LISTEN_PID=1"]) == 0)
        #expect(try spawn(shell("test -z \"$LISTEN_PID\""), environment: ["LISTEN_FDS=1"]) == 0)
    }
}

/// Runs a program to its end, and returns its code, or throws what it reports.
private func spawn(_ arguments: [String], environment: [String]) throws -> Int32 {
    var words = arguments.map { strdup($0) } + [nil]
    var entries = environment.map { strdup($0) } + [nil]
    let copies = words + entries
    defer { for copy in copies { free(copy) } }
    var kernel = LinuxKernel()
    let child = try words.withUnsafeMutableBufferPointer { words in
        try entries.withUnsafeMutableBufferPointer { entries in
            try kernel.spawn(
                Program(arguments: words.baseAddress!, environment: entries.baseAddress!))
        }
    }
    var status: Int32 = 0
    let process = child.process.rawValue
    try #require(waitpid(process, &status, 0) == process)
    // It has ended, but a child that another test starts at this moment may have the end of the
    // pipe that it wrote to, until execve(2).
    var report = pollfd(fd: child.report.rawValue, events: Int16(POLLIN), revents: 0)
    try #require(poll(&report, 1, 60_000) == 1)
    if let error = try kernel.readReport(child.report) { throw error }
    return status >> 8 & 0xff
}

/// A directory of files, removed when the test is over.
private final class Directory {
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
