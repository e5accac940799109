import ArgumentParser
import Glibc
import HammockTool
import HostKit

/// A word that the guest's `hammock` has, too.
protocol ServiceWord: Sendable {
    static var name: String { get }
    static var abstract: String { get }
}

/// A word of the guest's `hammock`: the same code obeys it here. It also explains the word.
struct Service<Word: ServiceWord>: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: Word.name, abstract: Word.abstract, helpNames: [])
    }

    @Argument(parsing: .captureForPassthrough, help: "What belongs to the word.")
    var words: [String] = []

    /// The code of the guest's `hammock` when no init answers.
    private var noInit: Int32 { 3 }

    func run() throws {
        let code = obey([Word.name] + words)
        if code == noInit {
            complain("in a machine that runs: hammock --machine NAME \(Word.name)")
        }
        Glibc.exit(code)
    }

    private func obey(_ words: [String]) -> Int32 {
        var arguments = (["hammock"] + words).map { strdup($0) }
        defer { for argument in arguments { free(argument) } }
        arguments.append(nil)
        return hammockMain(Int32(arguments.count - 1), &arguments)
    }
}

enum ServiceWords {
    static let ofUnitFiles: [any ParsableCommand.Type] = [Service<Check>.self, Service<Plan>.self]

    static let ofServices: [any ParsableCommand.Type] = [
        Service<Status>.self, Service<Start>.self, Service<Restart>.self, Service<Reload>.self,
        Service<Reset>.self, Service<Signal>.self, Service<Wait>.self, Service<Watch>.self,
        Service<Why>.self, Service<Timeline>.self, Service<Update>.self,
    ]

    enum Check: ServiceWord {
        static let name = "check"
        static let abstract = "Says what becomes of each unit file."
    }

    enum Plan: ServiceWord {
        static let name = "plan"
        static let abstract = "Writes a plan of the units for Hammock's init."
    }

    enum Status: ServiceWord {
        static let name = "status"
        static let abstract = "Shows all services, or some in full."
    }

    enum Start: ServiceWord {
        static let name = "start"
        static let abstract = "Starts services."
    }

    enum Restart: ServiceWord {
        static let name = "restart"
        static let abstract = "Stops services, and starts them."
    }

    enum Reload: ServiceWord {
        static let name = "reload"
        static let abstract = "Has services read their configuration again."
    }

    enum Reset: ServiceWord {
        static let name = "reset"
        static let abstract = "Forgets that services have failed."
    }

    enum Signal: ServiceWord {
        static let name = "signal"
        static let abstract = "Sends a signal to a service."
    }

    enum Wait: ServiceWord {
        static let name = "wait"
        static let abstract = "Waits until a service is up or down."
    }

    enum Watch: ServiceWord {
        static let name = "watch"
        static let abstract = "Prints each change of a service as it happens."
    }

    enum Why: ServiceWord {
        static let name = "why"
        static let abstract = "Tells why a service is not up."
    }

    enum Timeline: ServiceWord {
        static let name = "timeline"
        static let abstract = "Shows when each service began and was ready."
    }

    enum Update: ServiceWord {
        static let name = "update"
        static let abstract = "Has init read the unit files anew."
    }
}

/// `hammock --machine NAME`: any word of the guest's `hammock`, which the machine's own obeys.
struct AskMachine: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hammock",
        abstract: "Asks the init of a machine about its services.",
        discussion: """
            The hammock in the machine's image obeys the words, as root, and its exit code is \
            this one's. There stop and logs are for services, too.
            """)

    /// Whether these words are for this command.
    static func isMeant(by words: some Sequence<String>) -> Bool {
        words.first { _ in true }.map { $0 == "--machine" || $0.hasPrefix("--machine=") } ?? false
    }

    @Option(help: "The machine's name.", completion: .machines)
    var machine: String

    @Argument(
        parsing: .captureForPassthrough, help: "A word, and what belongs to it: why web.service.")
    var words: [String]

    func run() throws {
        let (record, paths) = try MachineDirectory.find(machine)
        // Where init looks for it.
        let places = Variables(record.environment).with(["PATH=/usr/bin:/sbin:/"])
        var process = ProcessDescription(
            arguments: ["hammock"] + words, environment: places.text)
        process.hasInput = false
        guard let ending = try Visit(paths).run(process, input: nil) else {
            throw HostError("the machine ended before it answered")
        }
        if case .notStarted(let code, let reason) = ending {
            throw HostError(
                code == 127
                    ? "the machine \(machine) has no hammock in its image, which would answer"
                    : reason, code: code == 127 ? 3 : Int32(code))
        }
        Glibc.exit(ending.code)
    }
}
