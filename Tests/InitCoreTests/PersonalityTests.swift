import Testing

@testable import InitCore

/// The configuration of an init that is called by this name.
private func configure(
    _ words: [String], environment: [String] = [], as role: Role = .container
) -> Configuration {
    withWords(words) { words in
        withWords(environment) {
            Configuration(words, kernelCommandLine: nil, environment: $0, role: role)
        }
    }
}

/// What init prints instead of running anything, with which code, and where.
private func reply(
    _ words: [String], environment: [String] = []
) -> (text: String, code: UInt8, isError: Bool)? {
    let configuration = configure(words, environment: environment)
    var line = Line()
    guard
        let reply = withWords(
            words, { configuration.reply(to: $0, process: ProcessID(rawValue: 77), &line) })
    else { return nil }
    let first = line.withBytes { String(decoding: $0, as: UTF8.self) }
    return (first + reply.text.string, reply.code, reply.isForStandardError)
}

private func forwarded(_ configuration: Configuration) -> [Int32: Int32] {
    var table: [Int32: Int32] = [:]
    for signal in everySignal {
        let other = configuration.rewrites[signal]?.rawValue ?? 0
        if other != signal.rawValue { table[signal.rawValue] = other }
    }
    return table
}

@Suite struct PersonalityTests {
    @Test(
        arguments: [
            ("tini", .tini), ("/usr/bin/tini", .tini), ("tini-static", .tini),
            ("/sbin/docker-init", .tini), ("dumb-init", .dumbInit), ("./dumb-init", .dumbInit),
            ("/usr/libexec/podman/catatonit", .catatonit), ("init", .hammock), ("", .hammock),
            ("tini/", .hammock), ("TINI", .hammock), ("tin", .hammock), ("dumb-init2", .hammock),
            ("podman-init", .hammock),
        ] as [(String, Personality)])
    func `the name decides whose place init takes`(name: String, personality: Personality) {
        #expect(configure([name, "/prog"]).personality == personality)
        #expect(configure([name, "/prog"], as: .process).personality == personality)
    }

    @Test func `PID 1 of a machine is init, whatever it is called`() {
        let configuration = withWords(["/tini", "/prog"]) { words in
            Array("-- /prog".utf8).withUnsafeBytes {
                Configuration(
                    words, kernelCommandLine: KernelCommandLine($0), environment: words,
                    role: .machine)
            }
        }
        #expect(configuration.personality == .hammock && configuration.program == 1)
        #expect(configuration.hasOwnSession && !configuration.keepsDispositions)
    }

    @Test func `a peer exits with its program, and init ends what is left`() {
        for name in ["tini", "dumb-init", "catatonit"] {
            let configuration = configure([name, "/prog"])
            #expect(configuration.exitsWithProgram)
            #expect(configuration.leftoverGraceMilliseconds == 0)
        }
        #expect(!configure(["init", "/prog"]).exitsWithProgram)
        var subject = Subject.running(.container) { $0.exitsWithProgram = true }
        #expect(deeds(subject.feed(.childEnded(Subject.program, .exited(42)))) == [.exit(42)])
    }

    @Test func `the program inherits blocked signals, except from dumb-init and PID 1`() {
        for role in [Role.container, .process] {
            #expect(configure(["tini", "/prog"], as: role).keepsDispositions)
            #expect(configure(["catatonit", "/prog"], as: role).keepsDispositions)
            #expect(!configure(["dumb-init", "/prog"], as: role).keepsDispositions)
        }
        #expect(configure(["init", "/prog"], as: .process).keepsDispositions)
        #expect(!configure(["init", "/prog"]).keepsDispositions)
    }

    @Test(
        arguments: [
            (.hammock, .noSuchFile, 127), (.hammock, .permissionDenied, 126),
            (.hammock, .noMemory, 126), (.tini, .noSuchFile, 127), (.tini, .permissionDenied, 126),
            (.tini, .noMemory, 1), (.dumbInit, .noSuchFile, 2), (.dumbInit, .noMemory, 2),
            (.catatonit, .noSuchFile, 1), (.catatonit, .permissionDenied, 1),
        ] as [(Personality, Errno, UInt8)])
    func `an error of execve(2) gives this code`(
        personality: Personality, error: Errno, code: UInt8
    ) {
        #expect(personality.code(for: error) == code)
        var subject = Subject(.container, hasProgram: true) {
            $0.personality = personality
            $0.exitsWithProgram = true
        }
        subject.doDuties()
        #expect(deeds(subject.feed(.spawnFailed(error))) == [.exit(code)])
    }

