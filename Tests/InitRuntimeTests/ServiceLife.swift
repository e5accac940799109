import KernelInterface
import SeededRandom
import SimulatedKernel

@testable import InitCore
@testable import InitRuntime

/// PID 1 with services in a world that follows from a seed: children end, die, fork, ignore what
/// they are told and say what is not so; clients ask; plans follow plans; the logger dies; system
/// calls fail. In the end PID 1 is told to stop.
final class ServiceLife {
    /// A child of PID 1, alive or ended and not reaped.
    struct Child {
        enum Work: Equatable {
            case command, orphan, logger, helper
            case planner(FileDescriptor)
        }

        let process: ProcessID
        /// PID 1, or the process that has left it behind and lives.
        var parent: Int32 = 1
        let work: Work
        /// The unit that it belongs to, by name.
        var unit = ""
        var group: Int32
        var hasExecuted = false
        let ignores: Bool
        /// SIGKILL does not end it at once: it hangs in the kernel.
        let hangs: Bool
        /// How the next thing that happens to it ends it.
        var fate: ProcessEnd?
    }

    let seed: UInt64
    private let isTraced: Bool
    var random: SplitMix64
    let house: House
    /// By their numbers, so that the same seed makes the same life.
    private(set) var children: [Child] = []
    private(set) var units: [ServiceLifeUnit]
    private(set) var breach: String?
    private(set) var events = 0
    private(set) var starts = 0
    /// How many services that fork have come up by their PID files.
    private(set) var named = 0
    /// What the PID file of a unit holds.
    var processFiles: [String: String] = [:]
    /// The units that wrote it as root.
    var writtenByRoot: Set<String> = []
    private(set) var trace: [String] = []
    private var nextProcess: Int32 = 2
    private var seenDeeds = 0
    /// How many descriptors are none of the services'.
    private var otherDescriptors = 0
    private var stopBegan: Int64?
    /// Whether all was to stop before the last thing happened.
    private var wasStopping = false
    private var longestStop: UInt32 = 0
    private var phases: [String: ServicePhase] = [:]
    /// System calls fail.
    let hasFaults: Bool
    private let hasCgroups: Bool

    init(seed: UInt64, isTraced: Bool = false) {
        var random = SplitMix64(seed: seed)
        let (hasCgroups, isContainer) = (random.oneIn(2), random.oneIn(3))
        self.seed = seed
        self.isTraced = isTraced
        self.hasCgroups = hasCgroups
        hasFaults = random.oneIn(2)
        units = ServiceLifeUnit.draw(&random)
        house = House(isContainer ? .container : .machine) { kernel in
            let list = "/sys/fs/cgroup/hammock/cgroup.procs"
            if hasCgroups { kernel.service.statuses[list] = FileStatus(mode: 0o100644) }
        }
        self.random = random
    }

    var now: Int64 { house.kernel.now().milliseconds }

    /// Whether PID 1 is over: it has exited, or has the machine switched off.
    private(set) var isOver = false

    func fail(_ promise: String) {
        if breach == nil { breach = "seed \(seed), at \(now) ms: \(promise)" }
    }

    func note(_ text: @autoclosure () -> String) {
        if isTraced { trace.append("\(now) \(text())") }
    }

    // MARK: The whole

    func live() {
        settle()
        otherDescriptors = open.count - held
        for _ in 0..<random.pick([20, 100, 300]) where breach == nil && !isOver { happen() }
        guard breach == nil, !isOver else { return }
        stopBegan = now
        note("PID 1 is told to stop")
        house.kernel.signals.append(.terminate)
        settle()
        for _ in 0..<4_000 where breach == nil && !isOver { happen() }
        if breach == nil, !isOver { fail("it does not come to its end") }
    }

    /// PID 1 works until it would sleep.
    func settle() {
        guard breach == nil, !isOver else { return }
        events += 1
        showProcesses()
        let idles = house.kernel.idleCount
        var turns = 0
        while house.kernel.idleCount == idles, !isOver {
            if house.runtime.turn() != nil { isOver = true }
            if case .leaving = house.core.phase { isOver = true }
            turns += 1
            if turns > 3_000 { return fail("PID 1 does not rest") }
        }
        events += turns
        meetChildren()
        obey()
        check()
    }

    // MARK: Children

    /// Those that are new since the last time.
    private func meetChildren() {
        while nextProcess <= Int32(house.kernel.children) + 1 {
            let process = ProcessID(rawValue: nextProcess)
            nextProcess += 1
            guard place(of: process) == nil else { continue }
            var child = Child(
                process: process, work: work(of: process), group: process.rawValue,
                ignores: random.oneIn(6), hangs: random.oneIn(30))
            if child.work == .command {
                child.unit = unit(of: process)
                starts += 1
                checkBeginning(of: child.unit)
            }
            note("\(child.work) \(child.unit) is process \(process.rawValue)")
            children.append(child)
        }
    }

