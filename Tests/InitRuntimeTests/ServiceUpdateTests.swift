import KernelInterface
import SimulatedKernel
import Testing

@testable import InitCore
@testable import InitRuntime

/// The plan is made anew while services run.
@Suite struct ServiceUpdateTests {
    private let web = HouseUnit("web.service") { writer, service in
        writer.set(Readiness.notified, of: service)
        writer.set(NotifyAccess.all, of: service)
    }
    private let db = HouseUnit("db.service")
    private let new = HouseUnit("new.service") { writer, service in
        writer.set(UnitFlags.isWanted, of: service)
    }
    private let yes = "hammock/1 ok\nend\n"
    private let noPlan = "hammock/1 no plan\nend\n"

    @Test func `a unit that runs keeps all that it has, whatever its number becomes`() {
        let house = House([db, web])
        house.ask("start web")
        let main = house.main("web")
        let client = house.update([new, web, db])
        #expect(house.answer(to: client) == yes)
        #expect(house.id("web") == ServiceID(rawValue: 1))
        #expect(house.main("web") == main)
        // It was on its way: its report and its socket have moved with it.
        house.kernel.sockets.send("READY=1", to: 0, from: main)
        house.settle()
        #expect(house.phase("web") == .up)
        house.execute(main)
        let signals = house.signals { house.ask("stop web") }
        #expect(signals.contains("group(\(main!.rawValue)) gets 15"))
        house.end(main)
        #expect(house.phase("web") == .down)
    }

    @Test func `a unit that is gone is stopped first, and the client waits for that`() {
        let house = House([web, db])
        let main = house.start("db")
        let client = house.update([new, web])
        #expect(house.answer(to: client) == "")
        #expect(house.phase("db") == .ending)
        #expect(house.id("new") == nil)
        house.end(main)
        #expect(house.answer(to: client) == yes)
        #expect(house.id("db") == nil)
        #expect(house.main("new") != nil)
    }

