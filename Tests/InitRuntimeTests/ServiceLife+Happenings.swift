import KernelInterface
import SeededRandom
import SimulatedKernel

@testable import InitCore
@testable import InitRuntime

extension ServiceLife {
    /// One thing happens.
    func happen() {
        if random.oneIn(20) { failACall() }
        switch random.below(24) {
        case 0..<6: meetFate()
        case 6..<9: startUp()
        case 9, 10: endOne()
        case 11, 12: speak()
        case 13: if let child = pick({ $0.hasExecuted }) { fork(child) }
        case 14, 15: ask()
        case 16: endHelper()
        case 17: plan()
        case 18...21: writeProcessFile()
        default: pass()
        }
    }

    private func pick(_ fits: (Child) -> Bool) -> Child? {
        let found = children.filter(fits)
        return found.isEmpty ? nil : random.pick(found)
    }

    private func failACall() {
        let isOver = house.kernel.injectedFault.map { $0.call < house.kernel.calls } ?? true
        guard hasFaults, isOver else { return }
        let error = Errno(rawValue: random.pick([4, 5, 11, 12, 23, 24]))
        house.kernel.injectedFault = (house.kernel.calls + random.below(60), error)
    }

    private func meetFate() {
        guard let child = pick({ $0.fate != nil && $0.parent == 1 }), let fate = child.fate else {
            return
        }
        end(child.process, fate)
    }

    /// A child becomes its program, or does not.
    private func startUp() {
        guard let child = pick({ $0.work == .command && !$0.hasExecuted }) else { return }
        switch random.below(8) {
        case 0:
            house.kernel.offspring.report(
                ServiceReport(code: 203, errno: 2), of: child.process)
            setFate(child.process, .exited(203))
            settle()
        case 1:
            house.kernel.offspring.report(.conditionFailed, of: child.process)
            setFate(child.process, .exited(0))
            settle()
        default:
            becomes(child.process)
            let unit = units.first { $0.name == child.unit }
            if unit?.hasPIDFile == true, !random.oneIn(4) { becomeDaemon(child) }
        }
    }

    private func endOne() {
        let works: [Child.Work] = [.command, .orphan, .logger]
        guard let child = pick({ works.contains($0.work) && $0.parent == 1 }) else { return }
        if child.work == .logger, !random.oneIn(4) { return }
        let ends: [ProcessEnd] = [
            .exited(0), .exited(0), .exited(1), .exited(255), .killed(.kill), .killed(.terminate),
            .killed(Signal(rawValue: 11)),
        ]
        end(child.process, child.hasExecuted ? random.pick(ends) : .killed(.kill))
    }

    /// A process says something in the name of a service.
    private func speak() {
        let unit = random.pick(units)
        guard let services = house.runtime.services, let id = house.id(unit.name),
            let socket = services.pointee.holdings[id.index].notices,
            let sender = pick({ _ in true })
        else { return }
        let other = pick { _ in true }?.process.rawValue ?? 1
        let text = random.pick([
            "READY=1", "READY=1", "READY=1\nMAINPID=\(other)", "MAINPID=\(other)", "STOPPING=1",
            "WATCHDOG=1", "WATCHDOG=trigger", "EXTEND_TIMEOUT_USEC=5000000", "RELOADING=1", "",
            "MAINPID=1", "MAINPID=99999", "MAINPID=-1", "\u{0}\n\n=",
        ])
        let isOwn = sender.unit == unit.name
        house.kernel.sockets.send(
            text, to: Int(socket.rawValue) - 4_000,
            from: random.oneIn(4) ? sender.process : house.main(unit.name) ?? sender.process,
            user: isOwn && random.oneIn(2) ? 0 : 1_000)
        note("\(unit.name) hears \(text)")
        settle()
    }

    /// The first process of a service with a PID file leaves one behind, which may leave another,
    /// and ends well before long.
    private func becomeDaemon(_ first: Child) {
        fork(first)
        if random.oneIn(2), let middle = children.last {
            fork(middle)
            setFate(middle.process, .exited(0))
        }
        setFate(first.process, .exited(0))
    }

