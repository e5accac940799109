/// What a flattened image may have at most.
public struct ImageLimits: Equatable, Sendable {
    /// Of all layers together, unpacked. In bytes.
    public var size: Int
    /// Entries of all layers together.
    public var entries: Int

    /// - Parameters:
    ///   - size: In bytes. 64 GiB hold the largest images that people use, and are far below what
    ///     a few kilobytes of a malicious archive can unpack to.
    ///   - entries: The tree of 5 million paths takes about 1 GiB of memory.
    public init(size: Int = 64 << 30, entries: Int = 5_000_000) {
        self.size = size
        self.entries = entries
    }
}

/// What a first pass over the layers has found out too late, so that a second one has to begin
/// with it. Images that make a second pass necessary are rare.
struct Amendments: Equatable {
    /// An entry of a layer: both are numbers.
    struct EntryID: Hashable {
        /// From 1, the lowest layer.
        let layer: Int32
        /// From 1, the first entry of the archive.
        let entry: Int32
    }

    /// Entries that a later one of their layer replaces, and links that `promoted` made files.
    var leftOut: Set<EntryID> = []
    /// Files that an upper layer hides, while links to them stay. They are written at the path of
    /// the first link.
    var promoted: [EntryID: [UInt8]] = [:]
}

/// Merges the layers of an image into one archive, in one pass over each, from the topmost layer
/// down. An entry is written unless an upper layer hides it. OCI image-spec, layer.md
///
/// Within a layer a later entry of the same path wins, as in `tar --append`. Two entries of a layer
/// that exclude each other, such as a link `a` and a file `a/b`, are refused: programs do not agree
/// on what they mean, and none that makes a layer of a file system writes them.
///
/// It is handed from thread to thread, and no two use it at the same time.
final class LayerMerger: @unchecked Sendable {
    typealias Index = PathTree.Index
    typealias EntryID = Amendments.EntryID

    /// More hops than any program makes. It also ends a circle of links.
    private static let maximumHops = 64
    /// Of `etc/passwd` and `etc/group` each, in bytes.
    private static let maximumCapture = 1 << 20

    /// A visible hard link whose target is not known yet.
    private struct Link {
        let id: EntryID
        /// What messages call its layer.
        let label: String
        let node: Index
        /// The layer that says what the target is. Those above it cannot take it away.
        var targetLayer: Int32
        var target: Index
    }

    /// An entry that an upper layer hides.
    private enum Hidden {
        case entry(Int32)
        case link(Index)
    }

    private let output: TarOutput
    private let limits: ImageLimits
    /// What the passes so far have found out.
    private(set) var amendments: Amendments
    private let known: Amendments
    /// The content of the paths that are its keys, as it is in the merged image.
    private(set) var captured: [[UInt8]: [UInt8]] = [
        [UInt8]("etc/passwd".utf8): [], [UInt8]("etc/group".utf8): [],
    ]
    /// How many entries lost extended attributes that squashfs cannot hold.
    private(set) var attributesLost = 0

    private var tree = PathTree()
    private var layer: Int32 = 0
    private var label = ""
    private var hasWhiteouts = true
    private var entry: Int32 = 0
    private var entriesOfAll = 0
    private var bytesOfAll = 0
    private var hidden: [Index: Hidden] = [:]
    private var links: [Link] = []
    /// Links of the layer, by their node, to their target.
    private var visibleLinks: [Index: Index] = [:]
    private var ancestors: [Index] = []

    /// - Parameter known: What an earlier pass over the same layers has found out.
    init(_ sink: any ByteSink, limits: ImageLimits = ImageLimits(), known: Amendments = .init()) {
        output = TarOutput(sink)
        self.limits = limits
        self.known = known
        amendments = known
    }

    /// Whether what was written is of no use, and another pass has to begin with `amendments`.
    private(set) var needsAnotherPass = false

