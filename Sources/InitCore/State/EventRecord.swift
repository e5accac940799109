/// The last events of PID 1, for finding out why something happened. SIGQUIT and the last resort
/// print it.
public struct EventRecord: Sendable {
    /// As many as fit into one or two lines of a terminal.
    public static let capacity = 16

    private struct Entry: Sendable {
        var phase = InitCore.Phase.settingUp
        /// A letter for the kind of event, 0 for none.
        var kind: UInt8 = 0
        /// A signal, a process, an errno: what the event is about.
        var detail: Int32 = 0
    }

    private var entries = [16 of Entry](repeating: Entry())
    private var next = 0

    public init() {}

    /// Adds an event, and drops the oldest.
    ///
    /// - Parameter phase: the phase in which the event came.
    @inline(never)
    public mutating func append(_ event: Event, in phase: InitCore.Phase) {
        let (kind, detail) = EventRecord.summary(of: event)
        entries[next] = Entry(phase: phase, kind: kind, detail: detail)
        next = (next &+ 1) % EventRecord.capacity
    }

    /// Appends the events, oldest first: the phase's letter, the event's letter, its number.
    /// `r:c23` means: child 23 ended while the program ran.
    public func append(to line: inout Line) {
        line.append("last events:")
        var offset = 0
        while offset < EventRecord.capacity {
            let entry = entries[(next &+ offset) % EventRecord.capacity]
            if entry.kind != 0 {
                line.append(byte: 0x20)
                line.append(byte: entry.phase.letter)
                line.append(byte: 0x3a)
                line.append(byte: entry.kind)
                line.append(number: entry.detail)
            }
            offset &+= 1
        }
    }

    private static func summary(of event: Event) -> (UInt8, Int32) {
        switch event {
        case .performed(_, let error): (UInt8(ascii: "d"), error?.rawValue ?? 0)
        case .spawned(let process, _): (UInt8(ascii: "p"), process.rawValue)
        case .programRuns: (UInt8(ascii: "r"), 0)
        case .spawnFailed(let error): (UInt8(ascii: "P"), error.rawValue)
        case .signalled(let signal, _): (UInt8(ascii: "s"), signal.rawValue)
        case .childEnded(let process, _): (UInt8(ascii: "c"), process.rawValue)
        case .childStopped(let process, _): (UInt8(ascii: "z"), process.rawValue)
        case .terminalLent(let isLent): (UInt8(ascii: "f"), isLent ? 1 : 0)
        case .wentOn(let wasStopped): (UInt8(ascii: "g"), wasStopped ? 1 : 0)
        case .noChildLeft: (UInt8(ascii: "n"), 0)
        case .deadlinePassed: (UInt8(ascii: "t"), 0)
        case .helperStarted(let process): (UInt8(ascii: "h"), process.rawValue)
        case .helperFailed(let error): (UInt8(ascii: "H"), error.rawValue)
        case .planned(let time):
            (UInt8(ascii: "m"), Int32(truncatingIfNeeded: time ?? -1))
        case .servicesSettled: (UInt8(ascii: "v"), 0)
        case .servicesEnded: (UInt8(ascii: "V"), 0)
        case .endAsked(_, let code): (UInt8(ascii: "E"), Int32(code))
        case .unwritten(let size): (UInt8(ascii: "w"), Int32(truncatingIfNeeded: size ?? -1))
        case .sendingFailed(let error): (UInt8(ascii: "S"), error.rawValue)
        case .leavingFailed(let error): (UInt8(ascii: "L"), error.rawValue)
        }
    }
}

extension InitCore.Phase {
    /// The phase's letter in the record.
    var letter: UInt8 {
        switch self {
        case .settingUp: UInt8(ascii: "b")
        case .planning: UInt8(ascii: "p")
        case .waiting: UInt8(ascii: "w")
        case .stoppingServices: UInt8(ascii: "t")
        case .idling: UInt8(ascii: "i")
        case .starting: UInt8(ascii: "e")
        case .running: UInt8(ascii: "r")
        case .stopping: UInt8(ascii: "s")
        case .killing: UInt8(ascii: "k")
        case .unmounting: UInt8(ascii: "u")
        case .syncing: UInt8(ascii: "y")
        case .leaving: UInt8(ascii: "l")
        case .stranded: UInt8(ascii: "z")
        case .exited: UInt8(ascii: "x")
        }
    }
}
