import AgentProtocol
import CLinux
import InitCore
import KernelInterface

/// What is to be descriptors 0 to 2 of a process. All three are there when it is forked, or none if
/// it has the agent's own.
struct ChildStreams {
    var input: FileDescriptor?
    var output: FileDescriptor?
    var errors: FileDescriptor?

    init() {}

    init(terminal: FileDescriptor) {
        input = terminal
        output = terminal
        errors = terminal
    }
}

/// The child of the agent between fork(2) and execve(2). Its memory is a copy of the agent's.
struct ChildProcess {
    private let request: ProcessRequest
    private let streams: ChildStreams
    private let memory: AgentMemory
    private let report: FileDescriptor
    private var step = ProcessStep.none

    /// - Parameter report: where the step goes that has failed, and its error: four bytes each.
    init(
        _ request: ProcessRequest, _ streams: ChildStreams, _ memory: AgentMemory,
        reportingTo report: FileDescriptor
    ) {
        self.request = request
        self.streams = streams
        self.memory = memory
        self.report = report
    }

    /// Becomes the program. May block: on a directory, on the program's file.
    ///
    /// - Returns: only if a step has failed: the code to exit with.
    consuming func become(on kernel: inout LinuxKernel) -> UInt8 {
        do throws(Errno) {
            try perform(on: &kernel)
        } catch {
            var numbers = (Int32(step.rawValue), error.rawValue)
            withUnsafeBytes(of: &numbers) { bytes in
                // The agent reads it, or has ended.
                _ = try? kernel.write(bytes, to: report)
            }
        }
        return Agent.codeOfNoExecution
    }

    private mutating func perform(on kernel: inout LinuxKernel) throws(Errno) {
        step = .session
        try kernel.resetSignals(ignoring: nil)
        try kernel.newSession()
        if request.flags & ProcessRequest.hasTerminal != 0, let terminal = streams.input {
            step = .terminal
            try kernel.takeTerminal(terminal, byForce: false)
        }
        step = .streams
        if request.flags == ProcessRequest.hasConsole {
            keepConsole(on: &kernel)
        } else {
            try placeStreams(on: &kernel)
        }
        // What makes the root directory needs exact modes, and a program the usual mask.
        kernel.setUmask(0o022)
        step = .limits
        try setLimits(on: &kernel)
        // As root, which docker does too: a user need not be able to search the way to it.
        step = .workingDirectory
        try enterDirectory(on: &kernel)
        try takeIdentity(on: &kernel)
        kernel.closeDescriptors(
            from: FileDescriptor(rawValue: 3), keeping: report, nil)
        step = .execution
        try kernel.unblockSignals()
        try execute(on: &kernel)
    }

    /// The agent's streams stay the program's. A terminal becomes the one of its session, so that
    /// its keys reach the program, and the program's user may open it anew.
    private func keepConsole(on kernel: inout LinuxKernel) {
        // It is another session's until now. Not everybody may take it, and a program can do
        // without.
        try? kernel.takeTerminal(FileDescriptor(rawValue: 0), byForce: true)
        var descriptor: Int32 = 0
        while descriptor < 3 {
            if clinux_is_terminal(descriptor) == 1 {
                _ = clinux_change_file_owner(descriptor, request.user, .max)
            }
            descriptor &+= 1
        }
    }

    private func placeStreams(on kernel: inout LinuxKernel) throws(Errno) {
        guard var input = streams.input, var output = streams.output, var errors = streams.errors
        else { throw .badFileDescriptor }
        // One of them could be in the place of another.
        let last = FileDescriptor.standardError
        if input.rawValue <= last.rawValue { input = try kernel.duplicate(input, above: last) }
        if output.rawValue <= last.rawValue { output = try kernel.duplicate(output, above: last) }
        if errors.rawValue <= last.rawValue { errors = try kernel.duplicate(errors, above: last) }
        try kernel.duplicate(input, as: FileDescriptor(rawValue: 0))
        try kernel.duplicate(output, as: .standardOutput)
        try kernel.duplicate(errors, as: .standardError)
        // The user of the program may open /dev/stdout and the like anew. /dev/null stays root's.
        var descriptor: Int32 = request.flags == 0 ? 1 : 0
        while descriptor < 3 {
            _ = clinux_change_file_owner(descriptor, request.user, .max)
            descriptor &+= 1
        }
    }

