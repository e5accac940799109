@testable import InitCore

/// The text of a line.
func text(of line: Line) -> String {
    line.withBytes { String(decoding: $0, as: UTF8.self) }
}

/// What `append` writes into an empty line.
func text(_ append: (inout Line) -> Void) -> String {
    var line = Line()
    append(&line)
    return text(of: line)
}

extension StaticString {
    var text: String { withUTF8Buffer { String(decoding: $0, as: UTF8.self) } }
}

extension Actions {
    var all: [Action] {
        var rest = self
        return (0..<count).compactMap { _ in rest.next() }
    }
}

let everyRole: [Role] = [.machine, .container, .process]
let everyEnding: [Ending] = [.powerOff, .reboot, .halt]
let everySignal = (1...64).map { Signal(rawValue: Int32($0)) }
/// All errors of Linux, and one number that is not an error of Linux.
let everyError = (1...134).map { Errno(rawValue: Int32($0)) }
let everyPhase: [InitCore.Phase] = [
    .settingUp, .planning, .idling, .waiting, .starting, .running, .stoppingServices, .stopping,
    .killing, .unmounting, .syncing, .leaving, .stranded, .exited,
]

/// The largest process ID that Linux gives, proc_sys_kernel(5), pid_max.
let largestProcess = ProcessID(rawValue: 4_194_304)

/// It is here and not in the tests, because Swift Testing has an `ExitStatus` of its own.
typealias Status = ExitStatus
