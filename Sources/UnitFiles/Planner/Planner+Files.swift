import InitCore

/// What the search for a unit's file came to.
enum Found: Equatable {
    /// Its path is in `canonical`.
    case file
    case missing
    case masked
    case alias(Int)
    case wrong(ProblemKind)
}

/// Where a path leads once its links are followed.
enum Destination: Equatable {
    case missing
    case file
    case directory
    case wrong(ProblemKind)
}

extension Planner where Source: ~Copyable {
    // MARK: Paths

    /// Follows all links of an absolute path. They cannot leave the root, as `..` there leads to
    /// the root itself and an absolute link begins at it.
    ///
    /// `canonical` holds the path afterwards, also if nothing is there.
    @inline(never)
    mutating func resolve(_ path: ByteView) -> Destination {
        canonical.clear()
        return resolve(path, links: 0)
    }

    /// Where the path of a program leads.
    ///
    /// Most programs are in the same directory, so the last one that was found is remembered.
    @inline(never)
    mutating func resolveProgram(_ path: ByteView) -> Destination {
        let directory = path.slice(0, lastSlash(path))
        if !programDirectory.view.equals(directory) {
            programDirectory.clear()
            programCanonical.clear()
            programDirectory.append(directory)
            if resolve(directory) == .directory { programCanonical.append(canonical.view) }
            programLinks = linksFollowed
        }
        if programCanonical.count == 0 || programCanonical.overflowed || programDirectory.overflowed
        {
            return resolve(path)
        }
        canonical.clear()
        canonical.append(programCanonical.view)
        return resolve(path.dropping(directory.count), links: programLinks)
    }

    /// The same for a name in a directory that has no links.
    @inline(never)
    mutating func resolve(_ name: ByteView, in directory: ByteView) -> Destination {
        canonical.clear()
        canonical.append(directory)
        return resolve(name, links: 0)
    }

    @inline(never)
    private mutating func resolve(_ path: ByteView, links: Int) -> Destination {
        ahead.clear()
        ahead.append(path)
        linksFollowed = links
        var position = 0
        var destination = Destination.directory
        while let part = nextPart(&position) {
            if part.equals(".") { continue }
            if part.equals("..") {
                canonical.truncate(to: lastSlash(canonical.view))
                destination = .directory
                continue
            }
            let parent = canonical.count
            canonical.append(byte: UInt8(ascii: "/"))
            canonical.append(part)
            if canonical.overflowed || ahead.overflowed { return .wrong(.pathTooLong) }
            // Behind what is missing there is nothing to ask for, but the path is still of use.
            if destination == .missing { continue }
            switch source.kind(of: canonical.view) {
            case .missing: destination = .missing
            case .directory: destination = .directory
            case .link:
                linksFollowed &+= 1
                if linksFollowed > 40 { return .wrong(.linkLoop) }
                if let problem = follow(parent, &position) { return .wrong(problem) }
                destination = .directory
            case .file: destination = hasPart(position) ? .missing : .file
            case .pipe: return .wrong(.isPipe)
            case .socket: return .wrong(.isSocket)
            case .device:
                // /dev/null is a mask, and no file.
                if canonical.view.equals("/dev/null") { return .missing }
                return .wrong(.isDevice)
            case .failed(let error):
                return .wrong(
                    error == .permissionDenied || error == .notPermitted
                        ? .noPermission : .notReadable)
            }
        }
        return destination
    }

    /// Whether a search directory has this directory. If that cannot be seen the unit is refused.
    @inline(never)
    mutating func isDirectory(_ name: ByteView, in place: Int) -> Bool {
        guard mayHave(name, in: place) else { return false }
        let destination = resolve(name, in: searchDirectory(place))
        refuse(ifWrong: destination)
        return destination == .directory
    }

    mutating func refuse(ifWrong destination: Destination) {
        guard case .wrong(let problem) = destination else { return }
        place.path = canonical.view
        place.line = 0
        place.directive = .empty
        refuse(problem)
    }

    /// The next part of `ahead` from `position` on.
    @inline(never)
    private func nextPart(_ position: inout Int) -> ByteView? {
        let path = ahead.view
        while path[position] == UInt8(ascii: "/") { position &+= 1 }
        guard position < path.count else { return nil }
        let rest = path.dropping(position)
        let part = rest.slice(0, rest.length(before: UInt8(ascii: "/")))
        position &+= part.count
        return part
    }

    private func hasPart(_ position: Int) -> Bool {
        var position = position
        return nextPart(&position) != nil
    }

    /// Puts where the link in `canonical` leads in front of what is still ahead.
    ///
    /// - Parameter parent: how long the link's directory is.
    private mutating func follow(_ parent: Int, _ position: inout Int) -> ProblemKind? {
        spare.clear()
        do throws(Errno) {
            let count = try source.readLink(canonical.view, into: spare.room)
            if count >= spare.capacity { return .pathTooLong }
            spare.grow(by: count)
        } catch {
            return error == .permissionDenied ? .noPermission : .notReadable
        }
        if spare.count == 0 { return .leadsNowhere }
        canonical.truncate(to: spare.view[0] == UInt8(ascii: "/") ? 0 : parent)
        spare.append(byte: UInt8(ascii: "/"))
        spare.append(ahead.view(from: position))
        if spare.overflowed { return .pathTooLong }
        swap(&spare, &ahead)
        position = 0
        return nil
    }

    private func lastSlash(_ path: ByteView) -> Int {
        var offset = path.count
        while offset > 0 {
            offset &-= 1
            if path[offset] == UInt8(ascii: "/") { return offset }
        }
        return 0
    }

