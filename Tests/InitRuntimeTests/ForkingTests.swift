import KernelInterface
import SimulatedKernel
import Testing

@testable import InitCore
@testable import InitRuntime

/// Which process of a service that forks is its main one.
@Suite struct ForkingTests {
    private let file = "/run/web.pid"
    private let members = "/sys/fs/cgroup/hammock/web.service/cgroup.procs"
    private let state = "/sys/fs/cgroup/hammock/web.service/cgroup.events"

    private func forking(hasFile: Bool = true) -> HouseUnit {
        HouseUnit("web.service") { writer, service in
            writer.set(Readiness.forked, of: service)
            writer.set(RestartPolicy.always, of: service)
            if hasFile { writer.setPIDFile("/run/web.pid", of: service) }
        }
    }

    private func house(_ units: [HouseUnit], hasCgroups: Bool) -> House {
        House(units) { kernel in
            guard hasCgroups else { return }
            kernel.service.statuses["/sys/fs/cgroup/hammock/cgroup.procs"] = FileStatus(
                mode: 0o100644)
            kernel.service.files[state] = "populated 1\n"
        }
    }

    /// A process with this parent, in a session of its own.
    private func show(
        _ process: Int32, parent: Int32 = 1, session: Int32? = nil, user: UInt32 = 0,
        in house: House
    ) {
        let zeros = String(repeating: "0 ", count: 46)
        house.kernel.service.files["/proc/\(process)/stat"] =
            "\(process) (web) S \(parent) \(process) \(session ?? process) \(zeros)0\n"
        house.kernel.service.owners["/proc/\(process)"] = user
    }

    // MARK: With a PID file

    @Test(arguments: [true, false])
    func `the process in the middle of two forks is not taken for the daemon`(hasCgroups: Bool) {
        let house = house([forking()], hasCgroups: hasCgroups)
        let first = house.start("web")
        let (middle, daemon) = (house.kernel.newChild(), house.kernel.newChild())
        show(middle.rawValue, in: house)
        show(daemon.rawValue, parent: middle.rawValue, in: house)
        house.kernel.service.files[members] = "\(middle.rawValue)\n\(daemon.rawValue)\n"
        house.end(first)
        #expect(house.phase("web") == .starting && house.main("web") == nil)
        show(daemon.rawValue, in: house)
        house.kernel.service.files[members] = "\(daemon.rawValue)\n"
        house.end(middle)
        house.pass(100)
        #expect(house.phase("web") == .starting && house.main("web") == nil)
        house.kernel.service.files[file] = "\(daemon.rawValue)\n"
        house.pass(640)
        #expect(house.phase("web") == .up && house.main("web") == daemon)
        #expect(house.state("web").rests == 0)
        house.end(daemon, .killed(.kill))
        house.kernel.service.files[state] = "populated 0\n"
        house.settle()
        #expect(house.phase("web") != .up)
    }

    @Test func `a PID file that never comes ends the start by its time`() {
        let house = house([forking()], hasCgroups: true)
        house.end(house.start("web"))
        for _ in 0..<300 where house.phase("web") == .starting { house.pass(640) }
        #expect(house.phase("web") == .ending)
        #expect(house.state("web").outcome == .startTimedOut)
    }

    @Test(arguments: [true, false])
    func `once no process is left, a cgroup says that no PID file will come`(hasCgroups: Bool) {
        let house = house([forking()], hasCgroups: hasCgroups)
        house.end(house.start("web"))
        if hasCgroups { house.kernel.service.files[state] = "populated 0\n" }
        house.pass(20)
        #expect(house.phase("web") == (hasCgroups ? .resting : .starting))
        #expect(house.state("web").outcome == (hasCgroups ? .endedEarly : .none))
    }

    /// Whether PID 1 believes a file that names process 70.
    private func believes(
        _ text: String = "70\n", by user: UInt32 = 0, parent: Int32 = 1, runsAs other: UInt32 = 0,
        isMember: Bool? = nil, isInSession: Bool = false
    ) -> Bool {
        let house = house([forking()], hasCgroups: isMember != nil)
        let first = house.start("web")
        show(
            70, parent: parent, session: isInSession ? first!.rawValue : 70, user: other, in: house)
        show(1, parent: 0, in: house)
        house.kernel.service.files[file] = text
        house.kernel.service.owners[file] = user
        house.kernel.service.files[members] = isMember == true ? "0\n69\n70\n" : "0\n69\n"
        house.end(first)
        let isFound = house.main("web")?.rawValue == 70
        #expect(isFound || house.main("web") == nil)
        #expect(house.phase("web") == (isFound ? .up : .starting))
        return isFound
    }

    @Test func `a PID file counts if root wrote it, or its process is the service's`() {
        #expect(believes() && believes(isMember: false) && believes(isMember: true))
        #expect(believes(by: 33, isMember: true))
        #expect(!believes(by: 33, runsAs: 33, isMember: false))
        // Without a cgroup there are sessions, which a daemon leaves, and users.
        #expect(believes(by: 33, isInSession: true))
        #expect(believes(by: 33, runsAs: 33))
        #expect(!believes(by: 33) && !believes(by: 33, runsAs: 34))
    }

    @Test func `a PID file counts if it has the number of a child of PID 1`() {
        for text in ["70", "70\n", "   70\n", "70\n71\n"] { #expect(believes(text), "\(text)") }
        for text in ["", "\n", "7", "0\n", "1\n", "-70\n", "x\n", "70 x\n", "99999999999\n"] {
            #expect(!believes(text), "\(text)")
        }
        // The end of this one would not be seen.
        #expect(!believes(parent: 69) && !believes(parent: 69, isMember: true))
    }

    @Test func `what is no regular file is no PID file`() {
        let house = house([forking()], hasCgroups: false)
        let first = house.start("web")
        house.kernel.service.owners[file] = 0
        house.end(first)
        #expect(house.phase("web") == .starting)
    }

    @Test func `the main process of another service is not taken, whoever wrote its number`() {
        let house = house([forking(), HouseUnit("db.service")], hasCgroups: false)
        let other = house.start("db")!
        show(other.rawValue, in: house)
        house.kernel.service.files[file] = "\(other.rawValue)\n"
        house.end(house.start("web"))
        #expect(house.phase("web") == .starting && house.main("web") == nil)
        let signals = house.signals { house.ask("stop web") }
        #expect(!signals.contains { $0.contains("(\(other.rawValue))") }, "\(signals)")
        #expect(house.phase("db") == .up)
    }

    // MARK: Without one

    @Test(
        arguments: [
            ("0\n71\n", 71), ("71\n72\n", 71), ("72\n71\n73\n", 71), ("71\n81\n", nil),
            ("72\n", nil), ("", nil),
        ] as [(String, Int32?)])
    func `without a PID file it is the one child of PID 1 in the cgroup, or none is known`(
        list: String, expected: Int32?
    ) {
        let house = house([forking(hasFile: false)], hasCgroups: true)
        let first = house.start("web")
        for process in [71, 81] as [Int32] { show(process, in: house) }
        for process in [72, 73] as [Int32] { show(process, parent: 71, in: house) }
        house.kernel.service.files[members] = list
        house.end(first)
        #expect(house.main("web")?.rawValue == expected)
        #expect(house.phase("web") == .up)
    }

    @Test func `without a PID file and a cgroup no main process is known`() {
        let house = house([forking(hasFile: false)], hasCgroups: false)
        let first = house.start("web")!
        show(71, session: first.rawValue, in: house)
        house.kernel.end(first, .exited(0))
        house.settle()
        #expect(house.phase("web") == .up && house.main("web") == nil)
    }
}
