import InitCore

/// The last changes of phase, for clients that watch, and the moments of each unit.
struct ServiceChanges {
    /// As many as happen while a client that reads at all does not read.
    static let capacity = 64

    /// A unit came into a phase.
    struct Change {
        var service = ServiceID(rawValue: 0)
        var phase = ServicePhase.down
        var moment = Instant(milliseconds: 0)
    }

    /// When a unit's last start was asked for, began, and was over; 0 if it has not happened.
    struct Moments {
        var queued: Int64 = 0
        var began: Int64 = 0
        var ready: Int64 = 0
    }

    private var last = [64 of Change](repeating: Change())
    /// How many changes there have been.
    private(set) var count = 0
    /// Those before it speak of units by numbers that they do not have any more.
    private var firstKnown = 0
    private var phases = [128 of ServicePhase](repeating: .down)
    private var moments = [128 of Moments](repeating: Moments())

    /// Notes the unit's phase, if it is another than before.
    mutating func note(_ state: ServiceState, of service: ServiceID) {
        guard service.index < ServiceSet.capacity, phases[service.index] != state.phase else {
            return
        }
        let before = phases[service.index]
        phases[service.index] = state.phase
        last[count % Self.capacity] = Change(
            service: service, phase: state.phase, moment: state.since)
        count &+= 1
        let now = state.since.milliseconds
        switch state.phase {
        case .queued: moments[service.index] = Moments(queued: now)
        case .preparing: begin(service, after: before, at: now)
        case .starting: if before != .preparing { begin(service, after: before, at: now) }
        case .up:
            if moments[service.index].began == 0 { moments[service.index].began = now }
            if moments[service.index].ready == 0 { moments[service.index].ready = now }
        case .down, .settling, .busy, .stopping, .ending, .killing, .cleaning, .resting, .stuck:
            break
        }
    }

    /// A unit that need not wait is not seen in the queue.
    private mutating func begin(_ service: ServiceID, after phase: ServicePhase, at now: Int64) {
        if phase != .queued { moments[service.index] = Moments(queued: now) }
        moments[service.index].began = now
    }

    /// The units have other numbers now. What was not told of one that is gone is forgotten.
    mutating func adopt(_ map: UnitMap) {
        let (oldPhases, oldMoments) = (phases, moments)
        var index = 0
        while index < ServiceSet.capacity {
            let former = map.former(of: ServiceID(index: index))
            phases[index] = former.map { oldPhases[$0.index] } ?? .down
            moments[index] = former.map { oldMoments[$0.index] } ?? Moments()
            index &+= 1
        }
        firstKnown = count
    }

    /// The number of the oldest change that is not forgotten.
    var oldest: Int { max(firstKnown, count &- Self.capacity) }

    /// Change number `number`, from 0; `nil` if it is forgotten, or has not come yet.
    mutating func change(_ number: Int) -> Change? {
        guard number < count, number >= oldest else { return nil }
        return last[number % Self.capacity]
    }

    mutating func moments(of service: ServiceID) -> Moments {
        service.index < ServiceSet.capacity ? moments[service.index] : Moments()
    }
}