    /// Merges the next layer. It blocks while the source or the sink does.
    ///
    /// - Parameters:
    ///   - number: From 1, the lowest. Layers come from the topmost down.
    ///   - label: What messages call the layer.
    ///   - isRoot: Whether it is a root file system and no layer. Then names that begin with
    ///     `.wh.` are names like others, and the archive has to have its end.
    /// - Throws: `HostError` that names the layer and the entry, or what source and sink throw.
    func take(
        _ source: any ByteSource, layer number: Int, label: String, isRoot: Bool = false
    ) throws {
        hasWhiteouts = !isRoot
        layer = Int32(number)
        self.label = label
        entry = 0
        let reader = TarReader(
            source, label: label, mayLackEnd: !isRoot, limit: limits.size - bytesOfAll)
        while let next = try reader.next() {
            entry += 1
            try count(next)
            if known.leftOut.contains(EntryID(layer: layer, entry: entry)) {
                // Its place is taken: for the layers below by the entry that replaces it, or here.
                if next.kind == .hardLink { try takePlace(of: next) }
                continue
            }
            try take(next, from: reader)
        }
        bytesOfAll += reader.bytesRead
        try resolveLinks()
        hidden.removeAll()
        visibleLinks.removeAll()
    }

    /// Writes what is left, and the end of the archive.
    func finish() throws {
        if let link = links.first { throw missingTarget(of: link) }
        for index in tree.nodes.indices.dropFirst() {
            let node = tree.nodes[index]
            guard node.kind == .directory, node.headerLayer == 0 else { continue }
            try write(TarWriter.headers(path: tree.path(of: Index(index)), type: "5"))
        }
        if !needsAnotherPass { try output.finish() }
    }

    private func count(_ next: TarEntry) throws {
        entriesOfAll += 1
        bytesOfAll += next.realSize - next.size
        guard entriesOfAll <= limits.entries, tree.count <= limits.entries else {
            throw HostError("the image has more than \(limits.entries) entries")
        }
        guard bytesOfAll <= limits.size else {
            throw HostError(
                "\(label) makes the image larger than its limit allows"
                    + " (--image-limit sets another)")
        }
    }

    private func write(_ bytes: [UInt8]) throws {
        if !needsAnotherPass { try output.append(bytes) }
    }
}

// MARK: - What hides, and what is hidden
extension LayerMerger {
    private static let whiteoutPrefix = [UInt8](".wh.".utf8)
    private static let auxiliaryPrefix = [UInt8](".wh..wh.".utf8)
    private static let opaqueName = [UInt8](".wh..wh..opq".utf8)

    private func take(_ next: TarEntry, from reader: TarReader) throws {
        let names = next.path.split(separator: UInt8(ascii: "/"))
        let name = names.last.map(Array.init) ?? []
        if hasWhiteouts,
            name.starts(with: Self.whiteoutPrefix) || next.path.starts(with: Self.auxiliaryPrefix)
        {
            return try takeWhiteout(next, name: name)
        }
        tree.walk(next.path, into: &ancestors)
        let node = ancestors.removeLast()
        let isBelowHidden = ancestors.contains { tree[$0].hidesBelow.hides(layer) }
        let isHidden = isBelowHidden || tree[node].hidesSelf.hides(layer)
        try makeAncestorsDirectories(of: next)
        if next.kind == .directory {
            if !isHidden { try takeDirectory(next, node, reader) }
        } else {
            defer {
                tree[node].hidesSelf.add(layer)
                tree[node].hidesBelow.add(layer)
            }
            let isReplaced = tree[node].kind == .directory && tree[node].layer > layer
            if isHidden || isReplaced {
                try takeHidden(next, node, reader)
            } else {
                try takeVisible(next, node, reader)
            }
        }
    }

    /// A file `a/b` makes `a` a directory, whatever lower layers have there: unless an upper layer
    /// hides `a`, too.
    private func makeAncestorsDirectories(of next: TarEntry) throws {
        for ancestor in ancestors {
            if tree[ancestor].hidesSelf.hides(layer) { return }
            switch tree[ancestor].kind {
            case .directory: break
            case .unknown:
                tree[ancestor].kind = .directory
                tree[ancestor].layer = layer
            case .other:
                throw contradiction(next, with: ancestor)
            }
            if tree[ancestor].hidesBelow.hides(layer) { return }
        }
    }

