import InitCore
import KernelInterface

/// The control socket and its clients.
///
/// PID 1 never waits for a client: it sends a line when there is room for one, and makes the next
/// line only then. A client that asks nothing for ten seconds is dropped, and so is the one that
/// has waited longest when there are too many.
struct ControlServer {
    static var path: StaticString { "/run/hammock/control" }
    static let capacity = 8
    /// How long a client may take for its request.
    static let patienceMilliseconds: Int64 = 10_000

    private(set) var listener: FileDescriptor?
    private var clients = [8 of ControlClient](repeating: ControlClient())

    /// Opens the socket. Everybody may connect; what changes something is for uid 0.
    mutating func open<K: Kernel & ~Copyable>(on kernel: inout K) throws(Errno) {
        try? kernel.makeDirectory(at: ByteView("/run/hammock\0").start, mode: 0o755)
        listener = try kernel.bind(Self.path.utf8Start, .stream, mode: 0o666)
    }

    // MARK: What to wait for

    /// The descriptor of a client from which something is expected, or that waits for room.
    mutating func descriptor(of client: Int) -> (FileDescriptor, wantsRoom: Bool)? {
        guard let descriptor = clients[client].descriptor else { return nil }
        return (descriptor, clients[client].isBlocked)
    }

    /// When the first client has waited too long with its request.
    var deadline: Instant? {
        mutating get {
            var first: Instant?
            var number = 0
            while number < Self.capacity {
                if clients[number].isReading {
                    let due = clients[number].since.advanced(
                        byMilliseconds: Self.patienceMilliseconds)
                    first = min(first ?? due, due)
                }
                number &+= 1
            }
            return first
        }
    }

    /// Drops the clients that have waited too long with their request.
    mutating func dropSilent<K: Kernel & ~Copyable>(at now: Instant, on kernel: inout K) {
        var number = 0
        while number < Self.capacity {
            if clients[number].isReading,
                clients[number].since.advanced(byMilliseconds: Self.patienceMilliseconds) <= now
            {
                drop(number, on: &kernel)
            }
            number &+= 1
        }
    }

    // MARK: Clients

    /// Takes a connection. The ninth client takes the place of the one that connected first.
    mutating func accept<K: Kernel & ~Copyable>(at now: Instant, on kernel: inout K) {
        guard let listener, let descriptor = try? kernel.accept(from: listener) else { return }
        var place = 0
        var number = 0
        while number < Self.capacity {
            if clients[number].descriptor == nil {
                place = number
                break
            }
            if clients[number].since < clients[place].since { place = number }
            number &+= 1
        }
        drop(place, on: &kernel)
        clients[place].descriptor = descriptor
        clients[place].user = (try? kernel.peerUser(of: descriptor)) ?? .max
        clients[place].since = now
    }

    mutating func drop<K: Kernel & ~Copyable>(_ client: Int, on kernel: inout K) {
        if let descriptor = clients[client].descriptor { kernel.close(descriptor) }
        clients[client].reset()
    }

    /// Reads from a client.
    ///
    /// - Returns: its request, once that is whole and allowed. `begin` or `refuse` answers it.
    mutating func read<K: Kernel & ~Copyable>(
        _ client: Int, in plan: Plan, isStopping: Bool, on kernel: inout K
    ) -> ControlRequest? {
        guard let descriptor = clients[client].descriptor else { return nil }
        // What a client sends behind its request is nothing, but its end is.
        let isReading = clients[client].isReading
        let before = isReading ? clients[client].inputCount : 0
        do throws(Errno) {
            let received = try withUnsafeMutableBytes(of: &clients[client].input) {
                (all) throws(Errno) in
                try kernel.receive(
                    UnsafeMutableRawBufferPointer(rebasing: all[before...]), from: descriptor)
            }
            guard received.count > 0 else {
                drop(client, on: &kernel)
                return nil
            }
            guard isReading else { return nil }
            clients[client].inputCount = before &+ received.count
        } catch {
            if error != .wouldBlock, error != .interrupted { drop(client, on: &kernel) }
            return nil
        }
        return request(of: client, in: plan, isStopping: isStopping)
    }

