import Testing

@testable import InitCore

/// Another plan takes the place of the one that the table goes by.
@Suite struct AdoptTests {
    private let web = Unit(isWanted: false).named("web")
    private let db = Unit(isWanted: false).named("db")
    private let new = Unit().named("new")

    // MARK: Numbers

    @Test func `a map knows where each unit was, and where it is`() {
        let old = Plot([web, db, Unit().named("gone")]).plan
        let map = UnitMap(from: old, to: Plot([new, db, web]).plan)
        let ids = (0..<4).map { ServiceID(rawValue: UInt8($0)) }
        #expect(ids.map { map.former(of: $0)?.index } == [nil, 1, 0, nil])
        #expect(ids.map { map.present(of: $0)?.index } == [2, 1, nil, nil])
        var all = ServiceSet()
        for id in ids { all.insert(id) }
        var expected = ServiceSet()
        expected.insert(ids[1])
        expected.insert(ids[2])
        #expect(map.present(of: all) == expected)
        #expect(map.former(of: ServiceID(rawValue: 127)) == nil)
        #expect(map.former(of: ServiceID(rawValue: 255)) == nil)
        #expect(map.present(of: ServiceID(rawValue: 255)) == nil)
    }

    @Test func `what runs goes on under its new number`() {
        let desk = Desk([web, db])
        desk.ask(.start, "web")
        let before = desk.state("web")
        #expect(before.phase == .up)
        desk.adopt([db, new, web])
        #expect(desk.state("web") == before)
        #expect(desk.phase("db") == .down)
        #expect(desk.table.owner(of: before.main!) == desk.id("web"))
        desk.end("web")
        #expect(desk.phase("web") == .down)
        #expect(desk.phase("new") == .up)
    }

    @Test func `the unit that is to blame keeps its name, and is forgotten when it is gone`() {
        var needing = web
        needing.relations = [.requires: [1], .after: [1]]
        let desk = Desk([needing, db])
        desk.table.states[0].outcome = .dependency
        desk.table.states[0].culprit = ServiceID(rawValue: 1)
        var moved = web
        moved.relations = [.requires: [0], .after: [0]]
        desk.adopt([db, moved])
        #expect(desk.state("web").culprit == desk.id("db"))
        desk.adopt([web])
        #expect(desk.state("web").outcome == .dependency)
        #expect(desk.state("web").culprit == nil)
    }

    // MARK: Units that are gone

    @Test func `a unit that is up is stopped before the plan without it may come`() {
        let desk = Desk([web, db])
        desk.ask(.start, "db")
        #expect(!desk.canAdopt([web]))
        desk.leave(for: [web])
        #expect(desk.phase("db") == .ending)
        #expect(!desk.canAdopt([web]))
        desk.end("db")
        #expect(desk.canAdopt([web]))
        desk.adopt([web])
        #expect(desk.table.plan.count == 1)
        #expect(!desk.isActive)
    }

    @Test func `a unit that is down is in nobody's way`() {
        let desk = Desk([web, db])
        #expect(desk.canAdopt([web]))
        desk.leave(for: [web])
        #expect(desk.actions == [])
        #expect(desk.canAdopt([web]))
    }

    @Test func `a unit that is stuck is in the way until its processes are gone`() {
        let desk = Desk([web, db])
        desk.table.states[1].phase = .stuck
        desk.leave(for: [web])
        #expect(!desk.canAdopt([web]))
        desk.table.states[1].flags.insert(.wasStuck)
        desk.step(.childEnded(ProcessID(rawValue: 7), .exited(0)))
        #expect(desk.phase("db") == .down)
        #expect(desk.canAdopt([web]))
    }

    @Test func `a unit that rests comes down, and does not start again`() {
        var restless = db
        restless.policy = .always
        let desk = Desk([web, restless])
        desk.ask(.start, "db")
        desk.end("db", .exited(1))
        #expect(desk.phase("db") == .resting)
        desk.leave(for: [web])
        #expect(desk.phase("db") == .down)
        #expect(desk.actions.contains(.forget(ServiceID(rawValue: 1))))
        #expect(desk.canAdopt([web]))
    }

