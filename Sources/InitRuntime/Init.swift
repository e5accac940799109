internal import InitCore
public import KernelInterface

/// Where `main` hands over: PID 1 from its first to its last instruction, of which there
/// is none.
@c(init_main)
public func initMain() -> Never {
    var kernel = LinuxKernel()
    start(on: &kernel)
    pauseForEver(on: &kernel)
}

/// All that PID 1 does before it idles, in order.
public func start<K: Kernel & ~Copyable>(on kernel: inout K) {
    LastResort.install(on: &kernel)
    // Orphans are PID 1's children now; the kernel reaps those of a parent that does not
    // want to know. An error leaves zombies, which is bad, and better than no init.
    try? kernel.ignore(.child)
    deliver(Greeting.text, on: &kernel)
}

/// Idles. Signal handlers run, and then it idles on.
func pauseForEver<K: Kernel & ~Copyable>(on kernel: inout K) -> Never {
    while true {
        kernel.pause()
    }
}
