import FoundationEssentials
import Glibc
import HostKit

/// An OCI runtime that runs each container in a machine of its own.
@main
struct HammockRuntime {
    static func main() {
        let words = Array(CommandLine.arguments.dropFirst())
        // The process of a container that is a machine, or that visits it.
        if CommandLine.arguments.first == ContainerPlaces.runtime { inContainer(words) }
        if words == ["--help"] || words == ["-h"] {
            print(help)
            Glibc.exit(0)
        }
        let parsed = RuntimeWords(words)
        do {
            Glibc.exit(try OuterContainer(parsed).run())
        } catch {
            let error = error as? HostError ?? HostError("\(error)")
            report(error, to: parsed)
            Glibc.exit(error.code == 125 ? 1 : error.code)
        }
    }

    private static let help = """
        hammock-runtime is an OCI runtime for container engines: podman, docker, containerd, CRI-O.
        Each container gets a machine with a kernel of its own.

          hammock-runtime [--root DIR] [--log FILE] [--log-format FORMAT] COMMAND ...

        The engine calls it. It asks the runtime behind it, runc or HAMMOCK_INNER_RUNTIME, for what is
        left to do, and passes on all words that it does not know. hammock-runtime(8) has more.
        """

    private static func inContainer(_ words: [String]) -> Never {
        do {
            if words == ["visit"] {
                let text = environmentVariable(ContainerPlaces.visit) ?? ""
                let process = try JSONDecoder().decode(
                    MachineOrder.Process.self, from: Data(text.utf8))
                guard let ending = try ContainerMachine.visit(process) else {
                    throw HostError("the machine ended before the process did")
                }
                if case .notStarted(_, let reason) = ending { complain(reason) }
                Glibc.exit(ending.code)
            }
            let verdict = try ContainerMachine.run()
            if let complaint = verdict.complaint { complain(complaint) }
            Glibc.exit(verdict.code)
        } catch {
            complain("\(error)")
            Glibc.exit((error as? HostError)?.code ?? 125)
        }
    }

    private static func complain(_ message: String) { say("hammock: \(message)") }

    /// Says what is wrong where the engine looks for it, and on standard error.
    private static func report(_ error: HostError, to words: RuntimeWords) {
        complain(error.description)
        guard let path = words.globalValue(of: "log"), let file = fopen(path, "ae") else { return }
        defer { fclose(file) }
        var line = "level=error msg=\(JSONValue.string("hammock: \(error)").text)"
        if words.globalValue(of: "log-format") == "json" {
            line =
                JSONValue.object([
                    "level": .string("error"), "msg": .string("hammock: \(error)"),
                    "time": .string(Date.now.formatted(.iso8601)),
                ]).text
        }
        fputs("\(line)\n", file)
    }
}