    @Test func `a peer ignores the variables of the others`() {
        let all = [
            "TINI_SUBREAPER=", "TINI_KILL_PROCESS_GROUP=", "TINI_VERBOSITY=3", "DUMB_INIT_DEBUG=1",
            "DUMB_INIT_SETSID=0", "CATATONIT_DEBUG=", "CATATONIT_LOG=",
        ]
        let own = configure(["init", "/prog"], environment: all)
        #expect(!own.isSubreaper && !own.signalsGroup && own.logLimit == 4 && own.answer == nil)
        let tini = configure(["tini", "/prog"], environment: Array(all[3...]))
        #expect(!tini.isSubreaper && !tini.signalsGroup && tini.logLimit == 4)
        let others = Array(all[..<3] + all[5...])
        #expect(configure(["dumb-init", "/prog"], environment: others).logLimit == 3)
        #expect(configure(["catatonit", "/x"], environment: Array(all[..<5])).logLimit == 3)
    }

    @Test func `a peer ignores a wrong HAMMOCK_GRACE`() {
        for name in ["tini", "dumb-init", "catatonit"] {
            #expect(configure([name, "/x"], environment: ["HAMMOCK_GRACE=x"]).answer == nil)
        }
    }
}

@Suite struct TiniTests {
    @Test func `without options it warns only of orphans that it cannot reap`() {
        let tini = configure(["tini", "--", "/prog", "-s"])
        #expect(tini.program == 2 && tini.answer == nil)
        #expect(!tini.isSubreaper && !tini.signalsGroup && !tini.warnsOfOrphans)
        #expect(tini.warnsOfNoReaper && tini.logLimit == 4)
        #expect(!tini.hasOwnSession && !tini.suspendsItself)
        // tini itself ignores a terminal's stops.
        #expect(forwarded(tini) == [21: 0, 22: 0])
    }

    @Test func `its options`() {
        let tini = configure(["tini", "-sgw", "-p", "SIGKILL", "-e", "143", "-e1", "/prog"])
        #expect(tini.isSubreaper && tini.signalsGroup && tini.warnsOfOrphans)
        #expect(!tini.warnsOfNoReaper)
        #expect(tini.parentDeathSignal == .kill)
        #expect((0...255).filter { tini.codesToZero.contains($0) } == [1, 143])
        #expect(tini.program == 7)
    }

    @Test(
        arguments: [
            ([], nil, 4), (["-v"], nil, 6), (["-vv"], nil, 7), (["-vvv"], nil, 7),
            ([], "0", 3), ([], "1", 4), ([], "2", 6), ([], "3", 7), ([], "10", 7),
            (["-vvv"], "0", 3), ([], "", 3), ([], "much", 3),
        ] as [([String], String?, UInt8)])
    func `each -v says more, and the variable has the last word`(
        words: [String], variable: String?, limit: UInt8
    ) {
        let environment = variable.map { ["TINI_VERBOSITY=" + $0] } ?? []
        #expect(configure(["tini"] + words + ["/x"], environment: environment).logLimit == limit)
    }

    @Test func `its variables count if they are set, whatever their values`() {
        for value in ["", "0", "1"] {
            let tini = configure(
                ["tini", "/x"],
                environment: ["TINI_SUBREAPER=" + value, "TINI_KILL_PROCESS_GROUP=" + value])
            #expect(tini.isSubreaper && tini.signalsGroup && !tini.warnsOfNoReaper)
        }
    }

    @Test func `its version goes to standard output, and says tini`() throws {
        let version = try #require(reply(["docker-init", "--version"]))
        #expect(version == ("tini version 0.19.0\n", 0, false))
    }

