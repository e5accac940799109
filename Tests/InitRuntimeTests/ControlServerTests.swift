import KernelInterface
import SimulatedKernel
import Testing

@testable import InitCore
@testable import InitRuntime

/// The control socket, with clients of a simulated kernel. The plan has two services and a target.
@Suite struct ControlServerTests {
    private let names = ["nginx.service", "redis.service", "all.target"]

    /// A server, the services that it speaks of, and its clients.
    private final class Desk {
        var kernel = SimulatedKernel(devices: [:])
        var server = ControlServer()
        var services: ServiceTable<128>
        var changes = ServiceChanges()
        var now = Instant(milliseconds: 1_000)
        var isSettled = false
        private let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: PlanWriter.mostBytes, alignment: 8)

        init(_ names: [String]) {
            var writer = PlanWriter(buffer, count: names.count)
            for (index, name) in names.enumerated() {
                let unit = ServiceID(rawValue: UInt8(index))
                writer.set(name.hasSuffix(".target") ? .target : .service, of: unit)
                if name.hasSuffix(".service") { writer.setCommandCount(.main, 1, of: unit) }
                name.utf8CString.withUnsafeBytes {
                    writer.setName(
                        ByteView(cString: $0.bindMemory(to: UInt8.self).baseAddress!), of: unit)
                }
                writer.setOrder(index, unit)
            }
            services = ServiceTable(plan: try! Plan(writer.finish(longestStop: 0)))
            try! server.open(on: &kernel)
        }

        deinit { buffer.deallocate() }

        /// A client connects and sends this.
        func connect(user: UInt32 = 0, saying text: String) -> Int {
            let client = kernel.sockets.connect(user: user, saying: text)
            server.accept(at: now, on: &kernel)
            return client
        }

        /// Reads from the client in this place of the server, and answers it as PID 1 will.
        @discardableResult
        func read(_ place: Int = 0, isStopping: Bool = false) -> ControlRequest? {
            let request = server.read(
                place, in: services.plan, isStopping: isStopping, on: &kernel)
            switch request {
            case .status(let units)?:
                server.begin(place, .status(units, culpritOf: nil))
            case .timeline?:
                var all = ServiceSet()
                for number in 0..<services.plan.count {
                    all.insert(ServiceID(rawValue: UInt8(number)))
                }
                server.begin(place, .timeline(all))
            case .wait(let unit, let isUp)?: server.begin(place, .waiting(unit, isUp: isUp))
            case .waitSettled?: server.begin(place, .waitingSettled)
            case .watch?: server.begin(place, .watching(changes.count))
            case .ask?, .signal?, .update?: server.begin(place, .ending)
            case nil: break
            }
            goOn()
            return request
        }

        func goOn() {
            server.goOn(about: &services, &changes, isSettled: isSettled, on: &kernel)
        }

        /// Tells the services, and does nothing of what they want.
        func step(_ event: ServiceEvent) {
            services.step(event, at: now)
            while services.nextAction() != nil {}
            for number in 0..<services.plan.count {
                let unit = ServiceID(rawValue: UInt8(number))
                changes.note(services.state(of: unit), of: unit)
            }
            goOn()
        }

