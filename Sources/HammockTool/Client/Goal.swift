import InitCore

/// What a request is to come to, and whether it has.
enum Goal {
    /// Up, or done.
    case up
    case down
    /// No longer busy.
    case reloaded

    enum Verdict: Equatable {
        case pending
        case reached
        /// It will not be reached, or not by this attempt.
        case failed
    }

    /// - Parameter unit: as it is after PID 1 has taken the request.
    func verdict(of unit: UnitStatus) -> Verdict {
        // A phase that only a later version knows cannot be the end of anything.
        guard let phase = unit.phase else { return .pending }
        switch self {
        case .up: return verdictOfStart(phase, unit)
        case .down:
            switch phase {
            case .down: return .reached
            case .stuck: return .failed
            // It waits for units that have to go before it, unless it is wanted again.
            case .up: return unit.wish == .yes ? .failed : .pending
            case .queued, .preparing, .starting, .settling, .busy, .stopping, .ending, .killing,
                .cleaning, .resting:
                return .pending
            }
        case .reloaded:
            switch phase {
            case .busy: return .pending
            case .up: return .reached
            case .down, .queued, .preparing, .starting, .settling, .stopping, .ending, .killing,
                .cleaning, .resting, .stuck:
                return .failed
            }
        }
    }

    private func verdictOfStart(_ phase: ServicePhase, _ unit: UnitStatus) -> Verdict {
        switch phase {
        case .up, .busy: return unit.wish == .again ? .pending : .reached
        case .down: return unit.hasFailed ? .failed : .reached
        // The attempt is over. There will be others, but nobody knows when.
        case .resting: return (unit.outcome?.isFailure ?? false) ? .failed : .reached
        case .stuck: return .failed
        case .queued, .preparing, .starting, .settling, .stopping, .ending, .killing, .cleaning:
            return .pending
        }
    }
}
