public import InitCore
public import KernelInterface

/// What becomes of PID 1 when PID 1 itself is at fault: it says so and pauses for ever,
/// since the kernel panics when PID 1 ends.
public enum LastResort {
    /// Whether a fault has been seen. A second one must have come from the report of the
    /// first, so it is not reported: that could go on for ever.
    nonisolated(unsafe) private static var hasFaulted = false

    /// Catches every fault from now on. What cannot be caught is left as it is: there is
    /// nothing better to do about it.
    public static func install<K: Kernel & ~Copyable>(on kernel: inout K) {
        // The kernel kills whoever has a fault while its signal is blocked, and a container's
        // runtime may have blocked any.
        try? kernel.unblockSignals()
        try? kernel.useSignalStack()
        for index in Fault.signals.indices {
            try? kernel.handle(Fault.signals[index]) { number in
                LastResort.takeOver(after: Signal(rawValue: number))
            }
        }
    }

    private static func takeOver(after signal: Signal) -> Never {
        var kernel = LinuxKernel()
        if hasFaulted {
            // The report that was cut short had an alarm set; nobody else ends it.
            try? kernel.setAlarmInterval(milliseconds: 0)
        } else {
            hasFaulted = true
            deliver(Fault.report(of: signal), on: &kernel)
        }
        pauseForEver(on: &kernel)
    }
}
