import InitCore

// What PID 1 promises about services.

extension NaiveModel {
    /// The next moment that the services are waited for: their plan, their start, or their stop.
    var servicesMoment: Int64? { endOfServices ?? planUntil ?? waitUntil }

    /// What an event means for the services, or `nil` if it means the same as without them.
    mutating func servicesAct(on event: Event, at now: Int64) -> [Action]? {
        if endOfServices != nil { return whileServicesStop(event, now) }
        switch event {
        case .endAsked(let ending, let code):
            guard step == 0 else { return [] }
            result = code
            return stop(ending, now)
        case .servicesSettled where waitUntil != nil, .deadlinePassed where waitUntil != nil:
            return begin()
        case .planned(let time?):
            planUntil = nil
            longestStop = time
            if hasProgram {
                waitUntil = now + serviceWait
                return [.beginServices]
            }
            return begin() + [.beginServices]
        case .planned(nil):
            return begin()
        case .servicesSettled, .servicesEnded:
            return []
        case .helperStarted(let process) where planUntil != nil:
            worker = process
            return []
        case .helperFailed where planUntil != nil:
            nextTry = now + 100
            return []
        case .deadlinePassed where planUntil != nil:
            return planIsDue(now)
        default:
            return nil
        }
    }

    /// PID 1 is ready: for the planner if there is to be one, else for the program or the greeting.
    mutating func beginAfterDuties(_ now: Int64) -> [Action] {
        guard asksForServices else { return begin() }
        planUntil = now + 10_000
        return [.start(.plan)]
    }

    private mutating func begin() -> [Action] {
        planUntil = nil
        waitUntil = nil
        nextTry = nil
        hasStarted = hasProgram
        return hasProgram ? [.spawn] : [.greet] + settling
    }

    private mutating func planIsDue(_ now: Int64) -> [Action] {
        if nextTry != nil, now < planUntil! {
            nextTry = nil
            return [.start(.plan)]
        }
        let late = worker.map { [Action.abandon($0)] } ?? []
        worker = nil
        return late + begin()
    }

    /// Only what has begun has to stop.
    mutating func stopServices(_ now: Int64) -> [Action]? {
        planUntil = nil
        waitUntil = nil
        guard let longestStop else { return nil }
        self.longestStop = nil
        endOfServices = now + longestStop + 1_000
        var actions: [Action] = []
        if let program {
            actions = [15, 18].map { .forward(Signal(rawValue: $0), to: program) }
        }
        return actions + [.stopServices, .reap]
    }

    private mutating func whileServicesStop(_ event: Event, _ now: Int64) -> [Action]? {
        switch event {
        case .servicesEnded, .deadlinePassed:
            return stopEverything(now)
        case .signalled(let signal, let origin):
            let isSecond = origin != .kernel || !sharesGroup
            if !isMachine, isSecond, [2, 3, 15].contains(signal.rawValue) {
                endOfServices = nil
                return begin(2, now)
            }
            return signal.rawValue == 17 ? [.reap] : signal.rawValue == 3 ? [.report] : []
        case .childEnded(let process, let status):
            if process == program {
                program = nil
                let code = failure ?? status.code
                result = codesToZero.contains(code) ? 0 : code
            } else if process == worker {
                worker = nil
            }
            return []
        default:
            return []
        }
    }
}
