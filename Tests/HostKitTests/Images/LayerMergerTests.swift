import Testing

@testable import HostKit

@Suite struct LayerMergerTests {
    @Test func `an upper layer's file replaces a lower one's`() throws {
        let result = try merged(
            {
                $0.file("a", "old")
                $0.file("b", "kept")
            }, { $0.file("./a", "new") })
        #expect(result == ["a": "file new", "b": "file kept"])
    }

    @Test func `a whiteout hides a file, and a directory with all in it`() throws {
        let result = try merged(
            {
                $0.directory("d")
                $0.file("d/e/f", "1")
                $0.file("g", "2")
                $0.file("h", "3")
            },
            {
                $0.file(".wh.d")
                $0.file(".wh.g")
            })
        #expect(result == ["h": "file 3"])
    }

    @Test func `a whiteout hides nothing in its own layer`() throws {
        let result = try merged(
            { $0.file("a/old", "1") },
            {
                $0.file(".wh.a")
                $0.file("a/new", "2")
                $0.file("b", "3")
                $0.file(".wh.b")
            })
        #expect(result == ["a": "dir", "a/new": "file 2", "b": "file 3"])
    }

    @Test func `an opaque directory hides what is below it, and keeps its own owner`() throws {
        let result = try merged(
            {
                $0.directory("a", mode: 0o700)
                $0.file("a/old", "1")
                $0.file("a/b/old", "1")
            },
            {
                $0.file("a/new", "2")
                $0.file("a/.wh..wh..opq")
            }, modes: true)
        #expect(result == ["a": "dir 700", "a/new": "file 2"])
    }

    @Test func `an opaque root hides all lower layers`() throws {
        let result = try merged({ $0.file("a", "1") }, { $0.file(".wh..wh..opq") })
        #expect(result == [:])
    }

    @Test func `a whiteout in the middle hides nothing of the layers above it`() throws {
        let result = try merged(
            { $0.file("a/1", "1") }, { $0.file(".wh.a") }, { $0.file("a/3", "3") })
        #expect(result == ["a": "dir", "a/3": "file 3"])
    }

    @Test func `a whiteout makes no directory`() throws {
        let result = try merged(
            { $0.file("a", "1") },
            {
                $0.file("a/.wh.b")
                $0.file("c/d/.wh.e")
                $0.file("f/.wh..wh..opq")
            })
        #expect(result == ["a": "file 1"])
    }

    @Test func `the topmost owner and mode of a directory win`() throws {
        let result = try merged(
            {
                $0.directory("a", mode: 0o700)
                $0.directory("./", mode: 0o711)
            },
            { $0.directory("a", mode: 0o750) },
            { $0.file("a/x", "1") }, modes: true)
        #expect(result == ["": "dir 711", "a": "dir 750", "a/x": "file 1"])
    }

    @Test func `a directory that no layer describes has the usual mode`() throws {
        let result = try merged({ $0.file("a/b", "1") }, modes: true)
        #expect(result == ["a": "dir 755", "a/b": "file 1"])
    }

    @Test func `a directory whose layer is hidden does not lend its mode`() throws {
        let result = try merged(
            { $0.directory("a", mode: 0o700) }, { $0.file("a", "1") }, { $0.file("a/b", "2") },
            modes: true)
        #expect(result == ["a": "dir 755", "a/b": "file 2"])
    }

    @Test func `a link and what is below it exclude each other, and the upper wins`() throws {
        let below = try merged({ $0.file("a/b", "1") }, { $0.symlink("a", to: "etc") })
        #expect(below == ["a": "symlink etc"])
        let above = try merged({ $0.symlink("a", to: "/etc") }, { $0.file("a/b", "1") })
        #expect(above == ["a": "dir", "a/b": "file 1"])
    }

    @Test func `AUFS's notes are left out`() throws {
        let result = try merged({
            $0.directory(".wh..wh.plnk")
            $0.file(".wh..wh.plnk/1.2", "x")
            $0.file(".wh..wh.aufs")
            $0.file("a", "1")
        })
        #expect(result == ["a": "file 1"])
    }

    @Test func `devices, fifos and links pass`() throws {
        let result = try merged({
            $0.header("n", type: "3")
            $0.header("b", type: "4")
            $0.header("f", type: "6")
            $0.symlink("s", to: "../../../etc")
        })
        #expect(result == ["n": "device", "b": "device", "f": "fifo", "s": "symlink ../../../etc"])
    }

