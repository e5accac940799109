import InitCore
import UnitFiles

/// The section [Install] of a unit's file, one word at a time.
struct InstallSection {
    private var lines: UnitText
    private var directive = ByteView.empty
    private var value = ByteView.empty
    private var isInside = false

    /// - Parameter bytes: of the file. They are changed.
    init(_ bytes: UnsafeMutableBufferPointer<UInt8>) { lines = UnitText(bytes) }

    /// The next word, and the directive that it stands behind.
    mutating func next() -> (directive: ByteView, word: ByteView)? {
        while true {
            while value.count > 0 {
                let word = value.removeFirst(upTo: UInt8(ascii: " "))
                if word.count > 0 { return (directive, word) }
            }
            switch lines.next() {
            case .end: return nil
            case .wrong: break
            case .section(let name): isInside = name.equals("Install")
            case .assignment(let name, let text):
                if isInside { (directive, value) = (name, text) }
            }
        }
    }
}

/// Names of units, each once, with a NUL behind it.
struct NameQueue {
    private static let capacity = PathBuffer.capacity
    private let start: UnsafeMutablePointer<UInt8>
    private var count = 0
    private var offset = 0
    /// Whether a name had no room.
    private(set) var isFull = false

    /// - Parameter memory: as many bytes as a `PathBuffer` has.
    init(_ memory: UnsafeMutablePointer<UInt8>) { start = memory }

    mutating func add(_ name: ByteView) {
        var rest = ByteView(start: start, count: count)
        while rest.count > 0 { if rest.removeFirst(upTo: 0).equals(name) { return } }
        guard count &+ name.count < NameQueue.capacity else {
            isFull = true
            return
        }
        count &+= name.copy(to: start + count)
        start[count] = 0
        count &+= 1
    }

    mutating func next() -> ByteView? {
        guard offset < count else { return nil }
        let rest = ByteView(start: start + offset, count: count &- offset)
        let name = rest.slice(0, rest.length(before: 0))
        offset &+= name.count &+ 1
        return name
    }
}
