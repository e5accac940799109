import InitCore
import KernelInterface

extension Runtime where K: ~Copyable {
    /// Does its duty, and returns the error that was in the way.
    mutating func perform(_ duty: Duty) -> Errno? {
        switch duty {
        case .mount(let number):
            return failure { kernel throws(Errno) in
                try kernel.mount(EarlyMount.table[number])
            }
        case .openStandardStreams:
            let error = openStandardStreams()
            // Not before: it would become whichever of the three is closed.
            log.open(on: &kernel)
            return error
        case .readCommandLine: return readCommandLine()
        case .setHostName:
            return failure { [hostName] kernel throws(Errno) in
                try hostName.withBytes { (name) throws(Errno) in try kernel.setHostName(name) }
            }
        case .bringUpLoopback:
            return failure { kernel throws(Errno) in try kernel.bringUpLoopback() }
        }
    }

    /// Without a console it opens /dev/null for reading only: what is written there fails,
    /// and so finds its way to the kernel's log.
    private mutating func openStandardStreams() -> Errno? {
        var problem: Errno?
        var number: Int32 = 0
        while number <= FileDescriptor.standardError.rawValue {
            if !kernel.isOpen(FileDescriptor(rawValue: number)) {
                let error = failure { kernel throws(Errno) in
                    _ = try kernel.openStandardStream("/dev/console", forWriting: true)
                }
                if error != nil {
                    problem = error
                    _ = try? kernel.openStandardStream("/dev/null", forWriting: false)
                }
            }
            number &+= 1
        }
        return problem
    }

    private mutating func readCommandLine() -> Errno? {
        hostName.append("hammock")
        do throws(Errno) {
            obey(KernelCommandLine(UnsafeRawBufferPointer(try kernel.read("/proc/cmdline"))))
            return nil
        } catch {
            return error
        }
    }

    private mutating func obey(_ line: KernelCommandLine) {
        let boot = line.bootOptions
        var isUnderstood = boot.problemCount == 0
        switch line.placeOfWords(in: words) {
        case .from(let first):
            if !take(from: first) { isUnderstood = false }
        case .withheld: isUnderstood = false
        case .none: break
        }
        if let seconds = boot.graceSeconds { options.graceSeconds = seconds }
        if let priority = Priority(rawValue: boot.logPriority) { log.threshold = priority }
        if let range = boot.hostname {
            hostName = Line()
            hostName.append(line[range])
        }
        LastResort.response = boot.faultResponse
        core.settings = Settings(
            options, hasProgram: programIndex != nil, hasUnknownOption: !isUnderstood)
    }

    /// Takes in `[options] PROGRAM [ARGS]`, which begin at this word.
    ///
    /// - Returns: whether they make sense. Nothing is run of what does not.
    mutating func take(from first: Int) -> Bool {
        guard case .run(let program) = options.parse(words, from: first) else { return false }
        programIndex = program
        return true
    }
}
