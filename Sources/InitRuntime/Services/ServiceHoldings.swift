import InitCore
import KernelInterface

/// What PID 1 holds for one unit: descriptors, and the numbers of process groups.
struct ServiceHoldings {
    /// The child that has yet to become the main program, and the one of another command.
    var main = StartingChild()
    var control = StartingChild()
    /// The socket on which the service says that it is ready, and so on. sd_notify(3)
    var notices: FileDescriptor?
    /// The end of the pipe on which a newline says that it is ready.
    var readiness: FileDescriptor?
    /// The pipe of its output, which stays as long as PID 1 runs.
    var output: Pipe?
    /// The process groups of this run, since each command leads one. 0 for none.
    private var groups = [4 of Int32](repeating: 0)
    /// Whether its cgroup is made.
    var hasControlGroup = false
    /// How many of its processes the kernel has killed for want of memory.
    var memoryKills = 0
    /// Names this run, and its socket. `nil` while nothing runs.
    var invocation: InvocationID?

    /// A command leads a group of its own. The fifth takes the place of the oldest but the main
    /// command's: a command before it has ended well, and has hardly left anything.
    mutating func add(group: ProcessID) {
        var index = 0
        while index < 4 {
            if groups[index] == 0 {
                groups[index] = group.rawValue
                return
            }
            index &+= 1
        }
        groups[1] = groups[2]
        groups[2] = groups[3]
        groups[3] = group.rawValue
    }

    func group(_ index: Int) -> ProcessID? {
        groups[index] == 0 ? nil : ProcessID(rawValue: groups[index])
    }

    mutating func forget(group index: Int) { groups[index] = 0 }

    static let groupCount = 4
}

/// A child between fork(2) and execve(2).
struct StartingChild {
    var process = ProcessID(rawValue: 0)
    /// Says how it went. `nil` once that was read.
    var report: FileDescriptor?
}
