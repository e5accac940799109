internal import CLinux
import InitCore
internal import KernelInterface
import UnitFiles

/// The files of units, and the links by which they are wanted.
struct InstalledUnits: ~Copyable {
    var tree: FileTree
    /// Whether changes are not told.
    private let isQuiet: Bool
    /// Of the file of the unit that was looked for last.
    private(set) var path: PathBuffer
    private var scratch: PathBuffer
    private let text: UnsafeMutableRawBufferPointer
    private let names: UnsafeMutableRawBufferPointer

    static let memorySize =
        4 * 1_024 + FileTree.pathCapacity + 2 * PathBuffer.capacity + textCapacity + namesCapacity
    private static let textCapacity = 32 * 1_024
    private static let namesCapacity = 32 * 1_024

    /// Where links are made.
    static var place: ByteView { "/etc/systemd/system/" }
    static var own: ByteView { "/etc/hammock/" }
    /// The first one counts.
    private static var directories: ByteView {
        """
        /etc/hammock/ /run/hammock/units/ /etc/systemd/system/ /usr/local/lib/systemd/system/ \
        /usr/lib/systemd/system/ /lib/systemd/system/
        """
    }

    /// - Parameter memory: `memorySize` bytes.
    init(root: ByteView, isQuiet: Bool, _ memory: UnsafeMutableRawPointer) {
        self.isQuiet = isQuiet
        var next = memory + 4 * 1_024
        tree = FileTree(root: root, isJSON: false, Output(2, memory), next)
        next += FileTree.pathCapacity
        path = PathBuffer(next.assumingMemoryBound(to: UInt8.self))
        next += PathBuffer.capacity
        scratch = PathBuffer(next.assumingMemoryBound(to: UInt8.self))
        next += PathBuffer.capacity
        text = UnsafeMutableRawBufferPointer(start: next, count: InstalledUnits.textCapacity)
        next += InstalledUnits.textCapacity
        names = UnsafeMutableRawBufferPointer(start: next, count: InstalledUnits.namesCapacity)
    }

    // MARK: Looking

    /// What is known of a unit by its files, in the words of systemctl(1).
    enum State {
        case missing, masked, enabled, disabled, constant

        var name: ByteView {
            switch self {
            case .missing: "not-found"
            case .masked: "masked"
            case .enabled: "enabled"
            case .disabled: "disabled"
            case .constant: "static"
            }
        }
    }

    /// Looks for the file of a unit, or of its template. `path` is where it lies.
    @inline(never)
    mutating func find(_ unit: UnitName) -> Bool {
        if lookFor(unit.text, .empty, .empty) { return true }
        guard let instance = unit.instance, instance.count > 0 else { return false }
        return lookFor(unit.prefix, "@", unit.suffix)
    }

    private mutating func lookFor(_ first: ByteView, _ second: ByteView, _ third: ByteView) -> Bool
    {
        var rest = InstalledUnits.directories
        while rest.count > 0 {
            let directory = rest.removeFirst(upTo: UInt8(ascii: " "))
            // The planner looks there only if it is another one.
            if directory.hasPrefix("/lib/"), tree.kind(of: "/lib") == .link { continue }
            path.set(directory, first, second)
            path.append(third)
            if !path.isTooLong, tree.kind(of: path.view) != .missing { return true }
        }
        return false
    }

    @inline(never)
    mutating func state(of unit: UnitName) -> State {
        guard find(unit) else { return .missing }
        if leadsNowhere() { return .masked }
        // Every unit in there is wanted.
        if path.view.hasPrefix(InstalledUnits.own) { return .enabled }
        if (try? removeLinks(of: unit, onlyLooking: true)) ?? false { return .enabled }
        return installs() ? .disabled : .constant
    }

    /// Whether the file that was found is a link to /dev/null.
    mutating func leadsNowhere() -> Bool { leads(path.view, to: "/dev/null") }

    /// How much of the path stands before the file's name and its slash.
    private var directoryLength: Int {
        var end = path.count
        while end > 0, path.view[end] != UInt8(ascii: "/") { end &-= 1 }
        return end
    }

