public import InitCore
public import KernelInterface

/// The child of a service between fork(2) and execve(2).
public enum RecipeChild {
    /// Does what the recipe of the service says, and becomes the program of the command. Needs a
    /// stack of 50 KiB, and no heap. May block: on a file, on a terminal.
    ///
    /// - Parameters:
    ///   - command: its place in the stage, from 0.
    ///   - report: where a `ServiceReport` goes if a step fails. Closes on execve(2).
    /// - Returns: only if a step has failed, or in a test: the code to exit with.
    // If it were inlined, its memory would be a part of PID 1's own frame.
    @inline(never)
    public static func become<K: Kernel & ~Copyable>(
        _ command: UInt8, of stage: Stage, of service: ServiceID, in plan: Plan,
        _ context: RecipeContext, reportingTo report: FileDescriptor, on kernel: inout K
    ) -> Int32 {
        // As 64-bit numbers, so that tables of pointers can lie in it.
        var memory = [5664 of UInt64](repeating: 0)
        return withUnsafeMutableBytes(of: &memory) { bytes in
            guard let start = bytes.baseAddress, bytes.count >= RecipeMemory.size else {
                return RecipeStep.recipe.code
            }
            var recipe = Recipe(
                plan, service, stage, command, context, report, RecipeMemory(start))
            return recipe.become(on: &kernel)
        }
    }
}

/// The recipe while it is being done.
struct Recipe {
    let plan: Plan
    let service: ServiceID
    let stage: Stage
    let commandIndex: UInt8
    let entries: ByteView
    var report: FileDescriptor
    var command = RecipeCommand.none
    /// A path that is being made. The next one takes its place.
    var path: Texts
    /// A number that was looked for in a file.
    var found: UInt64 = 0
    /// The step that is being done, and what it is about: both for the message.
    private(set) var step = RecipeStep.recipe
    private(set) var subject = ByteView.empty
    /// Where messages go.
    var messages: FileDescriptor

    // What is large comes last: the code reaches what is near a value's beginning by shorter
    // instructions.

    var words: TextTable
    var environment: Environment
    var identity = Identity()
    let context: RecipeContext
    let memory: RecipeMemory

    init(
        _ plan: Plan, _ service: ServiceID, _ stage: Stage, _ command: UInt8,
        _ context: RecipeContext, _ report: FileDescriptor, _ memory: RecipeMemory
    ) {
        self.plan = plan
        self.service = service
        self.stage = stage
        self.commandIndex = command
        self.context = context
        self.report = report
        self.memory = memory
        entries = plan.recipe(of: service)
        environment = Environment(Texts(memory.texts), memory.variables)
        words = memory.words
        path = Texts(memory.path)
        messages = context.log ?? .standardError
    }

    @inline(never)
    mutating func become<K: Kernel & ~Copyable>(on kernel: inout K) -> Int32 {
        do throws(Errno) {
            try perform(on: &kernel)
            return 0
        } catch {
            say(error, on: &kernel)
            return tell(error, on: &kernel)
        }
    }

    private mutating func perform<K: Kernel & ~Copyable>(on kernel: inout K) throws(Errno) {
        try begin()
        try resetSignals(on: &kernel)
        try checkConditions(on: &kernel)
        try enterControlGroup(on: &kernel)
        try findIdentity(on: &kernel)
        try giveControlGroup(on: &kernel)
        try makeEnvironment(on: &kernel)
        try expandWords()
        try makeDirectories(on: &kernel)
        begin(.session)
        try kernel.newSession()
        try openStreams(on: &kernel)
        try setLimits(on: &kernel)
        try changeRoot(on: &kernel)
        try changeDirectory(on: &kernel)
        if !command.isRoots { try takeIdentity(on: &kernel) }
        try passDescriptors(on: &kernel)
        begin(.signalMask)
        try kernel.unblockSignals()
        try execute(on: &kernel)
    }

    // MARK: What is being done

    @inline(never)
    mutating func begin(_ step: RecipeStep, _ subject: ByteView = .empty) {
        self.step = step
        self.subject = subject
    }

    /// The text of the first entry with this key.
    @inline(never)
    func text(_ key: RecipeKey) -> ByteView? {
        var reader = RecipeReader(entries)
        return reader.next(key)
    }