    @Test func `an update that is refused leaves the plan that counts as it was`() {
        let house = House([web, db])
        let names = { [house.id("web"), house.id("db"), house.id("new")] }
        let before = names()
        // Each would write over the other's memory if one of them counted as the plan's.
        for number in 1...5 {
            let client = house.update([new, HouseUnit("x\(number).service")], exits: 1)
            #expect(house.answer(to: client) == noPlan)
            #expect(names() == before, "after refusal \(number)")
        }
        house.kernel.spawnError = .wouldBlock
        #expect(house.answer(to: house.ask("update")) == noPlan)
        house.kernel.spawnError = nil
        let client = house.ask("update")
        house.deliver(Array("no plan".utf8))
        #expect(house.answer(to: client) == noPlan)
        #expect(names() == before)
        #expect(house.answer(to: house.update([new])) == yes)
        #expect(names() == [nil, nil, ServiceID(rawValue: 0)])
        #expect(house.answer(to: house.update([web, new, db])) == yes)
        #expect(
            names() == [
                ServiceID(rawValue: 0), ServiceID(rawValue: 2), ServiceID(rawValue: 1),
            ])
    }

    @Test func `a plan that lacks refused units is refused only if it takes a unit away`() {
        let house = House([web, db])
        let main = house.start("db")
        #expect(house.answer(to: house.update([web, new], refusals: 1)) == noPlan)
        #expect(house.main("db") == main)
        #expect(house.id("new") == nil)
        let client = house.update([new, web, db], refusals: 2)
        #expect(house.answer(to: client) == "hammock/1 no partial\nend\n")
        #expect(house.main("db") == main)
        #expect(house.main("new") != nil)
    }

    @Test func `one update at a time`() {
        let house = House([web])
        let first = house.ask("update")
        let second = house.ask("update")
        #expect(house.answer(to: second) == "hammock/1 no updating\nend\n")
        house.deliver(HouseUnit.plan([db]))
        #expect(house.answer(to: first) == yes)
        #expect(house.answer(to: house.update([web])) == yes)
    }

    @Test(arguments: [true, false])
    func `the planner's end and its bytes may come in either order`(endsFirst: Bool) {
        let house = House([web])
        let client = house.ask("update")
        let planner = house.planner!
        house.kernel.logs.write(HouseUnit.plan([db]), into: planner.pipe)
        if endsFirst {
            house.end(planner.process)
            #expect(house.answer(to: client) == "")
            house.kernel.logs.hangUp(planner.pipe)
            house.settle()
        } else {
            house.kernel.logs.hangUp(planner.pipe)
            house.settle()
            #expect(house.answer(to: client) == "")
            house.end(planner.process)
        }
        #expect(house.answer(to: client) == yes)
        #expect(house.id("db") != nil)
    }

    @Test func `no update leaves a descriptor open, but the pipes of the units' outputs`() {
        let house = House([web, db])
        let before = house.kernel.openDescriptors.count
        house.start("db")
        let main = house.main("db")
        house.update([web], exits: 1)
        #expect(house.kernel.openDescriptors.count == before)
        house.update([web])
        house.end(main)
        #expect(house.id("db") == nil)
        #expect(house.kernel.openDescriptors.count == before - 2)
        house.update([db, HouseUnit("a.target"), web])
        #expect(house.kernel.openDescriptors.count == before)
        house.update([])
        #expect(house.kernel.openDescriptors.count == before - 4)
        #expect(house.kernel.closedTwice == [])
        #expect(!house.kernel.openDescriptors.contains { $0.hasPrefix("connection") })
    }

    @Test func `a unit that rests when another plan comes without it leaves nothing open`() {
        let restless = HouseUnit("db.service") { writer, service in
            writer.set(NotifyAccess.all, of: service)
            writer.set(RestartPolicy.always, of: service)
        }
        let house = House([web, restless])
        let before = house.kernel.openDescriptors.count
        house.start("db")
        house.update([web])
        // Somebody wants it all the same.
        house.ask("start db")
        house.end(house.main("db"))
        house.execute(house.main("db"))
        #expect(house.phase("db") == .up)
        house.end(house.main("db"), .killed(.kill))
        #expect(house.id("db") == nil)
        #expect(house.kernel.openDescriptors.count == before - 2)
    }

    @Test func `with restart each unit that has changed starts again, and no other`() {
        let house = House([web, db])
        let main = house.start("db")
        house.ask("start web")
        let other = house.main("web")
        let changed = HouseUnit("db.service") { writer, service in
            writer.set(UnitTime.stop, 7_000, of: service)
        }
        house.update([new, changed, web], restarts: true)
        #expect(house.phase("db") == .ending)
        #expect(house.main("web") == other && house.phase("web") == .starting)
        house.end(main)
        #expect(house.main("db") != nil && house.main("db") != main)
        #expect(!house.state("db").isChanged)
    }

    @Test func `a unit with another recipe has changed as well`() {
        let house = House([db, web])
        let main = house.start("db")
        let changed = HouseUnit("db.service") { writer, service in
            writer.beginRecipe(of: service)
            writer.append(.askFirst, "", to: service)
        }
        house.update([web, changed], restarts: true)
        #expect(house.phase("db") == .ending)
        house.end(main)
        house.update([changed, web], restarts: true)
        #expect(house.phase("db") == .starting)
    }

    @Test func `a client that waits or watches hears of the same unit after an update`() {
        let house = House([db, web])
        house.ask("start web")
        let waiting = house.ask("wait web up")
        let watching = house.ask("watch")
        house.update([HouseUnit("a.service"), HouseUnit("b.service"), web])
        #expect(house.answer(to: waiting) == "hammock/1 ok\n")
        house.kernel.sockets.send("READY=1")
        house.settle()
        #expect(house.answer(to: waiting).contains("\nname=web.service phase=up "))
        // What was not told of the old numbers is lost; here there was nothing.
        #expect(
            house.answer(to: watching)
                == "hammock/1 ok\nat=0.000 name=web.service phase=up\n")
    }

    @Test func `an update during a stop is none`() {
        let house = House([web, db])
        let main = house.start("db")
        let client = house.ask("update")
        let planner = house.planner!
        house.kernel.signals.append(.terminate)
        house.settle()
        #expect(house.core.phase == .stoppingServices)
        house.kernel.logs.write(HouseUnit.plan([new]), into: planner.pipe)
        house.kernel.logs.hangUp(planner.pipe)
        house.end(planner.process)
        #expect(house.answer(to: client) == noPlan)
        #expect(house.id("new") == nil)
        house.end(main)
        #expect(house.core.phase == .stopping)
    }

    @Test func `what ends an update's wait does not tell another unit what was meant for one`() {
        let talker = HouseUnit("talker.service") { writer, service in
            writer.set(Readiness.forked, of: service)
            writer.set(NotifyAccess.all, of: service)
        }
        let follower = HouseUnit("follower.service") { writer, service in
            writer.insert(ServiceID(rawValue: 0), as: .bindsTo, of: service)
            writer.insert(ServiceID(rawValue: 0), as: .after, of: service)
        }
        let house = House([talker, follower, web])
        // It is up without a main process, as long as its group has another.
        house.ask("start talker")
        let first = house.main("talker")!
        house.execute(first)
        house.kernel.end(first, .exited(0))
        house.settle()
        #expect(house.phase("talker") == .up)
        house.start("follower")
        house.start("web")
        // It waits for the follower, which the new plan keeps.
        let client = house.update([web, HouseUnit("follower.service")])
        #expect(house.phase("talker") == .up && house.phase("follower") == .ending)
        // Its first word has it go down, and so the other plan comes, in which web has its number.
        house.kernel.offspring.groups?.remove(first.rawValue)
        house.kernel.sockets.send("STOPPING=1\nREADY=1", to: 0)
        house.settle()
        #expect(house.answer(to: client) == yes)
        #expect(house.id("web") == ServiceID(rawValue: 0))
        #expect(house.phase("web") == .starting)
    }

    // MARK: The logger

    private func logger(_ house: House) -> ProcessID? { house.services.pointee.logger.process }

    @Test func `a logger that ends is started again, a little later each time`() {
        let house = House([web])
        for number in 1...12 {
            let old = logger(house)
            #expect(old != nil)
            house.end(old, .exited(1))
            #expect(logger(house) == nil)
            house.pass(Int32(100 * number - 1))
            #expect(logger(house) == nil, "end \(number)")
            house.pass(1)
            #expect(logger(house) != nil && logger(house) != old, "end \(number)")
        }
    }

    @Test func `a logger that cannot be forked is tried again, and its pipes stay`() {
        let house = House([web])
        let before = house.kernel.openDescriptors
        house.kernel.spawnError = .wouldBlock
        house.end(logger(house))
        house.pass(100)
        #expect(logger(house) == nil)
        #expect(
            house.kernel.linesOfKernelLog().contains(
                "4: no logger: no more processes are allowed"))
        house.kernel.spawnError = nil
        house.pass(200)
        #expect(logger(house) != nil)
        #expect(house.kernel.openDescriptors == before)
    }

    @Test func `an update has another logger take the place of the old one, at once`() {
        let house = House([web])
        let old = logger(house)!
        let signals = house.signals { house.update([web, db]) }
        #expect(signals == ["process(\(old.rawValue)) gets 15"])
        #expect(logger(house) == old)
        house.end(old)
        #expect(logger(house) != nil && logger(house) != old)
        // Its end was asked for, so it is no fault.
        house.end(logger(house))
        house.pass(100)
        #expect(logger(house) != nil)
    }

    @Test func `the logger ends for good when all services have stopped`() throws {
        let house = House([web, db])
        let old = logger(house)!
        let main = house.start("db")
        house.kernel.signals.append(.terminate)
        let first = house.signals { house.settle() }
        #expect(!first.contains("everything gets 15"))
        let second = house.signals { house.end(main) }
        #expect(second.contains("everything gets 15"))
        let third = house.signals { house.end(old) }
        // What the last processes wrote behind it, another one writes. That is the last.
        let last = try #require(logger(house))
        #expect(last != old && third.contains("process(\(last.rawValue)) gets 15"))
        #expect(house.core.phase == .stopping)
        house.end(last)
        #expect(house.core.phase == .unmounting)
        house.pass(1_000)
        #expect(logger(house) == nil)
    }

    @Test func `what a logger that is killed at the end leaves is written by another`() throws {
        let house = House([web], .container, words: ["--logs", "memory"])
        let main = house.start("web")
        let old = logger(house)
        house.kernel.signals += [.terminate, .terminate]
        house.settle()
        #expect(house.core.phase == .killing)
        house.end(house.lastChild)
        house.end(old, .killed(.kill))
        #expect(logger(house) == nil)
        house.end(main, .killed(.kill))
        let last = try #require(logger(house))
        #expect(house.core.phase == .killing && house.code == nil)
        house.end(last)
        #expect(house.code == 0)
    }

    @Test func `the end does not wait for a last logger that cannot be forked`() {
        let house = House([web])
        house.kernel.signals.append(.terminate)
        house.settle()
        house.kernel.spawnError = .wouldBlock
        house.end(logger(house))
        #expect(house.core.phase == .unmounting)
    }

    @Test func `a logger and a planner that others have reaped are not waited for`() {
        let house = House([web])
        let old = logger(house)
        let client = house.ask("update")
        house.kernel.logs.hangUp(house.planner!.pipe)
        house.settle()
        #expect(house.answer(to: client) == "")
        house.runtime.withServices { $0.noChildLeft(on: &$1, log: &$2) }
        #expect(house.answer(to: client) == noPlan)
        house.pass(100)
        #expect(logger(house) != nil && logger(house) != old)
        #expect(house.answer(to: house.update([web, db])) == yes)
    }

    @Test func `a logger that an update has asked for is told to end by a stop behind it`() throws {
        let house = House([web, db])
        house.start("db")
        let old = logger(house)!
        house.update([web, db])
        house.kernel.signals.append(.terminate)
        house.settle()
        // A service that SIGKILL does not end keeps PID 1 from going on at once.
        house.pass(10_000)
        house.pass(5_000)
        #expect(house.phase("db") == .stuck)
        #expect(house.services.pointee.logger.isEnding)
        // The other one writes what the new units have said, and ends as well.
        let signals = house.signals { house.end(old) }
        let other = try #require(logger(house))
        #expect(other != old)
        #expect(signals.contains("process(\(other.rawValue)) gets 15"))
        house.end(other)
        house.pass(1_000)
        #expect(logger(house) == nil)
    }

    @Test func `in a container there is no logger, and no pipe for one`() {
        let house = House([web], .container)
        house.update([web, db])
        #expect(logger(house) == nil)
        #expect(!house.kernel.openDescriptors.contains { $0.hasPrefix("pipe") })
    }

    @Test(arguments: [Role.machine, .container])
    func `where there is a logger is said by a word`(role: Role) {
        let isMachine = role == .machine
        let house = House([web], role, words: ["--logs", isMachine ? "inherit" : "memory"]) {
            $0.commandLine = "hammock.services hammock.logs=inherit"
        }
        #expect((logger(house) == nil) == isMachine)
        #expect(house.kernel.openDescriptors.contains { $0.hasPrefix("pipe") } != isMachine)
    }
}
