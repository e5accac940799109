import InitCore
import InitRuntime
import KernelInterface

/// Greets as init does, and then runs into a Swift trap: an index that no array has.
@c(trapping_init_main)
public func trappingInitMain() -> Never {
    var kernel = LinuxKernel()
    start(on: &kernel)
    let stages: [2 of Int] = [1, 2]
    var index = 0
    while true {
        index += stages[index]
    }
}
