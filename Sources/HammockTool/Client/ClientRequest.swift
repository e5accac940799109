import InitCore

/// What a command line asks of PID 1.
struct ClientRequest {
    enum Verb: Int {
        case status, start, stop, restart, reload, reset, signal, wait, watch, why, timeline
        case update

        static var all: ByteView {
            "status start stop restart reload reset signal wait watch why timeline update"
        }
    }

    /// What may stand behind a verb.
    private enum Names {
        case none, some, any, one, two
    }

    let verb: Verb
    var socket = Client.usualSocket
    var isJSON = false
    /// Whether to wait until it is so.
    var waits = true
    /// How long at the most, in milliseconds; `nil` as long as PID 1 is about it.
    var patience: Int64?
    /// Whether a signal is for all processes of the unit.
    var isForAll = false
    /// Whether units that an update has changed are restarted.
    var restarts = false
    /// The words behind the verb.
    private(set) var count = 0
    private var words = [128 of ByteView](repeating: .empty)

    static let mostWords = 128

    /// - Parameter verb: `nil` is returned for a word that is none.
    init?(verb: ByteView) {
        guard let number = verb.position(in: Verb.all), let verb = Verb(rawValue: number) else {
            return nil
        }
        self.verb = verb
    }

    /// Word `number` behind the verb, from 0.
    mutating func word(_ number: Int) -> ByteView {
        number < count && number < ClientRequest.mostWords ? words[number] : .empty
    }

    /// - Returns: `nil` if there is something to do.
    mutating func read(_ all: Words) -> Request.Answer? {
        var scanner = OptionScanner(
            all, from: 2,
            grammar: """
                j-json n-no-wait t=timeout a-all r-restart s=socket h.help V.version
                """)
        while true {
            switch scanner.next() {
            case .end: return complaint(all[1])
            case .word:
                guard count < ClientRequest.mostWords else {
                    return .wrong("too many words", all[scanner.index])
                }
                words[count] = all[scanner.index]
                count &+= 1
            case .wrong(let problem): return .wrong(problem.text, all[scanner.index])
            case .option(UInt8(ascii: "j")): isJSON = true
            case .option(UInt8(ascii: "n")): waits = false
            case .option(UInt8(ascii: "t")):
                guard let seconds = scanner.value.decimal(upTo: 1_000_000) else {
                    return .wrong("not a number of seconds", scanner.value)
                }
                patience = Int64(seconds) &* 1_000
            case .option(UInt8(ascii: "a")): isForAll = true
            case .option(UInt8(ascii: "r")): restarts = true
            case .option(UInt8(ascii: "s")):
                socket = scanner.value
                if socket.count == 0 { return .wrong("no path", "--socket") }
            case .option(UInt8(ascii: "V")): return .version
            case .option: return .help
            }
        }
    }

    private var names: Names {
        switch verb {
        case .status, .reset: .any
        case .start, .stop, .restart, .reload: .some
        case .signal: .two
        // `wait settled` is checked where it is asked.
        case .wait: .some
        case .why: .one
        case .watch, .timeline, .update: .none
        }
    }

    private mutating func complaint(_ verb: ByteView) -> Request.Answer? {
        switch names {
        case .none: if count > 0 { return .wrong("one word too many", word(0)) }
        case .any: break
        case .some: if count == 0 { return .wrong("the name of a unit is missing", verb) }
        case .one:
            if count == 0 { return .wrong("the name of a unit is missing", verb) }
            if count > 1 { return .wrong("one word too many", word(1)) }
        case .two:
            if count < 2 { return .wrong("it takes a unit and a signal", verb) }
            if count > 2 { return .wrong("one word too many", word(2)) }
        }
        return optionComplaint(verb) ?? waitComplaint()
    }

    private func optionComplaint(_ verb: ByteView) -> Request.Answer? {
        var changes = false
        var printsObjects = false
        switch self.verb {
        case .start, .stop, .restart, .reload: changes = true
        case .status, .watch, .why, .timeline: printsObjects = true
        case .wait, .signal, .reset, .update: break
        }
        if isJSON, !printsObjects { return .wrong("it prints no objects", verb) }
        if !waits, !changes { return .wrong("there is nothing to wait for", verb) }
        if patience != nil, !changes, self.verb != .wait {
            return .wrong("--timeout is for what waits", verb)
        }
        if isForAll, self.verb != .signal { return .wrong("--all is for signal", verb) }
        if restarts, self.verb != .update { return .wrong("--restart is for update", verb) }
        return nil
    }

    private mutating func waitComplaint() -> Request.Answer? {
        switch verb {
        case .wait:
            if count == 1, word(0).equals("settled") { return nil }
            if count == 2, word(1).position(in: "up down") != nil { return nil }
            return .wrong("it takes 'NAME up', 'NAME down' or 'settled'", "wait")
        case .signal:
            return SignalName.parse(word(1)) == nil
                ? .wrong(UsageProblem.notASignal.text, word(1)) : nil
        case .status, .start, .stop, .restart, .reload, .reset, .watch, .why, .timeline, .update:
            return nil
        }
    }
}
