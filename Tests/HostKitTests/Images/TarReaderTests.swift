import Testing

@testable import HostKit

@Suite struct TarReaderTests {
    private func entries(_ archive: [UInt8], mayLackEnd: Bool = false) throws -> [TarEntry] {
        let reader = TarReader(MemorySource(archive), label: "x.tar", mayLackEnd: mayLackEnd)
        var entries: [TarEntry] = []
        while let entry = try reader.next() { entries.append(entry) }
        return entries
    }

    private func paths(_ build: (inout TarBuilder) -> Void) throws -> [String] {
        try entries(TarBuilder.archive(build)).map { String(decoding: $0.path, as: UTF8.self) }
    }

    @Test func `paths are brought into one form`() throws {
        let result = try paths {
            $0.file("./a//b")
            $0.file("/c/./d")
            $0.directory("e/")
            $0.directory("./")
        }
        #expect(result == ["a/b", "c/d", "e", ""])
    }

    @Test func `long names of GNU, of ustar and of pax are read`() throws {
        let long = String(repeating: "a", count: 120) + "/" + String(repeating: "b", count: 120)
        let result = try paths {
            $0.long(long, type: "L")
            $0.file("cut")
            $0.extended([("path", long)])
            $0.file("cut")
            $0.header("name", type: "0") { block in
                block.replaceSubrange(345..<348, with: "dir".utf8)
            }
            // GNU has other fields where ustar has the start of the path.
            $0.header("name", type: "0") { block in
                block.replaceSubrange(257..<265, with: "ustar  \0".utf8)
                block.replaceSubrange(345..<348, with: "dir".utf8)
            }
            $0.extended([("path", "x"), ("path", "")])
            $0.file("taken back")
        }
        #expect(result == [long, long, "dir/name", "name", "taken back"])
    }

    @Test func `targets of links are read`() throws {
        let long = String(repeating: "a", count: 150)
        let targets = try entries(
            TarBuilder.archive {
                $0.long(long, type: "K")
                $0.symlink("1", to: "cut")
                $0.extended([("linkpath", long)])
                $0.link("2", to: "cut")
                $0.link("3", to: "short")
            }
        ).map { String(decoding: $0.linkTarget, as: UTF8.self) }
        #expect(targets == [long, long, "short"])
    }

    @Test func `a size may be in base 256, or in an extended header`() throws {
        let archive = TarBuilder.archive {
            $0.header("1", type: "0") { block in
                block.replaceSubrange(
                    124..<136, with: [0x80] + [UInt8](repeating: 0, count: 9) + [2, 4])
            }
            $0.append([UInt8](repeating: 7, count: 516))
            $0.extended([("size", "5")])
            $0.header("2", type: "0")
            $0.append([1, 2, 3, 4, 5])
        }
        #expect(try entries(archive).map(\.size) == [516, 5])
    }

    @Test func `a global header holds for all that follow`() throws {
        let archive = TarBuilder.archive {
            $0.extended([("comment", "1234")], type: "g")
            $0.file("1")
            $0.extended([("uid", "77"), ("SCHILY.xattr.user.a", "b")], type: "g")
            $0.file("2")
            $0.extended([("uid", "78")])
            $0.file("3")
        }
        let all = try entries(archive)
        #expect(all.map { $0.records.number(of: "uid") } == [nil, 77, 78])
        #expect(all.map(\.needsNewHeaders) == [false, true, true])
        let (result, _, _) = try merge([archive])
        #expect(try entries(result).map { $0.records.number(of: "uid") } == [nil, 77, 78])
    }

