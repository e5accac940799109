import InitCore
import UnitFiles

/// What a command line asks of the tool.
struct Request {
    enum Verb {
        case check
        case plan
        case logs
    }

    var verb = Verb.check
    /// The directory that stands for `/`.
    var root = ByteView.empty
    var target: ByteView?
    var isStrict = false
    var isJSON = false
    /// Whether only the number of the warnings is said.
    var isForBoot = false
    /// Whether the plan may lack units that are refused.
    var isPartial = false
    /// Where a plan is written; `-` is standard output.
    var file = ByteView.empty
    var logs = LogsRequest()

    /// What to print in place of doing anything.
    enum Answer {
        case help
        case version
        /// A mistake, and the word that it is about.
        case wrong(ByteView, ByteView)
    }

    static var usage: ByteView {
        """
        Usage: hammock status [NAME...] [--json]
               hammock start|stop|restart|reload NAME... [--no-wait] [--timeout SECONDS]
               hammock reset [NAME...]
               hammock signal NAME SIGNAL [--all]
               hammock wait NAME up|down, or wait settled [--timeout SECONDS]
               hammock watch|timeline [--json]
               hammock why NAME [--json]
               hammock update [--restart]
               hammock check [--root DIR] [--target NAME] [--strict] [--json]
               hammock plan -o FILE [--root DIR] [--target NAME] [--strict]
                            [--partial|--boot]
               hammock logs [NAME...] [-f] [-n N] [-p PRIORITY] [--since S] [--kernel] [--json]

        Asks Hammock's init about its services and tells it what to do with them. Looks at unit
        files as that init reads them, and at what services have written.

          status               all units in a table, or each that is named in full
          start                and waits until it is up, or has failed
          stop                 and waits until it is down
          restart              stops it if it is up, and starts it
          reload               has it read its configuration again
          reset                forgets that it has failed, and how often it was started
          signal               sends a signal to its main process
          wait                 until a unit is up or down, or nothing more is under way
          watch                prints each change as it happens
          why                  why a unit is not up, and which other unit is to blame
          timeline             when each unit was asked for, began, and was ready
          update               reads the unit files anew
          check                what becomes of each unit file, and how long a shutdown takes
          plan                 the same, and writes a plan that init need not make any more
          logs                 the lines of these services, or of all, in the order of time

              --json           prints an object a line
              --no-wait        does not wait until it is so
              --timeout SECONDS
                               how long to wait at the most
              --all            sends the signal to all processes of the unit
              --restart        restarts the units whose files have changed
              --socket PATH    where init answers, in place of /run/hammock/control
              --root DIR       the directory that stands for /
              --target NAME    what is wanted; otherwise all units of /etc/hammock
              --strict         refuses where it would warn
          -o, --output FILE    where the plan is written; - is standard output
              --partial        leaves out what is refused, as init does for an update
              --boot           the same, and counts the warnings only, as init does at a boot
          -f, --follow         goes on with what comes
          -n, --lines N        the last N lines only
          -p, --priority P     only priorities up to 0...7, or emerg...debug
              --since S        only since S seconds after the boot; since -S: the last S seconds
              --kernel         the kernel's own lines too
          -h, --help           prints this
          -V, --version        prints the version

        Times are in seconds since the kernel began. NAME may lack '.service'.

        Exits with 0; 1 if a unit has failed or is refused, init says no, or something cannot be
        read or written; 2 on wrong use; 3 if no init answers, or no service has written a log;
        4 if there is no such unit, or no log of it; 124 if it took too long.

        """
    }

    /// - Returns: `nil` if there is something to do.
    mutating func read(_ words: Words) -> Answer? {
        guard words.count > 1 else { return .wrong("a verb is missing", "hammock") }
        var first = 2
        switch words[1].position(in: "check plan logs") {
        case 0: verb = .check
        case 1: verb = .plan
        case 2:
            verb = .logs
            return logs.read(words)
        default:
            if words[1][0] != UInt8(ascii: "-") { return .wrong("unknown verb", words[1]) }
            first = 1
        }
        var scanner = OptionScanner(
            words, from: first,
            grammar: "r=root t=target s-strict j-json b-boot p-partial o:output h.help V.version")
        while true {
            switch scanner.next() {
            case .end:
                return first == 1 ? .wrong("a verb comes first", words[1]) : complaint(words)
            case .word: return .wrong("one word too many", words[scanner.index])
            case .wrong(let problem): return .wrong(problem.text, words[scanner.index])
            case .option(UInt8(ascii: "r")):
                root = scanner.value
                if root.count == 0 { return .wrong("no directory", "--root") }
            case .option(UInt8(ascii: "t")):
                guard let name = UnitName(scanner.value), name.kind == .target, !name.isTemplate
                else {
                    return .wrong("not the name of a target (multi-user.target)", scanner.value)
                }
                target = scanner.value
            case .option(UInt8(ascii: "s")): isStrict = true
            case .option(UInt8(ascii: "j")): isJSON = true
            case .option(UInt8(ascii: "b")):
                isForBoot = true
                isPartial = true
            case .option(UInt8(ascii: "p")): isPartial = true
            case .option(UInt8(ascii: "o")): file = scanner.value
            case .option(UInt8(ascii: "V")): return .version
            case .option: return .help
            }
        }
    }

    private func complaint(_ words: Words) -> Answer? {
        switch verb {
        case .check:
            if isForBoot { return .wrong("only a plan is for a boot", "--boot") }
            if isPartial { return .wrong("only a plan can be partial", "--partial") }
            return file.count > 0 ? .wrong("only plan writes a file", "-o") : nil
        case .plan:
            if isJSON { return .wrong("only check prints objects", "--json") }
            return file.count == 0 ? .wrong("a plan needs -o FILE", words[1]) : nil
        case .logs: return nil
        }
    }
}
