import InitCore

/// What a command line of systemctl(1), or of service(8), asks.
struct SystemctlRequest {
    enum Verb: Int {
        case start, stop, restart, tryRestart, reload, reloadOrRestart, tryReloadOrRestart
        case status, show, isActive, isFailed, isEnabled, isSystemRunning, listUnits
        case daemonReload, resetFailed, kill
        case enable, disable, mask, unmask, preset
        // Other names.
        case condrestart, forceReload, reloadOrTryRestart

        static var all: ByteView {
            """
            start stop restart try-restart reload reload-or-restart try-reload-or-restart status \
            show is-active is-failed is-enabled is-system-running list-units daemon-reload \
            reset-failed kill enable disable mask unmask preset condrestart force-reload \
            reload-or-try-restart
            """
        }

        init?(_ word: ByteView) {
            guard let place = word.position(in: Verb.all), let verb = Verb(rawValue: place) else {
                return nil
            }
            switch verb {
            case .condrestart: self = .tryRestart
            case .forceReload: self = .reloadOrRestart
            case .reloadOrTryRestart: self = .tryReloadOrRestart
            default: self = verb
            }
        }
    }

    /// What to do before anything else, or in its place.
    enum Problem {
        case help
        case version
        /// A mistake, and the word that it is about.
        case wrong(ByteView, ByteView)
    }

    var verb = Verb.listUnits
    /// As it stands on the command line.
    var verbName: ByteView = "list-units"
    var socket = Client.usualSocket
    var root = ByteView.empty
    var isQuiet = false
    /// `--now`
    var isNow = false
    /// `--preset-mode=disable-only`
    var onlyDisables = false
    var waits = true
    /// `--value`: without the names of the properties.
    var hasBareValues = false
    var showsAll = false
    var hasLegend = true
    /// Words with commas between, as are the next two; empty for all.
    var types = ByteView.empty
    var states = ByteView.empty
    var signal: ByteView = "TERM"
    var whom: ByteView = "all"
    /// How many lines of the log go with a status.
    var lines = 10

    static let mostWords = 128
    private var words = [128 of ByteView](repeating: .empty)
    private(set) var count = 0
    /// Each may hold several, with commas between.
    private var properties = [16 of ByteView](repeating: .empty)
    private(set) var propertyCount = 0

    /// Unit `number`, from 0.
    mutating func word(_ number: Int) -> ByteView {
        number < count && number < SystemctlRequest.mostWords ? words[number] : .empty
    }

    mutating func property(_ number: Int) -> ByteView {
        number < propertyCount && number < 16 ? properties[number] : .empty
    }

    // MARK: service

    /// Reads the words of `service NAME VERB`.
    mutating func readService(_ all: Words) -> Problem? {
        let name = all[1]
        if all.count == 1 || name.equals("--help") || name.equals("-h") { return .help }
        if name.equals("--version") { return .version }
        // `service --status-all` is the table of all units.
        if name.equals("--status-all") {
            showsAll = true
            return nil
        }
        guard let verb = Verb(all[2]) else { return .wrong("unknown verb", all[2]) }
        switch verb {
        case .start, .stop, .restart, .tryRestart, .reload, .reloadOrRestart, .status: break
        default: return .wrong("unknown verb", all[2])
        }
        (self.verb, verbName) = (verb, all[2])
        words[0] = name
        count = 1
        return nil
    }

    // MARK: systemctl

    private static var grammar: ByteView {
        """
        q.quiet p:property a.all l.full t:type s:signal n:lines o:output f.force h.help P: \
        1-now 2-no-block 3-no-pager 4-system 5-value 6-no-legend 7=state 8=kill-who \
        9=kill-whom Q=preset-mode A-no-ask-password B-no-wall C-no-reload E=root F=job-mode G-plain \
        I-failed J-wait K=socket L-user M-version N-no-warn R-runtime
        """
    }

