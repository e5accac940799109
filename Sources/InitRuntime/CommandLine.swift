import InitCore
import KernelInterface

/// Init's own exit codes, beside the program's.
enum ExitCode {
    static let done: UInt8 = 0
    /// The request failed.
    static let failed: UInt8 = 1
    /// The command line makes no sense. Init did nothing.
    static let wrongUse: UInt8 = 2
}

extension Runtime where K: ~Copyable {
    /// Reads this process's arguments, and applies them. Not on a machine, where they are not for
    /// init alone.
    ///
    /// - Returns: the code to exit with, if there is nothing to run.
    mutating func readArguments() -> UInt8? {
        configure(by: nil)
        let process = kernel.ownProcess()
        var line = Line()
        if let reply = core.configuration.reply(to: words, process: process, &line) {
            let stream =
                reply.isForStandardError ? FileDescriptor.standardError : .standardOutput
            print(line, to: stream, on: &kernel)
            let isPrinted = print(reply.text, to: stream, on: &kernel)
            return isPrinted ? reply.code : ExitCode.failed
        }
        serviceLog.log.speaker = Speaker(core.configuration.personality, process: process)
        if core.configuration.isSubreaper { try? kernel.becomeSubreaper() }
        if let signal = core.configuration.parentDeathSignal {
            try? kernel.receiveOnParentDeath(signal)
        }
        if core.configuration.warnsOfNoReaper, core.role == .process, !kernel.isSubreaper() {
            say(.cannotReap)
        }
        return nil
    }
}

/// Acts as `poweroff`, `reboot`, `halt` or `shutdown`, if that is this program's name.
///
/// - Returns: the code to exit with, or `nil` if this is init.
func performPowerCommand<K: Kernel & ~Copyable>(_ words: Words, on kernel: inout K) -> UInt8? {
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
        case .help: return printAnswer(PowerCommand.usage, on: &kernel)
        case .version: return printAnswer(Version.text, on: &kernel)
        case .wrong(let problem, let index):
            var line = Line()
            problem.complain(of: words[index], as: words[0], to: &line)
            print(line, on: &kernel)
            return ExitCode.wrongUse
        }
    } catch {
        var line = Line()
        line.append(word: words[0])
        error.append(to: &line)
        line.end()
        print(line, on: &kernel)
        return ExitCode.failed
    }
}

private func printAnswer<K: Kernel & ~Copyable>(_ text: StaticString, on kernel: inout K) -> UInt8 {
    print(ByteView(stringLiteral: text), on: &kernel) ? ExitCode.done : ExitCode.failed
}

/// - Returns: whether all of it was written.
private func print<K: Kernel & ~Copyable>(
    _ text: ByteView, to stream: FileDescriptor = .standardOutput, on kernel: inout K
) -> Bool {
    var sent = 0
    while sent < text.count {
        let rest = UnsafeRawBufferPointer(start: text.start + sent, count: text.count &- sent)
        guard let written = try? kernel.write(rest, to: stream), written > 0 else {
            return false
        }
        sent &+= written
    }
    return true
}

@inline(never)
private func print<K: Kernel & ~Copyable>(
    _ line: Line, to stream: FileDescriptor = .standardError, on kernel: inout K
) {
    if line.count > 0 { line.withBytes { _ = try? kernel.write($0, to: stream) } }
}
