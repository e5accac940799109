import KernelInterface
import SimulatedKernel
import Testing

@testable import InitCore
@testable import InitRuntime

/// What the runtime tells the services, what it tells the core, and when.
@Suite struct ServiceRoutingTests {
    private let web = HouseUnit("web.service") { writer, service in
        writer.set(Readiness.notified, of: service)
        writer.set(NotifyAccess.all, of: service)
    }

    private func orphans(_ house: House) -> [String] {
        house.kernel.lines(in: "2").filter { $0.contains("orphan") }
    }

    @Test func `the core hears of no end of a service, but of the program's and an orphan's`() {
        let house = House([HouseUnit("web.service")], .container, words: ["-w", "/prog"])
        #expect(house.core.phase == .running)
        let program = house.runtime.child?.process
        let main = house.start("web")
        house.end(main, .exited(3))
        #expect(house.phase("web") == .down)
        #expect(orphans(house) == [])
        let orphan = house.kernel.newChild()
        house.end(orphan, .exited(3))
        #expect(orphans(house) == ["reaped orphan \(orphan.rawValue), code 3"])
        house.end(program, .exited(42))
        #expect(house.core.phase != .running)
        house.settle()
        #expect(house.code == 42)
    }

    @Test func `the core hears of no end of an update's planner or of a logger`() {
        let house = House([web])
        let logger = house.services.pointee.logger.process
        house.end(logger)
        house.update([web])
        let seen = house.kernel.linesOfKernelLog()
        #expect(!seen.contains { $0.contains("planning") || $0.contains("orphan") }, "\(seen)")
        #expect(house.core.phase == .idling)
    }

    @Test func `the end of program and logger is told to all, though root calls them main`() {
        for isProgram in [true, false] {
            let house = House([web], .container, words: ["-w", "--logs", "memory", "/prog"])
            let logger = house.services.pointee.logger.process
            let process = isProgram ? house.runtime.child!.process : logger!
            let number = process.rawValue
            house.kernel.service.files["/proc/\(number)/stat"] =
                "\(number) (a) S 1 " + String(repeating: "0 ", count: 48) + "0\n"
            house.kernel.sockets.send(
                "READY=1\nMAINPID=\(number)", from: house.start("web"), user: 0)
            house.settle()
            #expect(house.main("web") == process)
            house.end(process, .exited(42))
            #expect(house.main("web") == nil)
            #expect((house.core.phase == .running) == !isProgram)
            #expect((house.services.pointee.logger.process == logger) == isProgram)
        }
    }

    /// What happens when nobody does anything, with its moment.
    private func happenings(start: UInt32, wait: Int) -> [String: Int] {
        let unit = HouseUnit("web.service") { writer, service in
            writer.set(Readiness.notified, of: service)
            writer.set(UnitFlags.isWanted, of: service)
            writer.set(UnitTime.start, start * 1_000, of: service)
        }
        let house = House([unit], .container, words: ["--wait=\(wait)", "/prog"])
        let silent = house.kernel.sockets.connect()
        house.settle()
        house.kernel.idleSignal = nil
        while house.core.phase == .waiting { _ = house.runtime.turn() }
        var moments = ["program": house.kernel.elapsedMilliseconds]
        for _ in 0..<20
        where house.kernel.sockets.connections[silent].isOpen || house.phase("web") == .starting {
            _ = house.runtime.turn()
        }
        moments["client"] = house.kernel.sockets.connections[silent].closedAt
        for number in 0..<house.services.pointee.changes.count {
            let change = house.services.pointee.changes.change(number)
            if change?.phase == .ending {
                moments["unit"] = change.map { Int($0.moment.milliseconds) }
            }
        }
        return moments
    }

    @Test(arguments: [(5, 20), (20, 5), (5, 7), (7, 5), (12, 15), (15, 12)])
    func `each deadline passes at its moment, in whichever order they come`(
        start: UInt32, wait: Int
    ) {
        let all = ["unit": Int(start) * 1_000, "program": wait * 1_000, "client": 10_000]
        #expect(happenings(start: start, wait: wait) == all)
    }

