import SeededRandom
import Testing

@testable import HostKit

/// Layers applied one on the other, from the lowest up: slow, and easy to believe.
private struct NaiveRoot {
    enum Item: Equatable {
        /// The mode, or none where no layer says.
        case directory(String?)
        /// An inode: paths with the same number are one file.
        case other(Int)
    }

    var items: [String: Item] = [:]
    /// What the inodes hold.
    var words: [String] = []

    mutating func removeBelow(_ path: String) {
        items = items.filter { !$0.key.hasPrefix(path + "/") }
    }

    mutating func makeParents(of path: String) {
        let names = path.split(separator: "/").dropLast()
        for count in names.indices {
            let parent = names[...count].joined(separator: "/")
            if case .directory = items[parent] { continue }
            items[parent] = .directory(nil)
        }
    }

    mutating func apply(_ layer: Layer) {
        for path in layer.whiteouts {
            items[path] = nil
            removeBelow(path)
        }
        for path in layer.opaque { removeBelow(path) }
        for entry in layer.entries { apply(entry) }
    }

    private mutating func apply(_ entry: Layer.Entry) {
        switch entry {
        case .directory(let path, let mode):
            makeParents(of: path)
            items[path] = .directory(mode)
        case .file(let path, let content):
            put(path, "file \(content)")
        case .symlink(let path, let target):
            put(path, "symlink \(target)")
        case .link(let path, let target):
            makeParents(of: path)
            let item = items[target]
            removeBelow(path)
            items[path] = item
        }
    }

    private mutating func put(_ path: String, _ word: String) {
        makeParents(of: path)
        removeBelow(path)
        words.append(word)
        items[path] = .other(words.count - 1)
    }
}

/// A layer that does not contradict itself.
private struct Layer {
    enum Entry {
        case directory(String, mode: String)
        case file(String, content: Int)
        case symlink(String, target: Int)
        case link(String, target: String)

        var path: String {
            switch self {
            case .directory(let path, _), .file(let path, _), .symlink(let path, _),
                .link(let path, _):
                path
            }
        }
    }

    var whiteouts: [String] = []
    var opaque: [String] = []
    var entries: [Entry] = []
    private var directories: Set<String> = []
    private var others: Set<String> = []

    private static func parents(of path: String) -> [String] {
        let names = path.split(separator: "/").dropLast()
        return names.indices.map { names[...$0].joined(separator: "/") }
    }

    private static func path(_ random: inout SplitMix64) -> String {
        (0..<random.between(1, 3)).map { _ in random.pick(["a", "b", "c"]) }
            .joined(separator: "/")
    }

    private func canHaveParents(of path: String) -> Bool {
        Self.parents(of: path).allSatisfy { !others.contains($0) }
    }

    private mutating func add(_ entry: Entry, isDirectory: Bool) {
        entries.append(entry)
        directories.formUnion(Self.parents(of: entry.path))
        if isDirectory { directories.insert(entry.path) } else { others.insert(entry.path) }
    }

    /// - Parameter below: What the layers below are together.
    init(_ random: inout SplitMix64, number: Int, below: NaiveRoot) {
        for index in 0..<random.below(7) {
            let path = Self.path(&random)
            guard canHaveParents(of: path) else { continue }
            let id = number * 100 + index
            switch random.below(10) {
            case 0, 1:
                whiteouts.append(path)
            case 2 where !others.contains(path):
                opaque.append(path)
            case 3 where !others.contains(path), 4 where !others.contains(path):
                add(
                    .directory(path, mode: "7\(random.below(8))\(random.below(8))"),
                    isDirectory: true)
            case 5 where !directories.contains(path):
                add(.symlink(path, target: id), isDirectory: false)
            default:
                guard !directories.contains(path) else { continue }
                add(.file(path, content: id), isDirectory: false)
            }
        }
        addLinks(&random, below: below)
    }

    private mutating func addLinks(_ random: inout SplitMix64, below: NaiveRoot) {
        var targets: Set<String> = []
        for _ in 0..<random.below(4) {
            var root = below
            root.apply(self)
            let files = root.items.filter { if case .other = $0.value { true } else { false } }
            guard !files.isEmpty else { return }
            let target = random.pick(files.keys.sorted())
            let path = Self.path(&random)
            guard canHaveParents(of: path), !others.contains(path), !directories.contains(path)
            else { continue }
            // A link that took the place of a target would make the order within a layer count.
            let isSafe = (targets.union([target])).allSatisfy {
                $0 != path && !$0.hasPrefix(path + "/") && !path.hasPrefix($0 + "/")
            }
            guard isSafe else { continue }
            targets.insert(target)
            add(.link(path, target: target), isDirectory: false)
        }
    }

    /// The entries in any order that keeps those of one path.
    func archive(_ random: inout SplitMix64) -> [UInt8] {
        var pieces: [(inout TarBuilder) -> Void] = []
        for entry in entries {
            switch entry {
            case .directory(let path, let mode):
                pieces.append { $0.directory(path, mode: Int(mode, radix: 8) ?? 0) }
            case .file(let path, let content): pieces.append { $0.file(path, "\(content)") }
            case .symlink(let path, let target):
                pieces.append { $0.symlink(path, to: "\(target)") }
            case .link(let path, let target):
                pieces.insert(
                    { $0.link(path, to: target) }, at: random.between(0, pieces.count))
            }
        }
        for path in whiteouts {
            let names = path.split(separator: "/")
            let name = (names.dropLast() + [".wh.\(names.last ?? "")"]).joined(separator: "/")
            pieces.insert({ $0.file(name) }, at: random.between(0, pieces.count))
        }
        for path in opaque {
            pieces.insert(
                { $0.file(path + "/.wh..wh..opq") }, at: random.between(0, pieces.count))
        }
        return TarBuilder.archive { builder in for piece in pieces { piece(&builder) } }
    }
}

@Suite struct LayerMergerPropertyTests {
    @Test func `merged layers are what layers applied one by one make`() throws {
        var secondPasses = 0
        for seed in 0..<2000 {
            var random = SplitMix64(seed: UInt64(seed))
            var root = NaiveRoot()
            var archives: [[UInt8]] = []
            for number in 1...random.between(1, 5) {
                let layer = Layer(&random, number: number, below: root)
                root.apply(layer)
                archives.append(layer.archive(&random))
            }
            let (archive, _, passes) = try merge(archives)
            if passes > 1 { secondPasses += 1 }
            let result = try Contents(archive: archive, modes: true)
            try #require(flat(result) == expected(root), "seed \(seed)")
            try #require(files(result) == Set(inodes(root)).count, "seed \(seed)")
        }
        // The rare way has to be among what was tried.
        #expect(secondPasses > 100)
    }

    /// What each path is, with links followed.
    private func flat(_ contents: Contents) -> [String: String] {
        contents.entries.mapValues { value in
            var value = value
            while value.hasPrefix("link "), let next = contents.entries[String(value.dropFirst(5))]
            {
                value = next
            }
            return value
        }
    }

    private func files(_ contents: Contents) -> Int {
        contents.entries.values.filter { !$0.hasPrefix("dir") && !$0.hasPrefix("link") }.count
    }

    private func inodes(_ root: NaiveRoot) -> [Int] {
        root.items.values.compactMap { if case .other(let inode) = $0 { inode } else { nil } }
    }

    private func expected(_ root: NaiveRoot) -> [String: String] {
        root.items.mapValues {
            switch $0 {
            case .directory(let mode): "dir \(mode ?? "755")"
            case .other(let inode): root.words[inode]
            }
        }
    }
}
