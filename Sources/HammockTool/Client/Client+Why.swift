import InitCore

extension Client {
    /// How many lines of a log go with each unit of a chain.
    private static var fewestLines: Int { 3 }

    /// Prints why a unit is where it is, and the same of the unit that is to blame, and so on.
    ///
    /// - Returns: the exit code.
    @inline(never)
    mutating func why(_ unit: ByteView, asJSON isJSON: Bool) -> Int32 {
        var depth = 0
        var name = unit
        // A unit cannot be to blame for itself. But a chain that PID 1 tells could be a circle
        // while it changes.
        while depth < ServiceSet.capacity {
            do throws(ClientProblem) {
                let status = try status(of: name)
                if isJSON {
                    appendJSON(status)
                    appendLastLines(of: status.name, Client.fewestLines, asJSON: true)
                    output.append("}\n")
                } else {
                    appendSentence(status)
                    appendLastLines(of: status.name, Client.fewestLines, asJSON: false)
                }
                guard status.culprit.count > 0 else { break }
                name = status.culprit
            } catch {
                return complain(error, about: name)
            }
            depth &+= 1
        }
        output.flush()
        return output.failed ? ExitCode.failed : ExitCode.done
    }

    /// `app.service is down since 3.412 (5 s ago): it needs db.service, which is not up`
    private mutating func appendSentence(_ unit: UnitStatus) {
        output.append(foreign: unit.name)
        output.append(" is ")
        appendPhase(unit)
        unit.appendCause(to: &output)
        if unit.restarts > 0 {
            output.append("; ")
            output.append(number: UInt64(unit.restarts))
            output.append(unit.restarts == 1 ? " restart" : " restarts in a row")
        }
        output.append(byte: 0x0a)
    }
}
