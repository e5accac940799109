import AgentProtocol
import InitCore
import KernelInterface

/// The agent of a machine without a host: does what a description says, and then waits for the
/// program. Whatever fails ends the machine, and the console says what it was.
struct DescribedRun {
    private let file: FileDescriptor
    private let memory: AgentMemory
    private var progress: DescriptionProgress

    /// - Parameter file: behind the header.
    init(_ file: FileDescriptor, _ header: DescriptionHeader, _ memory: AgentMemory) {
        self.file = file
        self.memory = memory
        progress = DescriptionProgress(header)
    }

    /// - Returns: the code to exit with: the program's.
    mutating func run<S: AgentSystem & ~Copyable>(on system: inout S) -> UInt8 {
        while true {
            guard let (header, payload) = next(on: &system), progress.take(header) else { break }
            if header.kind == .start {
                guard let request = ProcessRequest(payload) else { break }
                system.close(file)
                return runProgram(request, on: &system)
            }
            switch Arrangement(header.kind, payload, memory, on: &system) {
            case .done: continue
            case .nonsense: break
            case .failed(let error, let subject):
                system.say(Complaint.failed(header.kind, subject, error))
                return Agent.codeOfFailure
            }
            break
        }
        system.say(Complaint.badDescription)
        return Agent.codeOfFailure
    }

    // MARK: The file

    /// The next message; `nil` if there is no whole one. Its payload lies in the inbox.
    private func next<S: AgentSystem & ~Copyable>(
        on system: inout S
    ) -> (FrameHeader, ByteView)? {
        guard let head = read(FrameHeader.size, on: &system),
            let header = FrameHeader([
                head[0], head[1], head[2], head[3], head[4], head[5], head[6], head[7],
            ]), let payload = read(header.count, on: &system)
        else { return nil }
        return (header, payload)
    }

    /// Reads so many bytes to the beginning of the inbox, and no fewer.
    private func read<S: AgentSystem & ~Copyable>(
        _ count: Int, on system: inout S
    ) -> ByteView? {
        guard let start = memory.inbox.baseAddress, count <= memory.inbox.count else { return nil }
        var got = 0
        while got < count {
            do throws(Errno) {
                let part = try system.read(
                    UnsafeMutableRawBufferPointer(rebasing: memory.inbox[got..<count]), from: file)
                if part == 0 { return nil }
                got &+= part
            } catch {
                if error == .interrupted { continue }
                return nil
            }
        }
        return ByteView(
            start: UnsafePointer(start.assumingMemoryBound(to: UInt8.self)), count: count)
    }

    // MARK: The program

    private func runProgram<S: AgentSystem & ~Copyable>(
        _ request: ProcessRequest, on system: inout S
    ) -> UInt8 {
        do throws(StepFailure) {
            guard request.flags == ProcessRequest.hasConsole else {
                throw StepFailure(step: .streams, error: .invalidArgument)
            }
            return try wait(for: try system.start(request, memory), on: &system)
        } catch {
            system.say(Complaint.notStarted(request.program, error))
            return error.code
        }
    }

    /// Waits until the program has ended. All that a signal asks of the agent, it asks of the
    /// program.
    private func wait<S: AgentSystem & ~Copyable>(
        for program: StartedProcess, on system: inout S
    ) throws(StepFailure) -> UInt8 {
        var report: FileDescriptor? = program.report
        while true {
            var watched = PollEntry.none
            if let report { watched = .reading(report) }
            let signal = withUnsafeMutablePointer(to: &watched) { entry in
                system.wait(for: UnsafeMutableBufferPointer(start: entry, count: 1))
            }
            if let signal {
                // TTIN and TTOU are about the agent's own use of a terminal.
                if signal != .child, signal != .stopReading, signal != .stopWriting {
                    system.send(signal, to: program.process)
                }
            } else if let readable = report, watched.isReady {
                report = nil
                if let failure = system.readReport(readable) { throw failure }
            }
            // Its report comes first, although it may have ended by then.
            if report == nil, let status = system.reap(program.process) { return status.code }
        }
    }
}
