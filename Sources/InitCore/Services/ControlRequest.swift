/// What a client of the control socket asks: one line, such as `hammock/1 status nginx`.
///
///     request = "hammock/1" SP verb *(SP word) LF
///
/// Names are looked up at once, so a request holds numbers only. A name without an ending means a
/// service.
public enum ControlRequest: Equatable, Sendable {
    /// These units, or all of the plan if none was named.
    case status(ServiceSet)
    /// Something for each of these units.
    case ask(ServiceAsk, ServiceSet)
    case signal(ServiceID, Signal, to: ServiceTarget)
    /// Answered when the unit is up, or down.
    case wait(ServiceID, isUp: Bool)
    /// Answered when nothing more will happen by itself.
    case waitSettled
    /// Each change from now on.
    case watch
    /// The moments of each unit.
    case timeline
    /// Makes the plan anew. Units that have changed may be restarted.
    case update(restarts: Bool)

    /// How long a request is at most, with its newline.
    public static let mostBytes = 512

    /// Whether only uid 0 may ask it.
    public var changesSomething: Bool {
        switch self {
        case .ask, .signal, .update: true
        case .status, .wait, .waitSettled, .watch, .timeline: false
        }
    }
}

/// Why a line is no request. The answer is `no` and `reason`.
public enum ControlProblem: Error, Equatable, Sendable {
    /// It does not begin as requests do.
    case notARequest
    /// It is of another version of the protocol.
    case otherVersion
    case unknownVerb
    /// A word is missing, or one is too many.
    case wrongWords
    case unknownUnit
    case unknownSignal
    /// Only uid 0 may ask this.
    case notAllowed
    /// Everything is stopping.
    case isStopping
    /// No command or signal makes the unit read its configuration again.
    case cannotReload
    /// Another update is not over.
    case isUpdating
    /// There is no plan in place of the one that counts: a unit of that one is refused now.
    case noPlan
    /// The new plan counts, without the units that are refused.
    case partialPlan

    /// The words behind `no`.
    public var reason: StaticString {
        switch self {
        case .notARequest: "request"
        case .otherVersion: "version 1"
        case .unknownVerb: "verb"
        case .wrongWords: "words"
        case .unknownUnit: "unit"
        case .unknownSignal: "signal"
        case .notAllowed: "permission"
        case .isStopping: "stopping"
        case .cannotReload: "reload"
        case .isUpdating: "updating"
        case .noPlan: "plan"
        case .partialPlan: "partial"
        }
    }
}

extension ControlRequest {
    /// - Parameters:
    ///   - line: without its newline.
    ///   - plan: whose names count.
    public init(_ line: ByteView, in plan: Plan) throws(ControlProblem) {
        var rest = line
        let version = rest.removeFirst(upTo: UInt8(ascii: " "))
        guard version.equals("hammock/1") else {
            throw version.hasPrefix("hammock/") ? .otherVersion : .notARequest
        }
        let verb = rest.removeFirst(upTo: UInt8(ascii: " "))
        guard let number = verb.position(in: Verb.all), let verb = Verb(rawValue: number) else {
            throw .unknownVerb
        }
        self = try ControlRequest(verb, &rest, in: plan)
        guard rest.count == 0 else { throw .wrongWords }
    }

    /// The verbs, as they stand in `all`.
    private enum Verb: Int {
        case status, start, stop, restart, reload, reset, signal, wait, watch, timeline, update

        static var all: ByteView {
            "status start stop restart reload reset signal wait watch timeline update"
        }
    }

    private init(_ verb: Verb, _ rest: inout ByteView, in plan: Plan) throws(ControlProblem) {
        switch verb {
        case .status: self = .status(try plan.units(&rest))
        case .start: self = .ask(.start, try plan.someUnits(&rest))
        case .stop: self = .ask(.stop, try plan.someUnits(&rest))
        case .restart: self = .ask(.restart, try plan.someUnits(&rest))
        case .reload: self = .ask(.reload, try plan.someUnits(&rest))
        case .reset: self = .ask(.reset, try plan.units(&rest))
        case .signal:
            let service = try plan.oneUnit(&rest)
            guard let signal = SignalName.parse(rest.removeFirst(upTo: UInt8(ascii: " "))) else {
                throw .unknownSignal
            }
            let target: ServiceTarget
            let word = rest.removeFirst(upTo: UInt8(ascii: " "))
            switch word.position(in: "main control all") {
            case 0: target = .main
            case 1: target = .control
            case 2: target = .everybody
            default:
                guard word.count == 0 else { throw .wrongWords }
                target = .main
            }
            self = .signal(service, signal, to: target)
        case .wait:
            if rest.equals("settled") {
                rest = .empty
                self = .waitSettled
                return
            }
            let service = try plan.oneUnit(&rest)
            switch rest.removeFirst(upTo: UInt8(ascii: " ")).position(in: "up down") {
            case 0: self = .wait(service, isUp: true)
            case 1: self = .wait(service, isUp: false)
            default: throw .wrongWords
            }
        case .watch: self = .watch
        case .timeline: self = .timeline
        case .update:
            let word = rest.removeFirst(upTo: UInt8(ascii: " "))
            guard word.count == 0 || word.equals("restart") else { throw .wrongWords }
            self = .update(restarts: word.count > 0)
        }
    }
}

extension Plan {
    /// Takes all names off `words`. No name means no unit.
    @inline(never)
    fileprivate func units(_ words: inout ByteView) throws(ControlProblem) -> ServiceSet {
        var set = ServiceSet()
        while words.count > 0 { set.insert(try oneUnit(&words)) }
        return set
    }

    fileprivate func someUnits(_ words: inout ByteView) throws(ControlProblem) -> ServiceSet {
        guard words.count > 0 else { throw .wrongWords }
        return try units(&words)
    }

    @inline(never)
    fileprivate func oneUnit(_ words: inout ByteView) throws(ControlProblem) -> ServiceID {
        let name = words.removeFirst(upTo: UInt8(ascii: " "))
        guard name.count > 0 else { throw .wrongWords }
        guard let unit = unit(called: name) else { throw .unknownUnit }
        return unit
    }

    /// The unit of this name, or the service of this name if it has no ending.
    public func unit(called name: ByteView) -> ServiceID? {
        if let unit = unit(named: name) { return unit }
        var index = 0
        while index < count {
            let service = ServiceID(index: index)
            let whole = self.name(of: service)
            if whole.count == name.count &+ 8, whole.hasPrefix(name),
                whole.dropping(name.count).equals(".service")
            {
                return service
            }
            index &+= 1
        }
        return nil
    }
}
