/// One boot, as recorded on the host: what came, when, and from which source.
///
/// Each line of the text is `MICROSECONDS SOURCE TEXT`, with the host's clock. The sources:
/// `qemu` (the start of its process), `firmware` (each question that the firmware, or the
/// loader behind it, asks of qemu), and `console` (each line of the guest's serial line,
/// when its end came).
public struct Recording: Equatable {
    public struct Entry: Equatable {
        /// Microseconds since the Epoch.
        public let at: Int
        public let text: String

        public init(at: Int, text: String) {
            self.at = at
            self.text = text
        }
    }

    public enum Problem: Error, Equatable, CustomStringConvertible {
        /// Number of the line, from 1.
        case line(Int)
        case missing(String)

        public var description: String {
            switch self {
            case .line(let number): "line \(number) is not 'MICROSECONDS SOURCE TEXT'"
            case .missing(let what): "there is no \(what) in it"
            }
        }
    }

    /// When qemu's process was started.
    public let start: Int
    public private(set) var firmware: [Entry] = []
    public private(set) var console: [Entry] = []

    public init(parsing text: String) throws(Problem) {
        var start: Int?
        for (index, line) in text.split(whereSeparator: { $0 == "\n" || $0 == "\r\n" }).enumerated()
        {
            let words = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
            guard words.count >= 2, let at = Int(words[0]) else { throw .line(index + 1) }
            let rest = words.count == 3 ? String(words[2]) : ""
            switch words[1] {
            case "qemu": start = at
            case "firmware": firmware.append(Entry(at: at, text: rest))
            case "console": console.append(Entry(at: at, text: rest))
            default: throw .line(index + 1)
            }
        }
        guard let start else { throw .missing("start of qemu") }
        self.start = start
    }
}
