import InitCore
import InitRuntime
import KernelInterface

nonisolated(unsafe) private var lastEvents = EventRecord()
nonisolated(unsafe) private var role = Role.process

/// All that init does until it idles.
///
/// - Parameter arguments: only the first is init's.
@c(trapping_init_boot)
public func trappingInitBoot(_ arguments: UnsafePointer<UnsafeMutablePointer<CChar>?>?) {
    var kernel = LinuxKernel()
    try? kernel.catchSignals()
    role = Role(isPID1: kernel.isPID1(), ownsPower: (try? kernel.claimPower()) != nil)
    LastResort.install(in: role, record: &lastEvents, on: &kernel)
    var runtime = Runtime(
        kernel: kernel, role: role, words: Words(count: 1, first: arguments), record: &lastEvents)
    runtime.begin()
    while runtime.core.phase == .settingUp { _ = runtime.turn() }
}

/// Runs into a Swift trap: an index that no array has.
@c(trapping_init_trap)
public func trappingInitTrap() {
    let stages: [2 of Int] = [1, 2]
    var index = 0
    while true {
        index += stages[index]
    }
}

/// From now on the report of a fault has a fault itself.
@c(trapping_init_break_report)
public func trappingInitBreakReport() {
    var kernel = LinuxKernel()
    LastResort.install(in: role, record: UnsafePointer(bitPattern: 16)!, on: &kernel)
}
