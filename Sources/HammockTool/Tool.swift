internal import CLinux
import InitCore
import UnitFiles

/// The tool's exit codes.
private enum ExitCode {
    static let done: Int32 = 0
    /// Something is refused, or could not be written.
    static let failed: Int32 = 1
    static let wrongUse: Int32 = 2
}

/// `main` calls this.
///
/// - Returns: the exit code.
@c(hammock_main)
public func hammockMain(
    _ argumentCount: Int32, _ arguments: UnsafePointer<UnsafeMutablePointer<CChar>?>?
) -> Int32 {
    guard let memory = clinux_scratch() else { return ExitCode.failed }
    let words = Words(count: argumentCount, first: arguments)
    var request = Request()
    let answer = request.read(words)
    let isForStandardError = request.verb == .plan
    var output = Output(isForStandardError && answer == nil ? 2 : 1, memory)
    switch answer {
    case .help: output.append(Request.usage)
    case .version:
        output.append("Hammock ")
        output.append(Version.number)
        output.append(byte: 0x0a)
    case .wrong(let text, let word):
        output = Output(2, memory)
        output.append("hammock: ")
        output.append(foreign: word)
        output.append(": ")
        output.append(text)
        output.append(" (see --help)\n")
        output.flush()
        return ExitCode.wrongUse
    case nil: return obey(request, output, memory + 4 * 1_024)
    }
    output.flush()
    return output.failed ? ExitCode.failed : ExitCode.done
}

/// - Parameter memory: what is left of the scratch memory.
private func obey(_ request: Request, _ output: Output, _ memory: UnsafeMutableRawPointer)
    -> Int32
{
    guard let room = clinux_planner_memory() else { return ExitCode.failed }
    var files = FileTree(root: request.root, isJSON: request.isJSON, output, memory)
    var options = PlannerOptions()
    options.target = request.target
    options.isStrict = request.isStrict
    options.checksPrograms = true
    options.hostName = files.hostName(memory + FileTree.pathCapacity)
    let plannerSize = Planner<FileTree>.roomSize
    var planner = Planner(
        files, options, room: UnsafeMutableRawBufferPointer(start: room, count: plannerSize),
        plan: UnsafeMutableRawBufferPointer(
            start: room + plannerSize, count: Int(clinux_planner_size) &- plannerSize))
    let plan = planner.run()
    var isWritten = true
    switch request.verb {
    case .check: planner.summarise()
    case .plan:
        isWritten = planner.write(plan, to: request.file, isForBoot: request.isForBoot)
    }
    planner.source.output.flush()
    // Who boots needs the plan, whatever became of the messages about it.
    if request.isForBoot { return isWritten ? ExitCode.done : ExitCode.failed }
    let isDone = isWritten && planner.refusals == 0 && !planner.source.output.failed
    return isDone ? ExitCode.done : ExitCode.failed
}