    private func contradiction(_ next: TarEntry, with node: Index) -> HostError {
        let other = TarPath.shown(tree.path(of: node))
        return HostError(
            "\(label) has the entry \(TarPath.shown(next.path)), and has \(other) both as a"
                + " directory and as something else")
    }

    /// A whiteout hides, and makes nothing: not the directory that it is in, either.
    private func takeWhiteout(_ next: TarEntry, name: [UInt8]) throws {
        if name != Self.opaqueName, next.path.containsName(withPrefix: Self.auxiliaryPrefix) {
            // Notes that AUFS kept for itself. They are no part of an image.
            return
        }
        let directory = Array(next.path.dropLast(name.count))
        tree.walk(directory, into: &ancestors)
        let parent = ancestors[ancestors.count - 1]
        if name == Self.opaqueName {
            tree[parent].hidesBelow.add(layer)
            return
        }
        let hiddenName = Array(name.dropFirst(Self.whiteoutPrefix.count))
        guard !hiddenName.isEmpty, hiddenName != [46], hiddenName != [46, 46] else {
            throw HostError(
                "\(label) has the entry \(TarPath.shown(next.path)), which hides nothing that"
                    + " could exist")
        }
        let node = tree.child(of: parent, hiddenName)
        tree[node].hidesSelf.add(layer)
        tree[node].hidesBelow.add(layer)
    }

    private func takeDirectory(_ next: TarEntry, _ node: Index, _ reader: TarReader) throws {
        if tree[node].kind == .other { throw contradiction(next, with: node) }
        if tree[node].headerLayer > layer { return }
        if tree[node].headerLayer == layer { leaveOut(tree[node].entry) }
        if tree[node].kind == .unknown {
            tree[node].kind = .directory
            tree[node].layer = layer
        }
        tree[node].headerLayer = layer
        tree[node].entry = entry
        try copy(next, from: reader)
    }

    private func takeVisible(_ next: TarEntry, _ node: Index, _ reader: TarReader) throws {
        switch tree[node].kind {
        case .directory: throw contradiction(next, with: node)
        case .other:
            leaveOut(tree[node].entry)
            visibleLinks[node] = nil
        case .unknown: break
        }
        tree[node].kind = .other
        tree[node].layer = layer
        tree[node].entry = entry
        if next.kind == .hardLink {
            let target = try target(of: next)
            visibleLinks[node] = target
            links.append(
                Link(
                    id: EntryID(layer: layer, entry: entry), label: label, node: node,
                    targetLayer: layer, target: target))
        } else {
            try copy(next, from: reader)
        }
    }

    private func leaveOut(_ entry: Int32) {
        let isNew = amendments.leftOut.insert(EntryID(layer: layer, entry: entry)).inserted
        if isNew { needsAnotherPass = true }
    }

    private func takeHidden(_ next: TarEntry, _ node: Index, _ reader: TarReader) throws {
        if next.kind == .hardLink {
            hidden[node] = .link(try target(of: next))
            return
        }
        hidden[node] = .entry(entry)
        if let link = known.promoted[EntryID(layer: layer, entry: entry)] {
            var file = next
            file.path = link
            file.needsNewHeaders = true
            try copy(file, from: reader)
        }
    }

    /// A link that an earlier pass made a file still hides what is below it.
    private func takePlace(of link: TarEntry) throws {
        tree.walk(link.path, into: &ancestors)
        let node = ancestors.removeLast()
        try makeAncestorsDirectories(of: link)
        tree[node].kind = .other
        tree[node].layer = layer
        tree[node].entry = entry
        tree[node].hidesSelf.add(layer)
        tree[node].hidesBelow.add(layer)
    }

