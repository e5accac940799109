internal import CLinux
import InitCore
import UnitFiles

/// How long a shutdown takes beside the services, in milliseconds: the grace period for whatever
/// else is left, and what comes after it.
private var restOfShutdown: UInt32 {
    UInt32(
        Limit.graceMilliseconds &+ Limit.killMilliseconds &+ Limit.unmountMilliseconds
            &+ Limit.syncMilliseconds &+ Limit.leaveMilliseconds)
}

extension Planner where Source == FileTree {
    /// Writes what becomes of each unit, and how long a shutdown takes.
    @inline(never)
    mutating func summarise() {
        var unit = 0
        while unit < unitCount {
            if source.isJSON { writeJSON(unit) } else { write(unit) }
            unit &+= 1
        }
        let bound = bound()
        if source.isJSON { return writeJSON(bound) }
        source.output.append(number: UInt64(unitCount))
        source.output.append(unitCount == 1 ? " unit." : " units.")
        write(bound)
        source.output.append(byte: 0x0a)
    }

    /// Writes of how many directives of each unit there are warnings, a line for a unit.
    mutating func countWarnings() {
        var unit = 0
        while unit < unitCount {
            let count = isRefused(unit) ? 0 : warnings(of: unit)
            if count > 0 {
                source.output.append(name(of: unit))
                source.output.append(" runs, with ")
                source.output.append(number: UInt64(count))
                source.output.append(count == 1 ? " warning" : " warnings")
                source.output.append(" (hammock check says which)\n")
            }
            unit &+= 1
        }
    }

    @inline(never)
    private mutating func write(_ unit: Int) {
        source.output.append(name(of: unit))
        if isRefused(unit) {
            source.output.append(" is refused\n")
            return
        }
        source.output.append(" runs")
        let count = warnings(of: unit)
        if count > 0 {
            source.output.append(", with ")
            source.output.append(number: UInt64(count))
            source.output.append(count == 1 ? " warning" : " warnings")
        }
        var bit: UInt8 = 0
        var isFirst = true
        while bit < Deviations.count {
            if deviations(of: unit).contains(Deviations(rawValue: 1 << bit)) {
                source.output.append(isFirst ? "; unlike under systemd, " : "; ")
                source.output.append(Deviations.text(bit))
                isFirst = false
            }
            bit &+= 1
        }
        source.output.append(byte: 0x0a)
    }

    private mutating func write(_ bound: StopBound) {
        source.output.append(" A shutdown takes ")
        append(total: bound)
        source.output.append(" s at the most")
        guard let unit = bound.unit else {
            source.output.append(".")
            return
        }
        source.output.append(": ")
        source.output.append(name(of: unit))
        source.output.append(" (TimeoutStopSec=")
        source.output.append(seconds: bound.timeout)
        if bound.line > 0 {
            source.output.append(", ")
            source.output.append(foreign: bound.file)
            source.output.append(byte: UInt8(ascii: ":"))
            source.output.append(number: UInt64(bound.line))
        } else {
            source.output.append(", the default")
        }
        source.output.append(") is ")
        source.output.append(seconds: bound.part)
        source.output.append(" of it.")
        let capped = self.bound(cap: 30_000)
        guard capped.services < bound.services else { return }
        source.output.append(" With hammock.stop=30 it is ")
        append(total: capped)
        source.output.append(" s.")
    }

    private mutating func append(total bound: StopBound) {
        let (sum, overflows) = bound.services.addingReportingOverflow(restOfShutdown)
        source.output.append(seconds: overflows ? UInt32.max : sum)
    }

    // MARK: JSON

    private mutating func writeJSON(_ unit: Int) {
        source.output.append(key: "unit", isFirst: true)
        source.output.append(string: name(of: unit))
        source.output.append(key: "runs")
        source.output.append(isRefused(unit) ? "false" : "true")
        source.output.append(key: "warnings")
        source.output.append(number: UInt64(warnings(of: unit)))
        source.output.append(key: "differs")
        source.output.append(byte: UInt8(ascii: "["))
        var bit: UInt8 = 0
        var isFirst = true
        while bit < Deviations.count {
            if deviations(of: unit).contains(Deviations(rawValue: 1 << bit)), !isRefused(unit) {
                if !isFirst { source.output.append(byte: UInt8(ascii: ",")) }
                source.output.append(string: Deviations.text(bit))
                isFirst = false
            }
            bit &+= 1
        }
        source.output.append("]}\n")
    }

    private mutating func writeJSON(_ bound: StopBound) {
        source.output.append(key: "units", isFirst: true)
        source.output.append(number: UInt64(unitCount))
        source.output.append(key: "shutdownSeconds")
        append(total: bound)
        if let unit = bound.unit {
            source.output.append(key: "longest")
            source.output.append(string: name(of: unit))
            source.output.append(key: "longestSeconds")
            source.output.append(seconds: bound.part)
            source.output.append(key: "file")
            source.output.append(string: bound.file)
            source.output.append(key: "line")
            source.output.append(number: UInt64(bound.line))
        }
        source.output.append("}\n")
    }

    // MARK: The plan

    /// Writes the plan to standard output, or beside its place, and renames it into it. Says why if
    /// that fails.
    ///
    /// - Parameter isPartial: whether the plan may lack units that are refused.
    @inline(never)
    mutating func write(_ plan: ByteView, to file: ByteView, isPartial: Bool) -> Bool {
        if refusals > 0, !isPartial {
            source.output.append("hammock: no plan is written, as something is refused\n")
            return false
        }
        do throws(Errno) {
            _ = try Plan(checked: plan)
            if file.equals("-") {
                try source.writeToStandardOutput(plan)
            } else {
                try source.write(plan, to: file)
            }
            return true
        } catch {
            source.output.append("hammock: the plan cannot be written to ")
            source.output.append(foreign: file.equals("-") ? "standard output" : file)
            source.output.append(": error ")
            source.output.append(number: UInt64(error.rawValue))
            source.output.append(byte: 0x0a)
            return false
        }
    }
}

extension Plan {
    /// PID 1 checks the plan when it reads it. What would fail there must not be written.
    fileprivate init(checked bytes: ByteView) throws(Errno) {
        guard let plan = try? Plan(bytes, checksHash: false) else { throw .invalidArgument }
        self = plan
    }
}
