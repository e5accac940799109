import InitCore

extension Client {
    /// Prints all units in a table, or each that is named in full.
    ///
    /// - Returns: the exit code.
    @inline(never)
    mutating func status(_ request: inout ClientRequest) -> Int32 {
        if request.count == 0 { return statusOfAll(asJSON: request.isJSON) }
        var code = ExitCode.done
        var number = 0
        while number < request.count {
            do throws(ClientProblem) {
                let unit = try status(of: request.word(number))
                if request.isJSON {
                    appendJSON(unit)
                    appendLastLines(of: unit.name, Client.fewLines, asJSON: true)
                    output.append("}\n")
                } else {
                    if number > 0 { output.append(byte: 0x0a) }
                    appendInFull(unit)
                    appendLastLines(of: unit.name, Client.fewLines, asJSON: false)
                }
            } catch {
                let problem = complain(error, about: request.word(number))
                if code == ExitCode.done { code = problem }
                if problem == ExitCode.noInit { return code }
            }
            number &+= 1
        }
        output.flush()
        return output.failed ? ExitCode.failed : code
    }

    /// How many lines of a unit's log go with its status.
    static var fewLines: Int { 10 }

    private mutating func statusOfAll(asJSON isJSON: Bool) -> Int32 {
        do throws(ClientProblem) {
            let lines = try ask(request("status"))
            var width = 4
            var rows = UnitRows(lines)
            while let unit = rows.next() { width = max(width, unit.name.count) }
            if !isJSON {
                append("NAME", width: width)
                output.append("  PHASE            SINCE      PID  RESTARTS  OUTCOME\n")
            }
            rows = UnitRows(lines)
            while let unit = rows.next() {
                if isJSON {
                    appendJSON(unit)
                    output.append("}\n")
                } else {
                    appendRow(unit, width)
                }
            }
            output.flush()
            return output.failed ? ExitCode.failed : ExitCode.done
        } catch {
            return complain(error)
        }
    }

    private mutating func appendRow(_ unit: UnitStatus, _ width: Int) {
        append(unit.name, width: width)
        output.append("  ")
        append(unit.phaseName, width: 9)
        append(moment: unit.since, width: 13)
        append(count: unit.main, width: 9)
        append(count: unit.restarts, width: 10)
        output.append("  ")
        unit.appendShortOutcome(to: &output)
        output.append(byte: 0x0a)
    }

    // MARK: In full

    private mutating func appendInFull(_ unit: UnitStatus) {
        output.append(foreign: unit.name)
        output.append(byte: 0x0a)
        label("phase")
        appendPhase(unit)
        if unit.main > 0 {
            label("process")
            output.append(number: UInt64(unit.main))
        }
        if unit.outcome != ServiceOutcome.none {
            label("outcome")
            output.append("it ")
            unit.appendReason(to: &output)
        }
        if unit.restarts > 0 {
            label("restarts")
            output.append(number: UInt64(unit.restarts))
            output.append(" in a row")
        }
        label("wanted")
        switch unit.wish {
        case .yes: output.append("yes")
        case .no: output.append("no")
        case .again: output.append("yes, but it goes down first")
        }
        if unit.isUnenforced {
            label("note")
            output.append("Hammock does not enforce all that its file asks for; see hammock check")
        }
        output.append(byte: 0x0a)
    }

    private mutating func label(_ text: ByteView) {
        if text.equals("phase") { output.append("  ") } else { output.append("\n  ") }
        append(text, width: 10)
    }

    /// `up since 1.204 (3 min 2 s ago)`
    mutating func appendPhase(_ unit: UnitStatus) {
        output.append(decoded: unit.phaseName)
        guard unit.since > 0 else { return }
        output.append(" since ")
        output.append(milliseconds: unit.since, width: 0)
        output.append(" (")
        output.append(span: Connection.now() &- unit.since)
        output.append(" ago)")
    }

    // MARK: JSON

    /// Prints all but the brace at the end.
    @inline(never)
    mutating func appendJSON(_ unit: UnitStatus) {
        output.append(key: "name", isFirst: true)
        output.append(string: unit.name)
        output.append(key: "phase")
        output.append(string: unit.phaseName)
        output.append(key: "since")
        output.append(milliseconds: unit.since, width: 0)
        output.append(key: "main")
        output.append(number: UInt64(max(unit.main, 0)))
        output.append(key: "restarts")
        output.append(number: UInt64(max(unit.restarts, 0)))
        output.append(key: "outcome")
        output.append(string: unit.outcomeName)
        output.append(key: "status")
        if unit.status < 0 { output.append(byte: UInt8(ascii: "-")) }
        output.append(number: UInt64(unit.status.magnitude))
        output.append(key: "wanted")
        output.append(unit.wish == .no ? "false" : "true")
        output.append(key: "enforced")
        output.append(unit.isUnenforced ? "false" : "true")
        if unit.culprit.count > 0 {
            output.append(key: "culprit")
            output.append(string: unit.culprit)
        }
    }
}
