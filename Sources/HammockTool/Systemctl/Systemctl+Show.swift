import InitCore
import UnitFiles

extension Systemctl {
    /// The properties that are known, in the order in which they are printed.
    private static var properties: ByteView {
        """
        Id,LoadState,ActiveState,SubState,Result,MainPID,ExecMainStatus,NRestarts,UnitFileState,\
        FragmentPath,StateChangeTimestampMonotonic
        """
    }

    /// Prints properties of each unit, a line each. Properties that are not known are left out.
    mutating func show() -> Int32 {
        var number = 0
        while number < request.count {
            let unit = name(number)
            do throws(ClientProblem) {
                if number > 0 { client.output.append(byte: 0x0a) }
                try show(unit)
            } catch {
                _ = client.complain(error, about: unit)
                return ExitCode.failed
            }
            number &+= 1
        }
        return ExitCode.done
    }

    private mutating func show(_ unit: ByteView) throws(ClientProblem) {
        let status: UnitStatus?
        do throws(ClientProblem) {
            status = try client.status(of: unit)
        } catch .refused(.unknownUnit) {
            status = nil
        }
        let file = UnitName(unit).map { units.state(of: $0) } ?? .missing
        if request.propertyCount == 0 { return show(Systemctl.properties, of: unit, status, file) }
        var number = 0
        while number < request.propertyCount {
            show(request.property(number), of: unit, status, file)
            number &+= 1
        }
    }

    private mutating func show(
        _ list: ByteView, of unit: ByteView, _ status: UnitStatus?, _ file: InstalledUnits.State
    ) {
        var rest = list
        while rest.count > 0 {
            let property = rest.removeFirst(upTo: UInt8(ascii: ","))
            guard property.isIn(commaList: Systemctl.properties) else { continue }
            if !request.hasBareValues {
                client.output.append(property)
                client.output.append(byte: UInt8(ascii: "="))
            }
            append(property, of: unit, status, file)
            client.output.append(byte: 0x0a)
        }
    }

    private mutating func append(
        _ property: ByteView, of unit: ByteView, _ status: UnitStatus?,
        _ file: InstalledUnits.State
    ) {
        let position = property.position(
            in: """
                Id LoadState ActiveState SubState Result MainPID ExecMainStatus NRestarts \
                UnitFileState FragmentPath StateChangeTimestampMonotonic
                """)
        switch position {
        case 0: client.output.append(foreign: status?.name ?? unit)
        case 1:
            client.output.append(
                file == .masked
                    ? "masked" : status != nil || file != .missing ? "loaded" : "not-found")
        case 2: client.output.append(status.map { ActiveState($0).name } ?? "inactive")
        case 3: client.output.append(status?.subState ?? "dead")
        case 4: client.output.append(status?.result ?? "success")
        case 5: append(number: status?.main ?? 0)
        case 6:
            // A signal's number, where that is what ended it.
            let number = status?.status ?? 0
            append(number: number > 256 ? number &- 256 : number)
        case 7: append(number: status?.restarts ?? 0)
        case 8: if file != .missing { client.output.append(file.name) }
        case 9: if file != .missing { client.output.append(foreign: units.path.view) }
        case 10: append(number: Int(status?.since ?? 0) &* 1_000)
        default: break
        }
    }

    private mutating func append(number: Int) {
        client.output.append(number: UInt64(max(number, 0)))
    }
}