    /// How many files it may open: the kernel's own 1024, and as many as systemd lets a program ask
    /// for. The kernel's 4096 are too few for some servers. getrlimit(2)
    private func setLimits(on kernel: inout LinuxKernel) throws(Errno) {
        do throws(Errno) {
            try kernel.setLimit(openFilesLimit, soft: 1024, hard: 524_288)
        } catch {
            // In a namespace it may be that nobody is allowed more than now.
            guard error == .notPermitted else { throw error }
            let most = try kernel.limit(of: openFilesLimit).hard
            try kernel.setLimit(openFilesLimit, soft: min(1024, most), hard: most)
        }
    }

    private func enterDirectory(on kernel: inout LinuxKernel) throws(Errno) {
        try kernel.makeDirectories(at: request.directory, memory)
        try kernel.changeDirectory(to: request.directory.start)
    }

    private mutating func takeIdentity(on kernel: inout LinuxKernel) throws(Errno) {
        step = .groups
        var groups = [255 of UInt32](repeating: 0)
        var index = 0
        while index < request.groupCount {
            groups[index] = request.supplementaryGroup(index)
            index &+= 1
        }
        do throws(Errno) {
            let count = request.groupCount
            try withUnsafeBytes(of: &groups) { (bytes) throws(Errno) in
                try kernel.setGroups(
                    UnsafeBufferPointer(rebasing: bytes.bindMemory(to: UInt32.self)[..<count]))
            }
        } catch {
            // A namespace of an ordinary user may not set them. user_namespaces(7)
            guard error == .notPermitted, request.groupCount == 0, request.user == 0 else {
                throw error
            }
        }
        step = .group
        try kernel.setGroup(request.group)
        step = .user
        try kernel.setUser(request.user)
    }

    /// Looks the program up as exec(3) does, but runs no shell: a file is what it says.
    private func execute(on kernel: inout LinuxKernel) throws(Errno) {
        let arguments = memory.tables
        let environment = arguments + request.argumentCount + 1
        let rest = fill(arguments, request.argumentCount, from: request.texts)
        _ = fill(environment, request.variableCount, from: rest)
        let program = request.program
        if program.length(before: UInt8(ascii: "/")) < program.count {
            return try kernel.execute(program.start, arguments, environment)
        }
        var failure = Errno.noSuchFile
        guard program.count > 0 else { throw failure }
        var directories = searchPath(environment)
        while directories.count > 0 {
            let directory = directories.removeFirst(upTo: UInt8(ascii: ":"))
            var path = PathBuffer(memory.path)
            if directory.count > 0 {
                path.append(directory)
                path.append("/")
            }
            path.append(program)
            do throws(Errno) {
                return try kernel.execute(path.finish(), arguments, environment)
            } catch {
                // A file that cannot be executed hides nothing behind it.
                if error == .permissionDenied {
                    failure = error
                } else if error != .noSuchFile, error != .notDirectory, error != .nameTooLong {
                    throw error
                }
            }
        }
        throw failure
    }

    /// Fills a table with so many texts, and a NULL behind them.
    ///
    /// - Returns: the texts behind those.
    private func fill(
        _ table: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>, _ count: Int,
        from texts: ByteView
    ) -> ByteView {
        var rest = texts
        var index = 0
        while index < count {
            let text = UnsafeMutableRawPointer(mutating: rest.removeFirst(upTo: 0).start)
            table[index] = text.assumingMemoryBound(to: CChar.self)
            index &+= 1
        }
        table[count] = nil
        return rest
    }

    /// The directories that programs are looked up in.
    private func searchPath(
        _ environment: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    ) -> ByteView {
        let variables = Words(count: .max, first: environment)
        return variables.value(of: "PATH")
            ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    }
}

/// RLIMIT_NOFILE of getrlimit(2).
private let openFilesLimit: Int32 = 7
