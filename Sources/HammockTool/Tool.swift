internal import CLinux
import InitCore
import UnitFiles

/// `main` calls this.
///
/// - Returns: the exit code.
@c(hammock_main)
public func hammockMain(
    _ argumentCount: Int32, _ arguments: UnsafePointer<UnsafeMutablePointer<CChar>?>?
) -> Int32 {
    guard let memory = clinux_scratch() else { return ExitCode.failed }
    let words = Words(count: argumentCount, first: arguments)
    if let code = systemctlMain(words, memory) { return code }
    if var request = ClientRequest(verb: words[1]) {
        if let answer = request.read(words) { return print(answer, memory) }
        return obey(&request, Output(1, memory))
    }
    var request = Request()
    if let answer = request.read(words) { return print(answer, memory) }
    if request.verb == .logs { return Logs.obey(request.logs, words, memory) }
    return obey(request, Output(request.verb == .plan ? 2 : 1, memory), memory + 4 * 1_024)
}

/// Prints help, the version, or what is wrong with the command line.
///
/// - Returns: the exit code.
private func print(_ answer: Request.Answer, _ memory: UnsafeMutableRawPointer) -> Int32 {
    var output = Output(1, memory)
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
    }
    output.flush()
    return output.failed ? ExitCode.failed : ExitCode.done
}

/// Asks PID 1 what the request says.
///
/// - Returns: the exit code.
private func obey(_ request: inout ClientRequest, _ output: Output) -> Int32 {
    guard let memory = clinux_planner_memory(), Client.memorySize <= Int(clinux_planner_size)
    else { return ExitCode.failed }
    var client = Client(socket: request.socket, as: "hammock", output, memory)
    switch request.verb {
    case .status: return client.status(&request)
    case .start: return client.change(.start, &request)
    case .stop: return client.change(.stop, &request)
    case .restart: return client.change(.restart, &request)
    case .reload: return client.change(.reload, &request)
    case .reset: return client.reset(&request)
    case .signal: return client.signal(&request)
    case .wait: return client.wait(&request)
    case .watch: return client.watch(asJSON: request.isJSON)
    case .why: return client.why(request.word(0), asJSON: request.isJSON)
    case .timeline: return client.timeline(asJSON: request.isJSON)
    case .update: return client.update(request)
    }
}

/// - Parameter memory: what is left of the scratch memory.
private func obey(_ request: Request, _ output: Output, _ memory: UnsafeMutableRawPointer)
    -> Int32
{
    guard let room = clinux_planner_memory() else { return ExitCode.failed }
    var files = FileTree(root: request.root, isJSON: request.isJSON, output, memory)
    files.isForBoot = request.isForBoot
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
        if request.isForBoot { planner.countWarnings() }
        isWritten = planner.write(plan, to: request.file, isPartial: request.isPartial)
    case .logs: break
    }
    planner.source.output.flush()
    // Init needs the plan, whatever became of the messages about it.
    if request.isPartial { return isWritten ? ExitCode.done : ExitCode.failed }
    let isDone = isWritten && planner.refusals == 0 && !planner.source.output.failed
    return isDone ? ExitCode.done : ExitCode.failed
}
