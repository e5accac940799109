import InitCore

/// A unit as PID 1 has told of it. The views lie in the answer.
struct UnitStatus {
    /// Whether a unit is to be up.
    enum Wish {
        case yes
        case no
        /// It is to go down, and then to start again.
        case again
    }

    let name: ByteView
    /// As PID 1 calls it: this tool may be older.
    let phaseName: ByteView
    /// `nil` if this tool does not know it.
    let phase: ServicePhase?
    /// When it came into the phase, in milliseconds of CLOCK_MONOTONIC.
    let since: Int64
    /// The number of its main process; 0 if it has none.
    let main: Int
    let outcomeName: ByteView
    let outcome: ServiceOutcome?
    /// What it ended with: the code, or 256 and the signal, or an errno.
    let status: Int
    /// How often it was restarted in a row.
    let restarts: Int
    let wish: Wish
    let isUnenforced: Bool
    /// The unit that it waited for in vain; empty if there is none.
    var culprit = ByteView.empty

    /// - Returns: `nil` if the line does not tell of a unit.
    init?(_ line: AnswerLine) {
        guard let name = line.value(of: "name"), let phase = line.value(of: "phase") else {
            return nil
        }
        self.name = name
        phaseName = phase
        self.phase = ServicePhase(named: phase)
        since = line.milliseconds(of: "since")
        main = line.number(of: "main")
        outcomeName = line.value(of: "outcome") ?? "none"
        outcome = ServiceOutcome(named: outcomeName)
        status = line.number(of: "status")
        restarts = line.number(of: "rests")
        switch line.value(of: "wanted")?.position(in: "yes again") {
        case 0: wish = .yes
        case 1: wish = .again
        default: wish = .no
        }
        isUnenforced = line.value(of: "unenforced")?.equals("yes") ?? false
    }

    /// Whether it is down because something went wrong.
    var hasFailed: Bool { phase == .stuck || phase == .down && (outcome?.isFailure ?? false) }

    /// Whether it is up.
    var isUp: Bool { phase == .up || phase == .busy }
}

/// The units of an answer, one after the other.
struct UnitRows {
    /// Lines, each with its newline.
    private var rest: ByteView

    init(_ lines: ByteView) { rest = lines }

    /// A unit's culprit is in the line behind its own.
    mutating func next() -> UnitStatus? {
        while rest.count > 0 {
            let line = AnswerLine(text: rest.removeFirst(upTo: 0x0a))
            guard var unit = UnitStatus(line) else { continue }
            let behind = AnswerLine(text: rest.slice(0, rest.length(before: 0x0a)))
            if let culprit = behind.value(of: "culprit"),
                behind.value(of: "name")?.equals(unit.name) ?? false
            {
                unit.culprit = culprit
            }
            return unit
        }
        return nil
    }
}

extension ServicePhase {
    init?(named name: ByteView) {
        guard let phase = value(named: name, { (phase: ServicePhase) in phase.name }) else {
            return nil
        }
        self = phase
    }
}

extension ServiceOutcome {
    init?(named name: ByteView) {
        guard let outcome = value(named: name, { (outcome: ServiceOutcome) in outcome.name }) else {
            return nil
        }
        self = outcome
    }
}

/// The value of this name, among those whose numbers follow each other from 0.
private func value<Value: RawRepresentable>(
    named name: ByteView, _ nameOf: (Value) -> ByteView
) -> Value? where Value.RawValue == UInt8 {
    var number: UInt8 = 0
    while let value = Value(rawValue: number) {
        if nameOf(value).equals(name) { return value }
        number &+= 1
    }
    return nil
}
