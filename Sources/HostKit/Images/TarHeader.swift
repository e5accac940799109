/// The fields of a header block. POSIX.1-2017, pax(1), "ustar Interchange Format"; tar(5)
enum TarHeader {
    static let name = 0..<100
    static let size = 124..<136
    static let checksum = 148..<156
    static let type = 156
    static let linkName = 157..<257
    static let magic = 257..<263
    static let prefix = 345..<500
    /// Of GNU's sparse files.
    static let sparseContinues = 482
    static let sparseRealSize = 483..<495
    /// Of the blocks behind the header of a sparse file.
    static let extensionContinues = 504

    /// A number in octal digits, or in GNU's base-256. None if it is neither, or below zero.
    static func number(_ field: Slice<UnsafeRawBufferPointer>) -> Int? {
        guard let first = field.first else { return nil }
        if first & 0x80 != 0 {
            guard first == 0x80 else { return nil }
            var value = 0
            for byte in field.dropFirst() {
                guard value < 1 << 54 else { return nil }
                value = value << 8 | Int(byte)
            }
            return value
        }
        var value = 0
        var hasEnded = false
        for byte in field.drop(while: { $0 == UInt8(ascii: " ") }) {
            if byte == 0 || byte == UInt8(ascii: " ") {
                hasEnded = true
            } else {
                guard !hasEnded, (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(byte) else {
                    return nil
                }
                value = value << 3 | Int(byte - UInt8(ascii: "0"))
            }
        }
        return value
    }

    /// Text up to the first zero byte.
    static func text(_ field: Slice<UnsafeRawBufferPointer>) -> [UInt8] {
        Array(field.prefix { $0 != 0 })
    }

    /// Whether the sum of the block's bytes is the one that it names. Some old archives count
    /// bytes with a sign.
    static func hasRightChecksum(_ block: UnsafeRawBufferPointer) -> Bool {
        guard let expected = number(block[checksum]) else { return false }
        var unsigned = 0
        var signed = 0
        for byte in block {
            unsigned &+= Int(byte)
            signed &+= Int(Int8(bitPattern: byte))
        }
        for byte in block[checksum] {
            unsigned &+= 32 &- Int(byte)
            signed &+= 32 &- Int(Int8(bitPattern: byte))
        }
        return expected == unsigned || expected == signed
    }

    static func isEmpty(_ block: UnsafeRawBufferPointer) -> Bool {
        block.allSatisfy { $0 == 0 }
    }
}

/// Writes headers: ustar's, with an extended header before it for what does not fit.
enum TarWriter {
    /// The headers for `entry` under another path, and with its extended records in one header.
    ///
    /// - Parameter path: As in `TarEntry.path`.
    static func headers(for entry: TarEntry, path: [UInt8]) -> [UInt8] {
        var main = Array(entry.headers[entry.mainOffset...])
        let replaced = ["path", "linkpath", "GNU.sparse.name"]
        var records = entry.records.filter {
            !replaced.contains($0.key) && !$0.isForeignAttribute && !$0.value.isEmpty
        }
        let isSparse = records.contains { $0.key.hasPrefix("GNU.sparse.") }
        let isUstar = main[TarHeader.magic].elementsEqual("ustar\0".utf8)
        if isUstar { put([], into: &main, at: TarHeader.prefix) }
        put(Array(path.prefix(TarHeader.name.count)), into: &main, at: TarHeader.name)
        if isSparse {
            records.append(PaxRecord(key: "GNU.sparse.name", value: path))
        } else if path.count > TarHeader.name.count {
            records.append(PaxRecord(key: "path", value: path))
        }
        let target = entry.linkTarget.prefix(TarHeader.linkName.count)
        put(Array(target), into: &main, at: TarHeader.linkName)
        if entry.linkTarget.count > TarHeader.linkName.count {
            records.append(PaxRecord(key: "linkpath", value: entry.linkTarget))
        }
        setChecksum(&main)
        return extended(records) + main
    }

    /// The headers of an entry without content.
    static func headers(
        path: [UInt8], type: Character, mode: Int = 0o755, linkTarget: [UInt8] = []
    ) -> [UInt8] {
        var main = [UInt8](repeating: 0, count: TarInput.blockSize)
        var records: [PaxRecord] = []
        put(Array(path.prefix(TarHeader.name.count)), into: &main, at: TarHeader.name)
        if path.count > TarHeader.name.count {
            records.append(PaxRecord(key: "path", value: path))
        }
        let target = linkTarget.prefix(TarHeader.linkName.count)
        put(Array(target), into: &main, at: TarHeader.linkName)
        if linkTarget.count > TarHeader.linkName.count {
            records.append(PaxRecord(key: "linkpath", value: linkTarget))
        }
        put(octal(mode, digits: 7), into: &main, at: 100..<108)
        for field in [108..<116, 116..<124] { put(octal(0, digits: 7), into: &main, at: field) }
        put(octal(0, digits: 11), into: &main, at: TarHeader.size)
        put(octal(0, digits: 11), into: &main, at: 136..<148)
        main[TarHeader.type] = type.asciiValue ?? 0
        put([UInt8]("ustar\u{0}00".utf8), into: &main, at: 257..<265)
        setChecksum(&main)
        return extended(records) + main
    }

    /// An extended header with `records`, if there are any.
    private static func extended(_ records: [PaxRecord]) -> [UInt8] {
        guard !records.isEmpty else { return [] }
        let content = records.flatMap(\.bytes)
        var header = headers(path: [UInt8]("pax".utf8), type: "x", mode: 0o644)
        put(octal(content.count, digits: 11), into: &header, at: TarHeader.size)
        setChecksum(&header)
        let padding = (0 &- content.count) & (TarInput.blockSize - 1)
        return header + content + [UInt8](repeating: 0, count: padding)
    }

    private static func put(_ bytes: [UInt8], into block: inout [UInt8], at field: Range<Int>) {
        for index in field {
            let position = index - field.lowerBound
            block[index] = position < bytes.count ? bytes[position] : 0
        }
    }

    private static func octal(_ value: Int, digits: Int) -> [UInt8] {
        let text = String(value, radix: 8)
        return [UInt8]((String(repeating: "0", count: max(0, digits - text.count)) + text).utf8)
    }

    /// The blocks behind the first are no part of the sum.
    private static func setChecksum(_ headers: inout [UInt8]) {
        put([UInt8](repeating: 32, count: 8), into: &headers, at: TarHeader.checksum)
        let sum = headers[..<TarInput.blockSize].reduce(0) { $0 + Int($1) }
        put(octal(sum, digits: 6) + [0, 32], into: &headers, at: TarHeader.checksum)
    }
}