    /// Whether there is a link whose target ends like this.
    private mutating func leads(_ link: ByteView, to target: ByteView) -> Bool {
        guard tree.kind(of: link) == .link, let start = names.baseAddress,
            let count = try? tree.readLink(link, into: names)
        else { return false }
        return ByteView(start: start.assumingMemoryBound(to: UInt8.self), count: count)
            .hasSuffix(target)
    }

    /// Whether the file says what wants it.
    private mutating func installs() -> Bool {
        guard var install = try? readInstall() else { return false }
        while let (directive, _) = install.next() {
            if directive.position(in: "WantedBy RequiredBy Alias Also") != nil { return true }
        }
        return false
    }

    /// Begins to read the section [Install] of the file that was found. Its words last until another
    /// file or directory is read.
    mutating func readInstall() throws(Errno) -> InstallSection {
        // Units may be links to files of another directory.
        guard let target = try fileBehindLink() else { throw .noSuchFile }
        let count = try tree.read(target, into: text)
        guard let start = text.baseAddress?.assumingMemoryBound(to: UInt8.self) else {
            throw .noSuchFile
        }
        return InstallSection(UnsafeMutableBufferPointer(start: start, count: count))
    }

    /// The file's path, or that of what it is a link to. Only a link to another absolute path, or to
    /// a name beside it, is followed, and only once.
    private mutating func fileBehindLink() throws(Errno) -> ByteView? {
        guard tree.kind(of: path.view) == .link else { return path.view }
        guard let start = names.baseAddress else { return nil }
        let count = try tree.readLink(path.view, into: names)
        let target = ByteView(start: start.assumingMemoryBound(to: UInt8.self), count: count)
        if target[0] == UInt8(ascii: "/") {
            scratch.set(target)
        } else {
            scratch.set(path.view.slice(0, directoryLength &+ 1), target)
        }
        return scratch.isTooLong ? nil : scratch.view
    }

    /// A directory of presets that has files.
    mutating func directoryOfPresets() -> ByteView? {
        var rest: ByteView = """
            /etc/systemd/system-preset /run/systemd/system-preset \
            /usr/local/lib/systemd/system-preset /usr/lib/systemd/system-preset
            """
        while rest.count > 0 {
            let directory = rest.removeFirst(upTo: UInt8(ascii: " "))
            // Without files it has the names `.` and `..`. One that cannot be read may have files.
            let size = (try? tree.list(directory, into: text)) ?? .max
            if tree.kind(of: directory) != .missing, size > 5 { return directory }
        }
        return nil
    }

    // MARK: Links

    /// Makes the links that the section [Install] of the file that was found asks for.
    ///
    /// - Parameters:
    ///   - unit: what the links are called.
    ///   - queue: gets the names of Also=.
    /// - Returns: how many links are asked for.
    @inline(never)
    mutating func enable(_ unit: UnitName, _ queue: inout NameQueue) throws(Errno) -> Int {
        var install = try readInstall()
        var count = 0
        while let (directive, word) = install.next() {
            switch directive.position(in: "WantedBy RequiredBy Alias Also") {
            case 0: try link(to: path.view, word, ".wants/", unit.text)
            case 1: try link(to: path.view, word, ".requires/", unit.text)
            case 2: try link(to: path.view, .empty, .empty, word)
            case 3:
                queue.add(word)
                continue
            default: continue
            }
            count &+= 1
        }
        return count
    }

