import AgentProtocol
import InitCore
import KernelInterface
import SeededRandom
import Testing

@testable import GuestAgent

/// Memory for an agent.
func withMemory<Result>(_ body: (AgentMemory) -> Result) -> Result {
    let bytes = UnsafeMutableRawBufferPointer.allocate(
        byteCount: AgentMemory.size, alignment: 64)
    defer { bytes.deallocate() }
    return body(AgentMemory(bytes.baseAddress!))
}

@Suite struct WalkTests {
    /// What is not as it should be between the agent and the host once no message is on its way.
    private func leaks(_ agent: Agent, _ world: World) -> [String] {
        guard world.toAgent.isEmpty, world.fromAgent.isEmpty, world.host.inbox.isEmpty,
            agent.received == 0
        else { return [] }
        var leaks: [String] = []
        for (index, view) in world.host.views.enumerated() where view.isThere {
            let slot = agent.slots[index]
            guard slot.life == .running else { continue }
            if slot.input.queue.count + view.inputCredit != FrameHeader.window {
                leaks.append("credit of the input of \(index) is lost")
            }
            for output in 0..<2 where slot.outputs[output].credit != view.credit[output] {
                leaks.append("credit of stream \(output + 1) of \(index) is lost")
            }
        }
        return leaks
    }

    @Test(arguments: 1...UInt64(40))
    func `whatever happens, no byte is lost, doubled or moved, and no credit`(seed: UInt64) {
        withMemory { memory in
            var world = World(seed: seed)
            var agent = Agent(port: World.port, memory)
            agent.greet(on: &world)
            var steps = 0
            while agent.code == nil, world.faults.isEmpty {
                agent.step(on: &world)
                steps += 1
                world.faults += leaks(agent, world)
                if steps == 2000 { world.host.isFinishing = true }
            }
            #expect(world.faults == [])
            #expect(agent.slots.indices.allSatisfy { agent.slots[$0].life == .none })
            #expect(world.ends.isEmpty)
            #expect(world.host.endings > 5)
            #expect(world.host.bytes > 100_000)
            #expect(world.programs.allSatisfy { $0.life == .reaped })
            let last = world.programs.last { $0.slot == 0 }
            let wanted: UInt8? = last.map { program in
                guard let failure = program.failure else { return program.status.code }
                return failure.step == .execution ? 127 : 125
            }
            #expect(agent.code == wanted ?? 125)
        }
    }
}
