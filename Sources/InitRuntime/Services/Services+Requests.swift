import InitCore
import KernelInterface

// What clients of the control socket ask.

extension Services {
    mutating func serve<K: Kernel & ~Copyable>(
        _ client: Int, on kernel: inout K, log: inout ServiceLog
    ) {
        let request = server.read(
            client, in: table.plan, isStopping: table.isStopping, on: &kernel)
        if let request { obey(request, of: client, on: &kernel, log: &log) }
        server.goOn(about: &table, &changes, isSettled: isSettled, on: &kernel)
    }

    private mutating func obey<K: Kernel & ~Copyable>(
        _ request: ControlRequest, of client: Int, on kernel: inout K, log: inout ServiceLog
    ) {
        switch request {
        case .status(let units):
            server.begin(client, .status(units.isEmpty ? all : units, culpritOf: nil))
        case .timeline:
            server.begin(client, .timeline(all))
        case .wait(let unit, let isUp):
            server.begin(client, .waiting(unit, isUp: isUp))
        case .waitSettled:
            server.begin(client, .waitingSettled)
        case .watch:
            server.begin(client, .watching(changes.count))
        case .ask(let ask, let units):
            self.ask(ask, units.isEmpty ? all : units, of: client, on: &kernel, log: &log)
        case .signal(let unit, let signal, let target):
            send(signal, unit, to: target, on: &kernel)
            server.begin(client, .ending)
        case .update(let restarts):
            beginUpdate(restarts: restarts, for: client, on: &kernel)
        }
    }

    private mutating func ask<K: Kernel & ~Copyable>(
        _ ask: ServiceAsk, _ units: ServiceSet, of client: Int, on kernel: inout K,
        log: inout ServiceLog
    ) {
        var left = units
        while let unit = left.removeFirst() {
            guard table.accepts(ask, unit) else {
                server.refuse(client, ask == .reload ? .cannotReload : .isStopping)
                return
            }
        }
        // The answer comes first: a request may have everything stop.
        server.begin(client, .ending)
        left = units
        while let unit = left.removeFirst() { tell(.asked(ask, unit), on: &kernel, log: &log) }
    }

    private var all: ServiceSet {
        var set = ServiceSet()
        var index = 0
        while index < table.plan.count {
            set.insert(ServiceID(index: index))
            index &+= 1
        }
        return set
    }
}
