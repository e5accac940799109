/// Reads the entries of a tar archive: ustar, GNU's and pax. tar(5); POSIX.1-2017, pax(1)
final class TarReader {
    /// Extended headers and long names are kept in memory. No real one comes near.
    private static let maximumExtension = 1 << 20

    private let input: TarInput
    /// What messages call the archive.
    private let label: String
    /// Whether an archive may end without the two empty blocks that say so. One whose digest is
    /// known cannot be cut short.
    private let mayLackEnd: Bool
    /// How many bytes the archive may have.
    private let limit: Int
    /// The records of global headers. They hold for all entries that follow.
    private var globals: [PaxRecord] = []
    /// How many bytes of content and padding `next` has still to leave out.
    private var unread = 0

    // What the headers of the entry that is being read have said so far.
    private var headers: [UInt8] = []
    private var records: [PaxRecord] = []
    private var longName: [UInt8]?
    private var longLink: [UInt8]?

    /// - Parameters:
    ///   - label: What messages call the archive, such as "layer 2 of 5".
    ///   - limit: How many bytes it may have.
    init(_ source: any ByteSource, label: String, mayLackEnd: Bool = false, limit: Int = .max) {
        input = TarInput(source)
        self.label = label
        self.mayLackEnd = mayLackEnd
        self.limit = limit
    }

    var bytesRead: Int { input.bytesRead }

    /// Where the content of the entry is in the archive, which holds after `next`. In bytes.
    private(set) var contentOffset = 0
    private var offset = 0

    /// The next entry, or none at the end. Content that was not read is left out.
    func next() throws -> TarEntry? {
        try skipContent()
        headers = []
        records = []
        longName = nil
        longLink = nil
        while let block = try nextBlock() {
            if let entry = try take(block) {
                contentOffset = offset
                return entry
            }
        }
        guard headers.isEmpty else { throw problem("ends within an entry: it is cut short") }
        return nil
    }

    /// Gives the content of the entry that came last to `body`, with its padding to full blocks.
    func forEachStretch(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        let count = unread
        unread = 0
        offset += count
        do {
            try input.forEachStretch(of: count, body)
        } catch is TarInput.EndOfStream {
            throw problem("ends within the content of an entry: it is cut short")
        }
    }

    /// An error that names the archive.
    func problem(_ text: String) -> HostError { HostError("\(label) \(text)") }

    private func skipContent() throws {
        offset += unread
        defer { unread = 0 }
        do {
            try input.skip(unread)
        } catch is TarInput.EndOfStream {
            throw problem("ends within the content of an entry: it is cut short")
        }
    }

    /// The next block that is not empty. None behind the two empty ones at the end.
    private func nextBlock() throws -> [UInt8]? {
        do {
            guard let block = try input.block({ TarHeader.isEmpty($0) ? [] : Array($0) }) else {
                if mayLackEnd { return nil }
                throw offset == 0
                    ? noArchive : problem("ends without the mark of its end: it is cut short")
            }
            offset += TarInput.blockSize
            guard input.bytesRead <= limit else { throw tooLarge() }
            guard block.isEmpty else { return block }
            if try input.block(TarHeader.isEmpty) == false {
                throw problem("goes on behind an empty block: it is damaged")
            }
            try input.drain(limit: limit)
            guard input.bytesRead <= limit else { throw tooLarge() }
            return nil
        } catch is TarInput.EndOfStream {
            throw offset == 0 ? noArchive : problem("ends within a header: it is cut short")
        }
    }

    private var noArchive: HostError { problem("is no tar archive, or it is cut short") }

    private func tooLarge() -> HostError {
        problem("makes the image larger than its limit allows (--image-limit sets another)")
    }

    /// Takes a header block in. The last one of an entry's makes the entry.
    private func take(_ block: [UInt8]) throws -> TarEntry? {
        let (isRight, size, type) = block.withUnsafeBytes {
            (
                TarHeader.hasRightChecksum($0), TarHeader.number($0[TarHeader.size]),
                $0[TarHeader.type]
            )
        }
        guard isRight else {
            throw problem("has a header with a wrong checksum: it is damaged, or no tar archive")
        }
        guard let size else { throw problem("has an entry with a bad size") }
        let mainOffset = headers.count
        headers += block
        switch type {
        case UInt8(ascii: "L"):
            longName = try longText(size)
        case UInt8(ascii: "K"):
            longLink = try longText(size)
        case UInt8(ascii: "x"):
            records += try extendedRecords(size)
        case UInt8(ascii: "g"):
            globals += try extendedRecords(size)
            headers.removeSubrange(mainOffset...)
        case UInt8(ascii: "V"):
            // The name of the volume is for people.
            headers.removeSubrange(mainOffset...)
            unread = padded(size)
            try skipContent()
        default:
            return try entry(type, size: size, mainOffset: mainOffset)
        }
        return nil
    }

    private func extendedRecords(_ size: Int) throws -> [PaxRecord] {
        guard let records = PaxRecord.parse(try extensionContent(size)) else {
            throw problem("has a damaged extended header")
        }
        return records
    }

    private func longText(_ size: Int) throws -> [UInt8] {
        Array(try extensionContent(size).prefix { $0 != 0 })
    }

