import InitCore
import InitRuntime
import KernelInterface

/// All that init does before it idles.
@c(trapping_init_start)
public func trappingInitStart() {
    var kernel = LinuxKernel()
    start(on: &kernel)
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
