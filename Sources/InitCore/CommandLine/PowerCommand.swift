/// What init does when it is called by another name: poweroff, reboot, halt or shutdown.
///
/// It acts only if it understands every word of the command line.
public enum PowerCommand {
    /// What a command line asks for.
    public enum Outcome: Equatable, Sendable {
        /// Send the request's signal to PID 1.
        case ask(Ending)
        /// Do not ask PID 1: call reboot(2), with or without a sync(2) before it.
        case force(Ending, sync: Bool)
        /// Print `PowerCommand.usage` and end.
        case help
        /// Print the version and end.
        case version
        /// Complain about the word at `index`, and end with code 2.
        case wrong(UsageProblem, index: Int)
    }

    /// What `--help` says.
    public static let usage: StaticString = """
        Usage: poweroff|reboot|halt [-f [-n]]
               shutdown [-P|-h|-H|-r] [now]

        Asks PID 1 to end all processes, unmount, and power off, reboot or halt.

          -f, --force     do not ask PID 1: sync, then do it
          -n, --no-sync   with -f: do not sync
          -P, -h, --poweroff   power off (shutdown's default)
          -H, --halt           halt
          -r, --reboot         reboot
              --help, --version

        Exits with 0 once PID 1 is asked; 2 on wrong use; 1 otherwise.

        """

    /// - Returns: `nil` if word 0 is none of the four names, so that this is init.
    public static func parse(_ words: Words) -> Outcome? {
        let requests: [4 of Ending] = [.powerOff, .reboot, .halt, .powerOff]
        guard let position = words.baseName.position(in: "poweroff reboot halt shutdown") else {
            return nil
        }
        let isShutdown = position == 3
        // shutdown's -h means power off, so --help has no letter.
        return parse(
            words, requests[position & 3], takesTime: isShutdown,
            grammar: isShutdown
                ? "P.poweroff h. H.halt r.reboot c. ?-help V-version"
                : "f.force n.no-sync ?-help V-version")
    }

    private static func parse(
        _ words: Words, _ usual: Ending, takesTime: Bool, grammar: ByteView
    ) -> Outcome {
        var scanner = OptionScanner(words, from: 1, grammar: grammar)
        var request = usual
        var takesTime = takesTime
        var forces = false
        var noSyncIndex = 0
        while true {
            var problem: UsageProblem?
            switch scanner.next() {
            case .end:
                if forces { return .force(request, sync: noSyncIndex == 0) }
                guard noSyncIndex == 0 else { return .wrong(.onlyWithForce, index: noSyncIndex) }
                return .ask(request)
            case .word:
                let isNow = words[scanner.index].position(in: "now +0") != nil
                problem = takesTime ? (isNow ? nil : .notNow) : .strayWord
                takesTime = false
            case .wrong(let mistake): problem = mistake
            case .option(UInt8(ascii: "f")): forces = true
            case .option(UInt8(ascii: "n")): noSyncIndex = scanner.index
            case .option(UInt8(ascii: "P")), .option(UInt8(ascii: "h")): request = .powerOff
            case .option(UInt8(ascii: "H")): request = .halt
            case .option(UInt8(ascii: "r")): request = .reboot
            case .option(UInt8(ascii: "c")): problem = .nothingScheduled
            case .option(UInt8(ascii: "V")): return .version
            case .option: return .help
            }
            if let problem { return .wrong(problem, index: scanner.index) }
        }
    }
}
