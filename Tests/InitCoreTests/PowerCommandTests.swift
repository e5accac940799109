import InitCore
import Testing

private func parse(_ words: String...) -> PowerCommand.Outcome? {
    withWords(words) { PowerCommand.parse($0) }
}

private let plain: [(String, Ending)] = [
    ("poweroff", .powerOff), ("reboot", .reboot), ("halt", .halt),
]

@Suite struct PowerCommandTests {
    @Test(arguments: [
        "init", "/init", "", "/", "poweroff/", "/sbin/", "powerof", "poweroffs", "Reboot",
        "-reboot", "reboot ", " reboot", "halt reboot", "shutdown.sh", "/reboot/init",
        "poweroff reboot",
    ])
    func `any other name is init's`(name: String) {
        #expect(parse(name, "-f") == nil)
    }

    @Test func `no name at all is init's`() {
        #expect(withWords([]) { PowerCommand.parse($0) } == nil)
    }

    @Test(arguments: ["", "/sbin/", "./", "//", "/shutdown/"])
    func `only the last component of the name counts`(path: String) {
        for (name, request) in plain {
            #expect(parse(path + name) == .ask(request))
        }
        #expect(parse(path + "shutdown") == .ask(.powerOff))
    }

    @Test func `force does not ask PID 1, and syncs unless -n is given`() {
        for (name, request) in plain {
            for force in ["-f", "--force", "-ff"] {
                #expect(parse(name, force) == .force(request, sync: true))
                #expect(parse(name, force, "-n") == .force(request, sync: false))
                #expect(parse(name, "--no-sync", force) == .force(request, sync: false))
            }
            #expect(parse(name, "-fn") == .force(request, sync: false))
            #expect(parse(name, "-nf", "--") == .force(request, sync: false))
        }
    }

    @Test func `no sync without force is a mistake`() {
        for (name, _) in plain {
            #expect(parse(name, "-n") == .wrong(.onlyWithForce, index: 1))
            #expect(parse(name, "--", "-n") == .wrong(.strayWord, index: 2))
            #expect(parse(name, "--no-sync", "--") == .wrong(.onlyWithForce, index: 1))
        }
    }

    @Test(
        arguments: [
            ([], .powerOff), (["now"], .powerOff), (["+0"], .powerOff), (["-P"], .powerOff),
            (["-h"], .powerOff), (["--poweroff", "now"], .powerOff), (["-H"], .halt),
            (["--halt", "now"], .halt), (["-r"], .reboot), (["-r", "now"], .reboot),
            (["now", "-r"], .reboot), (["--reboot", "+0"], .reboot), (["--", "now"], .powerOff),
            (["-r", "--", "now"], .reboot), (["-hr"], .reboot), (["-r", "-P"], .powerOff),
        ] as [([String], Ending)])
    func `shutdown`(words: [String], request: Ending) {
        #expect(withWords(["shutdown"] + words) { PowerCommand.parse($0) } == .ask(request))
    }

    @Test(
        arguments: [
            (["+1"], .notNow, 1), (["-r", "12:00"], .notNow, 2), (["NOW"], .notNow, 1),
            ([""], .notNow, 1), (["-"], .notNow, 1), (["0"], .notNow, 1), (["+00"], .notNow, 1),
            (["--", "-r"], .notNow, 2), (["now +0"], .notNow, 1),
            (["now", "goodbye"], .strayWord, 2), (["now", "now"], .strayWord, 2),
            (["-c"], .nothingScheduled, 1), (["-rc"], .nothingScheduled, 1),
            (["now", "-c"], .nothingScheduled, 2),
            (["-f"], .unknownOption, 1), (["-n"], .unknownOption, 1), (["-k"], .unknownOption, 1),
            (["--force"], .unknownOption, 1), (["-t", "5"], .unknownOption, 1),
            (["--reboot=now"], .valueUnwanted, 1), (["--" + "="], .unknownOption, 1),
        ] as [([String], UsageProblem, Int)])
    func `shutdown does nothing if it does not understand a word`(
        words: [String], problem: UsageProblem, index: Int
    ) {
        #expect(
            withWords(["shutdown"] + words) { PowerCommand.parse($0) }
                == .wrong(problem, index: index))
    }

    @Test(
        arguments: [
            (["-x"], .unknownOption, 1), (["-fx"], .unknownOption, 1), (["-p"], .unknownOption, 1),
            (["-h"], .unknownOption, 1), (["-?"], .unknownOption, 1), (["-V"], .unknownOption, 1),
            (["-f", "--forc"], .unknownOption, 2), (["--force=yes"], .valueUnwanted, 1),
            (["now"], .strayWord, 1), (["-f", "now"], .strayWord, 2), ([""], .strayWord, 1),
            (["-"], .strayWord, 1), (["-f", "--", "-f"], .strayWord, 3),
        ] as [([String], UsageProblem, Int)])
    func `the others do nothing if they do not understand a word`(
        words: [String], problem: UsageProblem, index: Int
    ) {
        for (name, _) in plain {
            #expect(
                withWords([name] + words) { PowerCommand.parse($0) }
                    == .wrong(problem, index: index))
        }
    }

    @Test(arguments: ["poweroff", "reboot", "halt", "shutdown"])
    func `help and version never act`(name: String) {
        #expect(parse(name, "--help") == .help)
        #expect(parse(name, "--version") == .version)
        #expect(parse(name, "--help", "--version", "-x", "stray") == .help)
        if name != "shutdown" {
            #expect(parse(name, "-f", "--help") == .help)
            #expect(parse(name, "-fn", "--version") == .version)
        }
    }

    @Test func `the requests' signals are those of busybox's init`() {
        #expect(Ending.halt.signal == Signal(rawValue: 10))
        #expect(Ending.powerOff.signal == Signal(rawValue: 12))
        #expect(Ending.reboot.signal == Signal(rawValue: 15))
    }

    @Test func `the usage text names every option`() {
        let usage = PowerCommand.usage.description
        for word in [
            "-f, --force", "-n, --no-sync", "-P, -h, --poweroff", "-H, --halt", "-r, --reboot",
            "--help",
        ] {
            #expect(usage.contains(word), "\(word)")
        }
        #expect(usage.split(separator: "\n").allSatisfy { $0.count <= 80 })
    }
}
