public import InitCore
public import KernelInterface

/// What PID 1 does after a fault of its own. It reports the fault and the last events, and then
/// pauses for ever, or does what `hammock.fault=` says. If PID 1 ended, the kernel would panic.
public enum LastResort {
    /// How many parts of the last resort have begun. A fault in one part continues with the next:
    /// to begin a part again could go on for ever.
    nonisolated(unsafe) private static var begun = 0
    nonisolated(unsafe) private static var role = Role.machine
    nonisolated(unsafe) private static var record: UnsafePointer<EventRecord>?
    /// What to do after the report. Only a machine's command line can ask for more than a pause.
    nonisolated(unsafe) static var response = Configuration.FaultResponse.pause

    /// Catches every fault from now on. If that fails for one, PID 1 can do nothing better.
    ///
    /// - Parameter record: must outlive PID 1.
    public static func install<K: Kernel & ~Copyable>(
        in role: Role, record: UnsafePointer<EventRecord>, on kernel: inout K
    ) {
        LastResort.role = role
        LastResort.record = record
        try? kernel.useSignalStack()
        for index in Fault.signals.indices {
            try? kernel.handleFault(Fault.signals[index]) { number in
                LastResort.run(after: Signal(rawValue: number))
            }
        }
    }

    private static func run(after signal: Signal) -> Never {
        var kernel = LinuxKernel()
        while begun < 5 {
            begun &+= 1
            switch begun {
            case 1: say(Fault.report(of: signal, in: LinuxKernel.ownProcess), on: &kernel)
            case 2: sayLastEvents(on: &kernel)
            case 3: leave(after: signal, on: &kernel)
            // A report that was cut short has left its alarm on.
            case 4: endInterruptions(on: &kernel)
            default: pauseForEver(on: &kernel)
            }
        }
        // This takes fewer system calls than a pause.
        while true { kernel.sleep(milliseconds: -1) }
    }

    private static func sayLastEvents(on kernel: inout LinuxKernel) {
        guard let record else { return }
        var line = Line()
        line.append("init: ")
        record.pointee.append(to: &line)
        line.end()
        say(line, on: &kernel)
    }

    /// On the console, and in the kernel's log for a later reader.
    @inline(never)
    private static func say(_ line: Line, on kernel: inout LinuxKernel) {
        line.withBytes { text in
            deliver(text, on: &kernel)
            if role == .machine, let log = try? kernel.openForWriting("/dev/kmsg") {
                _ = try? kernel.write(text, to: log)
            }
        }
    }

    private static func leave(after signal: Signal, on kernel: inout LinuxKernel) {
        // A helper is not PID 1: PID 1 sees its end and handles it.
        guard role != .process, kernel.isPID1() else {
            LinuxKernel.exit(ExitStatus.killed(signal).code)
        }
        let ending: Ending
        switch response {
        case .pause: return
        case .poweroff: ending = .powerOff
        case .reboot: ending = .reboot
        }
        let log = Log(role: role)
        // In a child, since reboot(2) ends its caller, and sync(2) may never return.
        _ = try? kernel.fork { kernel in Helper.sync.work(on: &kernel, log: log, upTo: 0) }
        kernel.sleep(milliseconds: syncMilliseconds)
        _ = try? kernel.fork { kernel in Helper.leave(ending).work(on: &kernel, log: log, upTo: 0) }
    }

    /// How long the disks have before the machine goes off.
    private static let syncMilliseconds: Int32 = 2_000
}