    private mutating func request(of client: Int, in plan: Plan, isStopping: Bool)
        -> ControlRequest?
    {
        let count = clients[client].inputCount
        var length = 0
        while length < count, clients[client].input[length] != 0x0a { length &+= 1 }
        guard length < count else {
            if count == ControlRequest.mostBytes { refuse(client, .notARequest) }
            return nil
        }
        let user = clients[client].user
        do throws(ControlProblem) {
            let request = try withUnsafeBytes(of: &clients[client].input) {
                (all) throws(ControlProblem) in
                guard let base = all.baseAddress else { throw .notARequest }
                return try ControlRequest(
                    ByteView(start: base.assumingMemoryBound(to: UInt8.self), count: length),
                    in: plan)
            }
            if request.changesSomething, user != 0 { throw .notAllowed }
            if isStopping, request.beginsSomething { throw .isStopping }
            return request
        } catch {
            refuse(client, error)
            return nil
        }
    }

    // MARK: Answers

    /// Answers yes. `goOn` sends what follows.
    mutating func begin(_ client: Int, _ reply: ControlClient.Reply) {
        clients[client].line = Line()
        clients[client].line.appendYes()
        clients[client].sent = 0
        clients[client].reply = reply
    }

    /// Answers no.
    mutating func refuse(_ client: Int, _ problem: ControlProblem) {
        clients[client].line = Line()
        clients[client].line.appendNo(problem)
        clients[client].sent = 0
        clients[client].reply = .over
    }

    /// The client hears nothing until `answerUpdate`.
    mutating func letWaitForUpdate(_ client: Int) {
        clients[client].line = Line()
        clients[client].sent = 0
        clients[client].reply = .waitingForUpdate
    }

    /// The update is over.
    ///
    /// - Parameter problem: why there is none; `nil` if all is well.
    mutating func answerUpdate(_ problem: ControlProblem?) {
        var number = 0
        while number < Self.capacity {
            if case .waitingForUpdate = clients[number].reply {
                if let problem { refuse(number, problem) } else { begin(number, .ending) }
            }
            number &+= 1
        }
    }

    /// The units have other numbers now.
    mutating func adopt(_ map: UnitMap) {
        var number = 0
        while number < Self.capacity {
            clients[number].adopt(map)
            number &+= 1
        }
    }

    /// Sends to each client what there is room for.
    mutating func goOn<K: Kernel & ~Copyable>(
        about services: inout ServiceTable<128>, _ changes: inout ServiceChanges,
        isSettled: Bool, on kernel: inout K
    ) {
        var number = 0
        while number < Self.capacity {
            if clients[number].descriptor != nil {
                send(number, &services, &changes, isSettled, on: &kernel)
            }
            number &+= 1
        }
    }

    private mutating func send<K: Kernel & ~Copyable>(
        _ client: Int, _ services: inout ServiceTable<128>, _ changes: inout ServiceChanges,
        _ isSettled: Bool, on kernel: inout K
    ) {
        while let descriptor = clients[client].descriptor {
            if clients[client].isBlocked {
                let sent = clients[client].sent
                do throws(Errno) {
                    let count = try clients[client].line.withBytes { (all) throws(Errno) in
                        try kernel.send(
                            UnsafeRawBufferPointer(rebasing: all[sent...]), over: descriptor)
                    }
                    clients[client].sent = sent &+ count
                } catch {
                    if error != .wouldBlock, error != .interrupted { drop(client, on: &kernel) }
                    return
                }
            } else if case .over = clients[client].reply {
                drop(client, on: &kernel)
                return
            } else if !clients[client].makeLine(&services, &changes, isSettled) {
                return
            }
        }
    }
}

