import AgentProtocol

/// All the memory that the agent and the children that it forks work in. There is no heap.
struct AgentMemory {
    /// The largest message.
    static let frameSize = FrameHeader.size + FrameHeader.mostPayload
    /// Room for the rest of one message and for a whole one behind it.
    static let inboxSize = 2 * frameSize
    static let inputsSize = Int(FrameHeader.mostProcesses) * FrameHeader.window
    /// PATH_MAX
    static let pathSize = 4096
    /// A text has a byte at least, and two tables end with a NULL each.
    static let tablesSize = (FrameHeader.mostPayload + 2) * 8
    static let namesSize = Int(FrameHeader.mostProcesses) * pathSize
    static let size =
        tablesSize + inboxSize + frameSize + inputsSize + namesSize + 2 * pathSize

    private let start: UnsafeMutableRawPointer

    /// - Parameter start: of `size` bytes, aligned for pointers.
    init(_ start: UnsafeMutableRawPointer) { self.start = start }

    private func part(_ offset: Int, _ count: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: start + offset, count: count)
    }

    /// For the arguments of execve(2), and behind them the environment.
    var tables: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> {
        start.bindMemory(
            to: UnsafeMutablePointer<CChar>?.self, capacity: AgentMemory.tablesSize / 8)
    }

    /// What comes from the port.
    var inbox: UnsafeMutableRawBufferPointer {
        part(AgentMemory.tablesSize, AgentMemory.inboxSize)
    }

    /// A message that goes to the port.
    var outbox: UnsafeMutableRawBufferPointer {
        part(AgentMemory.tablesSize &+ AgentMemory.inboxSize, AgentMemory.frameSize)
    }

    /// What waits to be written to the input of a process.
    func input(of process: UInt8) -> UnsafeMutableRawBufferPointer {
        let inputs = AgentMemory.tablesSize &+ AgentMemory.inboxSize &+ AgentMemory.frameSize
        let index = Int(min(process, FrameHeader.mostProcesses &- 1))
        return part(inputs &+ index &* FrameHeader.window, FrameHeader.window)
    }

    /// The name of the program of a process.
    func name(of process: UInt8) -> UnsafeMutableRawBufferPointer {
        let names = AgentMemory.size &- AgentMemory.namesSize &- 2 &* AgentMemory.pathSize
        let index = Int(min(process, FrameHeader.mostProcesses &- 1))
        return part(names &+ index &* AgentMemory.pathSize, AgentMemory.pathSize)
    }

    /// A path that is being made.
    var path: UnsafeMutableRawBufferPointer {
        part(AgentMemory.size &- 2 &* AgentMemory.pathSize, AgentMemory.pathSize)
    }

    /// Another one.
    var otherPath: UnsafeMutableRawBufferPointer {
        part(AgentMemory.size &- AgentMemory.pathSize, AgentMemory.pathSize)
    }
}