        func answer(to client: Int) -> String { kernel.sockets.connections[client].text }
        func isOpen(_ client: Int) -> Bool { kernel.sockets.connections[client].isOpen }
    }

    private func set(_ numbers: UInt8...) -> ServiceSet {
        var set = ServiceSet()
        for number in numbers { set.insert(ServiceID(rawValue: number)) }
        return set
    }

    private let nginx = ServiceID(rawValue: 0)

    @Test func `everybody may connect to the socket`() {
        let desk = Desk(names)
        #expect(desk.kernel.sockets.bound == ["/run/hammock/control": 0o666])
    }

    @Test func `status answers with a line for each unit, and hangs up`() {
        let desk = Desk(names)
        let client = desk.connect(user: 1000, saying: "hammock/1 status nginx redis\n")
        #expect(desk.read() == .status(set(0, 1)))
        let lines = desk.answer(to: client).split(separator: "\n")
        #expect(lines.count == 4)
        #expect(lines.first == "hammock/1 ok")
        #expect(lines[1].hasPrefix("name=nginx.service phase=down "))
        #expect(lines[2].hasPrefix("name=redis.service phase=down "))
        #expect(lines.last == "end")
        #expect(!desk.isOpen(client))
    }

    @Test func `only root may change something`() {
        let desk = Desk(names)
        let client = desk.connect(user: 1000, saying: "hammock/1 stop nginx\n")
        #expect(desk.read() == nil)
        #expect(desk.answer(to: client) == "hammock/1 no permission\nend\n")
        #expect(!desk.isOpen(client))
        let root = desk.connect(saying: "hammock/1 stop nginx\n")
        #expect(desk.read() == .ask(.stop, set(0)))
        #expect(desk.answer(to: root) == "hammock/1 ok\nend\n")
    }

    @Test(arguments: ["start nginx", "restart nginx", "reload nginx", "update"])
    func `nothing begins while everything stops`(request: String) {
        let desk = Desk(names)
        let client = desk.connect(saying: "hammock/1 \(request)\n")
        #expect(desk.read(isStopping: true) == nil)
        #expect(desk.answer(to: client) == "hammock/1 no stopping\nend\n")
    }

    @Test func `a request may come in pieces`() {
        let desk = Desk(names)
        let client = desk.connect(saying: "hammock/1 sta")
        #expect(desk.read() == nil)
        #expect(desk.isOpen(client) && desk.answer(to: client) == "")
        desk.kernel.sockets.connections[client].incoming = Array("tus redis\nmore".utf8)
        #expect(desk.read() == .status(set(1)))
    }

    @Test func `a request that is too long is refused, and one of the greatest length is not`() {
        let desk = Desk(names)
        let long = desk.connect(saying: String(repeating: "x", count: 512) + "\n")
        #expect(desk.read() == nil)
        #expect(desk.answer(to: long) == "hammock/1 no request\nend\n")
        let head = "hammock/1 status"
        let longest = head + String(repeating: " redis", count: 82) + "   \n"
        #expect(longest.utf8.count == 512)
        let client = desk.connect(saying: longest)
        desk.read()
        #expect(desk.answer(to: client).hasPrefix("hammock/1 "))
        #expect(!desk.answer(to: client).hasPrefix("hammock/1 no request"))
    }

    @Test func `a client that hangs up is forgotten, before its request and after it`() {
        let desk = Desk(names)
        let silent = desk.connect(saying: "hammock/1 st")
        desk.read()
        desk.kernel.sockets.connections[silent].isOver = true
        desk.read()
        #expect(!desk.isOpen(silent))
        let watcher = desk.connect(saying: "hammock/1 watch\n")
        desk.read()
        desk.kernel.sockets.connections[watcher].isOver = true
        desk.read()
        #expect(!desk.isOpen(watcher))
        let broken = desk.connect(saying: "hammock/1 status\n")
        desk.kernel.sockets.connections[broken].isBroken = true
        desk.read()
        #expect(!desk.isOpen(broken))
    }

    @Test func `a client that asks nothing for ten seconds is dropped, and a watcher is not`() {
        let desk = Desk(names)
        let silent = desk.connect(saying: "")
        let watcher = desk.connect(saying: "hammock/1 watch\n")
        desk.read(1)
        #expect(desk.server.deadline == Instant(milliseconds: 11_000))
        desk.server.dropSilent(at: Instant(milliseconds: 10_999), on: &desk.kernel)
        #expect(desk.isOpen(silent))
        desk.server.dropSilent(at: Instant(milliseconds: 11_000), on: &desk.kernel)
        #expect(!desk.isOpen(silent))
        #expect(desk.isOpen(watcher))
        #expect(desk.server.deadline == nil)
    }

    @Test func `the ninth client takes the place of the one that connected first`() {
        let desk = Desk(names)
        var clients: [Int] = []
        for _ in 0..<8 {
            clients.append(desk.connect(saying: ""))
            desk.now = desk.now.advanced(byMilliseconds: 1)
        }
        let ninth = desk.connect(saying: "hammock/1 status redis\n")
        #expect(!desk.isOpen(clients[0]))
        #expect(clients.dropFirst().allSatisfy(desk.isOpen))
        desk.read(0)
        #expect(desk.answer(to: ninth).hasSuffix("end\n"))
    }

    @Test func `a client that does not read holds up no other, and misses nothing`() {
        let desk = Desk(names)
        let slow = desk.connect(saying: "hammock/1 status nginx redis\n")
        desk.kernel.sockets.connections[slow].room = 20
        desk.read()
        #expect(desk.server.descriptor(of: 0)?.wantsRoom == true)
        let quick = desk.connect(saying: "hammock/1 status nginx redis\n")
        desk.read(1)
        #expect(desk.answer(to: quick).hasSuffix("end\n"))
        #expect(desk.answer(to: slow).utf8.count == 20)
        while desk.isOpen(slow) {
            desk.kernel.sockets.connections[slow].room = 7
            desk.goOn()
        }
        #expect(desk.answer(to: slow) == desk.answer(to: quick))
    }

    @Test func `a client that waits for a unit is told when it is up`() {
        let desk = Desk(names)
        let client = desk.connect(saying: "hammock/1 wait nginx up\n")
        desk.step(.asked(.start, nginx))
        desk.read()
        #expect(desk.answer(to: client) == "hammock/1 ok\n")
        desk.step(.ran(nginx, ProcessID(rawValue: 7)))
        #expect(desk.answer(to: client) == "hammock/1 ok\n")
        desk.step(.executed(nginx))
        #expect(desk.answer(to: client).contains("\nname=nginx.service phase=up "))
        #expect(!desk.isOpen(client))
    }

    @Test func `a client that waits for the services to settle is told when they have`() {
        let desk = Desk(names)
        let client = desk.connect(saying: "hammock/1 wait settled\n")
        desk.read()
        #expect(desk.answer(to: client) == "hammock/1 ok\n")
        desk.isSettled = true
        desk.goOn()
        #expect(desk.answer(to: client) == "hammock/1 ok\nend\n")
    }

    @Test func `a watcher gets each change, and hears how many it has missed`() {
        let desk = Desk(names)
        let client = desk.connect(saying: "hammock/1 watch\n")
        desk.read()
        desk.step(.asked(.start, nginx))
        desk.step(.ran(nginx, ProcessID(rawValue: 7)))
        desk.step(.executed(nginx))
        #expect(
            desk.answer(to: client) == """
                hammock/1 ok
                at=1.000 name=nginx.service phase=starting
                at=1.000 name=nginx.service phase=up

                """)
        desk.kernel.sockets.connections[client].room = 0
        for number in 0..<100 {
            var state = ServiceState()
            state.phase = number % 2 == 0 ? .down : .queued
            desk.changes.note(state, of: ServiceID(rawValue: 1))
        }
        desk.goOn()
        desk.kernel.sockets.connections[client].room = .max
        desk.goOn()
        #expect(desk.answer(to: client).contains("\nlost="))
        #expect(desk.isOpen(client))
    }

    @Test func `the timeline has the moments of the last start`() {
        let desk = Desk(names)
        desk.step(.asked(.start, nginx))
        desk.now = Instant(milliseconds: 1_250)
        desk.step(.ran(nginx, ProcessID(rawValue: 7)))
        desk.step(.executed(nginx))
        let client = desk.connect(saying: "hammock/1 timeline\n")
        desk.read()
        #expect(
            desk.answer(to: client).contains(
                "name=nginx.service queued=1.000 began=1.000 ready=1.250\n"))
        #expect(desk.answer(to: client).contains("name=redis.service queued=0.000 began=0.000"))
    }
}