    @Test func `help goes to standard output, or to standard error if there is no program`()
        throws
    {
        let help = try #require(reply(["tini", "-h"]))
        #expect(help.code == 0 && !help.isError)
        #expect(
            help.text.hasPrefix(
                """
                tini (tini version 0.19.0)
                Usage: tini [OPTIONS] PROGRAM -- [ARGS] | --version

                """))
        for words in [["tini"], ["tini", "--"], ["tini", "-s"]] {
            let usage = try #require(reply(words))
            #expect(usage == (help.text, 1, true))
        }
    }

    @Test(arguments: [
        (["-x"], "/bin/tini: invalid option -- 'x'\n"),
        (["-sx"], "/bin/tini: invalid option -- 'x'\n"),
        (["--foo"], "/bin/tini: invalid option -- '-'\n"),
        (["-c"], "/bin/tini: invalid option -- 'c'\n"),
        (["-p"], "/bin/tini: option requires an argument -- 'p'\n"),
        (["-sp"], "/bin/tini: option requires an argument -- 'p'\n"),
    ])
    func `wrong use prints the usage`(words: [String], first: String) throws {
        let usage = try #require(reply(["tini"])).text
        #expect(try #require(reply(["/bin/tini"] + words)) == (first + usage, 1, true))
    }

    @Test(arguments: [
        (["-p", "FOO"], "-p: FOO"), (["-pFOO"], "-p: FOO"), (["-spFOO"], "-p: FOO"),
        (["-e", "256"], "-e: 256"), (["-e-1"], "-e: -1"), (["-e", "x"], "-e: x"),
    ])
    func `a wrong value is fatal`(words: [String], what: String) throws {
        let wrong = try #require(reply(["tini"] + words + ["/x"]))
        #expect(wrong.text == "[FATAL tini (77)] Not a valid option for \(what)\n")
        #expect(wrong.code == 1 && wrong.isError)
    }

    @Test func `each of the 256 codes can be remapped, and only that one is`() {
        for code in 0...255 as ClosedRange<UInt8> {
            let tini = configure(["tini", "-e", "\(code)", "--", "/x"])
            #expect((0...255).filter { tini.codesToZero.contains($0) } == [code])
        }
    }
}

@Suite struct DumbInitTests {
    @Test func `the program leads a session, and its group gets the signals`() {
        let dumb = configure(["dumb-init", "/prog", "-c"])
        #expect(dumb.program == 1 && dumb.hasOwnSession && dumb.signalsGroup && dumb.endsGroup)
        #expect(dumb.suspendsItself && dumb.logLimit == 3)
        #expect(!dumb.isSubreaper && !dumb.warnsOfOrphans && !dumb.warnsOfNoReaper)
        #expect(forwarded(dumb) == [20: 19, 21: 19, 22: 19])
    }

    @Test(
        arguments: [
            (["-c"], []), (["--single-child"], []), (["--sin"], []), ([], ["DUMB_INIT_SETSID=0"]),
        ] as [([String], [String])])
    func `a single child gets the signals alone`(words: [String], environment: [String]) {
        let dumb = configure(["dumb-init"] + words + ["/x"], environment: environment)
        #expect(!dumb.hasOwnSession && !dumb.signalsGroup && !dumb.endsGroup)
        #expect(dumb.suspendsItself && forwarded(dumb) == [:])
    }

    @Test(arguments: ["DUMB_INIT_SETSID=1", "DUMB_INIT_SETSID=", "DUMB_INIT_SETSID=00"])
    func `other values change nothing`(variable: String) {
        #expect(configure(["dumb-init", "/x"], environment: [variable]).hasOwnSession)
    }

    @Test(
        arguments: [
            (["-v"], []), (["--verbose"], []), ([], ["DUMB_INIT_DEBUG=1"]),
        ] as [([String], [String])])
    func `verbose`(words: [String], environment: [String]) {
        let dumb = configure(["dumb-init"] + words + ["/x"], environment: environment)
        #expect(dumb.logLimit == 7 && dumb.warnsOfOrphans)
        #expect(configure(["dumb-init", "/x"], environment: ["DUMB_INIT_DEBUG=2"]).logLimit == 3)
    }

    @Test func `rewrites beat what a session makes of a terminal's stops`() {
        let dumb = configure([
            "dumb-init", "-r", "15:3", "--rewrite=20:20", "-r", "21:0", "-r1:2", "/x",
        ])
        #expect(forwarded(dumb) == [15: 3, 21: 0, 22: 19, 1: 2])
        #expect(forwarded(configure(["dumb-init", "-c", "-r", "20:19", "/x"])) == [20: 19])
    }

