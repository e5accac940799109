/// What is wrong with a word of a command line.
public enum UsageProblem: Equatable, Sendable {
    case unknownOption
    case valueMissing
    case valueUnwanted
    case notASignal
    case notACode
    case notARewrite
    case notSeconds
    case strayWord
    case notNow
    case nothingScheduled
    case onlyWithForce

    /// Says so in a few words, to stand before or behind the word itself.
    public var text: ByteView {
        switch self {
        case .unknownOption: "unknown option"
        case .valueMissing: "value missing"
        case .valueUnwanted: "takes no value"
        case .notASignal: "not a signal (TERM, SIGTERM, 15, RTMIN+1)"
        case .notACode: "not an exit code (0 to 255)"
        case .notARewrite: "not two signals, FROM:TO (TO may be 0)"
        case .notSeconds: "not a number of seconds (0 to 3600)"
        case .strayWord: "one word too many"
        case .notNow: "Hammock knows only 'now'"
        case .nothingScheduled: "nothing to cancel: Hammock knows only 'now'"
        case .onlyWithForce: "works only with -f"
        }
    }
}
