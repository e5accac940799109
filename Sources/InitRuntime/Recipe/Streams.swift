import InitCore
import KernelInterface

/// Where an output goes: what stands in front of a path.
private enum Output {
    case inherit, null, terminal, log, kernelLog
    case file(ByteView, OpenFlags)

    init?(_ text: ByteView) {
        if text.equals("inherit") {
            self = .inherit
        } else if text.equals("null") {
            self = .null
        } else if text.equals("tty") {
            self = .terminal
        } else if text.equals("journal") {
            self = .log
        } else if text.equals("kmsg") {
            self = .kernelLog
        } else if text.hasPrefix("file:") {
            self = .file(text.dropping(5), .reading)
        } else if text.hasPrefix("append:") {
            self = .file(text.dropping(7), .appending)
        } else if text.hasPrefix("truncate:") {
            self = .file(text.dropping(9), .emptying)
        } else {
            return nil
        }
    }
}

extension FileDescriptor {
    fileprivate static let standardInput = FileDescriptor(rawValue: 0)
}

extension Recipe {
    private var input: ByteView {
        @inline(never) get { text(.standardInput) ?? "null" }
    }

    private var isTerminalInput: Bool { input.hasPrefix("tty") }

    /// The file that is the input, or empty.
    private var inputFile: ByteView { input.hasPrefix("file:") ? input.dropping(5) : .empty }

    private var output: ByteView {
        @inline(never) get {
            text(.standardOutput) ?? (context.defaultOutput == .log ? "journal" : "inherit")
        }
    }

    private var errorOutput: ByteView { text(.standardError) ?? "inherit" }

    /// Whether the service has a terminal.
    var usesTerminal: Bool {
        isTerminalInput || output.equals("tty") || errorOutput.equals("tty")
    }

    private var terminal: ByteView { text(.terminalPath) ?? "/dev/console" }

    @inline(never)
    mutating func openStreams<K: Kernel & ~Copyable>(on kernel: inout K) throws(Errno) {
        // Files that are made here have the service's own umask already.
        let umask = text(.umask) ?? "22"
        begin(.recipe, umask)
        guard let mask = umask.mode() else { throw .invalidArgument }
        kernel.setUmask(mask)
        try openInput(on: &kernel)
        begin(.standardOutput, output)
        try openOutput(on: &kernel)
        begin(.standardError, errorOutput)
        try openErrorOutput(on: &kernel)
        messages = .standardError
        if text(.askFirst) != nil {
            begin(.standardInput, "Enter")
            try ask(on: &kernel)
        }
    }

    // MARK: Input

    @inline(never)
    private mutating func openInput<K: Kernel & ~Copyable>(on kernel: inout K) throws(Errno) {
        if isTerminalInput {
            begin(.standardInput, terminal)
            return try openTerminal(on: &kernel)
        }
        begin(.standardInput, input)
        let file = inputFile
        guard file.count > 0 || input.equals("null") else { throw .invalidArgument }
        begin(.standardInput, file)
        let isOutput = file.count > 0 && input.equals(output)
        try open(
            file.count > 0 ? file : "/dev/null", isOutput ? .both.union(.making) : .reading,
            as: .standardInput, on: &kernel)
    }

    /// Opens the terminal as standard input, and makes it the session's own. Waits until another
    /// session has given it up, or takes it by force, or fails, as the recipe says.
    @inline(never)
    private mutating func openTerminal<K: Kernel & ~Copyable>(
        on kernel: inout K
    ) throws(Errno) {
        let waits = input.equals("tty")
        let path = terminal.start
        if text(.terminalHangUp) != nil, let old = try? openTerminal(path, on: &kernel) {
            // An error means that nobody had it, or that it is no terminal, as is said below.
            try? kernel.hangUpTerminal(old)
            kernel.close(old)
        }
        while true {
            let new = try openTerminal(path, on: &kernel)
            do throws(Errno) {
                try kernel.takeTerminal(new, byForce: input.equals("tty-force"))
                // A terminal that cannot be reset works all the same.
                if text(.terminalReset) != nil { try? kernel.resetTerminal(new) }
                try kernel.duplicate(new, as: .standardInput)
                return close(new, on: &kernel)
            } catch {
                kernel.close(new)
                guard waits, error == .notPermitted else { throw error }
            }
            kernel.sleep(milliseconds: terminalWaitMilliseconds)
        }
    }

