import InitCore

/// The directories that units are looked for in, as they are without links.
struct SearchPath {
    static let capacity = 7
    var count = 0
    var ranges = [7 of TextRange](repeating: TextRange())
}

extension ByteView {
    /// A number that equal names have in common.
    @inline(never)
    fileprivate var nameHash: UInt16 {
        var hash: UInt16 = 0
        var offset = 0
        while offset < count {
            hash = hash &* 31 &+ UInt16(start[offset])
            offset &+= 1
        }
        return hash
    }
}

extension Planner where Source: ~Copyable {
    /// All of them, the first one first. The last but one counts where /lib is no link.
    private static func directory(_ place: Int) -> ByteView? {
        switch place {
        case 0: "/etc/hammock"
        case 1: "/run/hammock/units"
        case 2: "/etc/systemd/system"
        case 3: "/usr/local/lib/systemd/system"
        case 4: "/usr/lib/systemd/system"
        case 5: "/lib/systemd/system"
        case 6: "/usr/lib/hammock/units"
        default: nil
        }
    }

    /// Finds out which of the directories are there.
    @inline(never)
    mutating func findDirectories() {
        var place = 0
        while let directory = Self.directory(place) {
            let destination = resolve(directory)
            refuse(ifWrong: destination)
            if destination == .directory, !isKnown(canonical.view) {
                let range = TextRange(
                    start: UInt16(truncatingIfNeeded: directories.count),
                    size: UInt16(truncatingIfNeeded: canonical.count))
                directories.append(canonical.view)
                searchPath.ranges[searchPath.count] = range
                searchPath.count &+= 1
                noteNames(searchPath.count &- 1)
            }
            place &+= 1
        }
    }

    @inline(never)
    mutating func searchDirectory(_ place: Int) -> ByteView {
        let range = searchPath.ranges[place]
        return directories.view.slice(Int(range.start), Int(range.start) &+ Int(range.size))
    }

    /// Notes which names the directory has. Where that cannot be known, it may have any.
    private mutating func noteNames(_ place: Int) {
        let bits = room.knownNames + place &* Room.nameBytes
        let buffer = UnsafeMutableRawBufferPointer(start: room.text, count: Room.fileBytes)
        guard let count = source.allNames(in: searchDirectory(place), into: buffer) else {
            bits.initialize(repeating: 0xff, count: Room.nameBytes)
            return
        }
        bits.initialize(repeating: 0, count: Room.nameBytes)
        var rest = ByteView(start: UnsafePointer(room.text), count: min(count, Room.fileBytes))
        while rest.count > 0 {
            let hash = rest.removeFirst(upTo: 0).nameHash
            bits[Self.byte(hash)] |= Self.bit(hash)
        }
    }

    /// Whether a search directory may have this name; `false` only if it has not.
    func mayHave(_ name: ByteView, in place: Int) -> Bool {
        let hash = name.nameHash
        return room.knownNames[place &* Room.nameBytes &+ Self.byte(hash)] & Self.bit(hash) != 0
    }

    private static func byte(_ hash: UInt16) -> Int {
        Int(hash >> 3) & (Room.nameBytes &- 1)
    }

    private static func bit(_ hash: UInt16) -> UInt8 { 1 << UInt8(hash & 7) }

    private mutating func isKnown(_ directory: ByteView) -> Bool {
        var place = 0
        while place < searchPath.count {
            if searchDirectory(place).equals(directory) { return true }
            place &+= 1
        }
        return false
    }

    // MARK: What is wanted

    /// Queues the target; or every unit of /etc/hammock, if that is a directory.
    mutating func queueRoots() {
        if let target = options.target {
            if let symbol = symbol(for: target) { queueRoot(symbol) }
            return
        }
        guard resolve("/etc/hammock") == .directory else { return }
        guard let names = list() else { return }
        var rest = names
        while rest.count > 0 {
            let name = rest.removeFirst(upTo: 0)
            guard let unit = UnitName(name), !unit.isTemplate else { continue }
            if let symbol = symbol(for: name) { queueRoot(symbol) }
        }
    }

    private mutating func queueRoot(_ symbol: Int) {
        room.symbols[symbol].isRoot = true
        queue(symbol)
    }

