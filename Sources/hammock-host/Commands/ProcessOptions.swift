import ArgumentParser
import Glibc
import HostKit

/// What `hammock run`, `exec` and `build` say of a process.
struct ProgramOptions: ParsableArguments {
    @Option(
        name: [.customShort("e"), .long],
        help: "A variable: NAME=VALUE, or NAME for the value that it has here.")
    var env: [String] = []

    @Option(name: [.customShort("w"), .long], help: "The working directory.")
    var workdir: String?

    @Option(name: [.short, .long], help: "USER or USER:GROUP, by name or number.")
    var user: String?

    func validate() throws {
        if let workdir, !workdir.hasPrefix("/") {
            throw ValidationError("--workdir takes an absolute path, not '\(workdir)'")
        }
    }

    /// Fills in what these options and the image say, but for variables of --env.
    func describe(
        _ given: ProcessDescription, image: PreparedImage, host: String
    ) throws -> ProcessDescription {
        var process = given
        let configuration = image.configuration
        let home = try setUser(
            of: &process, to: user ?? configuration.user, passwd: image.passwd, group: image.group)
        let image = configuration.workingDirectory
        process.workingDirectory = workdir ?? (image.isEmpty ? "/" : image)
        let variables = Variables([
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME=\(home)", "HOSTNAME=\(host)",
        ])
        process.environment = variables.with(configuration.environment).text
        return process
    }

    /// - Returns: the user's home directory.
    func setUser(
        of process: inout ProcessDescription, to user: String, passwd: String, group: String
    ) throws -> String {
        let identity = try UserLookup.resolve(user, passwd: passwd, group: group)
        process.user = identity.uid
        process.group = identity.gid
        // As initgroups(3) does, and with it the engines.
        process.groups =
            identity.groups.contains(identity.gid)
            ? identity.groups : [identity.gid] + identity.groups
        return identity.home
    }

    /// The variables of --env, with their values.
    func variables() throws -> [String] {
        try env.compactMap { variable -> String? in
            if variable.contains("=") { return variable }
            guard let value = getenv(variable) else { return nil }
            guard let text = String(validatingCString: value) else {
                throw HostError(
                    "--env \(variable): its value here is not UTF-8; give one: \(variable)=VALUE",
                    code: 2)
            }
            return "\(variable)=\(text)"
        }
    }
}

/// What `hammock run` and `hammock exec` both say of a process.
struct ProcessOptions: ParsableArguments {
    @OptionGroup var program: ProgramOptions

    @Flag(name: [.customShort("t"), .customLong("tty")], help: "The process gets a terminal.")
    var terminal = false

    @Flag(
        name: [.short, .long],
        help: "The process reads this terminal. (What is no terminal, it reads without this.)")
    var interactive = false

    /// What the process reads: what is no terminal, always; a terminal, if it is asked for.
    var standardInput: Int32? { isatty(0) == 0 || terminal || interactive ? 0 : nil }

    func validate() throws {
        if terminal && isatty(0) == 0 {
            throw ValidationError("--tty needs a terminal, and standard input is none")
        }
    }

    /// Fills in what these options and the image say.
    func describe(
        _ given: ProcessDescription, image: PreparedImage, host: String
    ) throws -> ProcessDescription {
        var process = try program.describe(given, image: image, host: host)
        try addStreams(to: &process)
        return process
    }

    /// Fills in what these options say of a process in a machine that runs.
    func describe(
        _ words: [String], in record: MachineRecord, _ paths: MachinePaths
    ) throws -> ProcessDescription {
        var process = ProcessDescription(arguments: words, environment: record.environment)
        process.workingDirectory = program.workdir ?? record.workingDirectory
        if let user = program.user {
            let home = try program.setUser(
                of: &process, to: user, passwd: MachinePaths.read(paths.passwd) ?? "",
                group: MachinePaths.read(paths.group) ?? "")
            process.environment = Variables(process.environment).with(["HOME=\(home)"]).text
        } else {
            process.user = record.user
            process.group = record.group
            process.groups = record.groups
        }
        try addStreams(to: &process)
        return process
    }

    private func addStreams(to process: inout ProcessDescription) throws {
        process.hasTerminal = terminal
        process.hasInput = standardInput != nil
        if terminal {
            process.window = HostTerminal.size(of: 0) ?? process.window
        }
        let type = terminal ? ["TERM=\(environmentVariable("TERM") ?? "xterm")"] : []
        let given = try program.variables()
        process.environment = Variables(type).with(process.environment).with(given).text
    }
}

/// The command line of an image's program: the two parts that an engine knows.
struct ProgramWords {
    let entrypoint: [String]
    let command: [String]

    /// - Parameters:
    ///   - entrypoint: `--entrypoint`.
    ///   - words: what stands behind the image.
    ///   - usage: how to name a program, for the message if there is none.
    init(
        _ configuration: ImageConfiguration, entrypoint: String?, words: [String], usage: String
    ) throws {
        let given = words.first == "--" ? Array(words.dropFirst()) : words
        self.entrypoint = entrypoint.map { [$0] } ?? configuration.entrypoint
        command = given.isEmpty && entrypoint == nil ? configuration.command : given
        guard let program = all.first, !program.isEmpty else {
            throw HostError("the image names no program; name one: \(usage) -- PROGRAM", code: 125)
        }
    }

    var all: [String] { entrypoint + command }
}

/// Where the kernel and the initramfs are.
struct RuntimeFiles: ParsableArguments {
    @Option(help: "The machine's kernel, a vmlinux.", completion: .file())
    var kernel: String?

    @Option(help: "The initramfs with init and the agent.", completion: .file())
    var initramfs: String?

    func kernelFile() throws -> String { try file("kernel", kernel, "HAMMOCK_KERNEL", "vmlinux") }

    func initramfsFile() throws -> String {
        try file("initramfs", initramfs, "HAMMOCK_INITRAMFS", "run.cpio")
    }

    private func file(
        _ option: String, _ given: String?, _ variable: String, _ name: String
    ) throws -> String {
        let path = given ?? environmentVariable(variable) ?? "/usr/lib/hammock/\(name)"
        guard access(path, R_OK) == 0 else {
            throw HostError(
                """
                there is no \(path); in a checkout scripts/hammock builds it, and --\(option) names \
                another
                """, code: given == nil ? 3 : 2)
        }
        return path
    }
}

func currentDirectory() -> String {
    guard let path = getcwd(nil, 0) else { return "/" }
    defer { free(path) }
    return String(cString: path)
}