    private func extensionContent(_ size: Int) throws -> [UInt8] {
        guard size <= Self.maximumExtension else {
            throw problem("has an extended header of \(size) bytes, which is too large")
        }
        let start = headers.count
        unread = padded(size)
        try forEachStretch { headers += $0 }
        return Array(headers[start..<start + size])
    }

    private func padded(_ size: Int) -> Int {
        (size + TarInput.blockSize - 1) & ~(TarInput.blockSize - 1)
    }
}

// MARK: - The entry itself
extension TarReader {
    private func entry(_ type: UInt8, size headerSize: Int, mainOffset: Int) throws -> TarEntry {
        let known = globals + records
        let rawPath = rawPath(known, mainOffset: mainOffset)
        let shown = TarPath.shown(rawPath)
        var size = headerSize
        if known.value(of: "size") != nil {
            guard let number = known.number(of: "size"), number >= 0 else {
                throw problem("has a bad size for \(shown)")
            }
            size = number
        }
        guard size <= limit else { throw tooLarge() }
        let kind = try kind(type, rawPath: rawPath, shown: shown)
        // A hard link has no content, even if its header has the size of its target.
        if kind == .hardLink { size = 0 }
        guard size == 0 || kind == .file else {
            throw problem("has content for \(shown), which is not a file")
        }
        var entry = TarEntry(
            path: [], kind: kind, size: size, realSize: size,
            linkTarget: rawLink(known, mainOffset: mainOffset), headers: [],
            mainOffset: mainOffset, records: known,
            needsNewHeaders: globals.contains { $0.key != "comment" }
                || known.contains(where: \.isForeignAttribute)
        )
        do {
            entry.path = try TarPath.normalise(rawPath)
        } catch let error as TarPath.Problem {
            throw problem("has the entry \(shown), which \(error.rawValue)")
        }
        if entry.path.isEmpty, kind != .directory {
            throw problem("has an entry without a name that is not a directory")
        }
        try readSparse(type, entry: &entry, shown: shown)
        entry.headers = headers
        unread = padded(size)
        return entry
    }

    private func kind(_ type: UInt8, rawPath: [UInt8], shown: String) throws -> TarEntry.Kind {
        switch type {
        case 0, UInt8(ascii: "0"), UInt8(ascii: "7"):
            // Before POSIX a slash at the end made a directory.
            rawPath.last == UInt8(ascii: "/") ? .directory : .file
        case UInt8(ascii: "S"): .file
        case UInt8(ascii: "1"): .hardLink
        case UInt8(ascii: "2"): .symbolicLink
        case UInt8(ascii: "3"), UInt8(ascii: "4"): .device
        case UInt8(ascii: "5"): .directory
        case UInt8(ascii: "6"): .fifo
        default:
            throw problem(
                "has the entry \(shown) of a type that is not known (\(type))")
        }
    }

    private func rawPath(_ known: [PaxRecord], mainOffset: Int) -> [UInt8] {
        if let path = known.value(of: "GNU.sparse.name") ?? known.value(of: "path") { return path }
        if let longName { return longName }
        return headers.withUnsafeBytes { all in
            let block = UnsafeRawBufferPointer(rebasing: all[mainOffset...])
            let name = TarHeader.text(block[TarHeader.name])
            // In GNU's format, whose magic ends in a space, other fields are in this place.
            guard block[TarHeader.magic].elementsEqual("ustar\0".utf8) else { return name }
            let prefix = TarHeader.text(block[TarHeader.prefix])
            return prefix.isEmpty ? name : prefix + [UInt8(ascii: "/")] + name
        }
    }

    private func rawLink(_ known: [PaxRecord], mainOffset: Int) -> [UInt8] {
        if let link = known.value(of: "linkpath") ?? longLink { return link }
        return headers.withUnsafeBytes {
            TarHeader.text(
                UnsafeRawBufferPointer(rebasing: $0[mainOffset...])[TarHeader.linkName])
        }
    }

    /// Takes in how large a sparse file is. The blocks that say where its data is go on as they
    /// are.
    private func readSparse(_ type: UInt8, entry: inout TarEntry, shown: String) throws {
        if type == UInt8(ascii: "S") {
            let main = entry.mainOffset
            guard
                let size = headers.withUnsafeBytes({
                    TarHeader.number(
                        UnsafeRawBufferPointer(rebasing: $0[main...])[TarHeader.sparseRealSize])
                })
            else { throw problem("has a bad size for \(shown)") }
            entry.realSize = size
            var continues = headers[main + TarHeader.sparseContinues] != 0
            while continues {
                guard headers.count <= Self.maximumExtension,
                    let block = try input.block({ Array($0) })
                else { throw problem("has a bad map for the sparse file \(shown)") }
                offset += TarInput.blockSize
                headers += block
                continues = block[TarHeader.extensionContinues] != 0
            }
        } else if let size = entry.records.number(of: "GNU.sparse.realsize")
            ?? entry.records.number(of: "GNU.sparse.size")
        {
            entry.realSize = size
        }
        guard entry.realSize >= 0, entry.realSize <= limit else { throw tooLarge() }
    }
}
