@testable import InitCore

/// One unit of a plan, as a test writes it. Times are in milliseconds.
struct Unit: Sendable {
    /// Two plans know a unit by it.
    var name = "x"
    var kind = UnitKind.service
    var readiness = Readiness.executed
    var policy = RestartPolicy.never
    var killMode = KillMode.controlGroup
    var flags = UnitFlags.sendsKill
    /// Wanted from the start.
    var isWanted = true
    /// How many commands each stage has.
    var stages: [Stage: UInt8] = [.main: 1]
    var conditions: UInt8 = 0
    var ignored: UInt16 = 0
    var times: [UnitTime: UInt32] = [:]
    var burst: UInt8?
    var steps: UInt8 = 0
    var retries: UInt8 = 1
    var reloadSignal: Signal?
    var relations: [Relation: [UInt8]] = [:]
    /// What follows, by whether the unit has failed.
    var endings: [Bool: ServiceEnding] = [:]
    /// One for each list at most.
    var matches: [(ExitList, ExitMatch)] = []

    static func target(_ relations: [Relation: [UInt8]] = [:]) -> Unit {
        Unit(kind: .target, stages: [:], relations: relations)
    }

    func named(_ name: String) -> Unit {
        var unit = self
        unit.name = name
        return unit
    }

    func count(_ stage: Stage) -> UInt8 { stages[stage] ?? 0 }

    func time(_ time: UnitTime) -> UInt32 {
        if let given = times[time] { return given }
        switch time {
        case .restart: return 100
        case .start: return 90_000
        case .stop: return 10_000
        case .runtime: return UnitTime.infinity
        case .startLimit: return 10_000
        case .restartMost, .watchdog, .probe, .probeTimeout: return 0
        }
    }

    func others(_ relation: Relation) -> [Int] { (relations[relation] ?? []).map { Int($0) } }
}

/// Units, the plan that was made of them, and what the tests ask of it again and again.
final class Plot: @unchecked Sendable {
    let units: [Unit]
    let plan: Plan
    /// The longest stop that section "Services" of ARCHITECTURE promises, computed here anew.
    let longestStop: Int64
    /// For each unit, those it comes after, as bits; and those that come after it.
    let after: [UInt32]
    let before: [UInt32]

    init(_ units: [Unit]) {
        self.units = units
        let size = PlanLayout.recordsOffset + units.count * PlanLayout.recordSize + 64
        // A plan is a view. It lives as long as the process.
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 8)
        var writer = PlanWriter(buffer, count: units.count)
        for (index, unit) in units.enumerated() {
            unit.write(ServiceID(rawValue: UInt8(index)), to: &writer)
        }
        for (place, service) in Plot.order(units).enumerated() {
            writer.setOrder(place, ServiceID(rawValue: UInt8(service)))
        }
        longestStop = Plot.longestStop(of: units)
        plan = try! Plan(writer.finish(longestStop: UInt32(longestStop)))
        after = units.map { $0.others(.after).reduce(0) { $0 | 1 << UInt32($1) } }
        let after = after
        before = units.indices.map { me in
            units.indices.reduce(0) { after[$1] >> UInt32(me) & 1 == 1 ? $0 | 1 << UInt32($1) : $0 }
        }
    }

    /// Each unit behind those it comes after.
    private static func order(_ units: [Unit]) -> [Int] {
        var order: [Int] = []
        while order.count < units.count {
            let next = units.indices.first { index in
                !order.contains(index) && units[index].others(.after).allSatisfy(order.contains)
            }
            order.append(next!)
        }
        return order
    }

    /// T(s) and L(s), as ARCHITECTURE has them.
    private static func longestStop(of units: [Unit]) -> Int64 {
        var longest: [Int: Int64] = [:]
        func long(_ service: Int) -> Int64 {
            if let known = longest[service] { return known }
            let followers = units.indices.filter { units[$0].others(.after).contains(service) }
            let result = units[service].longestStop + (followers.map(long).max() ?? 0)
            longest[service] = result
            return result
        }
        return units.indices.map(long).max() ?? 0
    }
}

extension Unit {
    var longestStop: Int64 {
        guard kind == .service else { return 0 }
        let given = time(.stop)
        let stop = given == UnitTime.infinity ? 3_600_000 : Int64(given)
        let kill: Int64 = 5_000
        let stops: Int64 = count(.stop) > 0 ? stop : 0
        let cleans: Int64 = count(.clean) > 0 ? stop + kill : 0
        return stops + stop + kill + cleans
    }

    fileprivate func write(_ service: ServiceID, to writer: inout PlanWriter) {
        (Array(name.utf8) + [0]).withUnsafeBufferPointer {
            writer.setName(ByteView(cString: $0.baseAddress!), of: service)
        }
        writer.set(kind, of: service)
        writer.set(readiness, of: service)
        writer.set(policy, of: service)
        writer.set(killMode, of: service)
        writer.clear(.sendsKill, of: service)
        writer.set(flags.union(isWanted ? .isWanted : .none), of: service)
        for (stage, count) in stages { writer.setCommandCount(stage, count, of: service) }
        writer.setConditionCount(conditions, of: service)
        writer.setIgnoredFailures(ignored, of: service)
        for (time, length) in times { writer.set(time, length, of: service) }
        if let burst { writer.setStartLimitBurst(burst, of: service) }
        writer.setRestartSteps(steps, of: service)
        writer.setProbeRetries(retries, of: service)
        writer.setReloadSignal(reloadSignal, of: service)
        for (ifFailed, ending) in endings { writer.set(ending, ifFailed: ifFailed, of: service) }
        for (list, match) in matches { writer.set(list, 0, match, of: service) }
        for (relation, others) in relations {
            for other in others {
                writer.insert(ServiceID(rawValue: other), as: relation, of: service)
            }
        }
    }
}

extension UnitFlags {
    static let none = UnitFlags(rawValue: 0)

    static func all(_ flags: UnitFlags...) -> UnitFlags {
        flags.reduce(.none) { $0.union($1) }
    }

    mutating func insert(_ flag: UnitFlags) { self = union(flag) }
}

/// swift-testing has an `ExitStatus` as well.
typealias ProcessEnd = ExitStatus

let everyPhase: [ServicePhase] = [
    .down, .queued, .preparing, .starting, .settling, .up, .busy, .stopping, .ending, .killing,
    .cleaning, .resting, .stuck,
]
