import InitCore
import KernelInterface

extension Helper {
    /// Does the forked child's work, and returns the code that it exits with: 0 for success.
    ///
    /// - Parameters:
    ///   - log: the child's own log, for what PID 1 cannot know.
    ///   - limit: the highest priority number that the child logs.
    func work<K: Kernel & ~Copyable>(on kernel: inout K, log: Log, upTo limit: UInt8) -> Int32 {
        switch self {
        case .plan:
            // `PlannerChild` does this work, with a pipe.
            return 1
        case .hangUp:
            hangUpShells(on: &kernel)
            return 0
        case .killEverything:
            // An error means that no process is left.
            try? kernel.send(.kill, to: .everything)
            return 0
        case .unmount:
            return unmountEverything(on: &kernel, log: log, upTo: limit) ? 0 : 1
        case .sync:
            kernel.sync()
            return 0
        case .leave(let ending):
            try? kernel.leave(ending)
            return 1
        }
    }
}