    @Test func `what only requires a unit that is gone goes on`() {
        var needing = web
        needing.relations = [.requires: [1], .after: [1]]
        let desk = Desk([needing, db])
        desk.ask(.start, "web")
        desk.leave(for: [web])
        #expect(desk.phase("db") == .ending)
        desk.end("db")
        #expect(desk.phase("web") == .up)
        let main = desk.state("web").main
        desk.adopt([web])
        #expect(desk.phase("web") == .up)
        #expect(desk.state("web").main == main)
    }

    @Test func `what is bound to a unit that is gone stops with it, and comes back`() {
        var bound = web
        bound.relations = [.bindsTo: [1], .after: [1]]
        let desk = Desk([bound, db])
        desk.ask(.start, "web")
        #expect(desk.phase("web") == .up)
        desk.leave(for: [web])
        #expect(desk.phase("web") == .ending)
        #expect(desk.phase("db") == .up)
        desk.end("web")
        #expect(desk.phase("db") == .ending)
        desk.end("db")
        #expect(desk.phase("web") == .down)
        desk.adopt([web])
        #expect(desk.phase("web") == .up)
    }

    @Test func `what is bound to a unit that is gone stays down if it was, or is to stop`() {
        var bound = web
        bound.relations = [.bindsTo: [1], .after: [1]]
        for isAsked in [false, true] {
            let desk = Desk([bound, db])
            desk.ask(.start, isAsked ? "web" : "db")
            desk.leave(for: [web])
            if isAsked { desk.ask(.stop, "web") }
            desk.end("web")
            desk.end("db")
            desk.adopt([web])
            #expect(desk.phase("web") == .down)
        }
    }

    @Test func `nothing comes back while all stops`() {
        var bound = web
        bound.relations = [.bindsTo: [1], .after: [1]]
        let desk = Desk([bound, db])
        desk.ask(.start, "web")
        desk.leave(for: [web])
        desk.step(.stopAll)
        desk.end("web")
        desk.end("db")
        desk.adopt([web])
        #expect(desk.phase("web") == .down)
    }

    @Test func `the table moves while a unit starts or stops, and not while all is up or down`() {
        var slow = web
        slow.readiness = .notified
        let desk = Desk([slow, db])
        desk.ask(.start, "db")
        #expect(!desk.table.isMoving)
        desk.ask(.start, "web")
        #expect(desk.table.isMoving)
        desk.step(.noticed(desk.id("web")!, .ready))
        #expect(!desk.table.isMoving)
        desk.ask(.stop, "db")
        #expect(desk.table.isMoving)
        desk.end("db")
        #expect(!desk.table.isMoving)
    }

    // MARK: Units that are new, or other than before

    @Test func `a new unit starts if it is wanted from the start, and pulls in what it needs`() {
        var needing = new
        needing.relations = [.requires: [1], .after: [1]]
        let desk = Desk([web])
        desk.adopt([needing, db, web, Unit(isWanted: false).named("idle")])
        #expect(desk.phase("new") == .up)
        #expect(desk.phase("db") == .up)
        #expect(desk.phase("idle") == .down)
        #expect(desk.phase("web") == .down)
    }

    @Test func `a unit with another setting has changed until its next start`() {
        var other = web
        other.times[.stop] = 7_000
        for unit in [web.named("t"), .target().named("t")] {
            var changed = unit
            changed.burst = 3
            changed.isWanted.toggle()
            let desk = Desk([unit])
            desk.ask(.start, "t")
            desk.adopt([unit, new])
            #expect(!desk.state("t").isChanged)
            desk.adopt([new, changed])
            #expect(desk.state("t").isChanged)
            desk.ask(.restart, "t")
            desk.end("t")
            #expect(desk.phase("t") == .up)
            #expect(!desk.state("t").isChanged)
        }
        #expect(other.times != web.times)
    }

