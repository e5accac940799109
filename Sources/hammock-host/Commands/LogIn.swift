import ArgumentParser
import Glibc
import HostKit

/// `hammock ssh`
struct LogIn: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ssh",
        abstract: "Logs in to a machine of boot.sh --ssh, or runs a command in it.",
        discussion: "Ends with the command's code, or with 255 if ssh itself failed.")

    @Flag(help: "Shows the machines that run, one a line: the port, and the name.")
    var list = false

    @Option(
        help: "A directory of machines: out/ssh of a checkout. Otherwise all of this user.",
        completion: .directory)
    var from = LoginMachine.defaultDirectory

    @Argument(
        help: "The machine's name or port.",
        completion: .shellCommand("hammock ssh --list | tr ' ' '\\n'"))
    var name: String?

    @Argument(parsing: .captureForPassthrough, help: "The command and its arguments.")
    var words: [String] = []

    func validate() throws {
        if !list && name == nil {
            throw ValidationError("a machine is missing; hammock ssh --list shows those that run")
        }
    }

    func run() throws {
        guard let name, !list else {
            for machine in LoginMachine.running(in: from) {
                print(machine.name.map { "\(machine.port) \($0)" } ?? machine.port)
            }
            return
        }
        let machine = try LoginMachine.find(name, in: from)
        let words = words.first == "--" ? Array(words.dropFirst()) : words
        var arguments = (["ssh", "-F", machine.config, "hammock"] + words).map { strdup($0) }
        arguments.append(nil)
        execvp("ssh", &arguments)
        guard errno == ENOENT else {
            throw HostError("ssh cannot be run: \(String(cString: strerror(errno)))", code: 255)
        }
        throw HostError.missing("ssh", package: "openssh-client")
    }
}