    private func place(of process: ProcessID) -> Int? {
        children.firstIndex { $0.process == process }
    }

    private func work(of process: ProcessID) -> Child.Work {
        if house.kernel.offspring.processes.contains(process) { return .command }
        guard let services = house.runtime.services else { return .helper }
        if services.pointee.logger.process == process { return .logger }
        let isPlanned = children.contains {
            if case .planner = $0.work { true } else { false }
        }
        if let planner = services.pointee.planner, !isPlanned { return .planner(planner) }
        return .helper
    }

    private func unit(of process: ProcessID) -> String {
        units.map(\.name).first {
            house.main($0) == process || house.control($0) == process
        } ?? ""
    }

    func end(_ process: ProcessID, _ status: ProcessEnd) {
        guard let place = place(of: process) else { return }
        let child = children.remove(at: place)
        for index in children.indices where children[index].parent == process.rawValue {
            children[index].parent = 1
        }
        note("process \(process.rawValue) of \(child.unit) ends: \(status)")
        if !children.contains(where: { $0.group == child.group }) {
            house.kernel.offspring.groups?.remove(child.group)
        }
        // A child that ends has closed the pipe of its report.
        if child.work == .command { house.kernel.offspring.execute(process) }
        if case .planner(let reader) = child.work { house.kernel.logs.hangUp(pipe(reader)) }
        house.kernel.end(process, status)
        settle()
    }

    func pipe(_ reader: FileDescriptor) -> Pipe {
        Pipe(reading: reader, writing: FileDescriptor(rawValue: reader.rawValue + 1))
    }

    /// A process of a service leaves another behind, which is PID 1's child from then on, or once
    /// that process has ended.
    func fork(_ parent: Child) {
        let process = house.kernel.newChild()
        nextProcess = process.rawValue + 1
        children.append(
            Child(
                process: process, parent: random.oneIn(2) ? 1 : parent.process.rawValue,
                work: .orphan, unit: parent.unit, group: parent.group,
                hasExecuted: true, ignores: random.oneIn(4), hangs: false))
        note("process \(parent.process.rawValue) of \(parent.unit) leaves \(process.rawValue)")
    }

    func becomes(_ process: ProcessID) {
        if let place = place(of: process) { children[place].hasExecuted = true }
        house.kernel.offspring.execute(process)
        settle()
    }

    func setFate(_ process: ProcessID, _ fate: ProcessEnd?) {
        if let place = place(of: process) { children[place].fate = fate }
    }

    /// What the kernel shows of processes and cgroups.
    private func showProcesses() {
        let zeros = [String](repeating: "0", count: 25).joined(separator: " ")
        house.kernel.service.files = [:]
        house.kernel.service.owners = [:]
        for unit in units {
            let path = "/run/\(unit.name).pid"
            house.kernel.service.files[path] = processFiles[unit.name]
            let isRoots = writtenByRoot.contains(unit.name)
            house.kernel.service.owners[path] = isRoots ? 0 : user(of: unit.name)
        }
        for child in children {
            let (process, group) = (child.process.rawValue, child.group)
            house.kernel.service.files["/proc/\(process)/stat"] =
                "\(process) (a) b) S \(child.parent) \(process) \(group) 0 \(zeros) 0 0\n"
            house.kernel.service.owners["/proc/\(process)"] = user(of: child.unit)
        }
        guard hasCgroups else { return }
        for unit in units {
            let members = children.filter { $0.unit == unit.name }.map(\.process.rawValue)
            let directory = "/sys/fs/cgroup/hammock/\(unit.name)/"
            house.kernel.service.files[directory + "cgroup.procs"] =
                members.map { "\($0)\n" }.joined()
            house.kernel.service.files[directory + "cgroup.events"] =
                "populated \(members.isEmpty ? 0 : 1)\nfrozen 0\n"
        }
    }

    /// Each unit has a user of its own.
    private func user(of unit: String) -> UInt32 {
        1_000 + UInt32(units.firstIndex { $0.name == unit } ?? 500)
    }

    func replace(_ units: [ServiceLifeUnit]) {
        // Those that are gone may still end.
        let names = Set(units.map(\.name))
        self.units = units + self.units.filter { !names.contains($0.name) }
        longestStop = max(longestStop, ServiceLifeUnit.longestStop(of: units))
    }

    // MARK: Signals

    /// What PID 1 has sent since the last time.
    private func obey() {
        let deeds = house.kernel.deeds[seenDeeds...]
        seenDeeds = house.kernel.deeds.count
        for deed in deeds {
            if deed.hasPrefix("writeFile"), deed.hasSuffix("/cgroup.kill 1") {
                let name = deed.split(separator: "/").dropLast().last.map(String.init) ?? ""
                for child in children where child.unit == name { take(9, child) }
                continue
            }
            let words = deed.split(separator: " ")
            guard words.count > 2, words[words.count - 2] == "gets",
                let signal = Int32(words[words.count - 1]), signal > 0
            else { continue }
            take(signal, deed, Int32(words.dropLast().joined().filter(\.isNumber)) ?? 0)
        }
    }