    @Test(arguments: [
        "", "word", "word:word", "15", "15::12", "15:word", "0", "0:1", "1:32", "TERM:QUIT",
    ])
    func `a wrong rewrite prints dumb-init's words`(value: String) throws {
        let wrong = try #require(reply(["dumb-init", "-r", "15:12", "-r", value, "/x"]))
        #expect(wrong.code == 1 && wrong.isError)
        #expect(
            wrong.text == """
                Usage: -r option takes <signum>:<signum>, where <signum> is between 1 and 31.
                This option can be specified multiple times.
                Use --help for full usage.

                """)
    }

    @Test func `version and help go to standard error`() throws {
        for option in ["-V", "--version", "--vers"] {
            #expect(
                try #require(reply(["dumb-init", option])) == ("dumb-init v1.2.5\n", 0, true))
        }
        for option in ["-h", "--help"] {
            let help = try #require(reply(["dumb-init", option]))
            #expect(help.code == 0 && help.isError)
            #expect(
                help.text.hasPrefix(
                    "dumb-init v1.2.5\nUsage: dumb-init [option] command [[arg] ...]\n"))
        }
    }

    @Test(arguments: [
        (
            [],
            "Usage: /x/dumb-init [option] program [args]\nTry /x/dumb-init --help for full usage."
        ),
        (["--odd"], "/x/dumb-init: unrecognized option '--odd'"),
        (["--odd=1"], "/x/dumb-init: unrecognized option '--odd=1'"),
        (["--ver"], "/x/dumb-init: unrecognized option '--ver'"),
        (["-x"], "/x/dumb-init: invalid option -- 'x'"),
        (["-r"], "/x/dumb-init: option requires an argument -- 'r'"),
        (["--rewrite"], "/x/dumb-init: option '--rewrite' requires an argument"),
        (["--verbose=2"], "/x/dumb-init: option '--verbose' doesn't allow an argument"),
    ])
    func `wrong use prints a complaint, with code 1`(words: [String], told: String) throws {
        #expect(try #require(reply(["/x/dumb-init"] + words)) == (told + "\n", 1, true))
    }
}

@Suite struct CatatonitTests {
    @Test func `it becomes a subreaper, and does not forward a terminal's stops`() {
        let catatonit = configure(["catatonit", "--", "/prog"])
        #expect(catatonit.program == 2 && catatonit.isSubreaper)
        #expect(!catatonit.signalsGroup && !catatonit.hasOwnSession && !catatonit.isPause)
        #expect(catatonit.logLimit == 3 && !catatonit.warnsOfOrphans)
        #expect(forwarded(catatonit) == [20: 0, 21: 0, 22: 0])
        #expect(configure(["catatonit", "-g", "/x"]).signalsGroup)
    }

    @Test func `with -P it runs nothing, even if there is a program`() {
        for words in [["-P"], ["-gP"], ["-P", "/x"], ["-P", "--"]] {
            let catatonit = configure(["catatonit"] + words)
            #expect(catatonit.isPause && catatonit.answer == nil && !catatonit.hasProgram)
        }
    }

    @Test func `with -P it says nothing, and only SIGTERM and SIGINT end it, with 0`() {
        for role in [Role.container, .process] {
            for signal in everySignal {
                var subject = Subject(role) { $0.isPause = true }
                subject.doDuties()
                #expect(subject.core.isIdle)
                let actions = deeds(subject.feed(.signalled(signal)))
                switch signal {
                case .terminate, .interrupt: #expect(actions == [.exit(0)])
                case .child: #expect(actions == [.reap])
                default: #expect(actions == [])
                }
            }
        }
        var subject = Subject(.container) { $0.isPause = true }
        #expect(subject.feed(.performed(.openStandardStreams, nil)) == [.letGo, .reap])
    }

    @Test func `its version begins as tini's does`() throws {
        for option in ["-V", "--version", "--vers"] {
            #expect(
                try #require(reply(["catatonit", option]))
                    == ("tini version 0.2.1_catatonit\n", 0, false))
        }
        let help = try #require(reply(["catatonit", "-h"]))
        #expect(help.code == 0 && help.isError)
        #expect(try #require(reply(["catatonit", "-L"])).isError == false)
    }

    @Test(arguments: [
        (["-x"], "catatonit: invalid option -- 'x'\n"),
        (["--odd"], "catatonit: unrecognized option '--odd'\n"),
        ([], "ERROR (catatonit:77): missing program name\n"),
    ])
    func `wrong use prints one line of usage`(words: [String], first: String) throws {
        let usage = "usage: catatonit [-ghLPV] [--] <progname> [<arguments>...]\n"
        #expect(try #require(reply(["catatonit"] + words)) == (first + usage, 1, true))
    }

    @Test func `its variables`() throws {
        let debug = configure(["catatonit", "/x"], environment: ["CATATONIT_DEBUG="])
        #expect(debug.logLimit == 7 && debug.warnsOfOrphans)
        for option in ["/x", "-h", "-x"] {
            let refused = try #require(
                reply(["catatonit", option], environment: ["CATATONIT_LOG=1"]))
            #expect(refused.code == 1)
            #expect(
                refused.text
                    == "ERROR (catatonit:77): CATATONIT_LOG is reserved for future use\n")
        }
    }
}

