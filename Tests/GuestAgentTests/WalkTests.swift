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
            leaks += omissions(slot, world, index)
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

    /// What the agent has not done and nothing would make it do later.
    private func omissions(_ slot: ProcessSlot, _ world: World, _ index: Int) -> [String] {
        var omissions: [String] = []
        if slot.isThere, slot.report == nil, world.program(index)?.life == .zombie,
            !world.hasChildSignal
        {
            omissions.append("nobody reaps \(index)")
        }
        switch slot.life {
        case .none, .starting, .failing: break
        case .running:
            if slot.input.isComplete, slot.input.queue.count == 0, slot.input.descriptor != nil {
                omissions.append("the input of \(index) stays open")
            }
        case .ended:
            if slot.isDone { omissions.append("nobody says that \(index) has ended") }
            for output in 0..<2 where slot.outputs[output].descriptor != nil {
                let stream = slot.outputs[output]
                if stream.wish > 0 { omissions.append("what \(index) has left stays there") }
                if stream.isExhausted { omissions.append("an output of \(index) stays open") }
            }
        }
        return omissions
    }

    @Test func `a process ends, although others hold its outputs and read them`() {
        withMemory { memory in
            var world = World(seed: 1)
            world.readByOthers = 5
            world.host.isFinishing = true
            world.host.views[0] = HostView(key: 1, isThere: true)
            world.toAgent += Host.start(slot: 0, key: 1, hasInput: true)
            var agent = Agent(port: World.port, memory)
            while agent.code == nil, world.faults.isEmpty {
                agent.step(on: &world)
                guard let program = world.programs.first, program.holders == 0 else { continue }
                // So many that they never end.
                program.holders = 1 << 30
                for pipe in program.outputs { pipe.writers += 1 << 30 }
            }
            #expect(world.faults == [])
            #expect(world.host.endings == 1)
        }
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