    // MARK: The file of a unit

    /// Looks for the file of a unit: by its name, then by that of its template.
    @inline(never)
    mutating func find(_ name: UnitName) -> Found {
        let own = find(name, file: name.text)
        guard own == .missing, let instance = name.instance, instance.count > 0 else { return own }
        words.clear()
        words.append(name.prefix)
        words.append(byte: UInt8(ascii: "@"))
        words.append(name.suffix)
        return find(name, file: words.view)
    }

    private mutating func find(_ name: UnitName, file: ByteView) -> Found {
        var place = 0
        while place < searchPath.count {
            if mayHave(file, in: place) {
                let found = find(name, file: file, in: searchDirectory(place))
                if found != .missing { return found }
            }
            place &+= 1
        }
        return .missing
    }

    @inline(never)
    private mutating func find(_ name: UnitName, file: ByteView, in directory: ByteView) -> Found {
        let destination = resolve(file, in: directory)
        let isLink = !isSame(canonical.view, directory, file)
        if isLink, canonical.view.equals("/dev/null") { return .masked }
        switch destination {
        case .missing: return isLink ? .wrong(.leadsNowhere) : .missing
        case .directory: return .wrong(.isDirectory)
        case .wrong(let problem): return .wrong(problem)
        case .file: return isLink ? alias(of: name) ?? .file : .file
        }
    }

    private func isSame(_ path: ByteView, _ directory: ByteView, _ name: ByteView) -> Bool {
        path.count == directory.count &+ 1 &+ name.count && path.hasPrefix(directory)
            && path.dropping(directory.count &+ 1).equals(name)
    }

    /// A link to the file of another unit is another name for that unit. One that leads out of the
    /// directories of units is only a file that lies elsewhere.
    private mutating func alias(of name: UnitName) -> Found? {
        let path = canonical.view
        let slash = lastSlash(path)
        var place = 0
        while place < searchPath.count, !searchDirectory(place).equals(path.slice(0, slash)) {
            place &+= 1
        }
        guard place < searchPath.count, let other = UnitName(path.dropping(slash &+ 1)),
            other.suffix.equals(name.suffix)
        else { return nil }
        spare.clear()
        if other.isTemplate {
            guard let instance = name.instance, !other.prefix.equals(name.prefix) else {
                return nil
            }
            spare.append(other.prefix)
            spare.append(byte: UInt8(ascii: "@"))
            spare.append(instance)
            spare.append(other.suffix)
        } else {
            if other.text.equals(name.text) { return nil }
            spare.append(other.text)
        }
        guard UnitName(spare.view) != nil, let symbol = symbol(for: spare.view) else { return nil }
        return .alias(symbol)
    }

    /// Keeps the path in `canonical`.
    @inline(never)
    mutating func keepPath() -> TextRange? {
        let start = paths.count
        guard start &+ canonical.count <= paths.capacity else {
            refuse(.limit, "32 KiB of paths of unit files")
            return nil
        }
        paths.append(canonical.view)
        return TextRange(
            start: UInt16(truncatingIfNeeded: start),
            size: UInt16(truncatingIfNeeded: canonical.count))
    }

    // MARK: Drop-ins

    /// Collects the files of the `.d` directories of the unit and of its template, by their names.
    /// Of two with the same name the one in the first directory counts.
    mutating func findDropIns(_ name: UnitName) {
        dropInCount = 0
        dropInNames.clear()
        var place = 0
        while place < searchPath.count {
            findDropIns(name.text, .empty, in: place)
            if let instance = name.instance, instance.count > 0 {
                findDropIns(name.prefix, name.suffix, in: place)
            }
            place &+= 1
        }
    }

    /// - Parameter suffix: of a template, whose name is the prefix and an `@` before it.
    private mutating func findDropIns(
        _ name: ByteView, _ suffix: ByteView, in directory: Int
    ) {
        words.clear()
        words.append(name)
        if suffix.count > 0 {
            words.append(byte: UInt8(ascii: "@"))
            words.append(suffix)
        }
        words.append(".d")
        guard isDirectory(words.view, in: directory), let names = list() else { return }
        var range: TextRange?
        var rest = names
        while rest.count > 0 {
            let name = rest.removeFirst(upTo: 0)
            guard name[0] != UInt8(ascii: "."), name.count > 5,
                name.dropping(name.count &- 5).equals(".conf")
            else { continue }
            guard let directory = range ?? keepPath() else { return }
            range = directory
            insert(name, in: directory)
        }
    }

    private mutating func insert(_ name: ByteView, in directory: TextRange) {
        var position = 0
        while position < dropInCount, dropInName(position).comes(before: name) { position &+= 1 }
        if position < dropInCount, dropInName(position).equals(name) { return }
        let start = dropInNames.count
        guard dropInCount < Room.dropInCapacity, start &+ name.count <= dropInNames.capacity else {
            return refuse(.limit, "63 drop-ins of a unit")
        }
        dropInNames.append(name)
        var last = dropInCount
        while last > position {
            room.dropIns[last] = room.dropIns[last &- 1]
            last &-= 1
        }
        room.dropIns[position] = DropIn(
            directory: directory,
            name: TextRange(
                start: UInt16(truncatingIfNeeded: start),
                size: UInt16(truncatingIfNeeded: name.count)))
        dropInCount &+= 1
    }

    @inline(never)
    func dropInName(_ position: Int) -> ByteView {
        let range = room.dropIns[position].name
        return dropInNames.view.slice(Int(range.start), Int(range.start) &+ Int(range.size))
    }
}
