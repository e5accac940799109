import AgentProtocol
import InitCore
import KernelInterface

/// What the agent knows about one process.
struct ProcessSlot {
    /// In this order.
    enum Life: Equatable {
        /// There is no process.
        case none
        /// It was forked, and has not reported.
        case starting
        /// It has reported why it does not become its program, and is about to end.
        case failing(StepFailure)
        /// It has become its program.
        case running
        /// It has ended, and what it wrote is still on its way.
        case ended(ExitStatus)
    }

    var life = Life.none
    var process = ProcessID(rawValue: 0)
    var report: FileDescriptor?
    var input = InputStream()
    /// Streams 1 and 2.
    var outputs = [2 of OutputStream](repeating: OutputStream())
    var hasTerminal = false
    /// How much of `AgentMemory.name(of:)` is its program's name.
    var nameCount = 0

    init() {}

    init(_ started: StartedProcess, hasTerminal: Bool) {
        life = .starting
        process = started.process
        report = started.report
        input.descriptor = started.input
        outputs[0].descriptor = started.output
        outputs[1].descriptor = started.errors
        self.hasTerminal = hasTerminal
    }

    /// Whether the process has not been reaped, so that its number is its own.
    var isThere: Bool {
        switch life {
        case .starting, .failing, .running: true
        case .none, .ended: false
        }
    }

    /// How many descriptors there are to wait for.
    static let watchedCount = 4

    /// What to wait for: the report alone, or the input and the outputs. Of a process that has
    /// ended nothing is awaited, since all that it wrote can be read at once.
    var watched: [4 of PollEntry] {
        var entries = [4 of PollEntry](repeating: .none)
        switch life {
        case .none, .failing, .ended: break
        case .starting:
            if let report { entries[0] = .reading(report) }
        case .running:
            if let descriptor = input.descriptor {
                entries[1] = .writing(descriptor, hasBytes: input.queue.count > 0)
            }
            var index = 0
            while index < 2 {
                let output = outputs[index]
                if let descriptor = output.descriptor, output.wish > 0 {
                    entries[2 &+ index] = .reading(descriptor)
                }
                index &+= 1
            }
        }
        return entries
    }

    /// Whether it has ended, and all that it wrote has been sent.
    var isDone: Bool {
        guard case .ended = life else { return false }
        return outputs[0].descriptor == nil && outputs[1].descriptor == nil
    }
}
