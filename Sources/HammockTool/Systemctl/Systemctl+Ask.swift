import InitCore
import UnitFiles

extension Systemctl {
    // MARK: Yes or no

    /// Prints the state of each unit. 0 if one of them is active.
    mutating func isActive() -> Int32 {
        var code = Code.notRunning
        var isKnown = false
        var number = 0
        while number < request.count {
            do throws(ClientProblem) {
                if let state = try printState(of: number) {
                    isKnown = true
                    if state.isActive { code = ExitCode.done }
                }
            } catch {
                return failed(error)
            }
            number &+= 1
        }
        return isKnown ? code : Code.noSuchUnit
    }

    /// Prints the state of each unit. 0 if one of them has failed.
    mutating func isFailed() -> Int32 {
        var code = ExitCode.failed
        var number = 0
        while number < request.count {
            do throws(ClientProblem) {
                if try printState(of: number) == .failed { code = ExitCode.done }
            } catch {
                return failed(error)
            }
            number &+= 1
        }
        return code
    }

    /// Prints the state of a unit that was named.
    ///
    /// - Returns: `nil` if PID 1 does not know the unit. It is printed as inactive then.
    private mutating func printState(of number: Int) throws(ClientProblem) -> ActiveState? {
        do throws(ClientProblem) {
            let state = ActiveState(try client.status(of: name(number)))
            print(state.name)
            return state
        } catch {
            guard case .refused(.unknownUnit) = error else { throw error }
            print(ActiveState.inactive.name)
            return nil
        }
    }

    /// Prints whether a unit has failed. 0 if none has.
    mutating func isSystemRunning() -> Int32 {
        do throws(ClientProblem) {
            var rows = UnitRows(try client.ask(client.request("status")))
            while let unit = rows.next() {
                guard unit.hasFailed else { continue }
                print("degraded")
                return ExitCode.failed
            }
            print("running")
            return ExitCode.done
        } catch {
            print("offline")
            return failed(error)
        }
    }

    private mutating func failed(_ problem: ClientProblem) -> Int32 {
        _ = client.complain(problem)
        return ExitCode.failed
    }

    private mutating func print(_ text: ByteView) {
        if request.isQuiet { return }
        client.output.append(text)
        client.output.append(byte: 0x0a)
    }

    /// Prints what the files say of each unit. 0 if one of them is enabled, or need not be.
    mutating func isEnabled() -> Int32 {
        var code = ExitCode.failed
        var number = 0
        while number < request.count {
            let unit = name(number)
            guard let name = UnitName(unit), case let state = units.state(of: name),
                state != .missing
            else {
                complainOfNoFile(unit)
                number &+= 1
                continue
            }
            print(state.name)
            if state == .enabled || state == .constant { code = ExitCode.done }
            number &+= 1
        }
        return code
    }

    mutating func complainOfNoFile(_ unit: ByteView) {
        if request.isQuiet { return }
        client.output.flush()
        client.errors.append("Failed to get unit file state for ")
        client.errors.append(foreign: unit)
        client.errors.append(": No such file or directory\n")
    }

    // MARK: Status

    /// Prints each unit in full. 0 if all are active, otherwise the code of the first that is not.
    mutating func status() -> Int32 {
        if request.count == 0 {
            guard var all = ClientRequest(verb: "status") else { return ExitCode.failed }
            let code = client.status(&all)
            return code == ExitCode.done ? code : ExitCode.failed
        }
        var code = ExitCode.done
        var number = 0
        while number < request.count {
            let unit = name(number)
            var found = ExitCode.done
            do throws(ClientProblem) {
                let status = try client.status(of: unit)
                let state = ActiveState(status)
                if state == .inactive || state == .failed { found = Code.notRunning }
                if number > 0, !request.isQuiet { client.output.append(byte: 0x0a) }
                if !request.isQuiet { append(status, state) }
            } catch {
                found = statusOfUnknown(unit, error)
                if case .noInit = error { return found }
            }
            if code == ExitCode.done { code = found }
            number &+= 1
        }
        return code
    }