    @Test func `of an entry that comes twice in a layer the last one stays`() throws {
        let layer = TarBuilder.archive {
            $0.file("a", "1")
            $0.directory("d", mode: 0o700)
            $0.symlink("a", to: "x")
            $0.directory("d", mode: 0o711)
            $0.link("l", to: "b")
            $0.file("b", "2")
            $0.file("l", "3")
        }
        let (archive, _, passes) = try merge([layer])
        #expect(passes == 2)
        #expect(
            try Contents(archive: archive, modes: true).entries == [
                "a": "symlink x", "d": "dir 711", "b": "file 2", "l": "file 3",
            ])
    }

    @Test func `what etc/passwd and etc/group hold is kept`() throws {
        let layers = [
            TarBuilder.archive {
                $0.file("etc/passwd", "old")
                $0.file("etc/group", "group")
            }, TarBuilder.archive { $0.file("etc/passwd", "new") },
        ]
        let merger = try merge(layers).merger
        #expect(merger.captured[[UInt8]("etc/passwd".utf8)] == [UInt8]("new".utf8))
        #expect(merger.captured[[UInt8]("etc/group".utf8)] == [UInt8]("group".utf8))
        let linked = TarBuilder.archive {
            $0.symlink("etc/passwd", to: "other")
            $0.file("etc/other", "1")
            $0.file("etc/group", String(repeating: "x", count: (1 << 20) + 1))
        }
        #expect(try merge([linked]).merger.captured.values.allSatisfy(\.isEmpty))
    }

    @Test func `content is the same in whichever pieces it comes`() throws {
        let text = String(repeating: "0123456789", count: 30_000)
        let layer = TarBuilder.archive {
            $0.file("large", text)
            $0.file("small", "1")
        }
        for step in [1 << 20, 70_001, 513, 7] {
            let result = try Contents(archive: merge([layer], step: step).archive)
            #expect(result.entries == ["large": "file \(text)", "small": "file 1"])
        }
    }
}

@Suite struct HardLinkTests {
    @Test func `a link to a file of its layer stays a link`() throws {
        let result = try merged({
            $0.file("a", "1")
            $0.link("b", to: "./a")
            $0.link("d/c", to: "/b")
        })
        #expect(result == ["a": "file 1", "b": "link a", "d": "dir", "d/c": "link b"])
    }

    @Test func `a link to a file that comes later in its layer stays a link`() throws {
        let result = try merged({
            $0.link("b", to: "a")
            $0.file("a", "1")
        })
        #expect(result == ["a": "file 1", "b": "link a"])
    }

    @Test func `a link to a file of a lower layer stays a link`() throws {
        let result = try merged({ $0.file("a", "1") }, { $0.file("x") }, { $0.link("b", to: "a") })
        #expect(result == ["a": "file 1", "x": "file ", "b": "link a"])
    }

    @Test func `the first link gets the content of a file that an upper layer hides`() throws {
        let base = TarBuilder.archive {
            $0.file("a", "old")
            $0.link("b", to: "a")
            $0.link("c", to: "a")
        }
        let hiding: [(inout TarBuilder) -> Void] = [
            { $0.file("a", "new") }, { $0.file(".wh.a") }, { $0.file("a/x", "new") },
        ]
        for hide in hiding {
            let (archive, _, passes) = try merge([base, TarBuilder.archive(hide)])
            let entries = try Contents(archive: archive).entries
            #expect(entries["b"] == "file old")
            #expect(entries["c"] == "link b")
            #expect(entries["a"] != "file old")
            #expect(passes == 2)
        }
    }

    @Test func `a link from a middle layer gets the content of a file hidden from above`() throws {
        let result = try merged(
            { $0.file("a", "1") }, { $0.link("b", to: "a") }, { $0.file(".wh.a") })
        #expect(result == ["b": "file 1"])
    }

    @Test func `a link to a hidden link leads to the file behind it`() throws {
        let result = try merged(
            {
                $0.file("a", "1")
                $0.link("b", to: "a")
                $0.link("c", to: "b")
            },
            {
                $0.file(".wh.a")
                $0.file(".wh.b")
            })
        #expect(result == ["c": "file 1"])
    }

    @Test func `a link that got the content takes a long path with it`() throws {
        let path = String(repeating: "d", count: 90) + "/" + String(repeating: "f", count: 200)
        let result = try merged(
            {
                $0.file("a", "1")
                $0.long(path, type: "L")
                $0.link("x", to: "a")
            }, { $0.file(".wh.a") })
        #expect(result[path] == "file 1")
    }

