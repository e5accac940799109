public import InitCore

/// How to plan.
public struct PlannerOptions {
    /// The target that is wanted; `nil`: all of /etc/hammock.
    public var target: ByteView?
    /// Whether a warning refuses the unit.
    public var isStrict = false
    /// What `%H` stands for; `nil` where that is not known.
    public var hostName: ByteView?
    /// Whether to look if the programs are there.
    public var checksPrograms = false

    public init() {}
}

/// Makes a plan out of unit files.
///
/// It is total: whatever the files hold, it comes to an end, stays within the memory that it is
/// given, and reports what it refuses to `UnitSource.report`. It has no heap, so that a child of
/// PID 1 can run it. What it needs of Linux is in `UnitSource`.
///
/// First it reads the files of all units that are wanted and of all that these pull in, and writes
/// each unit's record and recipe (`load`). Then it knows all names, and sees what the units are to
/// each other (`settle`). At last it leaves out those that it refuses, and writes sets and order.
public struct Planner<Source: UnitSource & ~Copyable>: ~Copyable {
    public var source: Source
    let options: PlannerOptions
    let room: Room
    private let hasRoom: Bool
    var writer: PlanWriter

    var symbolCount = 0
    var referenceCount = 0
    /// How many units were read, the refused ones too.
    public internal(set) var unitCount = 0
    /// All units that are not refused.
    var kept = ServiceSet()
    /// The units that conflict with any. Most plans have none, and to look for their conflicts takes
    /// a step for each two units.
    var fighters = ServiceSet()
    /// How many problems refuse a unit.
    public internal(set) var refusals = 0

    var names: TextBuffer
    /// The paths of all files that were read.
    var paths: TextBuffer
    /// The directories that units are looked for in.
    var directories: TextBuffer
    var dropInNames: TextBuffer
    /// Of the unit that is being read: its assignments, as `Assignment` has them.
    var assignments: TextBuffer
    var words: TextBuffer
    var entry: TextBuffer
    var canonical: TextBuffer
    var ahead: TextBuffer
    var spare: TextBuffer
    /// The directory of the program that was looked for last, and the same without links; empty if
    /// there is none.
    var programDirectory: TextBuffer
    var programCanonical: TextBuffer
    var programLinks = 0
    /// How many links of the path that was resolved last were followed.
    var linksFollowed = 0

    var searchPath = SearchPath()
    var place = Place()
    var draft = Draft()
    /// The bytes of the unit's files that were read so far.
    var bytesRead = 0
    var dropInCount = 0
    var assignmentCount = 0
    /// ConditionPathExists and its like, put together.
    var directiveName: TextBuffer

    /// How much memory `room` must have.
    public static var roomSize: Int { Room.size }

    /// - Parameters:
    ///   - room: `roomSize` bytes that nothing else uses as long as the planner lives. With fewer
    ///     the planner does nothing.
    ///   - plan: `PlanWriter.mostBytes` bytes for the plan.
    @inline(never)
    public init(
        _ source: consuming Source, _ options: PlannerOptions, room: UnsafeMutableRawBufferPointer,
        plan: UnsafeMutableRawBufferPointer
    ) {
        hasRoom = room.count >= Room.size && plan.count >= PlanWriter.mostBytes
        self.source = source
        self.options = options
        self.room = Room(room)
        writer = PlanWriter(plan, most: ServiceSet.capacity)
        var next = self.room.small
        func buffer(_ capacity: Int) -> TextBuffer {
            defer { next += capacity }
            return TextBuffer(start: next, capacity: capacity)
        }
        names = buffer(16 * 1_024)
        paths = buffer(32 * 1_024)
        directories = buffer(4 * 1_024)
        dropInNames = buffer(8 * 1_024)
        assignments = buffer(Room.assignmentBytes)
        words = buffer(Room.expandedBytes)
        entry = buffer(Room.expandedBytes)
        canonical = buffer(Room.pathBytes)
        ahead = buffer(2 * Room.pathBytes)
        spare = buffer(2 * Room.pathBytes)
        directiveName = buffer(64)
        programDirectory = buffer(Room.programBytes)
        programCanonical = buffer(Room.programBytes)
    }

    /// Plans. Must be called only once.
    ///
    /// - Returns: the plan's bytes, which lie in the memory that the planner was given. Units that
    ///   are refused are not in it; `refusals` counts the problems.
    @inline(never)
    public mutating func run() -> ByteView {
        guard hasRoom else { return .empty }
        Directive.fill(room.index)
        findDirectories()
        queueRoots()
        while let symbol = nextQueued() { load(symbol) }
        let longest = settle()
        return write(longestStop: longest)
    }

    // MARK: What has come of it

    /// A unit, by the order in which it was read: 0 to `unitCount - 1`.
    @inline(never)
    public func name(of unit: Int) -> ByteView {
        guard isUnit(unit) else { return .empty }
        return symbolName(Int(room.units[unit].symbol))
    }

    public func isRefused(_ unit: Int) -> Bool { isUnit(unit) && !kept.contains(Self.id(unit)) }

    /// How many warnings there were about the unit.
    public func warnings(of unit: Int) -> Int {
        isUnit(unit) ? Int(room.units[unit].warnings) : 0
    }

    public func deviations(of unit: Int) -> Deviations {
        isUnit(unit) ? room.units[unit].deviations : Deviations()
    }

    func isUnit(_ unit: Int) -> Bool { unit >= 0 && unit < unitCount }

    @inline(never)
    func text(_ range: TextRange) -> ByteView {
        paths.view.slice(Int(range.start), Int(range.start) &+ Int(range.size))
    }

    // MARK: Problems

    /// Where the planner is: what a problem is about.
    struct Place {
        var symbol = 0
        var unit: Int?
        var path = ByteView.empty
        var line = 0
        var directive = ByteView.empty
    }

    @inline(never)
    mutating func refuse(_ kind: ProblemKind, _ word: ByteView = .empty) {
        refuse(Trouble(kind, word))
    }

    @inline(never)
    mutating func refuse(_ trouble: Trouble) {
        if let unit = place.unit { kept.remove(Self.id(unit)) }
        report(.refused, trouble)
    }

    @inline(never)
    mutating func warn(_ kind: ProblemKind, _ word: ByteView = .empty) {
        if options.isStrict { return refuse(kind, word) }
        if let unit = place.unit { room.units[unit].warnings &+= 1 }
        report(.warned, Trouble(kind, word))
    }

    @inline(never)
    private mutating func report(_ severity: Severity, _ trouble: Trouble) {
        if severity == .refused { refusals &+= 1 }
        source.report(
            Problem(
                severity: severity, unit: symbolName(place.symbol), file: place.path,
                line: place.line, directive: place.directive, kind: trouble.kind,
                word: trouble.word))
    }
}