    private mutating func statusOfUnknown(_ unit: ByteView, _ problem: ClientProblem) -> Int32 {
        guard case .refused(.unknownUnit) = problem else { return complain(problem, about: unit) }
        client.output.flush()
        client.errors.append("Unit ")
        client.errors.append(foreign: unit)
        client.errors.append(" could not be found")
        if isThere(unit) { client.errors.append(" in the plan of PID 1; it has a file") }
        client.errors.append(".\n")
        return Code.noSuchUnit
    }

    private mutating func append(_ unit: UnitStatus, _ state: ActiveState) {
        client.output.append(state == .failed ? "× " : state.isActive ? "● " : "○ ")
        client.output.append(foreign: unit.name)
        if let name = UnitName(unit.name), case let file = units.state(of: name), file != .missing {
            client.output.append("\n     Loaded: loaded (")
            client.output.append(foreign: units.path.view)
            client.output.append("; ")
            client.output.append(file.name)
            client.output.append(byte: UInt8(ascii: ")"))
        }
        client.output.append("\n     Active: ")
        client.output.append(state.name)
        client.output.append(" (")
        client.output.append(unit.subState)
        client.output.append(byte: UInt8(ascii: ")"))
        if unit.since > 0 {
            client.output.append(" since ")
            client.output.append(milliseconds: unit.since, width: 0)
            client.output.append(" s after the boot; ")
            client.output.append(span: Connection.now() &- unit.since)
            client.output.append(" ago")
        }
        if unit.main > 0 {
            client.output.append("\n   Main PID: ")
            client.output.append(number: UInt64(unit.main))
        }
        if unit.outcome != ServiceOutcome.none {
            client.output.append("\n     Reason: it ")
            unit.appendReason(to: &client.output)
        }
        client.output.append(byte: 0x0a)
        client.appendLastLines(of: unit.name, request.lines, asJSON: false)
    }

    // MARK: List

    /// Prints a table of units: those that are active, failed or on their way, or all.
    mutating func listUnits() -> Int32 {
        do throws(ClientProblem) {
            let lines = try client.ask(client.request("status"))
            var width = 4
            var rows = UnitRows(lines)
            while let unit = rows.next() {
                if isListed(unit) { width = max(width, unit.name.count) }
            }
            return list(lines, width)
        } catch {
            return failed(error)
        }
    }

    private mutating func list(_ lines: ByteView, _ width: Int) -> Int32 {
        if request.hasLegend {
            client.output.append("  ")
            client.append("UNIT", width: width)
            client.output.append(" LOAD   ACTIVE       SUB\n")
        }
        var shown = 0
        var rows = UnitRows(lines)
        while let unit = rows.next() {
            guard isListed(unit) else { continue }
            let state = ActiveState(unit)
            client.output.append(state == .failed ? "× " : "  ")
            client.append(unit.name, width: width)
            client.output.append(" loaded ")
            client.append(state.name, width: 12)
            client.output.append(byte: UInt8(ascii: " "))
            client.output.append(unit.subState)
            client.output.append(byte: 0x0a)
            shown &+= 1
        }
        if request.hasLegend {
            client.output.append(byte: 0x0a)
            client.output.append(number: UInt64(shown))
            client.output.append(" loaded units listed.\n")
        }
        return ExitCode.done
    }

    private mutating func isListed(_ unit: UnitStatus) -> Bool {
        let state = ActiveState(unit)
        if request.types.count > 0 {
            guard let name = UnitName(unit.name),
                name.suffix.dropping(1).isIn(commaList: request.types)
            else { return false }
        }
        if request.states.count > 0 {
            return state.name.isIn(commaList: request.states)
                || unit.subState.isIn(commaList: request.states)
        }
        if request.count > 0 {
            var number = 0
            while number < request.count, !name(number).equals(unit.name) { number &+= 1 }
            guard number < request.count else { return false }
        }
        return request.showsAll || state != .inactive
    }
}