    /// Lists the directory in `canonical`.
    ///
    /// - Returns: names, each with a NUL behind it, in the memory of the unit's text.
    @inline(never)
    mutating func list() -> ByteView? {
        place.path = canonical.view
        let buffer = UnsafeMutableRawBufferPointer(start: room.text, count: Room.fileBytes)
        do throws(Errno) {
            let count = try source.list(canonical.view, into: buffer)
            return ByteView(start: UnsafePointer(room.text), count: min(count, Room.fileBytes))
        } catch {
            if error == .noSuchFile { return nil }
            refuse(trouble(error))
            return nil
        }
    }

    func trouble(_ error: Errno) -> Trouble {
        if error == .permissionDenied || error == .notPermitted { return Trouble(.noPermission) }
        if error == .noSuchFile { return Trouble(.changed) }
        if error == .tooLarge { return Trouble(.limit, "32 KiB of names in a directory") }
        return Trouble(.notReadable, number(error.rawValue))
    }

    /// A number as a text that stays until the next one.
    private func number(_ number: Int32) -> ByteView {
        var digits = TextBuffer(start: room.text, capacity: 12)
        digits.append(signed: Int(number))
        return digits.view
    }

    // MARK: Symbols

    @inline(never)
    func symbolName(_ symbol: Int) -> ByteView {
        guard symbol >= 0, symbol < symbolCount else { return .empty }
        let start = Int(room.symbols[symbol].start)
        return names.view.slice(start, start &+ Int(room.symbols[symbol].size))
    }

    /// The symbol of this name, which may be new. `nil` if there is no room.
    @inline(never)
    mutating func symbol(for name: ByteView) -> Int? {
        let hash = name.nameHash
        var symbol = 0
        while symbol < symbolCount {
            if room.symbols[symbol].hash == hash, symbolName(symbol).equals(name) {
                return symbol
            }
            symbol &+= 1
        }
        guard symbol < Room.symbolCapacity, names.count &+ name.count <= names.capacity else {
            refuse(.limit, "512 names of units")
            return nil
        }
        room.symbols[symbol] = Symbol(
            start: UInt16(truncatingIfNeeded: names.count),
            size: UInt8(truncatingIfNeeded: name.count), hash: hash)
        names.append(name)
        symbolCount &+= 1
        return symbol
    }

    @inline(never)
    mutating func queue(_ symbol: Int) {
        if room.symbols[symbol].state == .mentioned { room.symbols[symbol].state = .queued }
    }

    /// The queued symbol whose name comes first. So the plan does not depend on the order in which
    /// a file system lists a directory.
    @inline(never)
    mutating func nextQueued() -> Int? {
        var best: Int?
        var symbol = 0
        while symbol < symbolCount {
            if room.symbols[symbol].state == .queued,
                best.map({ symbolName(symbol).comes(before: symbolName($0)) }) ?? true
            {
                best = symbol
            }
            symbol &+= 1
        }
        return best
    }

    /// Remembers that the unit names another one.
    @inline(never)
    mutating func refer(_ unit: Int, _ relation: UInt8, to symbol: Int) {
        guard referenceCount < Room.referenceCapacity else {
            return refuse(.limit, "2048 names of units in all units")
        }
        room.references[referenceCount] = Reference(
            unit: UInt8(truncatingIfNeeded: unit), relation: relation,
            symbol: UInt16(truncatingIfNeeded: symbol))
        referenceCount &+= 1
    }

    /// The symbol that this one is another name for.
    func followed(_ symbol: Int) -> Int {
        var symbol = symbol
        var steps = 0
        while room.symbols[symbol].state == .alias, steps < 8 {
            symbol = Int(room.symbols[symbol].other)
            steps &+= 1
        }
        return symbol
    }
}

extension ByteView {
    /// Whether these bytes come first in a dictionary of bytes.
    @inline(never)
    func comes(before other: ByteView) -> Bool {
        var offset = 0
        while offset < count, offset < other.count {
            if self[offset] != other[offset] { return self[offset] < other[offset] }
            offset &+= 1
        }
        return count < other.count
    }
}