    /// Writes the entry, and keeps its content where somebody asked for it.
    private func copy(_ next: TarEntry, from reader: TarReader) throws {
        if next.needsNewHeaders {
            if next.records.contains(where: \.isForeignAttribute) { attributesLost += 1 }
            try write(TarWriter.headers(for: next, path: next.path))
        } else {
            try write(next.headers)
        }
        guard next.size > 0 else { return }
        if needsAnotherPass { return }
        if next.realSize == next.size, next.size <= Self.maximumCapture,
            captured[next.path] != nil
        {
            var content: [UInt8] = []
            try reader.forEachStretch {
                content += $0
                try output.append($0)
            }
            captured[next.path] = Array(content.prefix(next.size))
        } else {
            try reader.forEachStretch(output.append)
        }
    }
}

// MARK: - Hard links
extension LayerMerger {
    private func target(of link: TarEntry) throws -> Index {
        let path: [UInt8]
        do {
            path = try TarPath.normalise(link.linkTarget)
        } catch let error as TarPath.Problem {
            throw HostError(
                "\(label) has the hard link \(TarPath.shown(link.path)), whose target"
                    + " \(TarPath.shown(link.linkTarget)) \(error.rawValue)")
        }
        var nodes: [Index] = []
        tree.walk(path, into: &nodes)
        return nodes[nodes.count - 1]
    }

    /// Writes the links whose target is in the layer that was just read. The others wait for the
    /// next one: the target of a link may be in a lower layer.
    private func resolveLinks() throws {
        var waiting: [Link] = []
        for link in links {
            // The same path came again later in the layer.
            if amendments.leftOut.contains(link.id) { continue }
            var link = link
            if try !resolve(&link) {
                if tree.isHidden(link.target, byLayersUpTo: link.targetLayer) {
                    throw missingTarget(of: link)
                }
                waiting.append(link)
            }
        }
        links = waiting
    }

    /// Whether the target is in this layer. If so, the link is written.
    private func resolve(_ link: inout Link) throws -> Bool {
        for _ in 0..<Self.maximumHops {
            switch hidden[link.target] {
            case .link(let target):
                link.target = target
                link.targetLayer = layer
                continue
            case .entry(let number):
                try promote(EntryID(layer: layer, entry: number), to: link)
                return true
            case nil: break
            }
            guard tree[link.target].kind == .other, tree[link.target].layer == layer else {
                return false
            }
            try checkForCircle(link)
            try write(
                TarWriter.headers(
                    path: tree.path(of: link.node), type: "1",
                    linkTarget: tree.path(of: link.target)))
            return true
        }
        throw circle(of: link)
    }

    /// The file that an upper layer hides gets the path of its first link.
    private func promote(_ file: EntryID, to link: Link) throws {
        let path = tree.path(of: link.node)
        if let first = amendments.promoted[file] {
            try write(TarWriter.headers(path: path, type: "1", linkTarget: first))
        } else {
            amendments.promoted[file] = path
            amendments.leftOut.insert(link.id)
            needsAnotherPass = true
        }
    }

    private func checkForCircle(_ link: Link) throws {
        var node = link.target
        for _ in 0..<Self.maximumHops {
            guard let target = visibleLinks[node] else { return }
            node = target
        }
        throw circle(of: link)
    }

    private func circle(of link: Link) -> HostError {
        HostError(
            "\(link.label) has the hard link \(TarPath.shown(tree.path(of: link.node))),"
                + " which leads through more than \(Self.maximumHops) other links")
    }

    private func missingTarget(of link: Link) -> HostError {
        HostError(
            "\(link.label) has the hard link \(TarPath.shown(tree.path(of: link.node))),"
                + " but there is no file \(TarPath.shown(tree.path(of: link.target)))")
    }
}

extension [UInt8] {
    /// Whether any name of the path begins so.
    fileprivate func containsName(withPrefix prefix: [UInt8]) -> Bool {
        split(separator: UInt8(ascii: "/")).contains { $0.starts(with: prefix) }
    }
}
