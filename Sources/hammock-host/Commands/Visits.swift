import ArgumentParser
import Glibc
import HostKit

/// `hammock exec`
struct Exec: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs one more process in a machine that runs.",
        discussion: "Ends with the process's code, or 125, 126, 127 as hammock run does.")

    @OptionGroup var process: ProcessOptions

    @Argument(help: "The machine's name.", completion: .machines)
    var name: String

    @Argument(parsing: .captureForPassthrough, help: "The program and its arguments.")
    var words: [String]

    func validate() throws {
        if words.first == "--" && words.count == 1 || words.isEmpty {
            throw ValidationError("a program is missing: hammock exec \(name) -- PROGRAM")
        }
    }

    func run() throws {
        let (record, paths) = try MachineDirectory.find(name)
        let words = words.first == "--" ? Array(words.dropFirst()) : words
        let description = try process.describe(words, in: record, paths)
        let visit = try Visit(paths)
        let ending = try run(description, by: visit)
        guard let ending else { throw HostError("the machine ended before the process did") }
        if case .notStarted(_, let reason) = ending { complain(reason) }
        Glibc.exit(ending.code)
    }

    private func run(
        _ description: ProcessDescription, by visit: Visit
    ) throws -> LocalStreams.Ending? {
        let terminal = process.terminal ? HostTerminal(raw: 0) : nil
        defer { terminal?.restore() }
        return try visit.run(description, input: process.standardInput)
    }
}

/// `hammock stop`
struct Stop: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Asks a machine's program to end, and ends the machine if it does not.")

    @Option(name: [.short, .long], help: "Seconds that the program has.")
    var time = 10

    @Argument(help: "The machine's name.", completion: .machines)
    var names: [String]

    func validate() throws {
        if time < 0 { throw ValidationError("--time takes seconds from 0 on") }
    }

    func run() throws {
        for name in names {
            let (record, paths) = try MachineDirectory.find(name)
            let visit = try Visit(paths)
            if try !visit.signal(record.stopSignal, waiting: time) {
                _ = try visit.signal(SIGKILL, waiting: 10)
            }
            print(name)
        }
    }
}

/// `hammock ps`
struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ps", abstract: "Lists the machines that run.")

    @Flag(help: "For programs.")
    var json = false

    @Flag(name: [.short, .long], help: "Only the names, one a line.")
    var quiet = false

    func run() throws {
        let machines = try MachineDirectory.running()
        if quiet {
            for machine in machines { print(machine.name) }
            return
        }
        if json { return print(try MachineRecord.json(machines)) }
        let rows =
            [["NAME", "IMAGE", "COMMAND", "PORTS", "SINCE"]]
            + machines.map { machine in
                [
                    machine.name, machine.image, machine.command.joined(separator: " "),
                    machine.ports.map { "\($0.address):\($0.host)->\($0.guest)" }
                        .joined(separator: ","),
                    "\(max(Glibc.time(nil) - machine.started, 0)) s",
                ]
            }
        let widths = (0..<5).map { column in rows.map { $0[column].count }.max() ?? 0 }
        for row in rows {
            let cells = row.enumerated().map { column, cell in
                cell + String(repeating: " ", count: widths[column] - cell.count)
            }
            print(cells.joined(separator: "  ").trimmingSuffix(" "))
        }
    }
}

extension CompletionKind {
    /// The names of the machines that run.
    static var machines: CompletionKind { .shellCommand("hammock ps --quiet") }
}

extension String {
    fileprivate func trimmingSuffix(_ character: Character) -> String {
        var text = self[...]
        while text.last == character { text.removeLast() }
        return String(text)
    }
}

/// `hammock logs`
struct Logs: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows what a machine's kernel and init have said.")

    @Argument(help: "The machine's name.", completion: .machines)
    var name: String

    func run() throws {
        let (_, paths) = try MachineDirectory.find(name)
        guard let text = MachinePaths.read(paths.console) else {
            throw HostError("\(paths.console): cannot be read")
        }
        print(text, terminator: "")
    }
}
