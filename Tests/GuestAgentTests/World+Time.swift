import AgentProtocol
import InitCore

@testable import GuestAgent

/// What happens in the world while the agent sleeps.
extension World {
    /// One thing happens.
    func tick() {
        if random.oneIn(3) { return hostActs() }
        // Those that are there, or whose outputs others hold.
        let active = programs.filter { $0.life != .reaped || $0.holders > 0 }
        guard !active.isEmpty else { return hostActs() }
        let program = random.pick(active)
        switch program.life {
        case .starting:
            program.hasReported = true
            if program.failure == nil {
                program.life = .running
            } else {
                end(program, .exited(126))
            }
        case .running: act(program)
        case .zombie, .reaped: if program.holders > 0 { actHolder(program) }
        }
    }

    private func act(_ program: Program) {
        let choice = random.below(host.isFinishing ? 20 : 60)
        switch choice {
        case 0: end(program, .exited(UInt8(random.below(256))))
        case 1: if random.oneIn(4) { program.input?.hasReader = false }
        case 2:
            let index = random.below(2)
            if random.oneIn(4), program.hasOutput[index] {
                program.hasOutput[index] = false
                program.outputs[index].writers -= 1
            }
        case 3:
            if program.hasOutput == [true, true], random.oneIn(2) {
                program.holders += 1
                for pipe in program.outputs { pipe.writers += 1 }
            }
        case 4..<20: readInput(program)
        default: write(program, random.below(2))
        }
    }

    private func readInput(_ program: Program) {
        guard let pipe = program.input, pipe.hasReader else { return }
        if pipe.bytes.isEmpty {
            let view = host.views[program.slot]
            if pipe.writers == 0, !view.isComplete || view.sent != program.read {
                faults.append("the input ends after \(program.read) of \(view.sent) bytes")
            }
            return
        }
        for each in pipe.take(random.between(1, pipe.bytes.count)) {
            if each != byte(program.key, 0, program.read) {
                faults.append("byte \(program.read) of the input is another one")
            }
            program.read += 1
        }
    }

    private func write(_ program: Program, _ index: Int) {
        let pipe = program.outputs[index]
        let room = Pipe.capacity - pipe.bytes.count
        // Without a reader there is SIGPIPE, of which the program ends.
        guard pipe.hasReader else {
            if program.isThere, program.hasOutput[index] { end(program, .killed(.brokenPipe)) }
            return
        }
        guard program.hasOutput[index] || program.holders > 0, room > 0 else { return }
        let most = random.oneIn(4) ? room : min(room, 100)
        for _ in 0..<random.between(1, most) {
            pipe.bytes.append(byte(program.key, index + 1, program.written[index]))
            program.written[index] += 1
        }
    }

    /// A process that holds the outputs of another one writes, or ends.
    private func actHolder(_ program: Program) {
        if random.oneIn(host.isFinishing ? 2 : 10) {
            program.holders -= 1
            for pipe in program.outputs { pipe.writers -= 1 }
        } else {
            write(program, random.below(2))
        }
    }

    func end(_ program: Program, _ status: ExitStatus) {
        program.life = .zombie
        program.status = status
        program.input?.hasReader = false
        for index in 0..<2 where program.hasOutput[index] {
            program.hasOutput[index] = false
            program.outputs[index].writers -= 1
        }
        hasChildSignal = true
    }
}
