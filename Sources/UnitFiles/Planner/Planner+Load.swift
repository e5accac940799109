import InitCore

extension Planner where Source: ~Copyable {
    // MARK: A unit

    /// Reads the unit of a queued symbol, and writes its record and recipe.
    @inline(never)
    mutating func load(_ symbol: Int) {
        place = Place(symbol: symbol)
        // The state is set even where nothing follows: each symbol is loaded once.
        room.symbols[symbol].state = .missing
        guard let name = UnitName(symbolName(symbol)), !name.isTemplate else { return }
        switch name.kind {
        case .service, .target: loadUnit(symbol, name)
        case .socket: passOver(symbol, name, .noSockets)
        case .other: passOver(symbol, name, .otherKind)
        }
    }

    /// A unit of a kind that Hammock has not counts as up.
    private mutating func passOver(_ symbol: Int, _ name: UnitName, _ kind: ProblemKind) {
        room.symbols[symbol].state = .up
        guard kind == .noSockets || room.symbols[symbol].isRoot else { return }
        guard find(name) == .file else { return }
        place.path = canonical.view
        warn(kind)
    }

    @inline(never)
    private mutating func loadUnit(_ symbol: Int, _ name: UnitName) {
        let found = find(name)
        var file = TextRange()
        switch found {
        case .masked:
            room.symbols[symbol].state = .masked
            return
        case .alias(let other):
            room.symbols[symbol].state = .alias
            room.symbols[symbol].other = UInt16(truncatingIfNeeded: other)
            if room.symbols[symbol].isRoot { room.symbols[other].isRoot = true }
            return queue(other)
        case .missing:
            if name.kind == .service {
                // A service that is merely wanted may be missing; one that is asked for may not.
                if room.symbols[symbol].isRoot { refuse(.unitMissing, name.text) }
                return
            }
            guard hasLinks(name) else {
                room.symbols[symbol].state = .up
                if room.symbols[symbol].isRoot { refuse(.targetMissing) }
                return
            }
        case .file:
            guard let path = keepPath() else { return }
            file = path
        case .wrong(let problem):
            place.path = canonical.view
            room.symbols[symbol].state = .refused
            guard let unit = begin(symbol, name) else { return }
            place.unit = unit
            return refuse(problem)
        }
        guard let unit = begin(symbol, name) else { return }
        place.unit = unit
        room.units[unit].file = file
        read(unit, name, hasFile: found == .file)
    }

    /// Gives the unit a number.
    private mutating func begin(_ symbol: Int, _ name: UnitName) -> Int? {
        guard unitCount < ServiceSet.capacity else {
            room.symbols[symbol].state = .refused
            refuse(.limit, "128 units")
            return nil
        }
        let unit = unitCount
        unitCount &+= 1
        room.symbols[symbol].state = .loaded
        room.symbols[symbol].unit = UInt8(truncatingIfNeeded: unit)
        room.clear(unit)
        kept.insert(Self.id(unit))
        room.units[unit].symbol = UInt16(truncatingIfNeeded: symbol)
        room.units[unit].kind = name.kind == .target ? .target : .service
        room.units[unit].isRoot = room.symbols[symbol].isRoot
        return unit
    }

    @inline(never)
    private mutating func read(_ unit: Int, _ name: UnitName, hasFile: Bool) {
        let service = ServiceID(index: unit)
        let heapEnd = writer.heapEnd
        writer.begin(service)
        writer.setName(name.text, of: service)
        writer.beginRecipe(of: service)
        draft = Draft()
        clearAssignments()
        findDropIns(name)
        if hasFile {
            room.files[0] = room.units[unit].file
            readFile(0, text(room.files[0]), name)
            if bytesRead == 0 {
                // An empty file masks, as a link to /dev/null does.
                unitCount &-= 1
                room.symbols[place.symbol].state = .masked
                writer.rewind(service, to: heapEnd)
                kept.remove(service)
                return
            }
        }
        readDropIns(name)
        apply(name)
        readLinks(name)
        finish(name)
        if writer.overflowed {
            place.directive = .empty
            place.line = 0
            refuse(.limit, "63 KiB of names and recipes of all units")
        }
        if isRefused(unit) {
            writer.rewind(service, to: heapEnd)
        }
    }

    // MARK: Files

    @inline(never)
    private mutating func readDropIns(_ name: UnitName) {
        var position = 0
        while position < dropInCount {
            let directory = text(room.dropIns[position].directory)
            let destination = resolve(dropInName(position), in: directory)
            place.path = canonical.view
            place.line = 0
            place.directive = .empty
            // A link to /dev/null masks a drop-in, too.
            let isMask = canonical.view.equals("/dev/null")
            switch destination {
            case .file:
                if let path = keepPath() {
                    room.files[position &+ 1] = path
                    readFile(position &+ 1, text(path), name)
                }
            case .missing: if !isMask { refuse(.leadsNowhere) }
            case .directory: refuse(.isDirectory)
            case .wrong(let problem): refuse(problem)
            }
            position &+= 1
        }
    }

