import Glibc
import InitCore
import KernelInterface

@testable import InitRuntime

/// Runs the real init in a world, from its first system call, to the world's end.
func run(_ world: World) {
    let record = UnsafeMutablePointer<EventRecord>.allocate(capacity: 1)
    record.initialize(to: EventRecord())
    let words = world.scenario.words
    var pointers: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    pointers.append(nil)
    defer {
        record.deallocate()
        for pointer in pointers { free(pointer) }
    }
    pointers.withUnsafeBufferPointer { argv in
        var kernel = WorldKernel(world: world)
        let role = prepare(on: &kernel, record: record)
        if role != world.scenario.role { world.fail("init takes itself for a \(role)") }
        var runtime = Runtime(
            kernel: kernel, role: role,
            words: Words(count: Int32(words.count), first: argv.baseAddress), record: record)
        if role != .machine, let code = runtime.readArguments() {
            world.fail("its arguments make no sense: code \(code)")
        }
        if let code = runtime.begin() { world.exited(code) }
        while world.end == nil {
            world.turnBegins()
            if let code = runtime.turn() { world.exited(code) }
        }
    }
}
