/// All paths of an image that any layer has spoken of, and what is known of each so far.
///
/// Layers are numbered from 1, the lowest. They come from the topmost down.
struct PathTree {
    typealias Index = Int32
    static let root: Index = 0

    enum Kind: UInt8 {
        /// No layer has it, so far.
        case unknown
        case directory
        /// Anything that has no entries below it.
        case other
    }

    struct Node {
        let parent: Index
        let name: [UInt8]
        var kind = Kind.unknown
        /// The topmost layer that has it, and the number of its entry there.
        var layer: Int32 = 0
        var entry: Int32 = 0
        /// The layer that has a directory's owner and mode. 0 if none has.
        var headerLayer: Int32 = 0
        /// The layers that hide what lower layers have here: the topmost, and the lowest so far.
        var hidesSelf = Hiding()
        /// The same of what lower layers have below here.
        var hidesBelow = Hiding()
    }

    struct Hiding {
        var topmost: Int32 = 0
        var lowest: Int32 = 0

        mutating func add(_ layer: Int32) {
            if topmost == 0 { topmost = layer }
            lowest = layer
        }

        /// Whether a layer above `layer` hides.
        func hides(_ layer: Int32) -> Bool { topmost > layer }
    }

    private struct Key: Hashable {
        let parent: Index
        let name: [UInt8]

        func hash(into hasher: inout Hasher) {
            hasher.combine(parent)
            name.withUnsafeBytes { hasher.combine(bytes: $0) }
        }
    }

    private(set) var nodes: ContiguousArray<Node> = [Node(parent: -1, name: [], kind: .directory)]
    private var children: [Key: Index] = [:]

    var count: Int { nodes.count }

    subscript(index: Index) -> Node {
        _read { yield nodes[Int(index)] }
        _modify { yield &nodes[Int(index)] }
    }

    /// The node of `name` in the directory `parent`. It is made if there is none.
    mutating func child(of parent: Index, _ name: [UInt8]) -> Index {
        let key = Key(parent: parent, name: name)
        if let index = children[key] { return index }
        let index = Index(nodes.count)
        nodes.append(Node(parent: parent, name: name))
        children[key] = index
        return index
    }

    /// The nodes from the root to `path`, both included, in `result`.
    ///
    /// - Parameter path: Normalised.
    mutating func walk(_ path: [UInt8], into result: inout [Index]) {
        result.removeAll(keepingCapacity: true)
        result.append(Self.root)
        for name in path.split(separator: UInt8(ascii: "/")) {
            result.append(child(of: result[result.count - 1], Array(name)))
        }
    }

    func path(of index: Index) -> [UInt8] {
        var names: [[UInt8]] = []
        var node = index
        while node != Self.root {
            names.append(nodes[Int(node)].name)
            node = nodes[Int(node)].parent
        }
        return Array(names.reversed().joined(separator: [UInt8(ascii: "/")]))
    }

    /// Whether a layer from `top` down to the current one hides what lower layers have at `index`.
    func isHidden(_ index: Index, byLayersUpTo top: Int32) -> Bool {
        func isOne(_ hiding: Hiding) -> Bool { hiding.lowest > 0 && hiding.lowest <= top }
        if isOne(nodes[Int(index)].hidesSelf) { return true }
        var node = nodes[Int(index)].parent
        while node >= 0 {
            if isOne(nodes[Int(node)].hidesBelow) { return true }
            node = nodes[Int(node)].parent
        }
        return false
    }
}