extension ControlClient {
    /// Makes the next line.
    ///
    /// - Returns: whether there is one now.
    fileprivate mutating func makeLine(
        _ services: inout ServiceTable<128>, _ changes: inout ServiceChanges, _ isSettled: Bool
    ) -> Bool {
        line = Line()
        sent = 0
        switch reply {
        case .none, .over:
            return false
        case .status(var units, let culpritOf):
            makeStatus(&units, culpritOf, &services)
        case .timeline(var units):
            if let unit = units.removeFirst() {
                line.append(changes.moments(of: unit), of: unit, in: services.plan)
                reply = .timeline(units)
            } else {
                end()
            }
        case .waiting(let unit, let isUp):
            let state = services.state(of: unit)
            guard state.isDecided(isUp: isUp) else { return false }
            line.append(state, of: unit, in: services.plan)
            reply = .ending
        case .waitingForUpdate:
            return false
        case .waitingSettled:
            guard isSettled else { return false }
            end()
        case .watching(let number):
            return makeChange(number, &changes, in: services.plan)
        case .ending:
            end()
        }
        return true
    }

    /// The units have other numbers now. A client hears no more of one that is gone.
    fileprivate mutating func adopt(_ map: UnitMap) {
        switch reply {
        case .status(let units, let culpritOf):
            reply = .status(
                map.present(of: units), culpritOf: culpritOf.flatMap { map.present(of: $0) })
        case .timeline(let units): reply = .timeline(map.present(of: units))
        case .waiting(let unit, let isUp):
            if let present = map.present(of: unit) {
                reply = .waiting(present, isUp: isUp)
            } else {
                reply = .ending
            }
        case .none, .waitingSettled, .waitingForUpdate, .watching, .ending, .over: break
        }
    }

    private mutating func end() {
        line.appendEnd()
        reply = .over
    }

    private mutating func makeStatus(
        _ units: inout ServiceSet, _ culpritOf: ServiceID?, _ services: inout ServiceTable<128>
    ) {
        if let unit = culpritOf, let culprit = services.state(of: unit).culprit {
            line.append(culprit: culprit, of: unit, in: services.plan)
            reply = .status(units, culpritOf: nil)
        } else if let unit = units.removeFirst() {
            let state = services.state(of: unit)
            line.append(state, of: unit, in: services.plan)
            reply = .status(units, culpritOf: state.culprit == nil ? nil : unit)
        } else {
            end()
        }
    }

    private mutating func makeChange(
        _ number: Int, _ changes: inout ServiceChanges, in plan: Plan
    ) -> Bool {
        guard number < changes.count else { return false }
        guard let change = changes.change(number) else {
            let first = changes.oldest
            line.append("lost=")
            line.append(number: Int32(truncatingIfNeeded: first &- number))
            line.end()
            reply = .watching(first)
            return true
        }
        line.append("at=")
        line.append(moment: change.moment)
        line.append(" name=")
        line.append(plan.name(of: change.service))
        line.append(" phase=")
        line.append(change.phase.name)
        line.end()
        reply = .watching(number &+ 1)
        return true
    }
}

extension ServiceState {
    /// Whether a client that waits for the unit to be up, or down, need wait no longer.
    fileprivate func isDecided(isUp: Bool) -> Bool {
        switch phase {
        // It goes down first if it is to come again.
        case .up, .busy: isUp && !comesAgain
        case .down: !isUp || !isWanted || outcome.isFailure
        case .stuck: true
        case .queued, .preparing, .starting, .settling, .stopping, .ending, .killing, .cleaning,
            .resting:
            false
        }
    }
}

extension Line {
    /// The moments of a unit's last start.
    fileprivate mutating func append(
        _ moments: ServiceChanges.Moments, of service: ServiceID, in plan: Plan
    ) {
        append("name=")
        append(plan.name(of: service))
        append(" queued=")
        append(moment: Instant(milliseconds: moments.queued))
        append(" began=")
        append(moment: Instant(milliseconds: moments.began))
        append(" ready=")
        append(moment: Instant(milliseconds: moments.ready))
        end()
    }
}

extension ControlRequest {
    /// Whether it cannot be while everything stops.
    fileprivate var beginsSomething: Bool {
        switch self {
        case .ask(let ask, _):
            switch ask {
            case .start, .restart, .reload: true
            case .stop, .reset: false
            }
        case .update: true
        case .status, .signal, .wait, .waitSettled, .watch, .timeline: false
        }
    }
}