    mutating func readSystemctl(_ all: Words) -> Problem? {
        var scanner = OptionScanner(all, from: 1, grammar: SystemctlRequest.grammar)
        var hasVerb = false
        while true {
            switch scanner.next() {
            case .end: return complaint()
            case .word:
                let word = all[scanner.index]
                if !hasVerb {
                    guard let verb = Verb(word) else { return .wrong("unknown verb", word) }
                    (self.verb, verbName) = (verb, word)
                    hasVerb = true
                } else {
                    guard count < SystemctlRequest.mostWords else {
                        return .wrong("too many words", word)
                    }
                    words[count] = word
                    count &+= 1
                }
            case .wrong(let problem): return .wrong(problem.text, all[scanner.index])
            case .option(let letter):
                if let problem = apply(letter, scanner.value) { return problem }
            }
        }
    }

    private mutating func apply(_ letter: UInt8, _ value: ByteView) -> Problem? {
        switch letter {
        case UInt8(ascii: "q"): isQuiet = true
        case UInt8(ascii: "p"), UInt8(ascii: "P"):
            guard propertyCount < 16 else { return .wrong("too many properties", value) }
            properties[propertyCount] = value
            propertyCount &+= 1
            if letter == UInt8(ascii: "P") { hasBareValues = true }
        case UInt8(ascii: "a"): showsAll = true
        case UInt8(ascii: "t"): types = value
        case UInt8(ascii: "7"): states = value
        case UInt8(ascii: "I"): states = "failed"
        case UInt8(ascii: "s"):
            if SignalName.parse(value) == nil { return .wrong(UsageProblem.notASignal.text, value) }
            signal = value
        case UInt8(ascii: "n"):
            guard let number = value.decimal(upTo: 100_000) else {
                return .wrong("not a number of lines", value)
            }
            lines = number
        case UInt8(ascii: "1"): isNow = true
        case UInt8(ascii: "2"): waits = false
        case UInt8(ascii: "5"): hasBareValues = true
        case UInt8(ascii: "6"): hasLegend = false
        case UInt8(ascii: "8"), UInt8(ascii: "9"):
            guard value.position(in: "main control all") != nil else {
                return .wrong("it is main, control or all", value)
            }
            whom = value
        case UInt8(ascii: "Q"):
            guard let mode = value.position(in: "full enable-only disable-only") else {
                return .wrong("it is full, enable-only or disable-only", value)
            }
            onlyDisables = mode == 2
        case UInt8(ascii: "E"): root = value
        case UInt8(ascii: "K"): socket = value
        case UInt8(ascii: "L"): return .wrong("Hammock has no services of users", "--user")
        case UInt8(ascii: "R"): return .wrong("Hammock does not do this", "--runtime")
        case UInt8(ascii: "h"): return .help
        case UInt8(ascii: "M"): return .version
        // Pages, passwords, walls, jobs and D-Bus: there are none.
        default: break
        }
        return nil
    }

    private func complaint() -> Problem? {
        switch verb {
        case .status, .show, .listUnits, .resetFailed: return nil
        case .daemonReload, .isSystemRunning:
            return count > 0 ? .wrong("too many words", verbName) : nil
        default:
            return count == 0 ? .wrong("the name of a unit is missing", verbName) : nil
        }
    }

    static var usage: ByteView {
        """
        Usage: systemctl [OPTION]... VERB [NAME]...
               service NAME VERB

        Speaks with Hammock's init by the words of systemctl(1).

        Verbs for services: start stop restart try-restart reload reload-or-restart kill
          reset-failed status show is-active is-failed is-system-running list-units daemon-reload
        Verbs for their files: enable disable preset mask unmask is-enabled
        Options: --now --no-block -q -p NAME --value -a -t TYPE --state STATE -s SIGNAL
          --kill-whom WHOM --preset-mode MODE -n LINES --root DIR --socket PATH
        Without effect: --system --no-pager -l --no-ask-password --job-mode MODE and the like

        hammock --help has more.

        """
    }
}