    @Test func `descriptors that are always ready keep a signal away for 16 events at most`() {
        let house = House([web])
        house.ask("start web")
        for _ in 0..<32 * 100 { house.kernel.sockets.send("X=1") }
        house.kernel.signals.append(.terminate)
        var turns = 0
        while house.core.phase == .idling, turns < 100 {
            _ = house.runtime.turn()
            turns += 1
        }
        let events = (32 * 100 - house.kernel.sockets.unreadCount) / 32
        #expect(events == 16)
        #expect(house.core.phase == .stoppingServices)
    }

    @Test func `one descriptor that is always ready holds up no other`() {
        let house = House([web, HouseUnit("db.service")])
        house.ask("start web")
        house.ask("start db")
        for _ in 0..<32 * 100 { house.kernel.sockets.send("X=1") }
        let client = house.kernel.sockets.connect(saying: "hammock/1 status db\n")
        house.kernel.offspring.execute(house.main("db")!)
        for _ in 0..<8 { house.takeOne() }
        #expect(house.answer(to: client).hasSuffix("end\n"))
        #expect(house.phase("db") == .up)
        #expect(house.kernel.sockets.unreadCount > 0)
    }

    // MARK: Each action

    /// Has the services perform one action.
    private func perform(_ action: ServiceAction, in house: House) -> ServiceEvent? {
        var answer: ServiceEvent?
        house.runtime.withServices { services, kernel, log in
            answer = services.perform(action, on: &kernel, log: &log)
        }
        return answer
    }

    @Test func `each action is performed, and those that are answered get their answer`() {
        let service = ServiceID(rawValue: 0)
        let house = House([HouseUnit("web.service")])
        let ran = perform(.run(service, .main, command: 0), in: house)
        let main = house.lastChild
        #expect(ran == .ran(service, main))
        let signal = { (target: ServiceTarget) in
            house.signals { _ = perform(.signal(service, .hangUp, to: target), in: house) }
        }
        // The table has not been told of the process.
        #expect(signal(.main) == [] && signal(.control) == [])
        #expect(signal(.everybody) == ["group(\(main.rawValue)) gets 1"])
        #expect(
            house.signals { _ = perform(.killAll(service), in: house) }
                == ["group(\(main.rawValue)) gets 9"])
        #expect(perform(.look(service), in: house) == .occupied(service))
        house.kernel.offspring.groups = []
        #expect(perform(.look(service), in: house) == .emptied(service))
        #expect(perform(.findMain(service), in: house) == .mainNotFound(service))
        #expect(perform(.log(.stuck(service)), in: house) == nil)
        #expect(perform(.goOn, in: house) == .continued)
        #expect(perform(.reportImpossible(service), in: house) == nil)
        #expect(
            house.kernel.linesOfKernelLog().suffix(2) == [
                "4: web.service does not end, even by SIGKILL",
                "4: web.service: error 22",
            ])
        #expect(perform(.forget(service), in: house) == nil)
        #expect(!house.kernel.openDescriptors.contains { $0.hasPrefix("report") })
        _ = house.services.pointee.events.next()
        #expect(perform(.settled, in: house) == nil)
        #expect(house.services.pointee.events.next() == .servicesSettled)
        #expect(perform(.ended, in: house) == nil)
        #expect(house.services.pointee.events.next() == .servicesEnded)
    }

    @Test(arguments: [
        (ServiceEnding.powerOff, Ending.powerOff, 0), (.reboot, .reboot, 0), (.halt, .halt, 0),
        (.exit, .powerOff, 7),
    ])
    func `SuccessAction= and FailureAction= end the machine, and exit hands on the code`(
        ending: ServiceEnding, expected: Ending, code: Int
    ) {
        let unit = HouseUnit("web.service") { writer, service in
            writer.set(ending, ifFailed: true, of: service)
        }
        let house = House([unit])
        let main = house.start("web")
        house.kernel.offspring.groups = []
        house.kernel.end(main!, .exited(7))
        var told: Event?
        for _ in 0..<20 where told == nil {
            _ = house.runtime.turn()
            if let event = house.services.pointee.events.endAsked { told = event }
        }
        #expect(told == .endAsked(expected, code: UInt8(code)))
        house.settle()
        #expect(house.core.phase == .stoppingServices || house.core.phase == .stopping)
    }
}
