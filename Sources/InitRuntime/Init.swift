internal import InitCore
internal import KernelInterface

/// What happened last. Here, and not in the runtime, so that a fault handler finds it.
nonisolated(unsafe) private var lastEvents = EventRecord()

/// Where `main` hands over. PID 1 of a machine never comes back from here; a container's
/// exits with its program's code.
@c(init_main)
public func initMain(
    _ argumentCount: Int32, _ arguments: UnsafePointer<UnsafeMutablePointer<CChar>?>?
) -> Never {
    var kernel = LinuxKernel()
    let words = Words(count: argumentCount, first: arguments)
    // First of all, so that no signal is lost, and none does what nobody has decided.
    try? kernel.blockSignals()
    let isPID1 = kernel.isPID1()
    if !isPID1, let code = obeyPowerCommand(words, on: &kernel) { LinuxKernel.exit(code) }

    let ownsPower = isPID1 && (try? kernel.claimPower()) != nil
    let role = Role(isPID1: isPID1, ownsPower: ownsPower)
    LastResort.install(in: role, record: &lastEvents, on: &kernel)

    var runtime = Runtime(kernel: kernel, role: role, words: words, record: &lastEvents)
    if role != .machine, let code = runtime.takeArguments() { LinuxKernel.exit(code) }
    let code = runtime.run()
    LinuxKernel.exit(code)
}

/// Idles. For whoever has nothing left to decide.
func pauseForEver<K: Kernel & ~Copyable>(on kernel: inout K) -> Never {
    while true {
        _ = try? kernel.pause()
    }
}
