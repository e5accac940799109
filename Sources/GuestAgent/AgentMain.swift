import AgentProtocol
import CLinux
import InitCore
import KernelInterface

/// The agent of a machine: `hammock-agent PORT`, or
/// `hammock-agent --description FILE [--reboot]`.
///
/// - Parameters:
///   - count: main's argc.
///   - arguments: main's argv.
@c(agent_main)
public func agentMain(
    _ count: Int32, _ arguments: UnsafePointer<UnsafeMutablePointer<CChar>?>?
) -> Never {
    let words = Words(count: count, first: arguments)
    if words.count == 1, words[0].hasSuffix("/init"), let arguments {
        // The environment lies behind the arguments. execve(2)
        LinuxKernel.exit(becomeInit(arguments + words.count + 1))
    }
    LinuxKernel.exit(runAgent(words))
}

/// A container whose engine starts /sbin/init without a word: init runs the agent, which has a
/// description there.
///
/// - Returns: only if there is no init: the code to exit with.
private func becomeInit(
    _ environment: UnsafePointer<UnsafeMutablePointer<CChar>?>
) -> UInt8 {
    var system = LinuxSystem()
    let path: ByteView = "/.hammock/init"
    let arguments: [6 of UnsafeMutablePointer<CChar>?] = [
        word("/.hammock/init"), word("--"), word("/.hammock/agent"), word("--description"),
        word("/.hammock/description"), nil,
    ]
    do throws(Errno) {
        try withUnsafeBytes(of: arguments) { (bytes) throws(Errno) in
            guard let start = bytes.baseAddress else { return }
            try system.kernel.execute(
                path.start,
                start.assumingMemoryBound(to: UnsafeMutablePointer<CChar>?.self), environment)
        }
    } catch {
        system.say(Complaint.cannotRead(path, error))
    }
    return Agent.codeOfFailure
}

/// A word for execve(2), which does not change it.
private func word(_ text: StaticString) -> UnsafeMutablePointer<CChar> {
    UnsafeMutableRawPointer(mutating: text.utf8Start).assumingMemoryBound(to: CChar.self)
}

/// - Returns: the code to exit with.
private func runAgent(_ words: Words) -> UInt8 {
    var system = LinuxSystem()
    let reboots = words.count == 4 && words[3].equals("--reboot")
    let isAlone = (words.count == 3 || reboots) && words[1].equals("--description")
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
            let code = run.run(on: &system)
            if reboots { system.askForReboot() }
            return code
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
