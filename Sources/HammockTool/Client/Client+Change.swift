import InitCore

/// What can be asked for several units.
enum Ask {
    case start, stop, restart, reload, reset

    var verb: ByteView {
        switch self {
        case .start: "start"
        case .stop: "stop"
        case .restart: "restart"
        case .reload: "reload"
        case .reset: "reset"
        }
    }

    /// What it is to come to; `nil` if that is at once.
    var goal: Goal? {
        switch self {
        case .start, .restart: .up
        case .stop: .down
        case .reload: .reloaded
        case .reset: nil
        }
    }
}

extension Client {
    /// Asks for something of each unit, and then waits for each.
    ///
    /// - Returns: the exit code: that of the first unit for which it went wrong.
    @inline(never)
    mutating func change(_ ask: Ask, _ request: inout ClientRequest) -> Int32 {
        let until = request.patience.map { Connection.now() &+ $0 }
        var code = ExitCode.done
        var refused = WordSet()
        var number = 0
        while number < request.count {
            let unit = request.word(number)
            do throws(ClientProblem) {
                try change(ask, unit, until: until)
            } catch {
                refused.insert(number)
                let problem = complain(error, about: unit)
                if code == ExitCode.done { code = problem }
                // The others would say the same.
                if problem == ExitCode.noInit { return code }
            }
            number &+= 1
        }
        guard let goal = ask.goal, request.waits else { return code }
        number = 0
        while number < request.count {
            if !refused.contains(number) {
                let result = wait(for: request.word(number), goal, until: until)
                if code == ExitCode.done { code = result }
            }
            number &+= 1
        }
        return code
    }

    /// Asks for something of one unit.
    mutating func change(_ ask: Ask, _ unit: ByteView, until: Int64?) throws(ClientProblem) {
        let request = try request(ask.verb, unit)
        if case .reload = ask { try waitUntilIdle(unit, until: until) }
        try self.ask(request)
    }

    /// PID 1 passes over a request to reload while another one, or a probe, is under way, and while
    /// the unit is not up.
    private mutating func waitUntilIdle(_ unit: ByteView, until: Int64?) throws(ClientProblem) {
        while true {
            let status = try status(of: unit)
            guard status.isUp else { throw .notUp }
            if status.phase == .up { return }
            try waitForChange(until: until)
        }
    }

    /// Waits until a unit is where it should be. Says so if it does not get there.
    ///
    /// - Returns: the exit code.
    @inline(never)
    mutating func wait(for unit: ByteView, _ goal: Goal, until: Int64?) -> Int32 {
        do throws(ClientProblem) {
            while true {
                let status = try status(of: unit)
                switch goal.verdict(of: status) {
                case .reached: return ExitCode.done
                case .failed:
                    complain(of: status)
                    return ExitCode.failed
                case .pending: try waitForChange(until: until)
                }
            }
        } catch {
            return complain(error, about: unit)
        }
    }

    /// Says that a unit is not where it should be, and why.
    mutating func complain(of unit: UnitStatus) {
        output.flush()
        errors.append(name)
        errors.append(": ")
        errors.append(foreign: unit.name)
        errors.append(" is ")
        errors.append(decoded: unit.phaseName)
        unit.appendCause(to: &errors)
        if unit.phase == .resting { errors.append("; it will be started again") }
        errors.append(byte: 0x0a)
        errors.flush()
    }

    /// Does what a request for a signal says.
    mutating func signal(_ request: inout ClientRequest) -> Int32 {
        do throws(ClientProblem) {
            try signal(request.word(0), request.word(1), to: request.isForAll ? "all" : "main")
            return ExitCode.done
        } catch {
            return complain(error, about: request.word(0))
        }
    }

    mutating func signal(_ unit: ByteView, _ signal: ByteView, to whom: ByteView)
        throws(ClientProblem)
    {
        var line = try request("signal", unit)
        line.append(byte: UInt8(ascii: " "))
        line.append(signal)
        line.append(byte: UInt8(ascii: " "))
        line.append(whom)
        try ask(line)
    }

    /// Has the unit files read anew. PID 1 answers when that is over.
    mutating func update(restarts: Bool) throws(ClientProblem) {
        var line = request("update")
        if restarts { line.append(" restart") }
        do throws(ClientProblem) {
            try ask(line, patience: Client.updateMilliseconds)
        } catch {
            // All others are in the new plan, as at a boot.
            guard case .refused(.partialPlan) = error else { throw error }
            _ = complain(error)
        }
    }

    mutating func update(_ request: ClientRequest) -> Int32 {
        do throws(ClientProblem) {
            try update(restarts: request.restarts)
            return ExitCode.done
        } catch {
            return complain(error)
        }
    }

    /// The planner has ten seconds, and what is in the plan no more has to stop.
    private static let updateMilliseconds: Int64 = 120_000

    /// Resets each unit, or all.
    mutating func reset(_ request: inout ClientRequest) -> Int32 {
        guard request.count == 0 else { return change(.reset, &request) }
        do throws(ClientProblem) {
            try ask(self.request("reset"))
            return ExitCode.done
        } catch {
            return complain(error)
        }
    }
}

/// Which words of a request, by their numbers.
struct WordSet {
    private var low: UInt64 = 0
    private var high: UInt64 = 0

    mutating func insert(_ number: Int) {
        if number < 64 { low |= 1 &<< UInt64(number) } else { high |= 1 &<< UInt64(number &- 64) }
    }

    func contains(_ number: Int) -> Bool {
        let bits = number < 64 ? low &>> UInt64(number) : high &>> UInt64(number &- 64)
        return bits & 1 == 1
    }
}
