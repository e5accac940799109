internal import InitCore
internal import KernelInterface

/// `main` calls this. On a machine it never returns; in a container PID 1 exits with the program's
/// code.
@c(init_main)
public func initMain(
    _ argumentCount: Int32, _ arguments: UnsafePointer<UnsafeMutablePointer<CChar>?>?,
    _ environment: UnsafePointer<UnsafeMutablePointer<CChar>?>?
) -> Never {
    // The last events. The record outlives all else, so that a fault handler finds it.
    var record = EventRecord()
    withUnsafeMutablePointer(to: &record) { record in
        live(
            by: Words(count: argumentCount, first: arguments),
            in: Words(count: .max, first: environment), record: record)
    }
}

private func live(
    by words: Words, in environment: Words, record: UnsafeMutablePointer<EventRecord>
) -> Never {
    var kernel = LinuxKernel()
    let role = prepare(on: &kernel, record: record)
    if role == .process, let code = performPowerCommand(words, on: &kernel) {
        LinuxKernel.exit(code)
    }

    var runtime = Runtime(
        kernel: kernel, role: role, words: words, environment: environment, record: record,
        serviceMemory: LinuxKernel.serviceMemory)
    if role != .machine, let code = runtime.readArguments() { LinuxKernel.exit(code) }
    LinuxKernel.exit(runtime.run())
}

/// Prepares for signals and faults, and finds out which role this process has. Inlined, since a
/// call would make init larger.
///
/// - Parameter record: must outlive this process.
@inline(__always)
func prepare<K: Kernel & ~Copyable>(
    on kernel: inout K, record: UnsafePointer<EventRecord>
) -> Role {
    // This comes first, so that no signal is lost and none takes its default action.
    try? kernel.catchSignals()
    let isPID1 = kernel.isPID1()
    // On a machine the kernel's own threads exist before PID 1 runs; in a PID namespace there are
    // none. Some sandboxes let reboot(2) succeed without any effect.
    let seesKernelThreads =
        isPID1 && (try? kernel.send(.probe, to: .process(ProcessID(rawValue: 2)))) != nil
    let ownsPower = seesKernelThreads && (try? kernel.claimPower()) != nil
    let role = Role(isPID1: isPID1, ownsPower: ownsPower)
    LastResort.install(in: role, record: record, on: &kernel)
    return role
}

/// Idles for ever, when there is nothing left to decide.
func pauseForEver<K: Kernel & ~Copyable>(on kernel: inout K) -> Never {
    while true {
        _ = try? kernel.pause()
    }
}