@Suite struct PeersLinesTests {
    private static let process = ProcessID(rawValue: 23)

    private func line(_ message: Message, _ personality: Personality) -> String {
        text { line in
            let priority = message.priority(in: .container, as: personality)
            Speaker(personality, process: ProcessID(rawValue: 77)).begin(&line, priority)
            withView("/x") { message.append(to: &line, name: $0, as: personality) }
        }
    }

    @Test(
        arguments: [
            (
                .programStarted(process),
                "[INFO  tini (77)] Spawned child process '/x' with pid '23'"
            ),
            (.programEnded(42), "[INFO  tini (77)] Main child exited normally (with status '42')"),
            (.programEnded(143), "[INFO  tini (77)] program ended with code 143"),
            (
                .programNotStarted(.noSuchFile),
                "[FATAL tini (77)] exec /x failed: No such file or directory"
            ),
            (
                .programNotStarted(.busy),
                "[FATAL tini (77)] exec /x failed: Device or resource busy"
            ),
            (
                .orphanReaped(process, .exited(7)),
                "[WARN  tini (77)] Reaped zombie process with pid=23"
            ),
            (
                .orphanReaped(process, .killed(.kill)),
                "[WARN  tini (77)] Reaped zombie process with pid=23"
            ),
            (.signalIgnored(.hangUp), "[DEBUG tini (77)] ignored signal 1"),
        ] as [(Message, String)])
    func `tini's`(message: Message, told: String) {
        #expect(line(message, .tini) == told)
    }

    @Test(
        arguments: [
            (.programStarted(process), "Child spawned with PID 23."),
            (.programEnded(143), "Child exited with status 143. Goodbye."),
            (.programNotStarted(.permissionDenied), "/x: Permission denied"),
            (.orphanReaped(process, .exited(7)), "A child with PID 23 exited with exit status 7."),
            (
                .orphanReaped(process, .killed(.kill)),
                "A child with PID 23 was terminated by signal 9."
            ),
            (.signalIgnored(.hangUp), "ignored signal 1"),
        ] as [(Message, String)])
    func `dumb-init's`(message: Message, told: String) {
        #expect(line(message, .dumbInit) == "[dumb-init] " + told)
    }

    @Test(
        arguments: [
            (.programStarted(process), "DEBUG (catatonit:77): pid1 (23) spawned: /x"),
            (.programEnded(1), "INFO (catatonit:77): program ended with code 1"),
            (
                .programNotStarted(.noSuchFile),
                "ERROR (catatonit:77): failed to exec pid1: No such file or directory"
            ),
            (
                .orphanReaped(process, .exited(7)),
                "DEBUG (catatonit:77): child process 23 exited with code 7"
            ),
            (
                .orphanReaped(process, .killed(.kill)),
                "DEBUG (catatonit:77): child process 23 exited due to signal 9"
            ),
            (
                .sendingFailed(.notPermitted),
                "WARN (catatonit:77): cannot send a signal: operation not permitted"
            ),
        ] as [(Message, String)])
    func `catatonit's`(message: Message, told: String) {
        #expect(line(message, .catatonit) == told)
    }

    @Test func `the warning of a tini that cannot reap fits into a line`() {
        let told = line(.cannotReap, .tini)
        #expect(
            told.hasPrefix("[WARN  tini (77)] This is neither PID 1 nor a subreaper"))
        #expect(told.hasSuffix("so zombie reaping won't work."))
        #expect(told.utf8.count < Line.capacity - 6)
    }

    @Test func `only tini's lines below a warning go to standard output`() {
        let all: [Priority] = [.critical, .error, .warning, .notice, .info, .debug]
        for personality in [Personality.hammock, .tini, .dumbInit, .catatonit] {
            let speaker = Speaker(personality, process: ProcessID(rawValue: 1))
            #expect(
                all.filter { speaker.usesStandardOutput(for: $0) }
                    == (personality == .tini ? [.notice, .info, .debug] : []))
        }
    }
}