    @Test func `a unit that was down when it changed begins by its new plan, and is not changed`() {
        for unit in [web.named("t"), .target().named("t")] {
            var changed = unit
            changed.burst = 3
            let desk = Desk([unit])
            desk.adopt([changed])
            #expect(!desk.state("t").isChanged)
            desk.ask(.start, "t")
            #expect(desk.phase("t") == .up)
            #expect(!desk.state("t").isChanged)
        }
    }

    @Test func `what a unit is to others counts at once, and does not change it`() {
        let desk = Desk([web, db])
        desk.ask(.start, "web")
        desk.ask(.start, "db")
        var bound = web
        bound.relations = [.bindsTo: [1], .after: [1]]
        desk.adopt([bound, db])
        #expect(!desk.state("web").isChanged)
        desk.ask(.stop, "db")
        #expect(desk.phase("web") == .ending)
    }

    @Test func `a unit of another kind is another unit: the old one stops first`() {
        let desk = Desk([web, db])
        desk.ask(.start, "web")
        let target = Unit.target().named("web")
        #expect(!desk.canAdopt([target, db]))
        desk.leave(for: [target, db])
        #expect(desk.phase("web") == .ending)
        desk.end("web")
        #expect(desk.canAdopt([target, db]))
        desk.adopt([target, db])
        #expect(desk.phase("web") == .up)
        #expect(desk.state("web").main == nil)
        desk.leave(for: [web, db])
        #expect(desk.phase("web") == .down)
        desk.adopt([web, db])
        desk.ask(.start, "web")
        #expect(desk.state("web").main != nil)
    }

    // MARK: When it may not come

    @Test func `while everything stops nothing new begins`() {
        let desk = Desk([web, db])
        desk.ask(.start, "web")
        desk.step(.stopAll)
        #expect(desk.phase("web") == .ending)
        desk.adopt([new, web])
        #expect(desk.phase("new") == .down)
        #expect(desk.phase("web") == .ending)
        desk.end("web")
        #expect(desk.actions.contains(.ended))
        #expect(!desk.isActive)
    }

    @Test func `while an answer is awaited another plan may not come`() {
        let desk = Desk([web, db])
        desk.table.step(.asked(.start, ServiceID(rawValue: 0)), at: desk.now)
        #expect(!desk.canAdopt([web, db]))
        #expect(desk.table.nextAction() == .log(.begins(ServiceID(rawValue: 0))))
        #expect(
            desk.table.nextAction() == .run(ServiceID(rawValue: 0), .main, command: 0))
        #expect(!desk.canAdopt([web, db]))
        desk.table.step(.ran(ServiceID(rawValue: 0), ProcessID(rawValue: 7)), at: desk.now)
        #expect(desk.table.nextAction() == nil)
        #expect(desk.canAdopt([web, db]))
    }

    @Test func `while the processes of all units are lost another plan may not come`() {
        let desk = Desk([web, db])
        desk.ask(.start, "web")
        desk.ask(.start, "db")
        desk.table.step(.noChildLeft, at: desk.now)
        #expect(!desk.canAdopt([web, db]))
        var order: ServiceAction?
        while let action = desk.table.nextAction() { order = action }
        #expect(order?.isAnswered == true)
        // One is lost, and the other is still to be.
        #expect(!desk.canAdopt([web, db]))
        switch order {
        case .look(let service)?: desk.step(.emptied(service))
        default: desk.step(.continued)
        }
        #expect(desk.canAdopt([web, db]))
    }

    // MARK: Random lives

    @Test func `whatever the graph, all rules hold before, while and after another plan comes`() {
        #expect(Moves.all.breaches.isEmpty, "\(Moves.all.breaches.joined(separator: "\n"))")
    }

    @Test func `most lives see another plan come`() {
        #expect(Moves.all.adoptions > Moves.all.count)
        #expect(Moves.all.active > Moves.all.count, "what is adopted hardly runs")
        #expect(Moves.all.gone > Moves.all.count / 4)
    }
}
