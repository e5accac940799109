public import InitCore
public import KernelInterface

/// What becomes of PID 1 when PID 1 itself is at fault: it says so, with what happened last,
/// and pauses for ever (or does as `hammock.fault=` says), since the kernel panics when
/// PID 1 ends.
public enum LastResort {
    /// How many parts of the last resort have been begun. None is begun twice: a fault in one
    /// goes on with the next, for to begin again could go on for ever.
    nonisolated(unsafe) private static var begun = 0
    nonisolated(unsafe) private static var role = Role.machine
    nonisolated(unsafe) private static var record: UnsafePointer<EventRecord>?
    /// What to do after the report. Only a machine's command line asks for more than a pause.
    nonisolated(unsafe) static var response = BootOptions.FaultResponse.pause

    /// Catches every fault from now on. What cannot be caught is left as it is: there is
    /// nothing better to do about it.
    ///
    /// - Parameter record: outlives PID 1.
    public static func install<K: Kernel & ~Copyable>(
        in role: Role, record: UnsafePointer<EventRecord>, on kernel: inout K
    ) {
        LastResort.role = role
        LastResort.record = record
        try? kernel.useSignalStack()
        for index in Fault.signals.indices {
            try? kernel.handleFault(Fault.signals[index]) { number in
                LastResort.takeOver(after: Signal(rawValue: number))
            }
        }
    }

    private static func takeOver(after signal: Signal) -> Never {
        var kernel = LinuxKernel()
        while begun < 5 {
            begun &+= 1
            switch begun {
            case 1: say(Fault.report(of: signal, in: LinuxKernel.ownProcess), on: &kernel)
            case 2: sayLastEvents(on: &kernel)
            case 3: leave(after: signal, on: &kernel)
            // A report that was cut short had an alarm set; nobody else ends it.
            case 4: endInterruptions(on: &kernel)
            default: pauseForEver(on: &kernel)
            }
        }
        // To pause takes more system calls than this.
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

    /// On the console, and in the kernel's log for whoever looks later.
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
        // A helper of PID 1's is no PID 1: its end is noticed and dealt with.
        guard role != .process, kernel.isPID1() else {
            LinuxKernel.exit(ExitStatus.killed(signal).code)
        }
        let ending: Ending
        switch response {
        case .pause: return
        case .poweroff: ending = .powerOff
        case .reboot: ending = .reboot
        }
        // A child, since reboot(2) ends its caller, and sync(2) may never come back.
        _ = try? kernel.fork { kernel in Helper.sync.work(on: &kernel) }
        kernel.sleep(milliseconds: syncMilliseconds)
        _ = try? kernel.fork { kernel in Helper.leave(ending).work(on: &kernel) }
    }

    /// How long the disks have before the machine is switched off under them.
    private static let syncMilliseconds: Int32 = 2_000
}
