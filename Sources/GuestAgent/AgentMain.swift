import AgentProtocol
import CLinux
import InitCore
import KernelInterface

/// The agent of a machine: `hammock-agent PORT`, or `hammock-agent --description FILE`.
///
/// - Parameters:
///   - count: main's argc.
///   - arguments: main's argv.
@c(agent_main)
public func agentMain(
    _ count: Int32, _ arguments: UnsafePointer<UnsafeMutablePointer<CChar>?>?
) -> Never {
    LinuxKernel.exit(runAgent(Words(count: count, first: arguments)))
}

/// - Returns: the code to exit with.
private func runAgent(_ words: Words) -> UInt8 {
    var system = LinuxSystem()
    let isAlone = words.count == 3 && words[1].equals("--description")
    guard isAlone || words.count == 2, let start = clinux_agent_memory() else {
        system.say(Complaint.usage)
        return 2
    }
    let memory = AgentMemory(start)
    // The mode of what is asked for is exact.
    system.kernel.setUmask(0)
    var port: FileDescriptor?
    do throws(Errno) {
        try system.kernel.catchSignals()
        if isAlone {
            guard let (file, header) = system.openDescription(words[2], memory) else {
                return Agent.codeOfFailure
            }
            var run = DescribedRun(file, header, memory)
            return run.run(on: &system)
        }
        port =
            words[1].equals("-") ? try system.takeStandardInput() : system.openPort(words[1])
    } catch {
        system.say(Complaint.portFailed(error))
    }
    guard let port else { return Agent.codeOfFailure }
    var agent = Agent(port: port, memory)
    return agent.run(on: &system)
}
