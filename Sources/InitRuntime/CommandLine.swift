import InitCore
import KernelInterface

/// The exit codes of init's own, beside the program's.
enum ExitCode {
    static let done: UInt8 = 0
    /// What was asked for could not be done.
    static let failed: UInt8 = 1
    /// The command line makes no sense. Nothing was done.
    static let wrongUse: UInt8 = 2
}

extension Runtime where K: ~Copyable {
    /// Takes in this process's arguments, where they are nobody else's: not on a machine.
    ///
    /// - Returns: the code to exit with, where there is nothing to run.
    mutating func takeArguments() -> UInt8? {
        switch options.parse(words) {
        case .run(let program):
            programIndex = program
            core.settings = Settings(options, hasProgram: program != nil, hasUnknownOption: false)
            log.threshold = threshold(options.verbosity)
            if options.isSubreaper { try? kernel.becomeSubreaper() }
            if let signal = options.parentDeathSignal {
                try? kernel.receiveOnParentDeath(signal)
            }
            return nil
        case .help: return print(Options.usage, on: &kernel)
        case .version: return print(Version.text, on: &kernel)
        case .license: return print(Version.license, on: &kernel)
        case .wrong(let problem, let index):
            return complain(of: words[index], problem, as: "init", on: &kernel)
        }
    }

    private func threshold(_ verbosity: UInt8) -> Priority {
        switch verbosity {
        case 0: .warning
        case 1: .info
        default: .debug
        }
    }
}

/// Does what `poweroff`, `reboot`, `halt` or `shutdown` does, if that is this program's name.
///
/// - Returns: the code to exit with, or `nil` if this is init.
func obeyPowerCommand<K: Kernel & ~Copyable>(_ words: Words, on kernel: inout K) -> UInt8? {
    guard let outcome = PowerCommand.parse(words) else { return nil }
    do throws(Errno) {
        switch outcome {
        case .ask(let request):
            try kernel.send(request.signal, to: .process(ProcessID(rawValue: 1)))
            return ExitCode.done
        case .force(let request, let sync):
            if sync { kernel.sync() }
            try kernel.leave(request)
            return ExitCode.failed
        case .help: return print(PowerCommand.usage, on: &kernel)
        case .version: return print(Version.text, on: &kernel)
        case .wrong(let problem, let index):
            return complain(of: words[index], problem, as: words[0], on: &kernel)
        }
    } catch {
        var line = Line()
        line.append(word: words[0])
        error.append(to: &line)
        line.end()
        write(line, on: &kernel)
        return ExitCode.failed
    }
}

private func print<K: Kernel & ~Copyable>(_ text: StaticString, on kernel: inout K) -> UInt8 {
    var sent = 0
    while sent < text.utf8CodeUnitCount {
        let rest = UnsafeRawBufferPointer(
            start: text.utf8Start + sent, count: text.utf8CodeUnitCount &- sent)
        guard let written = try? kernel.write(rest, to: .standardOutput), written > 0 else {
            return ExitCode.failed
        }
        sent &+= written
    }
    return ExitCode.done
}

/// Says what is wrong with a word, and where to find help.
private func complain<K: Kernel & ~Copyable>(
    of word: ByteView, _ problem: UsageProblem, as name: ByteView, on kernel: inout K
) -> UInt8 {
    var line = Line()
    line.append(word: name)
    line.append(": ")
    line.append(word: word)
    line.append(": ")
    line.append(problem.text)
    line.append(" (see --help)")
    line.end()
    write(line, on: &kernel)
    return ExitCode.wrongUse
}

private func write<K: Kernel & ~Copyable>(_ line: Line, on kernel: inout K) {
    line.withBytes { _ = try? kernel.write($0, to: .standardError) }
}
