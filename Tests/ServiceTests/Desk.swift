@testable import InitCore

/// A table of a few units, and the runtime around it.
final class Desk {
    var plot: Plot
    var table: ServiceTable<4>
    var now = Instant(milliseconds: 1_000)
    var actions: [ServiceAction] = []
    /// What answers `findMain`, of the first unit.
    var answer = ServiceEvent.mainNotFound(ServiceID(rawValue: 0))
    private var processes: Int32 = 100

    init(_ units: [Unit]) {
        plot = Plot(units)
        table = ServiceTable(plan: plot.plan)
    }

    func id(_ name: String) -> ServiceID? {
        plot.units.firstIndex { $0.name == name }.map { ServiceID(rawValue: UInt8($0)) }
    }

    func state(_ name: String) -> ServiceState {
        id(name).map { table.state(of: $0) } ?? ServiceState()
    }

    var isActive: Bool { table.isActive }

    func phase(_ name: String) -> ServicePhase { state(name).phase }

    /// Takes the actions. A fork and an execve(2) succeed, and `goOn` is answered.
    func perform() {
        while let action = table.nextAction() {
            actions.append(action)
            switch action {
            case .run(let service, let stage, _):
                processes += 1
                let process = ProcessID(rawValue: processes)
                table.step(.ran(service, process), at: now)
                if stage == .main {
                    perform()
                    table.step(.executed(service), at: now)
                }
            case .look(let service): table.step(.emptied(service), at: now)
            case .findMain: table.step(answer, at: now)
            case .goOn: table.step(.continued, at: now)
            case .signal, .killAll, .forget, .log, .end, .settled, .ended,
                .reportImpossible:
                break
            }
        }
    }

    func step(_ event: ServiceEvent) {
        actions = []
        table.step(event, at: now)
        perform()
    }

    /// The table's next moment comes.
    func pass() {
        now = table.deadline ?? now
        step(.deadlinePassed)
    }

    func ask(_ ask: ServiceAsk, _ name: String) {
        if let service = id(name) { step(.asked(ask, service)) }
    }

    func end(_ name: String, _ status: ProcessEnd = .exited(0)) {
        if let main = state(name).main { step(.childEnded(main, status)) }
    }

    func leave(for units: [Unit]) {
        actions = []
        table.leave(unitsMissingIn: Plot(units).plan, at: now)
        perform()
    }

    func canAdopt(_ units: [Unit]) -> Bool { table.canAdopt(Plot(units).plan) }

    func adopt(_ units: [Unit]) {
        actions = []
        let other = Plot(units)
        table.adopt(other.plan, by: UnitMap(from: plot.plan, to: other.plan), at: now)
        plot = other
        perform()
    }
}
