import InitCore
import UnitFiles

extension Systemctl {
    /// Does a verb for all units, and then waits for each.
    mutating func changeAll(_ verb: SystemctlRequest.Verb) -> Int32 {
        var code = ExitCode.done
        var waiting = WordSet()
        var number = 0
        while number < request.count {
            let unit = name(number)
            do throws(ClientProblem) {
                if try change(verb, unit) { waiting.insert(number) }
            } catch {
                let problem = complain(error, about: unit)
                if code == ExitCode.done { code = problem }
                if case .noInit = error { return code }
            }
            number &+= 1
        }
        guard request.waits else { return code }
        number = 0
        while number < request.count {
            if waiting.contains(number) {
                let result = wait(for: name(number), verb)
                if code == ExitCode.done { code = result }
            }
            number &+= 1
        }
        return code
    }

    /// - Returns: whether there is something to wait for.
    private mutating func change(_ verb: SystemctlRequest.Verb, _ unit: ByteView)
        throws(ClientProblem) -> Bool
    {
        do throws(ClientProblem) {
            return try changeKnown(verb, unit)
        } catch .refused(.unknownUnit) where verb != .stop && isThere(unit) {
            // Its file is newer than PID 1's plan. systemd would read it now.
            try client.update(restarts: false)
            return try changeKnown(verb, unit)
        }
    }

    private mutating func changeKnown(_ verb: SystemctlRequest.Verb, _ unit: ByteView)
        throws(ClientProblem) -> Bool
    {
        switch verb {
        case .start: try client.change(.start, unit, until: nil)
        case .stop: try client.change(.stop, unit, until: nil)
        case .restart: try client.change(.restart, unit, until: nil)
        case .tryRestart:
            guard try client.status(of: unit).isUp else { return false }
            try client.change(.restart, unit, until: nil)
        case .reload: try client.change(.reload, unit, until: nil)
        case .reloadOrRestart, .tryReloadOrRestart:
            guard try client.status(of: unit).isUp else {
                if verb == .tryReloadOrRestart { return false }
                try client.change(.start, unit, until: nil)
                return true
            }
            do throws(ClientProblem) {
                try client.change(.reload, unit, until: nil)
            } catch .refused(.cannotReload) {
                try client.change(.restart, unit, until: nil)
            }
        default: return false
        }
        return true
    }

    private mutating func wait(for unit: ByteView, _ verb: SystemctlRequest.Verb) -> Int32 {
        let goal = verb == .stop ? Goal.down : Goal.up
        do throws(ClientProblem) {
            while true {
                let status = try client.status(of: unit)
                // While it is busy it reloads.
                let isReloading = verb != .start && status.phase == .busy
                switch isReloading ? .pending : goal.verdict(of: status) {
                case .reached: return ExitCode.done
                case .failed:
                    complain(of: status)
                    return ExitCode.failed
                case .pending: try client.waitForChange(until: nil)
                }
            }
        } catch {
            return complain(error, about: unit)
        }
    }

    private mutating func complain(of unit: UnitStatus) {
        client.output.flush()
        client.errors.append("Job for ")
        client.errors.append(foreign: unit.name)
        client.errors.append(" failed: the unit is ")
        client.errors.append(decoded: unit.phaseName)
        unit.appendCause(to: &client.errors)
        client.errors.append(".\nSee \"systemctl status ")
        client.errors.append(foreign: unit.name)
        client.errors.append("\" and \"hammock why ")
        client.errors.append(foreign: unit.name)
        client.errors.append("\".\n")
    }

    // MARK: Other requests

    mutating func daemonReload() -> Int32 {
        do throws(ClientProblem) {
            try client.update(restarts: false)
            return ExitCode.done
        } catch {
            _ = client.complain(error)
            return ExitCode.failed
        }
    }

    mutating func resetFailed() -> Int32 {
        do throws(ClientProblem) {
            if request.count == 0 { try client.ask(client.request("reset")) }
        } catch {
            _ = client.complain(error)
            return ExitCode.failed
        }
        return eachUnit { (it, unit) throws(ClientProblem) in
            try it.client.change(.reset, unit, until: nil)
        }
    }

    mutating func kill() -> Int32 {
        eachUnit { (it, unit) throws(ClientProblem) in
            try it.client.signal(unit, it.request.signal, to: it.request.whom)
        }
    }

    /// Does something for each unit.
    ///
    /// - Returns: the exit code: that of the first unit for which it did not work.
    @inline(never)
    private mutating func eachUnit(
        _ body: (inout Systemctl, ByteView) throws(ClientProblem) -> Void
    ) -> Int32 {
        var code = ExitCode.done
        var number = 0
        while number < request.count {
            let unit = name(number)
            do throws(ClientProblem) {
                try body(&self, unit)
            } catch {
                let problem = complain(error, about: unit)
                if code == ExitCode.done { code = problem }
                if case .noInit = error { return code }
            }
            number &+= 1
        }
        return code
    }
}
