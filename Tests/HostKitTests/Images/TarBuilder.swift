@testable import HostKit

/// Writes tar archives for tests, by rules of its own.
struct TarBuilder {
    private(set) var bytes: [UInt8] = []

    mutating func file(_ path: String, _ content: String = "", mode: Int = 0o644) {
        let content = [UInt8](content.utf8)
        header(path, type: "0", size: content.count, mode: mode)
        append(content)
    }

    mutating func directory(_ path: String, mode: Int = 0o755) {
        header(path, type: "5", mode: mode)
    }

    mutating func link(_ path: String, to target: String, type: Character = "1") {
        header(path, type: type, link: target)
    }

    mutating func symlink(_ path: String, to target: String) {
        link(path, to: target, type: "2")
    }

    /// An extended header, for the entry that follows or (`g`) for all.
    mutating func extended(_ records: [(String, String)], type: Character = "x") {
        let content = records.flatMap { key, value in
            let body = " \(key)=\(value)\n".utf8.count
            let length = (1...9).map { body + $0 }.first { String($0).count == $0 - body } ?? 0
            return [UInt8]("\(length) \(key)=\(value)\n".utf8)
        }
        header("x", type: type, size: content.count)
        append(content)
    }

    /// GNU's long name (`L`) or long link target (`K`) of the entry that follows.
    mutating func long(_ text: String, type: Character) {
        let content = [UInt8](text.utf8) + [0]
        header("././@LongLink", type: type, size: content.count)
        append(content)
    }

    mutating func header(
        _ path: String, type: Character, size: Int = 0, mode: Int = 0o644, link: String = "",
        change: (inout [UInt8]) -> Void = { _ in }
    ) {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, _ offset: Int, _ limit: Int) {
            for (index, byte) in text.utf8.prefix(limit).enumerated() {
                block[offset + index] = byte
            }
        }
        func octal(_ value: Int, _ digits: Int) -> String {
            let text = String(value, radix: 8)
            return String(repeating: "0", count: digits - text.count) + text
        }
        put(path, 0, 100)
        put(octal(mode, 7), 100, 7)
        put(octal(0, 7), 108, 7)
        put(octal(0, 7), 116, 7)
        put(octal(size, 11), 124, 11)
        put(octal(1, 11), 136, 11)
        put(String(type), 156, 1)
        put(link, 157, 100)
        put("ustar", 257, 5)
        put("00", 263, 2)
        change(&block)
        for index in 148..<156 { block[index] = 32 }
        put(octal(block.reduce(0) { $0 + Int($1) }, 6), 148, 6)
        block[154] = 0
        bytes += block
    }

    mutating func append(_ content: [UInt8]) {
        bytes += content
        bytes += [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
    }

    /// The archive with the mark of its end.
    var archive: [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }

    static func archive(_ build: (inout TarBuilder) -> Void) -> [UInt8] {
        var builder = TarBuilder()
        build(&builder)
        return builder.archive
    }
}

/// Keeps what is written.
final class MemorySink: ByteSink {
    private(set) var bytes: [UInt8] = []

    func write(_ part: UnsafeRawBufferPointer) { bytes += part }
}

/// Gives a few bytes at a time, as a pipe may.
final class SlowSource: ByteSource {
    private var bytes: ArraySlice<UInt8>
    private let step: Int

    init(_ bytes: [UInt8], step: Int) {
        self.bytes = bytes[...]
        self.step = step
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let part = bytes.prefix(min(step, buffer.count))
        buffer.copyBytes(from: part)
        bytes = bytes.dropFirst(part.count)
        return part.count
    }
}

/// What an archive has, by path. Each entry is one word: `dir 755`, `file CONTENT`, `link TARGET`.
struct Contents: Equatable {
    var entries: [String: String] = [:]

    init(_ entries: [String: String]) { self.entries = entries }

    init(archive: [UInt8], modes: Bool = false) throws {
        let reader = TarReader(MemorySource(archive), label: "the result")
        while let entry = try reader.next() {
            let path = String(decoding: entry.path, as: UTF8.self)
            let target = String(decoding: entry.linkTarget, as: UTF8.self)
            var content: [UInt8] = []
            let mode = entry.headers[entry.mainOffset + 104..<entry.mainOffset + 107]
            let value: String
            switch entry.kind {
            case .file:
                try reader.forEachStretch { content += $0 }
                value = "file \(String(decoding: content.prefix(entry.size), as: UTF8.self))"
            case .directory:
                value = modes ? "dir \(String(decoding: mode, as: UTF8.self))" : "dir"
            case .symbolicLink: value = "symlink \(target)"
            case .hardLink: value = "link \(target)"
            case .device: value = "device"
            case .fifo: value = "fifo"
            }
            guard entries.updateValue(value, forKey: path) == nil else {
                throw HostError("the result has '\(path)' twice")
            }
        }
    }
}

/// Merges layers, the lowest first, with as many passes as it takes.
func merge(
    _ layers: [[UInt8]], limits: ImageLimits = ImageLimits(), step: Int = 1 << 20
) throws -> (archive: [UInt8], merger: LayerMerger, passes: Int) {
    var known = Amendments()
    for pass in 1...4 {
        let sink = MemorySink()
        let merger = LayerMerger(sink, limits: limits, known: known)
        for (index, layer) in layers.enumerated().reversed() {
            try merger.take(
                SlowSource(layer, step: step), layer: index + 1, label: "layer \(index + 1)")
        }
        try merger.finish()
        if !merger.needsAnotherPass { return (sink.bytes, merger, pass) }
        known = merger.amendments
    }
    throw HostError("no end of passes")
}

/// What layers, the lowest first, are together.
func merged(_ layers: ((inout TarBuilder) -> Void)..., modes: Bool = false) throws -> [String:
    String]
{
    try Contents(archive: merge(layers.map(TarBuilder.archive)).archive, modes: modes).entries
}