    /// Reads a file and appends its assignments to those that are there.
    @inline(never)
    private mutating func readFile(_ file: Int, _ path: ByteView, _ name: UnitName) {
        place.path = path
        place.line = 0
        place.directive = .empty
        let most = Room.fileBytes &- bytesRead
        let buffer = UnsafeMutableRawBufferPointer(start: room.text, count: most &+ 1)
        var count = 0
        do throws(Errno) {
            count = try source.read(path, into: buffer)
        } catch {
            bytesRead = max(bytesRead, 1)
            return refuse(trouble(error))
        }
        guard count <= most else {
            bytesRead = Room.fileBytes
            return refuse(.limit, "32 KiB in a unit's file with its drop-ins")
        }
        bytesRead &+= count
        let bytes = UnsafeMutableBufferPointer(start: room.text, count: count)
        let view = ByteView(start: UnsafePointer(room.text), count: count)
        if let line = UnitText.lineOfBadByte(in: view) {
            place.line = line
            return refuse(.notText)
        }
        readLines(UnitText(bytes), file, isService: name.kind == .service)
    }

    private mutating func readLines(_ text: consuming UnitText, _ file: Int, isService: Bool) {
        var section = CurrentSection.none
        var title = ByteView.empty
        while true {
            let item = text.next()
            place.line = text.line
            place.directive = .empty
            switch item {
            case .end:
                place.line = 0
                return
            case .wrong(let kind, let word): refuse(kind, word)
            case .section(let name):
                title = name
                section = CurrentSection(name, isService: isService)
                if section == .unknown { warn(.unknownSection, name) }
            case .assignment(let name, let value):
                place.directive = name
                switch section {
                case .none: refuse(.outsideSection)
                case .unknown, .foreign: break
                case .known(let section):
                    take(name, value, section, title, file: file, line: text.line)
                case .targetOnly: warn(.unknownDirective)
                }
            }
        }
    }

    private mutating func take(
        _ name: ByteView, _ value: ByteView, _ section: Directive.Section, _ title: ByteView,
        file: Int, line: Int
    ) {
        if name.hasPrefix("X-") { return }
        var isElsewhere = false
        guard let found = Directive.find(name, section, room.index, &isElsewhere) else {
            return isElsewhere ? warn(.otherSection, title) : warn(.unknownDirective)
        }
        append(
            Assignment(
                row: found.row, file: file, isAssert: found.isAssert, line: line, value: value))
    }

    // MARK: Links

    /// Whether any directory has links to units that this one wants.
    private mutating func hasLinks(_ name: UnitName) -> Bool {
        var place = 0
        while place < searchPath.count {
            if directoryOfLinks(name, ".wants", in: place)
                || directoryOfLinks(name, ".requires", in: place)
            {
                return true
            }
            place &+= 1
        }
        return false
    }

    @inline(never)
    private mutating func directoryOfLinks(
        _ name: UnitName, _ ending: ByteView, in place: Int
    ) -> Bool {
        words.clear()
        words.append(name.text)
        words.append(ending)
        return isDirectory(words.view, in: place)
    }

    /// Takes in what the `.wants` and `.requires` directories hold.
    private mutating func readLinks(_ name: UnitName) {
        var place = 0
        while place < searchPath.count {
            readLinks(name, ".wants", .wants, in: place)
            readLinks(name, ".requires", .requires, in: place)
            place &+= 1
        }
    }

    @inline(never)
    private mutating func readLinks(
        _ name: UnitName, _ ending: ByteView, _ relation: Relation, in directory: Int
    ) {
        guard let unit = place.unit, directoryOfLinks(name, ending, in: directory),
            let names = list()
        else { return }
        var rest = names
        while rest.count > 0 {
            let name = rest.removeFirst(upTo: 0)
            guard let other = UnitName(name), !other.isTemplate,
                let symbol = symbol(for: name)
            else { continue }
            queue(symbol)
            refer(unit, relation.rawValue, to: symbol)
        }
    }
}

/// Which section a line is in.
enum CurrentSection: Equatable {
    case none
    case known(Directive.Section)
    /// `[Target]`, which has no directives.
    case targetOnly
    /// One that begins with `X-` and is not Hammock's: it says nothing.
    case foreign
    case unknown

    init(_ name: ByteView, isService: Bool) {
        if name.equals("Unit") {
            self = .known(.unit)
        } else if name.equals("Install") {
            self = .known(.install)
        } else if name.equals("X-Hammock") {
            self = .known(.hammock)
        } else if name.equals("Service"), isService {
            self = .known(.service)
        } else if name.equals("Target"), !isService {
            self = .targetOnly
        } else {
            self = name.hasPrefix("X-") ? .foreign : .unknown
        }
    }
}
