import KernelInterface
import SimulatedKernel
import Testing

@testable import InitCore
@testable import InitRuntime

/// PID 1's hands for services, on a simulated kernel.
@Suite struct ServicesTests {
    private let group = "/sys/fs/cgroup/hammock"

    private func withCgroups(_ kernel: inout SimulatedKernel) {
        kernel.service.statuses["/sys/fs/cgroup/hammock/cgroup.procs"] = FileStatus(mode: 0o100644)
    }

    /// A service that says when it is ready.
    private func speaker(
        _ name: String = "web.service", access: NotifyAccess = .main, reloads: UInt8 = 0
    ) -> HouseUnit {
        HouseUnit(name) { writer, service in
            writer.set(Readiness.notified, of: service)
            writer.set(access, of: service)
            writer.setCommandCount(.reload, reloads, of: service)
        }
    }

    // MARK: Reports

    @Test(arguments: [true, false])
    func `what a child reports comes before its end, whichever is seen first`(reapsFirst: Bool) {
        let house = House([HouseUnit("web.service")])
        house.ask("start web")
        let main = house.main("web")
        house.kernel.offspring.report(ServiceReport(code: 203, errno: 2), of: main!)
        house.runtime.isReaping = reapsFirst
        house.end(main, .exited(203))
        #expect(house.state("web").outcome == .notExecuted)
        #expect(
            house.kernel.linesOfKernelLog().filter { $0.contains("web.service") } == [
                "4: web.service could not be executed, step 203: no such file or directory",
                "4: web.service failed: not-executed 203",
            ])
    }

    @Test func `a service that ends before its start was told of was up`() {
        let house = House([HouseUnit("web.service")])
        house.ask("start web")
        let main = house.main("web")
        house.kernel.offspring.execute(main!)
        house.runtime.isReaping = true
        house.end(main, .exited(0))
        #expect(
            house.kernel.linesOfKernelLog().filter { $0.contains("web.service") }
                == ["6: web.service is up", "6: web.service has stopped"])
    }

    @Test func `a condition that does not hold skips the service`() {
        let house = House([HouseUnit("web.service")])
        house.ask("start web")
        let main = house.main("web")
        house.kernel.offspring.report(.conditionFailed, of: main!)
        house.settle()
        house.end(main, .exited(0))
        #expect(house.state("web").outcome == .skipped)
    }

    // MARK: Notices

    @Test(arguments: [
        (NotifyAccess.none, [false, false, false, false]), (.main, [true, false, false, false]),
        (.exec, [true, true, false, false]), (.all, [true, true, true, true]),
    ])
    func `NotifyAccess= says who may speak: main, control, another, nobody known`(
        access: NotifyAccess, heard: [Bool]
    ) {
        for (sender, isHeard) in heard.enumerated() {
            let unit = HouseUnit("web.service") { writer, service in
                writer.set(access, of: service)
                writer.setCommandCount(.reload, 1, of: service)
            }
            let house = House([unit, speaker("other.service", access: .all)])
            let other = house.start("other")
            let main = house.start("web")
            house.ask("reload web")
            #expect(house.phase("web") == .busy)
            let senders = [main, house.control("web"), other, nil]
            // A service without a socket of its own tells another's.
            house.kernel.sockets.send("WATCHDOG=trigger", from: senders[sender])
            house.settle()
            #expect((house.phase("web") == .ending) == isHeard, "sender \(sender)")
        }
    }

    @Test func `a service without NotifyAccess= has no socket`() {
        let house = House([HouseUnit("web.service")])
        house.start("web")
        #expect(house.kernel.sockets.bound.keys.allSatisfy { !$0.contains("notify/") })
    }

    @Test func `a turn reads 32 datagrams at most, so that a chatterbox holds up nobody`() {
        let house = House([speaker(access: .all)])
        house.ask("start web")
        for _ in 0..<32 { house.kernel.sockets.send("STATUS=x") }
        house.kernel.sockets.send("READY=1")
        house.takeOne()
        #expect(house.kernel.sockets.unreadCount == 1)
        #expect(house.phase("web") == .starting)
        house.takeOne()
        #expect(house.kernel.sockets.unreadCount == 0)
        #expect(house.phase("web") == .up)
    }

    @Test func `a datagram that is too long is passed over, and the next one is heard`() {
        let house = House([speaker(access: .all)])
        house.ask("start web")
        house.kernel.sockets.send("READY=1\n" + String(repeating: "x", count: 4_089))
        house.settle()
        #expect(house.phase("web") == .starting)
        house.kernel.sockets.send("READY=1\n" + String(repeating: "x", count: 4_088))
        house.settle()
        #expect(house.phase("web") == .up)
    }

    @Test func `what a service said last is heard before its end`() {
        let house = House([speaker()])
        house.ask("start web")
        let main = house.main("web")
        house.kernel.offspring.execute(main!)
        house.kernel.sockets.send("READY=1", from: main)
        house.runtime.isReaping = true
        house.end(main)
        #expect(house.kernel.linesOfKernelLog().contains("6: web.service is up"))
        #expect(house.state("web").outcome == .succeeded)
    }

    @Test func `each run has a number and a socket of its own, and the old socket is removed`() {
        let house = House([speaker(access: .all)])
        let first = house.start("web")
        house.kernel.sockets.send("READY=1", from: first)
        house.settle()
        house.ask("restart web")
        // Nobody reads this before the next run begins: it is the 33rd.
        for _ in 0..<33 { house.kernel.sockets.send("READY=1", from: first) }
        house.runtime.isReaping = true
        house.end(first)
        #expect(house.main("web") != first)
        house.execute(house.main("web"))
        #expect(house.phase("web") == .starting, "a word of the last run counts")
        let sockets = house.kernel.sockets.bound.keys.filter { $0.contains("notify/") }
        #expect(sockets.count == 2)
        let open = house.kernel.openDescriptors.filter { $0.contains("notify/") }
        #expect(open.count == 1)
        let removed = house.kernel.deeds.filter { $0.hasPrefix("removeFile /run/hammock/notify/") }
        #expect(removed.count == 1)
        #expect(removed.first != open.first.map { "removeFile \($0)" })
    }

    /// The line of proc_pid_stat(5).
    private func stat(_ process: Int32, parent: Int32, session: Int32) -> String {
        "\(process) (web) S \(parent) \(process) \(session) "
            + String(repeating: "0 ", count: 46) + "\n"
    }

    /// Whether the main process of a service is another one, once this user has said so.
    private func believes(
        user: UInt32, sender: Int32?, parent: Int32, session: Int32, isMember: Bool? = nil
    ) -> Bool {
        let house = House([speaker(access: .all)]) { kernel in
            if isMember != nil { withCgroups(&kernel) }
        }
        let main = house.start("web")!
        // What is named is process 70. A session of 0 is that of the service.
        house.kernel.service.files["/proc/70/stat"] = stat(
            70, parent: parent, session: session == 0 ? main.rawValue : session)
        if let isMember {
            house.kernel.service.files[group + "/web.service/cgroup.procs"] =
                "\(main.rawValue)\n" + (isMember ? "70\n" : "")
        }
        house.kernel.sockets.send(
            "MAINPID=70", from: sender.map { ProcessID(rawValue: $0) }, user: user)
        house.settle()
        return house.main("web")?.rawValue == 70
    }

    @Test func `a service may call only what is its own its main process, unless it is root`() {
        // PID 1 would send signals to any process, for a user who may not.
        #expect(!believes(user: 1000, sender: 50, parent: 1, session: 60))
        #expect(!believes(user: 1000, sender: nil, parent: 1, session: 60))
        #expect(!believes(user: 1000, sender: 50, parent: 1, session: 60, isMember: false))
        #expect(believes(user: 1000, sender: 50, parent: 1, session: 60, isMember: true))
        #expect(believes(user: 1000, sender: 50, parent: 1, session: 0))
        #expect(believes(user: 1000, sender: 50, parent: 50, session: 60))
        #expect(believes(user: 1000, sender: 70, parent: 1, session: 60))
        #expect(believes(user: 0, sender: 50, parent: 1, session: 60, isMember: false))
    }

    @Test func `not even root may call a process that is not there its main process`() {
        let house = House([speaker()])
        let main = house.start("web")
        house.kernel.sockets.send("MAINPID=70", from: main, user: 0)
        house.settle()
        #expect(house.main("web") == main)
    }

    // MARK: s6's descriptor

    private let s6 = HouseUnit("web.service") { writer, service in
        writer.set(Readiness.notified, of: service)
        writer.setNotificationDescriptor(3, of: service)
    }

    @Test func `a newline on s6's descriptor says that the service is ready`() throws {
        let house = House([s6])
        let before = house.kernel.openDescriptors
        house.start("web")
        let pipe = try #require(house.kernel.logs.lastPipe)
        house.kernel.logs.write("almost", into: pipe)
        house.settle()
        #expect(house.phase("web") == .starting)
        house.kernel.logs.refuseRead(of: pipe, .interrupted)
        house.settle()
        house.kernel.logs.write("\nmore", into: pipe)
        house.settle()
        #expect(house.phase("web") == .up)
        #expect(house.kernel.openDescriptors == before)
    }

    @Test func `a service that closes s6's descriptor is not ready`() throws {
        let house = House([s6])
        let before = house.kernel.openDescriptors
        house.start("web")
        house.kernel.logs.hangUp(try #require(house.kernel.logs.lastPipe))
        house.settle()
        #expect(house.phase("web") == .starting)
        #expect(house.kernel.openDescriptors == before)
    }

    // MARK: Cgroups and process groups

    @Test func `a service is forked into its cgroup, and stopped by it`() {
        let house = House([HouseUnit("web.service")], kernel: withCgroups)
        let main = house.start("web")!
        #expect(house.kernel.offspring.cgroup(of: main) == group + "/web.service")
        house.kernel.service.files[group + "/web.service/cgroup.procs"] =
            "\(main.rawValue)\n77\n0\n1\n"
        let signals = house.signals { house.ask("stop web") }
        #expect(
            signals == [
                "process(\(main.rawValue)) gets 15", "process(77) gets 15",
                "process(\(main.rawValue)) gets 18", "process(77) gets 18",
            ])
        house.kernel.service.files[group + "/web.service/cgroup.events"] =
            "populated 1\nfrozen 0\n"
        house.end(main)
        #expect(house.phase("web") == .ending)
        let kill = house.deeds { house.pass(10_000) }
        #expect(kill.contains("writeFile \(group)/web.service/cgroup.kill 1"))
        house.kernel.service.files[group + "/web.service/cgroup.events"] =
            "populated 0\nfrozen 0\n"
        let end = house.deeds { house.end(ProcessID(rawValue: 77)) }
        #expect(house.phase("web") == .down)
        #expect(end.contains("removeDirectory \(group)/web.service"))
    }

    @Test(arguments: ["made", "opened"])
    func `a service whose cgroup cannot be used has its process groups`(what: String) {
        let house = House([HouseUnit("web.service")], kernel: withCgroups)
        if what == "made" {
            house.kernel.service.refusedPaths[group + "/web.service"] = Errno(rawValue: 28)
        } else {
            house.kernel.service.refusals["open"] = Errno(rawValue: 24)
        }
        // What the kernel says of a cgroup that nobody is in.
        house.kernel.service.files[group + "/web.service/cgroup.procs"] = ""
        house.kernel.service.files[group + "/web.service/cgroup.events"] = "populated 0\n"
        let main = house.start("web")!
        #expect(house.kernel.offspring.cgroup(of: main) == nil)
        let signals = house.signals { house.ask("stop web") }
        #expect(
            signals == ["group(\(main.rawValue)) gets 15", "group(\(main.rawValue)) gets 18"])
        // The group lives on when its leader ends.
        house.kernel.end(main, .exited(0))
        house.settle()
        #expect(house.phase("web") == .ending)
        #expect(house.signals { house.pass(10_000) }.contains("group(\(main.rawValue)) gets 9"))
        house.kernel.offspring.groups = []
        house.end(ProcessID(rawValue: 77))
        #expect(house.phase("web") == .down)
    }

    @Test(arguments: [true, false])
    func `without cgroup.kill each process gets SIGKILL`(hasList: Bool) {
        let house = House([HouseUnit("web.service")], kernel: withCgroups)
        house.kernel.service.refusedPaths[group + "/web.service/cgroup.kill"] = .noSuchFile
        let main = house.start("web")!
        if hasList {
            house.kernel.service.files[group + "/web.service/cgroup.procs"] =
                "\(main.rawValue)\n77\n"
        }
        house.ask("stop web")
        let signals = house.signals { house.pass(10_000) }
        #expect(
            signals
                == (hasList
                    ? ["process(\(main.rawValue)) gets 9", "process(77) gets 9"]
                    : ["group(\(main.rawValue)) gets 9"]))
    }

    @Test func `the process groups of a run that is over get no signal`() throws {
        let house = House([HouseUnit("web.service")], kernel: withCgroups)
        let first = house.start("web")!
        house.kernel.service.files[group + "/web.service/cgroup.events"] = "populated 0\n"
        house.ask("restart web")
        house.end(first)
        let second = try #require(house.main("web"))
        #expect(second != first)
        house.execute(second)
        // Somebody else's group has the number by now.
        house.kernel.offspring.groups?.insert(first.rawValue)
        // The list cannot be read, so the groups have to do.
        let signals = house.signals { house.ask("stop web") }
        #expect(!signals.contains { $0.contains("group(\(first.rawValue))") }, "\(signals)")
        #expect(signals.contains("group(\(second.rawValue)) gets 15"))
    }

    // MARK: Descriptors

    /// A service that has all that a run can hold.
    private let rich = HouseUnit("web.service") { writer, service in
        writer.set(Readiness.notified, of: service)
        writer.set(NotifyAccess.all, of: service)
        writer.setNotificationDescriptor(3, of: service)
        for stage in [Stage.prepare, .settle, .reload, .stop, .clean] {
            writer.setCommandCount(stage, 1, of: service)
        }
    }

    /// Starts the service, reloads, restarts and stops it, whatever fails.
    private func live(_ house: House) {
        house.ask("start web")
        var asks = ["reload web", "restart web", "stop web"]
        for _ in 0..<60 {
            if let control = house.control("web") {
                house.kernel.offspring.execute(control)
                house.end(control)
            } else if house.phase("web") == .starting, let main = house.main("web") {
                house.kernel.sockets.send("READY=1", from: main)
                house.execute(main)
                // The notice may have been lost.
                if house.phase("web") == .starting { house.pass(90_000) }
            } else if house.phase("web") == .up, !asks.isEmpty {
                house.ask(asks.removeFirst())
            } else if let main = house.main("web") {
                house.end(main)
            } else if house.phase("web") == .down {
                break
            } else {
                house.pass(10_000)
            }
        }
        if house.phase("web") != .down {
            house.ask("stop web")
            house.pass(10_000)
            house.pass(10_000)
        }
    }

    @Test(arguments: [Role.machine, .container])
    func `a full life of a service leaves no descriptor open`(role: Role) {
        let house = House([rich], role) { kernel in withCgroups(&kernel) }
        let before = house.kernel.openDescriptors
        live(house)
        #expect(house.kernel.offspring.processes.count > 6)
        #expect(house.phase("web") == .down)
        #expect(house.kernel.openDescriptors == before)
        #expect(house.kernel.closedTwice == [])
    }

    @Test func `whichever system call fails in the life of a service, no descriptor stays open`() {
        let probe = House([rich], kernel: withCgroups)
        let first = probe.kernel.calls
        live(probe)
        let last = probe.kernel.calls
        #expect(last - first > 100)
        for call in first..<last {
            for error in [Errno(rawValue: 24), .interrupted] {
                let house = House([rich], kernel: withCgroups)
                let before = house.kernel.openDescriptors
                house.kernel.injectedFault = (call, error)
                live(house)
                #expect(house.phase("web") == .down, "call \(call), error \(error)")
                #expect(
                    house.kernel.openDescriptors == before, "call \(call), error \(error)")
                #expect(house.kernel.closedTwice == [], "call \(call), error \(error)")
            }
        }
    }

    @Test func `processes that others have reaped leave no descriptor open`() {
        for isMain in [true, false] {
            let house = House([isMain ? s6 : rich], kernel: withCgroups)
            let before = house.kernel.openDescriptors
            house.ask("start web")
            #expect((house.main("web") != nil) == isMain)
            // What the children were about to report is in nobody's way.
            for _ in 0..<3 {
                house.kernel.offspring.groups = []
                house.runtime.withServices { $0.noChildLeft(on: &$1, log: &$2) }
            }
            #expect(house.phase("web") == .down)
            #expect(house.kernel.openDescriptors == before)
        }
    }

    @Test func `a service that cannot be forked has failed, and holds nothing`() {
        let house = House([s6, speaker("other.service")], kernel: withCgroups)
        let before = house.kernel.openDescriptors
        house.kernel.spawnError = .wouldBlock
        for name in ["web", "other"] {
            house.ask("start \(name)")
            #expect(house.phase(name) == .down)
            #expect(house.state(name).outcome == .notForked)
            #expect(house.state(name).status == Errno.wouldBlock.rawValue)
        }
        #expect(house.kernel.openDescriptors == before)
    }
}