    /// Makes a link below /etc/systemd/system, unless it is there.
    ///
    /// - Parameters:
    ///   - target: has a NUL behind it.
    ///   - directory: whose directory the link is made in; empty for none.
    ///   - ending: what this directory ends with, and a slash.
    @inline(never)
    mutating func link(
        to target: ByteView, _ directory: ByteView, _ ending: ByteView, _ name: ByteView
    ) throws(Errno) {
        // A specifier, or a path, would lead elsewhere.
        guard UnitName(name) != nil, directory.count == 0 || UnitName(directory) != nil else {
            throw .invalidArgument
        }
        try makeOwn("/etc")
        try makeOwn("/etc/systemd")
        try makeOwn("/etc/systemd/system")
        scratch.set(InstalledUnits.place, directory, ending)
        if directory.count > 0 { try makeOwn(scratch.view.slice(0, scratch.count &- 1)) }
        scratch.append(name)
        if scratch.isTooLong { throw .nameTooLong }
        if leads(scratch.view, to: target) { return }
        try tree.makeLink(scratch.view, to: target)
        say("Created symlink ", scratch.view, " → ", target)
    }

    /// Makes a directory, if it is not there. A link in its place could lead out of the root.
    private mutating func makeOwn(_ directory: ByteView) throws(Errno) {
        try tree.makeDirectory(directory)
        if tree.kind(of: directory) != .directory { throw .notDirectory }
    }

    /// Removes each link to a unit: those in directories of wants and requires, and other names of
    /// the file that was found.
    ///
    /// - Parameter onlyLooking: removes none.
    /// - Returns: whether there was one.
    @inline(never)
    @discardableResult
    mutating func removeLinks(of unit: UnitName, onlyLooking: Bool) throws(Errno) -> Bool {
        guard let start = text.baseAddress?.assumingMemoryBound(to: UInt8.self),
            tree.kind(of: "/etc/systemd/system") == .directory
        else { return false }
        let size = try tree.list("/etc/systemd/system", into: text)
        var found = false
        var rest = ByteView(start: start, count: size)
        while rest.count > 0 {
            let entry = rest.removeFirst(upTo: 0)
            if entry.hasSuffix(".wants") || entry.hasSuffix(".requires") {
                scratch.set(InstalledUnits.place, entry)
                guard !scratch.isTooLong, tree.kind(of: scratch.view) == .directory else {
                    continue
                }
                scratch.append("/")
                scratch.append(unit.text)
                guard !scratch.isTooLong, tree.kind(of: scratch.view) == .link else { continue }
            } else {
                // Another name. The link may say /lib where the file was found in /usr/lib.
                scratch.set(InstalledUnits.place, entry)
                guard !entry.equals(unit.text), !scratch.isTooLong,
                    leads(scratch.view, to: path.view.dropping(directoryLength))
                else { continue }
            }
            found = true
            if !onlyLooking { try removeLink() }
        }
        return found
    }

    /// Removes the link that masks a unit, if there is one.
    mutating func unmask(_ unit: UnitName) throws(Errno) {
        scratch.set(InstalledUnits.place, unit.text)
        if !scratch.isTooLong, leads(scratch.view, to: "/dev/null") { try removeLink() }
    }

    private mutating func removeLink() throws(Errno) {
        try tree.remove(scratch.view)
        say("Removed ", scratch.view)
    }

    private mutating func say(
        _ verb: ByteView, _ path: ByteView, _ arrow: ByteView = .empty, _ target: ByteView = .empty
    ) {
        if isQuiet { return }
        tree.output.append(verb)
        tree.output.append(foreign: path)
        tree.output.append(arrow)
        tree.output.append(foreign: target)
        tree.output.append(".\n")
        tree.output.flush()
    }
}

extension FileTree {
    /// mkdir(2). One that is there is as good.
    mutating func makeDirectory(_ path: ByteView) throws(Errno) {
        do throws(Errno) {
            try kernel.makeDirectory(at: try cPath(path), mode: 0o755)
        } catch .fileExists {
            return
        }
    }

    /// symlink(2)
    ///
    /// - Parameter target: has a NUL behind it.
    mutating func makeLink(_ path: ByteView, to target: ByteView) throws(Errno) {
        try check(Int(clinux_symlink(cString(target.start), cString(try cPath(path)))))
    }

    /// unlink(2)
    mutating func remove(_ path: ByteView) throws(Errno) {
        try kernel.removeFile(at: try cPath(path))
    }
}
