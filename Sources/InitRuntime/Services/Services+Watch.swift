import InitCore
import KernelInterface

/// What a descriptor of the wait set is about.
struct ServiceSource {
    enum Kind: UInt8 {
        case planner, listener, client, mainReport, controlReport, notices, readiness
    }

    var kind = Kind.planner
    /// The client's place, or the unit's number.
    var number: UInt8 = 0
}

extension Services {
    /// Fills the wait set. It is made from the state each time, so that it cannot disagree with it.
    ///
    /// - Returns: how many entries there are.
    mutating func watch() -> Int {
        var count = 0
        add(planner, for: .reading, .planner, 0, &count)
        add(server.listener, for: .reading, .listener, 0, &count)
        var client = 0
        while client < ControlServer.capacity {
            if let (descriptor, wantsRoom) = server.descriptor(of: client) {
                add(descriptor, for: wantsRoom ? .writing : .reading, .client, client, &count)
            }
            client &+= 1
        }
        var index = 0
        while index < table.plan.count {
            add(holdings[index].main.report, for: .reading, .mainReport, index, &count)
            add(holdings[index].control.report, for: .reading, .controlReport, index, &count)
            add(holdings[index].notices, for: .reading, .notices, index, &count)
            add(holdings[index].readiness, for: .reading, .readiness, index, &count)
            index &+= 1
        }
        return count
    }

    @inline(never)
    private mutating func add(
        _ descriptor: FileDescriptor?, for wish: Watched.Wish, _ kind: ServiceSource.Kind,
        _ number: Int, _ count: inout Int
    ) {
        guard let descriptor, count < Services.mostWatched &- 1 else { return }
        watched[count] = Watched(descriptor, for: wish)
        sources[count] = ServiceSource(kind: kind, number: UInt8(truncatingIfNeeded: number))
        count &+= 1
    }

    /// Does what one ready descriptor asks for: the first behind that of the last time. What
    /// follows may close others, so the set is made anew before the next one.
    mutating func takeReady<K: Kernel & ~Copyable>(
        of count: Int, on kernel: inout K, log: inout ServiceLog
    ) {
        var looked = 0
        while looked < count {
            let place = (nextPlace &+ looked) % count
            looked &+= 1
            if watched[place].isReady {
                nextPlace = place &+ 1
                take(sources[place], on: &kernel, log: &log)
                return
            }
        }
    }

    private mutating func take<K: Kernel & ~Copyable>(
        _ source: ServiceSource, on kernel: inout K, log: inout ServiceLog
    ) {
        let service = ServiceID(rawValue: source.number)
        switch source.kind {
        case .planner: readPlan(on: &kernel)
        case .listener: server.accept(at: kernel.now(), on: &kernel)
        case .client: serve(Int(source.number), on: &kernel, log: &log)
        case .mainReport: readReport(of: service, isMain: true, on: &kernel, log: &log)
        case .controlReport: readReport(of: service, isMain: false, on: &kernel, log: &log)
        case .notices: readNotices(of: service, on: &kernel, log: &log)
        case .readiness: readReadiness(of: service, on: &kernel, log: &log)
        }
    }
}
