internal import InitCore
internal import KernelInterface

/// Where `main` hands over. PID 1 of a machine never comes back from here; a container's
/// exits with its program's code.
@c(init_main)
public func initMain(
    _ argumentCount: Int32, _ arguments: UnsafePointer<UnsafeMutablePointer<CChar>?>?
) -> Never {
    // What happened last. It outlives all else, so that a fault handler finds it.
    var record = EventRecord()
    withUnsafeMutablePointer(to: &record) { record in
        live(by: Words(count: argumentCount, first: arguments), record: record)
    }
}

private func live(by words: Words, record: UnsafeMutablePointer<EventRecord>) -> Never {
    var kernel = LinuxKernel()
    // First of all, so that no signal is lost, and none does what nobody has decided.
    try? kernel.blockSignals()
    let isPID1 = kernel.isPID1()
    if !isPID1, let code = obeyPowerCommand(words, on: &kernel) { LinuxKernel.exit(code) }

    let ownsPower = isPID1 && (try? kernel.claimPower()) != nil
    let role = Role(isPID1: isPID1, ownsPower: ownsPower)
    LastResort.install(in: role, record: record, on: &kernel)

    var runtime = Runtime(kernel: kernel, role: role, words: words, record: record)
    if role != .machine, let code = runtime.takeArguments() { LinuxKernel.exit(code) }
    LinuxKernel.exit(runtime.run())
}

/// Idles. For whoever has nothing left to decide.
func pauseForEver<K: Kernel & ~Copyable>(on kernel: inout K) -> Never {
    while true {
        _ = try? kernel.pause()
    }
}
