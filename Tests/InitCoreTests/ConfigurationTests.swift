import Testing

@testable import InitCore

/// The configuration by these words. A machine's argv has them where the kernel puts them.
private func configure(
    _ words: String..., line: String? = nil, environment: [String] = [], as role: Role
) -> Configuration {
    withWords(["init"] + words) { words in
        withWords(environment) { environment in
            Array((line ?? "").utf8).withUnsafeBytes { bytes in
                Configuration(
                    words, kernelCommandLine: line == nil ? nil : KernelCommandLine(bytes),
                    environment: environment, role: role)
            }
        }
    }
}

private func hostName(_ configuration: Configuration) -> String? {
    let name = configuration.hostName.withBytes { String(decoding: $0, as: UTF8.self) }
    return name.isEmpty ? nil : name
}

@Suite struct ConfigurationTests {
    @Test(arguments: everyRole)
    func `without words everything is as documented`(role: Role) {
        for configuration in [
            Configuration(role: role), configure(as: role), configure(line: "quiet", as: role),
        ] {
            #expect(configuration.graceMilliseconds == 10_000)
            #expect(configuration.leftoverGraceMilliseconds == (role == .machine ? 10_000 : 2_000))
            #expect(configuration.logLimit == (role == .machine ? 6 : 4))
            #expect(!configuration.hasProgram && !configuration.hasUnknownOption)
            #expect(configuration.answer == nil)
            #expect(configuration.faultResponse == .pause)
            #expect(!configuration.warnsOfOrphans)
            #expect(!(0...255).contains { configuration.codesToZero.contains($0) })
            #expect(everySignal.allSatisfy { configuration.rewrites[$0] == $0 })
        }
        #expect(hostName(configure(as: role)) == (role == .machine ? "hammock" : nil))
    }

    @Test(arguments: [Role.container, .process])
    func `a given grace period holds for leftover processes too, and an option beats the variable`(
        role: Role
    ) {
        for (words, variables, seconds) in [
            (["--grace", "30"], [], 30), (["--grace=1"], ["HAMMOCK_GRACE=7"], 1),
            ([], ["A=1", "HAMMOCK_GRACE=7", "HAMMOCK_GRACE=8"], 7), ([], ["HAMMOCK_GRACE=0"], 0),
            (["--grace=10"], [], 10), ([], ["HAMMOCK_GRACE=3600"], 3_600),
        ] as [([String], [String], Int64)] {
            let configuration = withWords(["init"] + words) { words in
                withWords(variables) {
                    Configuration(words, kernelCommandLine: nil, environment: $0, role: role)
                }
            }
            #expect(configuration.answer == nil)
            #expect(configuration.graceMilliseconds == seconds * 1_000)
            #expect(configuration.leftoverGraceMilliseconds == seconds * 1_000)
        }
    }

    @Test(arguments: ["", "x", "-1", "3601", "2s", " 2"])
    func `a wrong HAMMOCK_GRACE is wrong use, whatever the options`(value: String) {
        let variable = ["HAMMOCK_GRACE=" + value]
        for role in [Role.container, .process] {
            #expect(configure(environment: variable, as: role).answer == .wrongGraceVariable)
            #expect(
                configure("--grace=3", "x", environment: variable, as: role).answer
                    == .wrongGraceVariable)
            #expect(configure("--help", environment: variable, as: role).answer == .help)
            #expect(
                configure("-x", environment: variable, as: role).answer
                    == .wrong(.unknownOption, index: 1, letter: UInt8(ascii: "x")))
        }
        let machine = configure(line: "quiet", environment: variable, as: .machine)
        #expect(machine.answer == nil && machine.graceMilliseconds == 10_000)
    }

    @Test(arguments: ["HAMMOCK_GRACE", "HAMMOCK_GRAC=1", "HAMMOCK_GRACE_=1", "XHAMMOCK_GRACE=1"])
    func `another variable is not mistaken for HAMMOCK_GRACE`(variable: String) {
        let configuration = configure(environment: [variable], as: .container)
        #expect(configuration.answer == nil && configuration.leftoverGraceMilliseconds == 2_000)
    }

    @Test func `a machine has one grace period for all, and the kernel's word beats an option`() {
        for (line, seconds) in [
            ("hammock.grace=3", 3), ("hammock.grace=3 -- --grace=5", 3), ("-- --grace=5", 5),
        ] as [(String, Int64)] {
            let configuration =
                line.contains("--grace")
                ? configure("--grace=5", line: line, as: .machine)
                : configure(line: line, as: .machine)
            #expect(configuration.graceMilliseconds == seconds * 1_000)
            #expect(configuration.leftoverGraceMilliseconds == seconds * 1_000)
        }
    }

    @Test func `verbose raises the limit from the role's, and hammock.log beats it`() {
        #expect(configure("-v", line: "-- -v", as: .machine).logLimit == 7)
        #expect(configure("-vv", line: "-- -vv", as: .machine).logLimit == 7)
        #expect(configure("-v", line: "hammock.log=5 -- -v", as: .machine).logLimit == 5)
        #expect(configure("-v", as: .container).logLimit == 6)
        #expect(configure("-v", line: "hammock.log=5", as: .process).logLimit == 6)
    }

    @Test func `only a machine reads the kernel's command line`() {
        let line = "hammock.grace=3 hammock.fault=reboot hammock.log=0 hammock.hostname=x typo="
        for role in [Role.container, .process] {
            let configuration = configure(line: line, as: role)
            #expect(configuration.graceMilliseconds == 10_000 && configuration.logLimit == 4)
            #expect(configuration.faultResponse == .pause && hostName(configuration) == nil)
        }
    }

    @Test func `init runs nothing if the command line is wrong or was not read`() {
        for (words, line) in [
            (["-x", "/prog"], "-- -x /prog"), (["--help"], "-- --help"), (["/other"], "-- /prog"),
        ] {
            let configuration = withWords(["init"] + words) { words in
                Array(line.utf8).withUnsafeBytes {
                    Configuration(
                        words, kernelCommandLine: KernelCommandLine($0), environment: words,
                        role: .machine)
                }
            }
            #expect(!configuration.hasProgram && configuration.hasUnknownOption)
            #expect(configuration.answer == nil)
        }
        #expect(!configure("/prog", as: .machine).hasProgram)
        #expect(configure("/prog", line: "-- /prog", as: .machine).program == 1)
    }

    @Test func `the lower a priority's number, the more it matters`() {
        let order: [Priority] = [.critical, .error, .warning, .notice, .info, .debug]
        #expect(order.map(\.rawValue) == [2, 3, 4, 5, 6, 7])
        #expect(order == order.reversed().sorted())
    }
}
