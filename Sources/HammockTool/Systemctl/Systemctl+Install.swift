import InitCore
import UnitFiles

// Verbs that change links in /etc/systemd/system. They need no init that answers, unless `--now`
// is given.

extension Systemctl {
    mutating func enable() -> Int32 {
        let code = eachFile { (it, unit) in it.enable(unit) }
        guard code == ExitCode.done, request.isNow else { return code }
        let reloaded = daemonReload()
        return reloaded == ExitCode.done ? changeAll(.start) : reloaded
    }

    /// Enables units of which no preset says otherwise, and Hammock reads none. The script of a
    /// package asks for this, by deb-systemd-helper, when the package is installed.
    mutating func preset() -> Int32 {
        if let directory = units.directoryOfPresets() {
            return refuse(directory, "Hammock reads no presets; enable or disable the unit")
        }
        return request.onlyDisables ? ExitCode.done : enable()
    }

    mutating func disable() -> Int32 {
        let code = request.isNow ? changeAll(.stop) : ExitCode.done
        let result = eachFile { (it, unit) in it.disable(unit) }
        return result == ExitCode.done ? code : result
    }

    mutating func mask() -> Int32 {
        let code = request.isNow ? changeAll(.stop) : ExitCode.done
        let result = eachFile(mayLack: true) { (it, unit) in it.mask(unit) }
        return result == ExitCode.done ? code : result
    }

    mutating func unmask() -> Int32 {
        eachFile(mayLack: true) { (it, unit) in
            do throws(Errno) {
                try it.units.unmask(unit)
                return ExitCode.done
            } catch {
                return it.complain(error, about: unit.text)
            }
        }
    }

    /// Does something for the file of each unit.
    ///
    /// - Parameter mayLack: whether a unit may have no file.
    /// - Returns: the exit code: that of the first unit for which it did not work.
    @inline(never)
    private mutating func eachFile(
        mayLack: Bool = false, _ body: (inout Systemctl, UnitName) -> Int32
    ) -> Int32 {
        var code = ExitCode.done
        var number = 0
        while number < request.count {
            let unit = name(number)
            var result = ExitCode.failed
            if let name = UnitName(unit), units.find(name) || mayLack {
                result = body(&self, name)
            } else {
                client.errors.append("Failed to ")
                client.errors.append(foreign: request.verbName)
                client.errors.append(" unit: Unit file ")
                client.errors.append(foreign: unit)
                client.errors.append(" does not exist.\n")
            }
            if code == ExitCode.done { code = result }
            number &+= 1
        }
        return code
    }

    // MARK: One unit

    /// Makes the links that the section [Install] names, also of the units that it names in Also=.
    private mutating func enable(_ unit: UnitName) -> Int32 {
        if units.path.view.hasPrefix(InstalledUnits.own) { return ExitCode.done }
        if units.leadsNowhere() { return refuse(unit.text, "it is masked") }
        if unit.isTemplate {
            return refuse(unit.text, "a template needs an instance: NAME@INSTANCE")
        }
        var queue = NameQueue(queueMemory)
        queue.add(unit.text)
        var count = 0
        var code = ExitCode.done
        while let next = queue.next() {
            guard let name = UnitName(next), units.find(name) else {
                code = refuse(next, "it has no file")
                continue
            }
            do throws(Errno) {
                count &+= try units.enable(name, &queue)
            } catch {
                code = complain(error, about: next)
            }
        }
        if queue.isFull { return refuse(unit.text, "it names too many other units") }
        if count == 0, code == ExitCode.done, !request.isQuiet {
            client.errors.append(foreign: unit.text)
            client.errors.append(" does not say what wants it, in a section [Install].\n")
        }
        return code
    }

    private mutating func disable(_ unit: UnitName) -> Int32 {
        if units.path.view.hasPrefix(InstalledUnits.own) {
            return refuse(unit.text, "every unit of /etc/hammock is wanted; move it away")
        }
        var queue = NameQueue(queueMemory)
        queue.add(unit.text)
        var code = ExitCode.done
        while let next = queue.next() {
            guard let name = UnitName(next), units.find(name) else { continue }
            do throws(Errno) {
                var install = try units.readInstall()
                while let (directive, word) = install.next() {
                    if directive.equals("Also") { queue.add(word) }
                }
                try units.removeLinks(of: name, onlyLooking: false)
            } catch {
                code = complain(error, about: next)
            }
        }
        return code
    }

    private mutating func mask(_ unit: UnitName) -> Int32 {
        if units.find(unit), units.path.view.hasPrefix(InstalledUnits.own) {
            return refuse(unit.text, "it lies in /etc/hammock, which counts first; move it away")
        }
        do throws(Errno) {
            try units.link(to: "/dev/null", .empty, .empty, unit.text)
            return ExitCode.done
        } catch {
            return complain(error, about: unit.text)
        }
    }

    // MARK: Words

    private mutating func refuse(_ unit: ByteView, _ reason: ByteView) -> Int32 {
        client.errors.append("Failed to ")
        client.errors.append(foreign: request.verbName)
        client.errors.append(byte: UInt8(ascii: " "))
        client.errors.append(foreign: unit)
        client.errors.append(": ")
        client.errors.append(reason)
        client.errors.append(".\n")
        return ExitCode.failed
    }

    private mutating func complain(_ error: Errno, about unit: ByteView) -> Int32 {
        switch error {
        case .permissionDenied, .notPermitted: return refuse(unit, "Access denied")
        case .fileExists: return refuse(unit, "another file is in the place of the link")
        case .notDirectory: return refuse(unit, "something else is in the place of a directory")
        case .readOnlyFileSystem: return refuse(unit, "the file system is read-only")
        case .invalidArgument: return refuse(unit, "its section [Install] names no unit")
        default:
            client.errors.append("error ")
            client.errors.append(number: UInt64(error.rawValue))
            client.errors.append(": ")
            return refuse(unit, "its links cannot be changed")
        }
    }
}
