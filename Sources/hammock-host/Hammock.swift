import ArgumentParser
import Glibc
import HostKit

/// The host's tool.
@main
struct Hammock: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hammock",
        abstract: "Runs a container image in a machine of its own.",
        subcommands: [Run.self, Exec.self, List.self, Stop.self, Logs.self, Doctor.self])

    /// Runs a command, and ends with its code. Words of the command line that make no sense are 2
    /// here, as with all of Hammock's tools.
    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let error as HostError {
            complain(error.description)
            Glibc.exit(error.code)
        } catch {
            let code = exitCode(for: error)
            guard code == .validationFailure else { exit(withError: error) }
            say(fullMessage(for: error))
            Glibc.exit(2)
        }
    }
}

/// Says on standard error what is wrong.
func complain(_ message: String) {
    say("hammock: \(message)")
}
