extension KernelLog {
    /// One start of a service, as PID 1 has logged it.
    public struct ServiceStart: Equatable {
        public let name: String
        /// `nil` if the log does not say it: PID 1 logs beginnings for debugging only
        /// (`hammock.log=7`). A service that another one has failed never begins.
        public let began: Int?
        /// `nil` if the log ends before.
        public internal(set) var over: Int?
        public internal(set) var outcome: Outcome

        public enum Outcome: Equatable {
            case up
            /// It did not come up, or not for long. The words say why.
            case failed(String)
            case skipped
            case stopped
            /// The log ends before.
            case open
        }
    }

    /// Each start of each service, in the order in which they began.
    public var serviceStarts: [ServiceStart] {
        var starts: [ServiceStart] = []
        var open: [Substring: Int] = [:]
        var reasons: [Substring: String] = [:]
        for line in lines {
            guard let (name, words) = ServiceLine.split(line.text),
                let event = ServiceLine(parsing: words)
            else { continue }
            var outcome: ServiceStart.Outcome
            switch event {
            case .begins:
                // It did not say how the start before this one ended: it was asked for again.
                if let index = open[name] {
                    starts[index].over = line.at
                    starts[index].outcome = .failed("begins again")
                }
                open[name] = starts.count
                reasons[name] = nil
                starts.append(
                    ServiceStart(name: String(name), began: line.at, over: nil, outcome: .open))
                continue
            case .notExecuted:
                reasons[name] = String(words)
                continue
            case .over(let end): outcome = end
            }
            if case .failed = outcome, let reason = reasons.removeValue(forKey: name) {
                outcome = .failed(reason)
            }
            if let index = open.removeValue(forKey: name) {
                starts[index].over = line.at
                starts[index].outcome = outcome
            } else if outcome != .stopped {
                starts.append(
                    ServiceStart(
                        name: String(name), began: nil, over: line.at, outcome: outcome))
            }
        }
        return starts
    }

    /// When PID 1 began to have the units read; `nil` if it runs no services, or does not say so.
    public var planning: Int? { time(of: "init: planning") }

    /// When PID 1 started the program that waits for the services.
    public var settled: Int? { planning == nil ? nil : time(of: "init: program started") }

    /// Whether that program did not wait any longer (`hammock.wait=`).
    public var isHurried: Bool { time(of: "init: the services are not settled yet") != nil }
}

/// What a line of PID 1's says about a unit. `ServiceMessage` has the words.
private enum ServiceLine {
    case begins
    /// Its program was not executed. What comes of that is in another line.
    case notExecuted
    case over(KernelLog.ServiceStart.Outcome)

    /// The unit's name, and what is said about it.
    static func split(_ text: String) -> (Substring, Substring)? {
        let words = text.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard words.count == 3, words[0] == "init:", words[1].contains(".") else { return nil }
        return (words[1], words[2])
    }

    init?(parsing words: Substring) {
        switch words {
        case "begins": self = .begins
        case "is up": self = .over(.up)
        case "has stopped": self = .over(.stopped)
        case _ where words.hasPrefix("is skipped"): self = .over(.skipped)
        case _ where words.hasPrefix("could not be executed"): self = .notExecuted
        case _ where words.hasPrefix("failed: ") || words.hasPrefix("is given up"),
            _ where words.hasPrefix("starts again in "):
            self = .over(.failed(String(words)))
        default: return nil
        }
    }
}
