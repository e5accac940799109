import ArgumentParser
import Glibc
import HostKit

/// The host's tool.
@main
struct Hammock: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hammock",
        abstract: "Runs a container image in a machine of its own.",
        discussion: """
            hammock is also what looks at unit files, and asks Hammock's init about its services: \
            that of this system, or with --machine that of a machine.
            """,
        version: "Hammock \(hammockVersion)",
        subcommands: [
            Run.self, Exec.self, List.self, Stop.self, Logs.self, LogIn.self, Build.self,
            Doctor.self,
        ],
        groupedSubcommands: [
            CommandGroup(name: "Unit file", subcommands: ServiceWords.ofUnitFiles),
            CommandGroup(name: "Service", subcommands: ServiceWords.ofServices),
        ])

    /// Here for `--help` only: `AskMachine` takes it.
    @Option(
        help: "The machine whose services are meant; the first of all words.",
        completion: .machines)
    var machine: String?

    /// Runs a command, and ends with its code. Words of the command line that make no sense are 2
    /// here, as with all of Hammock's tools.
    static func main() async {
        openStandardStreams()
        do {
            try checkArguments()
            let words = CommandLine.arguments.dropFirst()
            var command =
                AskMachine.isMeant(by: words)
                ? try AskMachine.parse(Array(words)) : try parseAsRoot()
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

    /// A standard stream that is closed is /dev/null from now on. Otherwise the next file that is
    /// opened would take its number, and its place.
    private static func openStandardStreams() {
        for descriptor: Int32 in 0...2 where fcntl(descriptor, F_GETFD) < 0 {
            // The lowest number that is free is this one's.
            _ = open("/dev/null", O_RDWR)
        }
    }

    /// - Throws: `HostError` with code 2 if a word is not UTF-8. A string could not hold it, and the
    ///   program would get another word.
    private static func checkArguments() throws {
        for index in 1..<max(Int(CommandLine.argc), 1) {
            guard let word = CommandLine.unsafeArgv[index] else { continue }
            if String(validatingCString: word) == nil {
                throw HostError(
                    "'\(String(cString: word))' is not UTF-8, and hammock takes nothing else",
                    code: 2)
            }
        }
    }
}

/// Says on standard error what is wrong.
func complain(_ message: String) {
    say("hammock: \(message)")
}
