import InitCore
import KernelInterface

extension Runtime where K: ~Copyable {
    /// The program's name, as init was given it.
    var programName: ByteView {
        core.configuration.program.map { words[$0] } ?? .empty
    }

    func arguments() -> UnsafePointer<UnsafeMutablePointer<CChar>?>? {
        core.configuration.program.flatMap { words.argv(from: $0) }
    }

    mutating func spawn() -> Event {
        guard let arguments = arguments() else { return .spawnFailed(.noSuchFile) }
        let configuration = core.configuration
        let place = ProgramPlace(
            by: configuration, on: configuration.hasOwnSession ? .none : kernel.terminal())
        // The program's session can have the terminal only if init's session gives it up.
        if place == .ownSession, core.role != .machine { kernel.giveTerminalUp() }
        do throws(Errno) {
            let child =
                core.role == .machine
                ? try spawnOnMachine(arguments)
                : try kernel.spawn(
                    Program(
                        arguments: arguments, place: place,
                        keepsDispositions: configuration.keepsDispositions))
            self.child = child
            isReportDue = true
            return .spawned(child.process, place)
        } catch {
            return .spawnFailed(error)
        }
    }

    /// Whether the child's report is still to come and init still needs it.
    var awaitsReport: Bool { isReportDue && core.phase == .starting }

    /// Whether the child has become the program. The child has reported, or has ended.
    mutating func readReport() -> Event {
        isReportDue = false
        guard let child, let problem = try? kernel.readReport(child.report) else {
            // It runs, or its exit status has to tell enough.
            return .programRuns
        }
        return .spawnFailed(problem)
    }

    /// By its descriptor, if there is one: another process may have its number by now.
    func target(_ process: ProcessID) -> SignalTarget {
        guard let child, child.process == process, let descriptor = child.descriptor else {
            return .process(process)
        }
        return .program(process, descriptor)
    }

    /// If the program shares init's group, that group only has to be in the foreground.
    mutating func lendTerminal(to process: ProcessID) -> Bool {
        core.place == .initsGroup
            ? kernel.terminal().isForeground : kernel.lendTerminal(to: process)
    }

    /// The kernel puts words of its command line into PID 1's environment that are not meant for
    /// programs, so init makes a new one for the program.
    private mutating func spawnOnMachine(
        _ arguments: UnsafePointer<UnsafeMutablePointer<CChar>?>
    ) throws(Errno) -> Child {
        var environment: [4 of UnsafeMutablePointer<CChar>?] = [
            cString("HOME=/"), cString("TERM=linux"),
            cString("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"), nil,
        ]
        return try withUnsafeMutableBytes(of: &environment) { (bytes) throws(Errno) in
            try kernel.spawn(
                Program(
                    arguments: arguments,
                    environment: bytes.baseAddress?.assumingMemoryBound(
                        to: UnsafeMutablePointer<CChar>?.self),
                    place: .ownSession, takesTerminal: true, needsWritableStreams: true))
        }
    }

    private func cString(_ text: StaticString) -> UnsafeMutablePointer<CChar> {
        UnsafeMutablePointer(
            mutating: UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self))
    }
}
