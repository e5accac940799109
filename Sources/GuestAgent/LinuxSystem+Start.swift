import AgentProtocol
import CLinux
import InitCore
import KernelInterface

/// Both ends of what leads to a process, while it is being made.
private struct Ends {
    var input: FileDescriptor?
    var output: FileDescriptor?
    var errors: FileDescriptor?
    var report: FileDescriptor?
    var child = ChildStreams()
    var childReport: FileDescriptor?

    func closeChildsEnds(on kernel: inout LinuxKernel) {
        // A terminal is the same one for all three.
        close(child.input, on: &kernel)
        if child.output != child.input { close(child.output, on: &kernel) }
        if child.errors != child.output { close(child.errors, on: &kernel) }
        close(childReport, on: &kernel)
    }

    func closeAll(on kernel: inout LinuxKernel) {
        closeChildsEnds(on: &kernel)
        close(input, on: &kernel)
        close(output, on: &kernel)
        close(errors, on: &kernel)
        close(report, on: &kernel)
    }

    private func close(_ descriptor: FileDescriptor?, on kernel: inout LinuxKernel) {
        if let descriptor { kernel.close(descriptor) }
    }
}

extension LinuxSystem {
    mutating func start(
        _ request: ProcessRequest, _ memory: AgentMemory
    ) throws(StepFailure) -> StartedProcess {
        var ends = Ends()
        var step = ProcessStep.pipes
        do throws(Errno) {
            let report = try makePipe()
            (ends.report, ends.childReport) = (report.reading, report.writing)
            if request.flags & ProcessRequest.hasTerminal != 0 {
                step = .terminal
                try openTerminal(request, &ends)
            } else if request.flags != ProcessRequest.hasConsole {
                try openPipes(request, &ends)
            }
            step = .fork
            let child = try LinuxSystem.check(clinux_fork())
            if child == 0, let report = ends.childReport {
                let process = ChildProcess(request, ends.child, memory, reportingTo: report)
                LinuxKernel.exit(process.become(on: &kernel))
            }
            ends.closeChildsEnds(on: &kernel)
            guard let report = ends.report else { throw .badFileDescriptor }
            return StartedProcess(
                process: ProcessID(rawValue: child), report: report, input: ends.input,
                output: ends.output, errors: ends.errors)
        } catch {
            ends.closeAll(on: &kernel)
            throw StepFailure(step: step, error: error)
        }
    }

    /// Neither end waits, and both close on execve(2).
    private func makePipe() throws(Errno) -> (reading: FileDescriptor, writing: FileDescriptor) {
        var ends: (Int32, Int32) = (0, 0)
        try withUnsafeMutableBytes(of: &ends) { (bytes) throws(Errno) in
            guard let start = bytes.baseAddress else { return }
            try LinuxSystem.check(clinux_pipe(start.assumingMemoryBound(to: Int32.self)))
        }
        return (FileDescriptor(rawValue: ends.0), FileDescriptor(rawValue: ends.1))
    }

    private mutating func openPipes(
        _ request: ProcessRequest, _ ends: inout Ends
    ) throws(Errno) {
        if request.flags & ProcessRequest.hasInput != 0 {
            let input = try makePipe()
            (ends.child.input, ends.input) = (input.reading, input.writing)
            try LinuxSystem.check(clinux_let_block(input.reading.rawValue))
        } else {
            let null: ByteView = "/dev/null"
            ends.child.input = try kernel.open(at: null.start, .reading, mode: 0)
        }
        let output = try makePipe()
        (ends.output, ends.child.output) = (output.reading, output.writing)
        // A program expects that its streams wait for it.
        try LinuxSystem.check(clinux_let_block(output.writing.rawValue))
        let errors = try makePipe()
        (ends.errors, ends.child.errors) = (errors.reading, errors.writing)
        try LinuxSystem.check(clinux_let_block(errors.writing.rawValue))
    }

    /// A new terminal, pty(7), of the devpts in the root directory. Its other end is opened through
    /// it and not by a path, which could lead elsewhere.
    private mutating func openTerminal(
        _ request: ProcessRequest, _ ends: inout Ends
    ) throws(Errno) {
        let multiplexer: ByteView = "/dev/ptmx"
        let terminal = try kernel.open(
            at: multiplexer.start, .both.union(.noTerminal).union(.notWaiting), mode: 0)
        ends.output = terminal
        try LinuxSystem.check(clinux_unlock_terminal(terminal.rawValue))
        let peer = FileDescriptor(
            rawValue: try LinuxSystem.check(clinux_open_terminal_peer(terminal.rawValue)))
        ends.child = ChildStreams(terminal: peer)
        setWindow(of: terminal, rows: request.rows, columns: request.columns)
        if request.flags & ProcessRequest.hasInput != 0 {
            ends.input = try kernel.duplicate(terminal, above: .standardError)
        }
    }
}