    private func take(_ signal: Int32, _ deed: String, _ target: Int32) {
        note(deed)
        if deed.hasPrefix("everything") {
            if stopBegan == nil { fail("\(deed), and nobody has asked for the end") }
            for child in children { take(signal, child) }
        } else if deed.hasPrefix("group") {
            for child in children where child.group == target { take(signal, child) }
        } else {
            // It may have ended just now.
            let process = ProcessID(rawValue: target)
            if target < 2 || target >= nextProcess { fail("\(deed), which is no child") }
            if let place = place(of: process) { take(signal, children[place]) }
        }
    }

    private func take(_ signal: Int32, _ child: Child) {
        if signal == 9 {
            setFate(child.process, child.hangs && random.oneIn(3) ? nil : .killed(.kill))
        } else if [1, 6, 15].contains(signal), !child.ignores, child.fate == nil {
            let ends: [ProcessEnd] = [
                .exited(0), .exited(143), .killed(Signal(rawValue: signal)),
            ]
            setFate(child.process, random.pick(ends))
        }
    }

    // MARK: Promises

    private func check() {
        let kernel = house.kernel
        if !kernel.strangers.isEmpty { fail("signals to \(kernel.strangers), reaped before") }
        if !kernel.closedTwice.isEmpty { fail("\(kernel.closedTwice) closed twice") }
        if !isOver, !kernel.ended.isEmpty { fail("PID 1 sleeps, and \(kernel.ended) is dead") }
        let open = open.count
        if otherDescriptors > 0, !isOver, stopBegan == nil, open != otherDescriptors + held {
            fail("\(held) of \(kernel.openDescriptors) are the services', \(otherDescriptors) not")
        }
        for unit in units where house.id(unit.name) != nil {
            if unit.hasPIDFile { checkMain(of: unit.name) }
            phases[unit.name] = house.phase(unit.name)
        }
        wasStopping = house.runtime.services?.pointee.table.isStopping ?? false
        guard let stopBegan else { return }
        let most = Int64(longestStop) + 1_000 + 10_000 + 26_000 + 2_000
        if now - stopBegan > most { fail("the end takes \(now - stopBegan) ms, not \(most)") }
    }

    /// The descriptors that are open. PID 1 opens the kernel's log where another fails.
    private var open: [String] {
        house.kernel.openDescriptors.filter { !$0.hasSuffix("/dev/kmsg") }
    }

    /// How many descriptors PID 1 knows of.
    private var held: Int {
        guard let services = house.runtime.services else { return 0 }
        var count = 0
        if services.pointee.planner != nil { count += 1 }
        if services.pointee.server.listener != nil { count += 1 }
        for client in 0..<8 where services.pointee.server.descriptor(of: client) != nil {
            count += 1
        }
        for index in 0..<128 {
            let holdings = services.pointee.holdings[index]
            for descriptor in [
                holdings.main.report, holdings.control.report, holdings.notices,
                holdings.readiness, holdings.output?.reading, holdings.output?.writing,
            ] where descriptor != nil { count += 1 }
        }
        return count
    }

    /// A service with a PID file comes up when that names a process which may be its main one.
    private func checkMain(of name: String) {
        let isUp: [ServicePhase] = [.settling, .up, .busy]
        guard let before = phases[name], !isUp.contains(before), isUp.contains(house.phase(name))
        else { return }
        let main = house.main(name)
        guard let child = children.first(where: { $0.process == main }) else {
            return fail("\(name) is up, and its main process is \(main?.rawValue ?? 0)")
        }
        if processFiles[name] != "\(child.process.rawValue)\n" || child.parent != 1 {
            fail("\(name) is up by \(child.process.rawValue), which its file does not name")
        }
        if child.unit != name, !writtenByRoot.contains(name) {
            fail("\(name) is up by \(child.process.rawValue) of \(child.unit)")
        }
        named += 1
    }

    /// What a unit requires is there when its first command runs.
    private func checkBeginning(of name: String) {
        guard let phase = phases[name], [.down, .queued, .resting].contains(phase) else { return }
        if wasStopping { fail("\(name) begins, and all is to stop") }
        guard let unit = units.first(where: { $0.name == name }) else { return }
        for other in unit.requires where house.id(other) != nil {
            let state = house.state(other)
            // It may have come up and gone down again since the last look.
            let isDone = [.succeeded, .skipped].contains(state.outcome)
            let cannotBe: [ServicePhase] = [.queued, .preparing, .starting, .settling]
            let wasNot = phases[other].map { !$0.isActive } ?? true
            if cannotBe.contains(state.phase) || !state.phase.isActive && wasNot && !isDone {
                fail("\(name) begins, and \(other) is \(state.phase)")
            }
        }
    }
}