    @inline(never)
    private func openTerminal<K: Kernel & ~Copyable>(
        _ path: UnsafePointer<UInt8>, on kernel: inout K
    ) throws(Errno) -> FileDescriptor {
        try kernel.open(at: path, .both.union(.noTerminal), mode: 0)
    }

    /// Waits for Enter on the terminal. AskFirst=
    @inline(never)
    private mutating func ask<K: Kernel & ~Copyable>(on kernel: inout K) throws(Errno) {
        var line = Line()
        line.append("Press Enter to start ")
        line.append(word: plan.name(of: service))
        line.append(".")
        line.end()
        _ = try line.withBytes { (bytes) throws(Errno) in
            try kernel.write(bytes, to: .standardInput)
        }
        var byte: UInt8 = 0
        while byte != UInt8(ascii: "\n") {
            let count = try withUnsafeMutableBytes(of: &byte) { (bytes) throws(Errno) in
                try kernel.read(bytes, from: .standardInput)
            }
            // The terminal is gone.
            if count == 0 { throw .inputOutput }
        }
    }

    // MARK: Outputs

    @inline(never)
    private mutating func openOutput<K: Kernel & ~Copyable>(on kernel: inout K) throws(Errno) {
        guard let kind = Output(output) else { throw .invalidArgument }
        switch kind {
        case .log where context.log == nil, .inherit:
            // Of a service that has no input, PID 1's own output stays.
            if !input.equals("null") {
                try kernel.duplicate(.standardInput, as: .standardOutput)
            }
        case .file where input.equals(output):
            try kernel.duplicate(.standardInput, as: .standardOutput)
        case .null, .terminal, .log, .kernelLog, .file:
            try open(kind, as: .standardOutput, on: &kernel)
        }
    }

    @inline(never)
    private mutating func openErrorOutput<K: Kernel & ~Copyable>(
        on kernel: inout K
    ) throws(Errno) {
        guard let kind = Output(errorOutput), let other = Output(output) else {
            throw .invalidArgument
        }
        switch kind {
        case .log where context.log == nil, .inherit:
            if case .inherit = other, input.equals("null") { return }
            if case .log = other, context.log == nil, input.equals("null") { return }
            try kernel.duplicate(.standardOutput, as: .standardError)
        case .file where errorOutput.equals(output):
            try kernel.duplicate(.standardOutput, as: .standardError)
        case .null, .terminal, .log, .kernelLog, .file:
            try open(kind, as: .standardError, on: &kernel)
        }
    }

    @inline(never)
    private mutating func open<K: Kernel & ~Copyable>(
        _ output: Output, as stream: FileDescriptor, on kernel: inout K
    ) throws(Errno) {
        switch output {
        case .inherit: break
        case .null: try open("/dev/null", .writing, as: stream, on: &kernel)
        case .kernelLog: try open("/dev/kmsg", .writing, as: stream, on: &kernel)
        case .log:
            guard let log = context.log else { return }
            try kernel.duplicate(log, as: stream)
        case .terminal:
            if isTerminalInput { return try kernel.duplicate(.standardInput, as: stream) }
            try open(terminal, .writing.union(.noTerminal), as: stream, on: &kernel)
        case .file(let path, let flags):
            let all = flags.union(.writing).union(.making).union(.noTerminal)
            try open(path, all, as: stream, on: &kernel)
        }
    }

    @inline(never)
    private func open<K: Kernel & ~Copyable>(
        _ path: ByteView, _ flags: OpenFlags, as stream: FileDescriptor, on kernel: inout K
    ) throws(Errno) {
        let file = try kernel.open(at: path.start, flags, mode: 0o666)
        try kernel.duplicate(file, as: stream)
        close(file, on: &kernel)
    }

    /// Closes what has become a standard stream, unless it was opened as one.
    private func close<K: Kernel & ~Copyable>(_ file: FileDescriptor, on kernel: inout K) {
        if file.rawValue > 2 { kernel.close(file) }
    }
}

/// How long to wait before asking again for a terminal that another session has.
private let terminalWaitMilliseconds: Int32 = 250
