@testable import InitCore

/// 128 bits of all that can make a difference to what comes after. That two of some millions of
/// states have the same is as likely as a fault of the memory.
struct Key: Hashable, Sendable {
    private var low: UInt64 = 0x9e37_79b9_7f4a_7c15
    private var high: UInt64 = 0xc2b2_ae3d_27d4_eb4f

    mutating func add(_ word: UInt64) {
        low = (low ^ word) &* 0xff51_afd7_ed55_8ccd
        low ^= low >> 32
        high = (high &+ word) &* 0xc4ce_b9fe_1a85_ec53
        high ^= high >> 29
    }

    func hash(into hasher: inout Hasher) { hasher.combine(low) }
}

extension World {
    /// Moments count as distances from now, and only where they matter.
    var key: Key {
        mutating get {
            var key = Key()
            for index in beings.indices { add(index, to: &key) }
            key.add(
                (stopBegan.map { UInt64(now - $0) + 1 } ?? 0) << 8
                    | (hasEnded ? 1 : 0) | (hasSettled ? 2 : 0) | (table.owesSettled ? 4 : 0)
                    | (table.owesEnded ? 8 : 0))
            key.add(UInt64(table.losing ?? 255) << 16 | UInt64(goOns) << 32 | codeOfAwaited)
            return key
        }
    }

    private mutating func add(_ index: Int, to key: inout Key) {
        let state = table.states[index]
        let unit = plot.units[index]
        key.add(
            UInt64(state.phase.rawValue) | UInt64(state.outcome.rawValue) << 8
                | UInt64(state.command) << 16 | UInt64(state.probes) << 24
                | UInt64(min(state.limits, 6)) << 32 | UInt64(state.starts) << 40
                | UInt64(state.flags.rawValue) << 48)
        key.add(
            UInt64(state.main?.rawValue ?? 0) | UInt64(state.control?.rawValue ?? 0) << 16
                | UInt64(UInt32(bitPattern: state.status)) << 32)
        // Where a delay does not grow, it does not matter how often the unit was restarted.
        let rests = unit.time(.restartMost) > 0 ? min(state.rests, 12) : 0
        key.add(UInt64(state.culprit?.rawValue ?? 255) | UInt64(rests) << 8)
        key.add(distance(to: state.phaseEnd))
        if state.phase == .starting { key.add(distance(to: state.nextProbe)) }
        let counts: [ServicePhase] = [.settling, .up, .busy]
        if counts.contains(state.phase) {
            key.add(distance(to: state.watchdogEnd))
            key.add(distance(to: state.nextProbe))
        }
        let interval = Int64(unit.time(.startLimit))
        // Only where something counts from there.
        if state.flags.contains(.wasUp),
            interval > 0 || unit.time(.restartMost) > 0
                || unit.time(.runtime) != UnitTime.infinity
        {
            let runs = unit.time(.runtime) == UnitTime.infinity ? 0 : Int64(unit.time(.runtime))
            key.add(UInt64(min(now - state.upSince.milliseconds, max(interval, runs, 10_000))))
        }
        if state.starts > 0 {
            key.add(UInt64(min(now - state.windowBegan.milliseconds, interval)))
        }
        add(beings[index], interval, to: &key)
    }

    private func add(_ being: Being, _ interval: Int64, to key: inout Key) {
        var bits = UInt64(being.main) << 8 | UInt64(being.other)
        for flag in [
            being.hasControl, being.mainReports, being.controlReports,
            being.hasBegun, being.cameUp, being.wasSkipped, being.wasStuck, being.ranStop,
            being.ranClean,
            being.wasSignalled,
        ] { bits = bits << 1 | (flag ? 1 : 0) }
        key.add(bits << 8 | UInt64(being.starts))
        if being.starts > 0 { key.add(UInt64(min(now - being.windowBegan, interval))) }
    }

    private func distance(to moment: Instant) -> UInt64 {
        moment == .never ? .max : UInt64(max(moment.milliseconds - now, 0))
    }

    private var codeOfAwaited: UInt64 {
        switch awaited {
        case nil: 0
        case .run(let service, let stage, let command)?:
            1 + UInt64(stage.rawValue) * 16 + UInt64(command) + UInt64(service.rawValue) * 256
        case .look(let service)?: 200 + UInt64(service.rawValue) * 256
        case .findMain(let service)?: 201 + UInt64(service.rawValue) * 256
        case .goOn?: 202
        case .signal?, .killAll?, .forget?, .log?, .end?, .settled?, .ended?,
            .reportImpossible?:
            203
        }
    }
}
