import Testing

@testable import HammockTool
@testable import InitCore

@Suite struct SystemctlTests {
    // MARK: States

    private func state(_ words: String, name: String = "a.service") -> String? {
        withUnit("name=\(name) phase=\(words)") { unit in
            unit.map { string(ActiveState($0).name) + " " + string($0.subState) }
        }
    }

    @Test(arguments: [
        ("down outcome=none", "inactive dead"), ("down outcome=succeeded", "inactive dead"),
        ("down outcome=skipped", "inactive dead"), ("down outcome=code", "failed failed"),
        ("queued", "inactive dead"), ("preparing", "activating start-pre"),
        ("starting", "activating start"), ("settling", "activating start-post"),
        ("up main=7", "active running"), ("up main=0", "active exited"),
        ("busy main=7", "reloading reload"), ("stopping", "deactivating stop"),
        ("ending", "deactivating stop-sigterm"), ("killing", "deactivating stop-sigkill"),
        ("cleaning", "deactivating stop-post"), ("resting outcome=code", "activating auto-restart"),
        ("stuck", "failed failed"), ("dancing", "inactive dead"),
    ])
    func `each phase has a state of systemctl's`(words: String, expected: String) {
        #expect(state(words) == expected)
    }

    @Test func `a target that is up has no process`() {
        #expect(state("up", name: "a.target") == "active active")
    }

    // MARK: The section [Install]

    private func words(_ text: String) -> [String] {
        var bytes = Array(text.utf8)
        return bytes.withUnsafeMutableBufferPointer { buffer in
            var install = InstallSection(buffer)
            var found: [String] = []
            while let (directive, word) = install.next() {
                found.append(string(directive) + " " + string(word))
            }
            return found
        }
    }

    @Test func `only the section Install says what wants a unit, one word at a time`() {
        let text = """
            [Unit]
            WantedBy=a.target
            [Install]
            # WantedBy=b.target
            WantedBy=c.target   d.target
            nonsense
            Alias =e.service
            RequiredBy=f.target \\
              g.target
            WantedBy=
            [Service]
            Alias=h.service
            [Install]
            Also=i.service
            """
        #expect(
            words(text) == [
                "WantedBy c.target", "WantedBy d.target", "Alias e.service",
                "RequiredBy f.target", "RequiredBy g.target", "Also i.service",
            ])
        #expect(words("") == [])
        #expect(words("[Install]") == [])
    }

    @Test func `a queue has each name once, and tells if there are too many`() {
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: PathBuffer.capacity)
        defer { memory.deallocate() }
        var queue = NameQueue(memory)
        for name in ["a", "b", "a", "ab", "b"] { view(name) { queue.add($0) } }
        var found: [String] = []
        while let name = queue.next() {
            found.append(string(name))
            if found.count == 2 { for name in ["c", "a"] { view(name) { queue.add($0) } } }
        }
        #expect(found == ["a", "b", "ab", "c"])
        #expect(!queue.isFull)
        for number in 0..<200 { view("unit-\(number)") { queue.add($0) } }
        #expect(queue.isFull)
    }

    @Test func `a path is as long as there is room, and has a NUL behind it`() {
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: PathBuffer.capacity)
        defer { memory.deallocate() }
        var path = PathBuffer(memory)
        view("/a/") { first in view("b") { path.set(first, $0) } }
        #expect(string(path.view) == "/a/b")
        #expect(memory[4] == 0)
        view(String(repeating: "x", count: PathBuffer.capacity - 1)) { path.set($0) }
        #expect(!path.isTooLong)
        #expect(memory[PathBuffer.capacity - 1] == 0)
        path.append(byte: 0x78)
        #expect(path.isTooLong)
        #expect(path.count == PathBuffer.capacity - 1)
    }

    @Test(arguments: [
        ("a", "a,b", true), ("b", "a,b", true), ("", "a,b", false), ("ab", "a,b", false),
        ("a,b", "a,b", false), ("a", "", false),
    ])
    func `a word is one of a list with commas`(word: String, list: String, isIn: Bool) {
        view(word) { word in view(list) { #expect(word.isIn(commaList: $0) == isIn) } }
    }
}
