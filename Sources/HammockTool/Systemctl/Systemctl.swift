internal import CLinux
import InitCore
import UnitFiles

/// Does what is asked by the words of systemctl(1), and ends as it does.
///
/// Packages' scripts and people know these words. What Hammock's init has not is said, and ends with
/// 1; nothing is passed over that would make a difference.
struct Systemctl: ~Copyable {
    var client: Client
    var request: SystemctlRequest
    var units: InstalledUnits
    private let nameMemory: UnsafeMutablePointer<UInt8>
    let queueMemory: UnsafeMutablePointer<UInt8>

    /// LSB's and systemctl's exit codes, beside those of the tool.
    enum Code {
        static let notRunning: Int32 = 3
        static let noSuchUnit: Int32 = 4
        static let noPermission: Int32 = 4
        static let notInstalled: Int32 = 5
    }

    /// - Parameter memory: `memorySize` bytes.
    init(
        _ request: SystemctlRequest, as name: ByteView, _ output: Output,
        _ memory: UnsafeMutableRawPointer
    ) {
        self.request = request
        client = Client(socket: request.socket, as: name, output, memory)
        units = InstalledUnits(
            root: request.root, isQuiet: request.isQuiet, memory + Client.memorySize)
        let rest = memory + Client.memorySize + InstalledUnits.memorySize
        nameMemory = rest.assumingMemoryBound(to: UInt8.self)
        queueMemory = nameMemory + Systemctl.nameCapacity
    }

    private static let nameCapacity = 256
    static let memorySize =
        Client.memorySize + InstalledUnits.memorySize + nameCapacity + PathBuffer.capacity

    /// - Returns: the exit code.
    mutating func run() -> Int32 {
        let code = obey()
        client.output.flush()
        client.errors.flush()
        return client.output.failed ? ExitCode.failed : code
    }

    private mutating func obey() -> Int32 {
        switch request.verb {
        case .start, .stop, .restart, .tryRestart, .reload, .reloadOrRestart,
            .tryReloadOrRestart, .condrestart, .forceReload, .reloadOrTryRestart:
            return changeAll(request.verb)
        case .status: return status()
        case .show: return show()
        case .isActive: return isActive()
        case .isFailed: return isFailed()
        case .isEnabled: return isEnabled()
        case .isSystemRunning: return isSystemRunning()
        case .listUnits: return listUnits()
        case .daemonReload: return daemonReload()
        case .resetFailed: return resetFailed()
        case .kill: return kill()
        case .enable: return enable()
        case .disable: return disable()
        case .mask: return mask()
        case .unmask: return unmask()
        case .preset: return preset()
        }
    }

    /// Unit `number` with an ending; a name without one means a service. Lasts until the next call.
    mutating func name(_ number: Int) -> ByteView {
        let word = request.word(number)
        guard UnitName(word) == nil, word.count &+ 8 < Systemctl.nameCapacity else { return word }
        let ending: ByteView = ".service"
        let count = word.copy(to: nameMemory)
        return ByteView(start: nameMemory, count: count &+ ending.copy(to: nameMemory + count))
    }

    /// Says that a verb did not work for a unit.
    ///
    /// - Returns: the exit code, as systemctl has it.
    @inline(never)
    mutating func complain(_ problem: ClientProblem, about unit: ByteView) -> Int32 {
        guard case .refused(let refusal) = problem else {
            _ = client.complain(problem, about: unit)
            return ExitCode.failed
        }
        client.output.flush()
        client.errors.append("Failed to ")
        client.errors.append(foreign: request.verbName)
        client.errors.append(byte: UInt8(ascii: " "))
        client.errors.append(foreign: unit)
        client.errors.append(": ")
        switch refusal {
        case .unknownUnit:
            client.errors.append("Unit ")
            client.errors.append(foreign: unit)
            // It has a file, but PID 1 has no use for it.
            client.errors.append(
                isThere(unit)
                    ? " is not wanted by anything; enable it first.\n"
                    : request.verb == .stop ? " not loaded.\n" : " not found.\n")
            return Code.notInstalled
        case .notAllowed:
            client.errors.append("Access denied: ")
            client.errors.append(refusal.text)
            client.errors.append(byte: 0x0a)
            return Code.noPermission
        default:
            client.errors.append(refusal.text)
            client.errors.append(byte: 0x0a)
            return ExitCode.failed
        }
    }

    mutating func isThere(_ unit: ByteView) -> Bool {
        guard let name = UnitName(unit) else { return false }
        return units.find(name)
    }
}

/// `main` calls this if the program is called systemctl or service.
///
/// - Returns: the exit code; `nil` under another name.
func systemctlMain(_ words: Words, _ scratch: UnsafeMutableRawPointer) -> Int32? {
    var name = words[0]
    while case let length = name.length(before: UInt8(ascii: "/")), length < name.count {
        name = name.dropping(length &+ 1)
    }
    let isService = name.equals("service")
    guard isService || name.equals("systemctl") else { return nil }
    var request = SystemctlRequest()
    let problem = isService ? request.readService(words) : request.readSystemctl(words)
    var output = Output(1, scratch)
    switch problem {
    case .help: output.append(SystemctlRequest.usage)
    case .version:
        output.append(name)
        output.append(" of Hammock ")
        output.append(Version.number)
        output.append(byte: 0x0a)
    case .wrong(let text, let word):
        output = Output(2, scratch)
        output.append(name)
        output.append(": ")
        output.append(foreign: word)
        output.append(": ")
        output.append(text)
        output.append(" (see --help)\n")
        output.flush()
        return ExitCode.failed
    case nil:
        guard let memory = clinux_planner_memory(),
            Systemctl.memorySize <= Int(clinux_planner_size)
        else { return ExitCode.failed }
        var systemctl = Systemctl(request, as: name, output, memory)
        return systemctl.run()
    }
    output.flush()
    return output.failed ? ExitCode.failed : ExitCode.done
}