    /// A daemon writes its PID file, or somebody writes what is not so; PID 1 is not told.
    private func writeProcessFile() {
        let forking = units.filter(\.hasPIDFile)
        guard !forking.isEmpty else { return }
        let waiting = forking.filter {
            house.phase($0.name) == .starting && house.main($0.name) == nil
        }
        let name = random.pick(waiting.isEmpty ? forking : waiting).name
        let own = pick { $0.unit == name && $0.work == .orphan }?.process.rawValue
        let other = pick { _ in true }?.process.rawValue
        let texts = [own, own, own, own, other, 1, 99_999].map { $0.map { "\($0)\n" } }
        processFiles[name] = random.pick(texts + ["", "x\n", nil])
        if random.oneIn(2) { writtenByRoot.insert(name) } else { writtenByRoot.remove(name) }
        note("the PID file of \(name) has \(processFiles[name] ?? "no text")")
    }

    private func ask() {
        let name = random.oneIn(10) ? "nobody" : random.pick(units).name
        let verb = random.pick([
            "start", "start", "stop", "restart", "reload", "reset", "status", "why", "watch",
            "wait", "signal", "nonsense", "timeline",
        ])
        let tail = verb == "signal" ? " 1" : verb == "wait" ? " up" : ""
        note("a client asks: \(verb) \(name)\(tail)")
        let client = house.kernel.sockets.connect(saying: "hammock/1 \(verb) \(name)\(tail)\n")
        if random.oneIn(4) { house.kernel.sockets.connections[client].room = random.below(300) }
        if random.oneIn(4) { house.kernel.sockets.connections[client].isOver = true }
        settle()
    }

    /// What PID 1 forked for itself ends.
    private func endHelper() {
        guard let helper = pick({ $0.work == .helper }) else { return }
        if case .killing = house.core.phase {
            for child in children where child.process != helper.process && !child.hangs {
                setFate(child.process, .killed(.kill))
            }
        }
        end(helper.process, .exited(random.oneIn(5) ? 1 : 0))
    }

    /// The planner hands something over; or somebody asks for another plan.
    private func plan() {
        let planner = pick {
            if case .planner = $0.work { true } else { false }
        }
        guard let planner, case .planner(let reader) = planner.work else {
            _ = house.kernel.sockets.connect(
                saying: "hammock/1 update\(random.oneIn(2) ? " restart" : "")\n")
            note("a client asks for an update")
            return settle()
        }
        guard house.runtime.services?.pointee.planner == reader else {
            return end(planner.process, .exited(1))
        }
        var others = units
        if random.oneIn(2), others.count > 2 { others = ServiceLifeUnit.drop(others, &random) }
        var bytes = HouseUnit.plan(
            others.map(\.house), longestStop: ServiceLifeUnit.longestStop(of: others))
        let isBroken = random.oneIn(6)
        if isBroken { bytes[random.below(bytes.count)] ^= UInt8(1 + random.below(255)) }
        note("the planner hands over \(others.count) units\(isBroken ? ", broken" : "")")
        house.kernel.logs.write(bytes, into: pipe(reader))
        house.kernel.logs.hangUp(pipe(reader))
        let isRefused = random.oneIn(8)
        if !isBroken, !isRefused { replace(others) }
        settle()
        end(planner.process, .exited(isRefused ? 1 : 0))
    }

    /// Time goes by: to the next moment, or a part of the way.
    private func pass() {
        var next = house.core.deadline?.milliseconds
        if let other = house.runtime.services?.pointee.deadline?.milliseconds {
            next = min(next ?? other, other)
        }
        var time = Int64(random.pick([0, 1, 100, 20_000]))
        if let next { time = max(next - now, 0) }
        if random.oneIn(4) { time = time / 2 }
        house.kernel.sleep(milliseconds: Int32(min(time, 3_600_000)))
        note("time goes by")
        settle()
    }
}
