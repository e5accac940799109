import InitCore
import InitRuntime
import KernelInterface

nonisolated(unsafe) private var noEvents = EventRecord()

/// All that init does before it idles on a machine, as far as faults are concerned.
@c(trapping_init_start)
public func trappingInitStart() {
    var kernel = LinuxKernel()
    try? kernel.blockSignals()
    LastResort.install(in: .machine, record: &noEvents, on: &kernel)
    deliver(Greeting.text, on: &kernel)
}

/// Runs into a Swift trap: an index that no array has.
@c(trapping_init_trap)
public func trappingInitTrap() -> Never {
    let stages: [2 of Int] = [1, 2]
    var index = 0
    while true {
        index += stages[index]
    }
}
