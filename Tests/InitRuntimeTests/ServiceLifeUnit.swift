import SeededRandom

@testable import InitCore

/// A unit of a `ServiceLife`.
struct ServiceLifeUnit {
    let name: String
    let requires: [String]
    let stop: UInt32
    let hasPIDFile: Bool
    let house: HouseUnit

    static func draw(_ random: inout SplitMix64) -> [ServiceLifeUnit] {
        var units: [ServiceLifeUnit] = []
        for index in 0..<(1 + random.below(7)) { units.append(draw(after: units, &random)) }
        return units
    }

    private static func draw(
        after units: [ServiceLifeUnit], _ random: inout SplitMix64
    ) -> ServiceLifeUnit {
        let index = units.count
        let name = random.oneIn(6) ? "u\(index).target" : "u\(index).service"
        let others = (0..<index).filter { _ in random.oneIn(3) }
        let kind = random.pick([Relation.requires, .requires, .wants, .bindsTo, .partOf])
        let stop = UInt32(random.pick([500, 2_000, 10_000]))
        let readiness = random.pick([
            Readiness.executed, .executed, .notified, .ended, .forked, .forked,
        ])
        let policy = random.pick([RestartPolicy.never, .onFailure, .always, .always])
        let mode = random.pick([KillMode.controlGroup, .controlGroup, .mixed, .process])
        let access = random.pick([NotifyAccess.main, .exec, .all])
        let flags = [UnitFlags.isWanted, .remains, .limitIsFinal].filter { _ in random.oneIn(2) }
        let stages = [Stage.prepare, .settle, .reload, .stop, .clean].filter { _ in
            random.oneIn(4)
        }
        let watchdog = UInt32(random.pick([0, 0, 5_000]))
        let hasPIDFile = readiness == .forked && !random.oneIn(3)
        let isService = name.hasSuffix(".service")
        let unit = HouseUnit(name) { writer, service in
            for other in others {
                // The planner leaves out what is not there.
                let other = ServiceID(rawValue: UInt8(other))
                guard other.rawValue < service.rawValue else { continue }
                writer.insert(other, as: .after, of: service)
                writer.insert(other, as: kind, of: service)
            }
            writer.set(flags.reduce(UnitFlags(rawValue: 0)) { $0.union($1) }, of: service)
            guard isService else { return }
            writer.set(readiness, of: service)
            writer.set(policy, of: service)
            writer.set(mode, of: service)
            if readiness == .notified { writer.set(access, of: service) }
            for stage in stages { writer.setCommandCount(stage, 1, of: service) }
            writer.set(.stop, stop, of: service)
            writer.set(.start, 20_000, of: service)
            writer.set(.watchdog, watchdog, of: service)
            if hasPIDFile { writer.setPIDFile("/run/\(name).pid", of: service) }
        }
        let required = kind == .requires ? others.map { units[$0].name } : []
        return ServiceLifeUnit(
            name: name, requires: required, stop: stop, hasPIDFile: hasPIDFile && isService,
            house: unit)
    }

    /// Without the last unit: the numbers of those before it stay, and so do their relations.
    static func drop(_ units: [ServiceLifeUnit], _ random: inout SplitMix64) -> [ServiceLifeUnit] {
        Array(units.prefix(1 + random.below(units.count)))
    }

    /// More than all of them one after the other can take.
    static func longestStop(of units: [ServiceLifeUnit]) -> UInt32 {
        units.reduce(0) { $0 + 3 * $1.stop + 10_000 }
    }
}
