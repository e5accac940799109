import InitCore

/// A name that was met, and what has come of it.
struct Symbol {
    enum State: UInt8 {
        /// Others come before or after it. That alone loads nothing.
        case mentioned
        /// Its file is to be read.
        case queued
        /// It is a unit of the plan, or was to be: `Planner.isRefused`.
        case loaded
        /// It counts as up: a target without a file, or a unit of a kind that Hammock has not.
        case up
        case missing
        case masked
        /// It is refused, and there was no room to say more of it.
        case refused
        /// It is another name for `other`.
        case alias
    }

    var start: UInt16 = 0
    var size: UInt8 = 0
    var state = State.mentioned
    /// Wanted for its own sake, unless its unit says no.
    var isRoot = false
    /// The number of the unit, if it is loaded.
    var unit: UInt8 = 0
    var hash: UInt16 = 0
    var other: UInt16 = 0
}

/// Part of a text buffer.
struct TextRange {
    var start: UInt16 = 0
    var size: UInt16 = 0
}

/// A place in a unit file.
struct FilePlace {
    var path = TextRange()
    var line: UInt16 = 0
}

/// What the planner knows of a unit beside what it has written.
struct PlannedUnit {
    var symbol: UInt16 = 0
    var kind = UnitKind.service
    /// In the plan, which lacks those that are refused.
    var number: UInt8 = 0
    var isWanted = false
    /// Wanted for its own sake.
    var isRoot = false
    var comesFirst = false
    var hasDefaultDependencies = true
    var isOneshot = false
    var remains = false
    /// Type=simple: ready later than under systemd.
    var isSimple = false
    var restarts = false
    var stopCommands: UInt8 = 0
    var cleanCommands: UInt8 = 0
    var warnings: UInt16 = 0
    var deviations = Deviations()
    /// In milliseconds.
    var stop: UInt32 = 0
    var stopPlace = FilePlace()
    var file = TextRange()
    /// In milliseconds, of it and of all that come after it.
    var longestStop: UInt32 = 0
}

/// One unit names another.
struct Reference {
    var unit: UInt8
    /// A `Relation`, or `before`.
    var relation: UInt8
    var symbol: UInt16

    static let before: UInt8 = 8
}

/// A file of a `.d` directory: its directory, and its name.
struct DropIn {
    var directory = TextRange()
    var name = TextRange()
}

/// The planner's memory, cut out of one buffer.
struct Room {
    static let symbolCapacity = 512
    static let referenceCapacity = 2_048
    static let dropInCapacity = 63
    /// A power of two, well above `Directive.count`.
    static let indexCapacity = 1_024
    static let fileBytes = 32 * 1_024
    static let assignmentBytes = 48 * 1_024
    static let expandedBytes = 32 * 1_024
    static let pathBytes = 1_024
    static let programBytes = 256
    /// A bit for each hash of a name, eight to a byte. A power of two.
    static let nameBytes = 256

    let symbols: UnsafeMutablePointer<Symbol>
    let units: UnsafeMutablePointer<PlannedUnit>
    /// Eight for each unit, by `Relation`.
    let sets: UnsafeMutablePointer<ServiceSet>
    let references: UnsafeMutablePointer<Reference>
    /// Of each directive: which assignment was its last.
    let lastAssignment: UnsafeMutablePointer<UInt16>
    /// Of each directive, and of all conditions and all asserts: which assignment was the last
    /// that is empty.
    let lastReset: UnsafeMutablePointer<UInt16>
    /// A hash table of row numbers, each one higher; 0 is none.
    let index: UnsafeMutablePointer<UInt16>
    let dropIns: UnsafeMutablePointer<DropIn>
    /// The files of the unit that is being read.
    let files: UnsafeMutablePointer<TextRange>
    /// Of each search directory: `nameBytes`.
    let knownNames: UnsafeMutablePointer<UInt8>
    let text: UnsafeMutablePointer<UInt8>
    let small: UnsafeMutablePointer<UInt8>

    static let resetCapacity = Directive.count + 2
    /// Names 16, paths 32, directories 4, drop-ins 8, assignments, words, entry, three paths, the
    /// name of a directive, and the directory of a program twice.
    static let smallBytes =
        (16 + 32 + 4 + 8) * 1_024 + assignmentBytes + 2 * expandedBytes + 6 * pathBytes + 64
        + 2 * programBytes

    /// How many bytes of memory a planner needs.
    static var size: Int {
        MemoryLayout<Symbol>.stride * symbolCapacity
            + MemoryLayout<PlannedUnit>.stride * ServiceSet.capacity
            + MemoryLayout<ServiceSet>.stride * ServiceSet.capacity * 8
            + MemoryLayout<Reference>.stride * referenceCapacity
            + 2 * (resetCapacity + Directive.count + indexCapacity)
            + MemoryLayout<DropIn>.stride * dropInCapacity
            + MemoryLayout<TextRange>.stride * (dropInCapacity + 1)
            + SearchPath.capacity * nameBytes + fileBytes + 1 + smallBytes + 12 * 16
    }

    /// - Parameter buffer: of `size` bytes; none of them is read or written here.
    init(_ buffer: UnsafeMutableRawBufferPointer) {
        var cutter = Cutter(buffer)
        symbols = cutter.cut(Room.symbolCapacity)
        units = cutter.cut(ServiceSet.capacity)
        sets = cutter.cut(ServiceSet.capacity * 8)
        references = cutter.cut(Room.referenceCapacity)
        lastAssignment = cutter.cut(Directive.count)
        lastReset = cutter.cut(Room.resetCapacity)
        index = cutter.cut(Room.indexCapacity)
        dropIns = cutter.cut(Room.dropInCapacity)
        files = cutter.cut(Room.dropInCapacity + 1)
        knownNames = cutter.cut(SearchPath.capacity * Room.nameBytes)
        text = cutter.cut(Room.fileBytes + 1)
        small = cutter.cut(Room.smallBytes)
    }

    /// Clears what is read of a unit before it is written. Memory that no unit needs is not touched:
    /// each page of it would cost the kernel a fault.
    func clear(_ unit: Int) {
        units[unit] = PlannedUnit()
        (sets + unit &* 8).initialize(repeating: ServiceSet(), count: 8)
    }
}

/// Cuts memory into pieces.
private struct Cutter {
    var next: UnsafeMutableRawPointer

    init(_ buffer: UnsafeMutableRawBufferPointer) {
        // Without memory there is no planner, and the pointers are not used.
        next = buffer.baseAddress ?? UnsafeMutableRawPointer(bitPattern: 16).unsafelyUnwrapped
    }

    mutating func cut<Element>(_ count: Int) -> UnsafeMutablePointer<Element> {
        let piece = next.alignedUp(toMultipleOf: 16)
        next = piece + count &* MemoryLayout<Element>.stride
        return piece.bindMemory(to: Element.self, capacity: count)
    }
}
