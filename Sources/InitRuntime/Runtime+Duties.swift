import InitCore
import KernelInterface

extension Runtime where K: ~Copyable {
    /// Performs the duty, and returns the error if it failed.
    mutating func perform(_ duty: Duty) -> Errno? {
        switch duty {
        case .mount(let number):
            return failure { kernel throws(Errno) in
                try kernel.mount(EarlyMount.table[number])
            }
        case .openStandardStreams:
            let error = openStandardStreams()
            // Not earlier: the log would become one of the three if that is closed.
            serviceLog.log.open(on: &kernel)
            return error
        case .readCommandLine: return readCommandLine()
        case .setHostName:
            let name = core.configuration.hostName
            if name.count == 0 { return nil }
            return failure { kernel throws(Errno) in
                try name.withBytes { (bytes) throws(Errno) in try kernel.setHostName(bytes) }
            }
        case .bringUpLoopback:
            return failure { kernel throws(Errno) in try kernel.bringUpLoopback() }
        }
    }

    /// Without a console it opens /dev/null for reading only. Writes there fail, and so their text
    /// goes to the kernel's log.
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
        do throws(Errno) {
            let bytes = try kernel.read("/proc/cmdline")
            configure(by: KernelCommandLine(UnsafeRawBufferPointer(bytes)))
            return nil
        } catch {
            configure(by: nil)
            return error
        }
    }

    /// Reads the whole configuration of this process, and applies it from now on.
    @inline(never)
    mutating func configure(by line: KernelCommandLine?) {
        core.configuration = Configuration(
            words, kernelCommandLine: line, environment: environment, role: core.role)
        LastResort.response = core.configuration.faultResponse
    }
}