    @Test func `a hidden link is left out`() throws {
        let result = try merged(
            {
                $0.file("a", "1")
                $0.link("b", to: "a")
            }, { $0.file("b", "2") })
        #expect(result == ["a": "file 1", "b": "file 2"])
    }

    @Test func `a link without a target is refused`() {
        let mistakes: [[(inout TarBuilder) -> Void]] = [
            [{ $0.link("b", to: "a") }],
            // It was gone when the link was made.
            [{ $0.file("a", "1") }, { $0.file(".wh.a") }, { $0.link("b", to: "a") }],
            [
                { $0.file("a", "1") },
                {
                    $0.file(".wh.a")
                    $0.link("b", to: "a")
                },
            ],
            [
                { $0.file("a", "1") }, { $0.file(".wh.a") }, { $0.link("b", to: "a") },
                { $0.file("a") },
            ],
            [
                {
                    $0.directory("a")
                    $0.link("b", to: "a")
                }
            ],
        ]
        for (index, layers) in mistakes.enumerated() {
            let error = refusal { try merge(layers.map(TarBuilder.archive)) }
            #expect(error?.contains("hard link 'b', but there is no file 'a'") == true, "\(index)")
        }
    }

    @Test func `links in a circle are refused`() {
        let error = refusal {
            try merged({
                $0.link("a", to: "b")
                $0.link("b", to: "a")
            })
        }
        #expect(error?.contains("leads through more than 64 other links") == true)
        #expect(refusal { try merged({ $0.link("a", to: "a") }) } != nil)
    }
}

@Suite struct MaliciousLayerTests {
    @Test func `a path or a target that leaves the root is refused`() {
        for path in ["../a", "a/../../b", "/..", "a/.."] {
            let error = refusal { try merged({ $0.file(path, "1") }) }
            #expect(error == "layer 1 has the entry '\(path)', which has '..' in its path")
        }
        let error = refusal { try merged({ $0.link("a", to: "/../etc/shadow") }) }
        #expect(error?.contains("'a', whose target '/../etc/shadow' has '..' in its path") == true)
    }

    @Test func `a layer that has a path both as a directory and as something else is refused`() {
        let layers: [(inout TarBuilder) -> Void] = [
            {
                $0.symlink("a", to: "/etc")
                $0.file("a/shadow", "1")
            },
            {
                $0.file("a/shadow", "1")
                $0.symlink("a", to: "/etc")
            },
            {
                $0.file("a", "1")
                $0.directory("a")
            },
        ]
        for layer in layers {
            let error = refusal { try merge([TarBuilder.archive(layer)]) }
            #expect(error?.contains("'a' both as a directory and as something else") == true)
        }
    }

    @Test func `a whiteout of nothing, of . and of .. are refused`() {
        for name in [".wh.", "d/.wh..", ".wh..."] {
            let error = refusal { try merged({ $0.file(name) }) }
            #expect(
                error == "layer 1 has the entry '\(name)', which hides nothing that could exist")
        }
    }

    @Test func `an image that is too large is refused`() {
        let limits = ImageLimits(size: 10_000, entries: 10)
        let large = TarBuilder.archive { $0.file("a", String(repeating: "x", count: 20_000)) }
        let many = TarBuilder.archive { builder in for name in 0..<11 { builder.file("\(name)") } }
        let deep = TarBuilder.archive { $0.file("1/2/3/4/5/6/7/8/9/10/11/12") }
        let sum = TarBuilder.archive { $0.file("a", String(repeating: "x", count: 6000)) }
        let zeros = [UInt8](repeating: 0, count: 30_000)
        let sparse = TarBuilder.archive {
            $0.extended([("GNU.sparse.realsize", "20000"), ("GNU.sparse.major", "1")])
            $0.file("a", "1")
        }
        for layers in [[large], [sum, sum], [zeros], [sparse]] {
            let error = refusal { try merge(layers, limits: limits) }
            #expect(error?.contains("--image-limit") == true)
        }
        for layers in [[many], [deep, deep]] {
            let error = refusal { try merge(layers, limits: limits) }
            #expect(error == "the image has more than 10 entries")
        }
    }
}

/// What is wrong, if `body` says so.
func refusal<Result>(_ body: () throws -> Result) -> String? {
    do {
        _ = try body()
        return nil
    } catch let error as HostError {
        return error.description
    } catch {
        Issue.record("\(error) is no error for a person")
        return nil
    }
}