    /// Says why the current step has failed, or what it does without.
    @inline(never)
    mutating func say<K: Kernel & ~Copyable>(_ error: Errno, on kernel: inout K) {
        var line = Line()
        line.append(word: plan.name(of: service))
        line.append(": ")
        line.append(step.name)
        if subject.count > 0 {
            line.append(": ")
            line.append(word: subject)
        }
        line.append(error, of: step)
        line.end()
        // The report and the exit code say it too.
        line.withBytes { bytes in _ = try? kernel.write(bytes, to: messages) }
    }

    /// - Returns: the code to exit with.
    private func tell<K: Kernel & ~Copyable>(_ error: Errno, on kernel: inout K) -> Int32 {
        var numbers = (step.code, error.rawValue)
        withUnsafeBytes(of: &numbers) { bytes in
            // Without a report the exit code has to tell enough.
            _ = try? kernel.write(bytes, to: report)
        }
        return step.code
    }

    // MARK: The short steps

    private mutating func begin() throws(Errno) {
        begin(.recipe)
        guard RecipeReader.isWhole(entries),
            let found = RecipeCommand(commandIndex, of: stage, in: entries)
        else { throw .invalidArgument }
        command = found
    }

    @inline(never)
    private mutating func resetSignals<K: Kernel & ~Copyable>(
        on kernel: inout K
    ) throws(Errno) {
        begin(.signals)
        let keepsBrokenPipe = text(.keepsBrokenPipe) != nil
        try kernel.resetSignals(ignoring: keepsBrokenPipe ? nil : .brokenPipe)
    }

    private mutating func changeRoot<K: Kernel & ~Copyable>(on kernel: inout K) throws(Errno) {
        guard let root = text(.rootDirectory) else { return }
        begin(.root, root)
        try kernel.changeRoot(to: root.start)
    }

    @inline(never)
    private mutating func changeDirectory<K: Kernel & ~Copyable>(
        on kernel: inout K
    ) throws(Errno) {
        let given = text(.workingDirectory) ?? "/"
        let mayBeMissing = given[0] == UInt8(ascii: "-")
        let directory = mayBeMissing ? given.dropping(1) : given
        begin(.workingDirectory, directory)
        // A new root needs a working directory within it in any case.
        let root: ByteView = "/"
        try kernel.changeDirectory(to: root.start)
        if directory.equals("/") { return }
        var target = directory
        if directory.equals("~") {
            guard let home = environment.value(of: "HOME") else {
                throw .noSuchDeviceOrAddress
            }
            target = home
        }
        do throws(Errno) {
            try kernel.changeDirectory(to: target.start)
        } catch {
            guard mayBeMissing, error == .noSuchFile else { throw error }
        }
    }

    /// Passes what is handed over, and closes all else.
    @inline(never)
    private mutating func passDescriptors<K: Kernel & ~Copyable>(
        on kernel: inout K
    ) throws(Errno) {
        begin(.descriptors)
        var passed: FileDescriptor?
        if let readiness = context.readiness,
            let number = plan.notificationDescriptor(of: service)
        {
            let target = FileDescriptor(rawValue: Int32(number))
            if report == target { report = try kernel.duplicate(report, above: target) }
            try kernel.duplicate(readiness, as: target)
            passed = target
        }
        kernel.closeDescriptors(from: FileDescriptor(rawValue: 3), keeping: report, passed)
    }

    @inline(never)
    private mutating func execute<K: Kernel & ~Copyable>(on kernel: inout K) throws(Errno) {
        begin(.execution, command.file)
        if command.file.length(before: UInt8(ascii: "/")) < command.file.count {
            return try kernel.execute(command.file.start, words.start, environment.start)
        }
        var failure = Errno.noSuchFile
        var directories = Environment.path
        while directories.count > 0 {
            path.reset()
            path.append(directories.removeFirst(upTo: UInt8(ascii: ":")))
            path.append(byte: UInt8(ascii: "/"))
            path.append(command.file)
            let file = try path.finish()
            do throws(Errno) {
                return try kernel.execute(file, words.start, environment.start)
            } catch {
                // A file that cannot be executed hides nothing behind it. exec(3)
                if error == .permissionDenied {
                    failure = error
                } else if error != .noSuchFile, error != .notDirectory {
                    throw error
                }
            }
        }
        throw failure
    }
}