    @Test func `attributes that squashfs cannot hold are left out, and no others`() throws {
        let archive = TarBuilder.archive {
            $0.extended([
                ("SCHILY.xattr.system.posix_acl_access", "1"),
                ("SCHILY.xattr.security.capability", "2"),
                ("SCHILY.xattr.user.x=y", "3"),
            ])
            $0.file("a", "1")
        }
        let (result, merger, _) = try merge([archive])
        #expect(merger.attributesLost == 1)
        #expect(
            try entries(result)[0].records.map(\.key) == [
                "SCHILY.xattr.security.capability", "SCHILY.xattr.user.x",
            ])
    }

    @Test func `a record of pax counts the digits of its own length`() throws {
        for length in 0...1100 {
            let record = PaxRecord(key: "k", value: [UInt8](repeating: 65, count: length))
            #expect(PaxRecord.parse(record.bytes) == [record])
        }
    }

    @Test func `damaged records of pax are refused`() {
        for text in ["5 a=b", "7 a=b\n", "x a=b\n", "6 =bb\n", "6 a b\n", "0 a=b\n", "-6 a=b\n"] {
            #expect(PaxRecord.parse([UInt8](text.utf8)) == nil, "\(text)")
        }
    }

    @Test func `an archive that is cut short is refused, wherever it is cut`() throws {
        let archive = TarBuilder.archive {
            $0.long(String(repeating: "/a", count: 300), type: "L")
            $0.file("a", String(repeating: "x", count: 700))
            $0.file("b", "1")
        }
        let whole = try entries(archive).count
        for end in 0..<archive.count - 512 {
            let error = refusal { try entries(Array(archive[..<end])) }
            #expect(error?.contains("it is cut short") == true, "\(end)")
        }
        // One empty block is enough.
        #expect(try entries(Array(archive[..<(archive.count - 512)])).count == whole)
    }

    @Test func `an archive whose digest is known may lack its end, but no part of an entry`() throws
    {
        var builder = TarBuilder()
        builder.file("a", "1")
        #expect(try entries(builder.bytes, mayLackEnd: true).count == 1)
        #expect(try entries([], mayLackEnd: true).isEmpty)
        let error = refusal {
            try entries(Array(builder.bytes.dropLast(1)), mayLackEnd: true)
        }
        #expect(error?.contains("cut short") == true)
    }

    @Test func `a damaged header is refused`() {
        let archive = TarBuilder.archive { $0.file("a", "1") }
        for index in [0, 100, 130, 150, 156, 300, 511] {
            var damaged = archive
            damaged[index] ^= 0x55
            let error = refusal { try entries(damaged) }
            #expect(error?.contains("wrong checksum") == true, "\(index)")
        }
    }

    @Test func `what cannot be is refused`() {
        let archives: [(String, (inout TarBuilder) -> Void)] = [
            (
                "bad size",
                { $0.header("a", type: "0") { $0.replaceSubrange(124..<127, with: "9x9".utf8) } }
            ),
            (
                "bad size",
                {
                    $0.header("a", type: "0") {
                        $0.replaceSubrange(124..<136, with: repeatElement(0xff, count: 12))
                    }
                }
            ),
            (
                "bad size",
                {
                    $0.extended([("size", "-1")])
                    $0.file("a")
                }
            ),
            (
                "not a file",
                {
                    $0.header("a", type: "5", size: 3)
                    $0.append([1, 2, 3])
                }
            ),
            ("type that is not known", { $0.header("a", type: "M") }),
            ("without a name", { $0.file(".") }),
            (
                "zero byte",
                {
                    $0.extended([("path", "a\0b")])
                    $0.file("a")
                }
            ),
            (
                "more than 255",
                {
                    $0.extended([("path", String(repeating: "a", count: 256))])
                    $0.file("a")
                }
            ),
            (
                "damaged extended header",
                {
                    $0.header("x", type: "x", size: 3)
                    $0.append([1, 2, 3])
                }
            ),
            ("too large", { $0.header("x", type: "x", size: 2 << 20) }),
        ]
        for (message, build) in archives {
            let error = refusal { try entries(TarBuilder.archive(build)) }
            #expect(error?.contains(message) == true, "\(message): \(error ?? "accepted")")
            #expect(error?.hasPrefix("x.tar ") == true)
        }
    }

    @Test func `a message shows no control characters of a path`() {
        #expect(TarPath.shown([UInt8]("a\u{1b}[2J\n".utf8)) == "'a?[2J?'")
    }

    @Test func `any damage is an error or an archive, and no crash`() throws {
        let archive = TarBuilder.archive {
            $0.extended([("path", "some/path"), ("size", "3"), ("GNU.sparse.realsize", "3")])
            $0.file("a", "123")
            $0.long("long", type: "L")
            $0.header("s", type: "S") { $0[482] = 1 }
            $0.append([1])
            $0.link("l", to: "some/path")
            $0.file("d/.wh.x")
        }
        for index in stride(from: 0, to: archive.count, by: 3) {
            for value: UInt8 in [0x39, 0x80] where archive[index] != value {
                var damaged = archive
                damaged[index] = value
                // The checksum would stop nearly all.
                for start in stride(from: 0, to: damaged.count, by: 512) {
                    let sum = damaged[start..<start + 512].reduce(0) { $0 + Int($1) }
                    let own = damaged[start + 148..<start + 156].reduce(0) { $0 + Int($1) }
                    guard sum > own, damaged[start + 257] == 0x75 else { continue }
                    let digits = String(sum - own + 256, radix: 8)
                    let field = String(repeating: "0", count: 6 - digits.count) + digits + "\0 "
                    damaged.replaceSubrange(start + 148..<start + 156, with: field.utf8)
                }
                _ = refusal { try merge([damaged]) }
            }
        }
    }
}
