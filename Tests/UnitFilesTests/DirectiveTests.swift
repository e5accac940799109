import InitCore
import Testing

@testable import UnitFiles

/// A value that each directive takes, and one that it does not.
private let samples: [String: (good: String, bad: String)] = [
    "After": ("b.service", "b"), "Before": ("b.service", "b"), "Wants": ("b.service", "b"),
    "Requires": ("b.service", "b@.service"), "BindsTo": ("b.service", "b"),
    "PartOf": ("b.service", "b"), "Conflicts": ("c.service", "b"),
    "Requisite": ("b.service", "b"), "OnFailure": ("b.service", "b"),
    "StartLimitIntervalSec": ("7", "x"), "StartLimitInterval": ("7", "x"),
    "StartLimitBurst": ("7", "300"), "SuccessAction": ("reboot", "explode"),
    "FailureAction": ("poweroff-force", "kexec"),
    "Description": ("words", "%Z"), "DefaultDependencies": ("no", "never"),
    "Type": ("exec", "fork"), "ExecCondition": ("/bin/x", "bin/x"),
    "ExecStartPre": ("/bin/x", "-"), "ExecStart": ("/bin/x", "'/bin/x"),
    "ExecStartPost": ("/bin/x", "/bin/x ; /bin/y"), "ExecReload": ("/bin/x", "/bin/x %Z"),
    "ExecStop": ("/bin/x", "/bin/x \\x00"), "ExecStopPost": ("/bin/x", "@/bin/x"),
    "Restart": ("always", "sometimes"), "RestartSec": ("5", "-5"),
    "RestartMaxDelaySec": ("1min", "min"), "RestartSteps": ("5", "256"),
    "SuccessExitStatus": ("3 SIGKILL", "256"),
    "RestartPreventExitStatus": ("TEMPFAIL", "TEMP"),
    "RestartForceExitStatus": ("9", "1 2 3 4 5 6 7 8 9"), "RemainAfterExit": ("yes", "ja"),
    "PIDFile": ("x.pid", "%Z"), "GuessMainPID": ("no", "2"), "NotifyAccess": ("all", "some"),
    "TimeoutStartSec": ("5", "50d"), "TimeoutStopSec": ("5", "x"), "TimeoutSec": ("5", "x"),
    "RuntimeMaxSec": ("5", "x"), "WatchdogSec": ("5", "x"), "KillMode": ("mixed", "all"),
    "KillSignal": ("SIGINT", "SIGNONE"), "SendSIGKILL": ("no", "x"), "SendSIGHUP": ("yes", "x"),
    "ReloadSignal": ("USR1", "0"), "WatchdogSignal": ("TERM", "65"),
    "User": ("www-data", "a:b"), "Group": ("33", "-1"),
    "SupplementaryGroups": ("a b", "a b/c"), "UMask": ("0027", "0088"),
    "PermissionsStartOnly": ("yes", "x"), "Environment": ("A=b \"C=d e\"", "A"),
    "EnvironmentFile": ("-/etc/x", "etc/x"), "PassEnvironment": ("A B", "A=b"),
    "UnsetEnvironment": ("A B=c", "1A"), "WorkingDirectory": ("-/srv", "srv"),
    "RootDirectory": ("/srv", "srv"), "RuntimeDirectory": ("a b/c", "../a"),
    "StateDirectory": ("a", "/a"), "CacheDirectory": ("a", "a//b"),
    "LogsDirectory": ("a", "a:b"), "ConfigurationDirectory": ("a", "./a"),
    "RuntimeDirectoryMode": ("0700", "u=rwx"), "StateDirectoryMode": ("0700", "9"),
    "CacheDirectoryMode": ("0700", "77777"), "LogsDirectoryMode": ("0700", "x"),
    "ConfigurationDirectoryMode": ("0700", "x"), "RuntimeDirectoryPreserve": ("restart", "x"),
    "StandardInput": ("tty", "data"), "StandardOutput": ("append:/var/log/x", "fd:x"),
    "StandardError": ("kmsg", "file:x"), "SyslogIdentifier": ("x", "%Z"),
    "TTYPath": ("/dev/tty1", "tty1"), "TTYReset": ("yes", "x"), "TTYVHangup": ("yes", "x"),
    "IgnoreSIGPIPE": ("no", "x"), "NonBlocking": ("yes", "x"),
    "LimitCPU": ("60", "x"), "LimitFSIZE": ("1G", "x"), "LimitDATA": ("1G", "x"),
    "LimitSTACK": ("8M:16M", "16M:8M"), "LimitCORE": ("infinity", "x"), "LimitRSS": ("1G", "x"),
    "LimitNOFILE": ("1024:4096", "4096:1024"), "LimitAS": ("1G", "1X"),
    "LimitNPROC": ("64", "1K"), "LimitMEMLOCK": ("64K", "x"), "LimitLOCKS": ("7", "x"),
    "LimitSIGPENDING": ("7", "x"), "LimitMSGQUEUE": ("7", "x"), "LimitNICE": ("-5", "41"),
    "LimitRTPRIO": ("7", "x"), "LimitRTTIME": ("7", "x"), "Nice": ("-20", "20"),
    "OOMScoreAdjust": ("-1000", "1001"), "IOSchedulingClass": ("idle", "4"),
    "IOSchedulingPriority": ("7", "8"), "CPUSchedulingPolicy": ("batch", "4x"),
    "CPUSchedulingPriority": ("0", "100"), "TasksMax": ("512", "x"),
    "MemoryMax": ("1G", "x"), "MemoryHigh": ("1G", "x"), "MemoryLow": ("1G", "x"),
    "MemoryMin": ("1G", "x"), "MemorySwapMax": ("1G", "x"), "CPUQuota": ("150%", "150"),
    "CPUWeight": ("200", "0"), "IOWeight": ("200", "10001"), "MemoryLimit": ("1G", "x"),
    "Delegate": ("yes", "sound"),
    "NotificationFD": ("3", "2"), "ProbeExec": ("/bin/x", "bin/x"), "ProbeSec": ("5", "x"),
    "ProbeTimeoutSec": ("5", "x"), "ProbeRetries": ("5", "0"), "Start": ("no", "x"),
    "First": ("yes", "x"), "LogSize": ("64K", "x"), "AskFirst": ("yes", "x"),
    "PathExists": ("|!/a", "a"), "PathIsDirectory": ("/a", "a"),
    "PathIsSymbolicLink": ("/a", "a"), "PathIsMountPoint": ("/a", "a"),
    "PathIsReadWrite": ("/a", "a"), "FileNotEmpty": ("/a", "a"), "FileIsExecutable": ("/a", "!a"),
    "DirectoryNotEmpty": ("/a", "|a"), "Virtualization": ("!container", "!"),
    "KernelCommandLine": ("quiet", "|"), "Capability": ("CAP_SYS_ADMIN", "!"),
]

/// What has no visible effect by itself: the value is the default, or what it sets is not in the
/// plan of this unit.
private let withoutTrace: Set = [
    "DefaultDependencies", "PermissionsStartOnly", "Type", "ReloadSignal", "CPUSchedulingPriority",
]

private func section(of directive: Directive) -> String {
    switch directive.section {
    case .unit, .condition: "Unit"
    case .service: "Service"
    case .install: "Install"
    case .hammock: "X-Hammock"
    }
}

private let rows = (0..<Directive.count).map { Directive.row($0) }
private let doneRows = rows.filter { $0.verdict == .done }.map { "\($0.name)" }

/// The names under which a directive is written.
private func spellings(_ directive: Directive) -> [String] {
    directive.section == .condition
        ? ["Condition\(directive.name)", "Assert\(directive.name)"] : ["\(directive.name)"]
}

/// A service with these lines in addition, and others that it may name.
private func plan(_ directive: Directive, _ lines: String, dropIn: String = "") -> Planned {
    var files = [
        "a.service": """
        [Service]
        ExecStart=/bin/true
        [\(section(of: directive))]
        \(lines)

        """,
        "b.service": "[Service]\nExecStart=/bin/true\n[X-Hammock]\nStart=no\n",
        "c.service": "[Service]\nExecStart=/bin/true\n[X-Hammock]\nStart=no\n",
    ]
    if !dropIn.isEmpty {
        files["a.service.d/x.conf"] = "[\(section(of: directive))]\n\(dropIn)\n"
    }
    return Planned(files)
}

@Suite struct DirectiveTests {
    @Test func `every directive is in the table once`() {
        var seen: Set<String> = []
        for row in rows {
            #expect(seen.insert("\(row.section) \(row.name)").inserted, "\(row.name)")
        }
        #expect(Set(samples.keys).isSuperset(of: doneRows))
    }

    @Test func `every row is found by its name and section, and by no other section`() {
        let index = UnsafeMutablePointer<UInt16>.allocate(capacity: Room.indexCapacity)
        defer { index.deallocate() }
        index.initialize(repeating: 0, count: Room.indexCapacity)
        Directive.fill(index)
        for (number, row) in rows.enumerated() {
            var isElsewhere = false
            let match = Directive.find(
                ByteView(stringLiteral: row.name), row.section, index, &isElsewhere)
            #expect(match?.row == number, "\(row.name)")
        }
        var isElsewhere = false
        #expect(Directive.find("Nonsense", .unit, index, &isElsewhere) == nil)
        #expect(!isElsewhere)
        #expect(Directive.find("ExecStart", .unit, index, &isElsewhere) == nil)
        #expect(isElsewhere)
    }

    /// Directives that are done, once for each name that they have.
    static let done = rows.filter { $0.verdict == .done }
        .flatMap { row in spellings(row).map { (row, $0) } }

    @Test func `a good value of each directive is taken, and changes the plan`() throws {
        let plain = plan(rows[0], "")
        for (row, name) in Self.done {
            let sample = try #require(samples["\(row.name)"])
            let with = plan(row, "\(name)=\(sample.good)")
            let refused = with.problems.filter { $0.severity == .refused }
            // A second ExecStart= is too many, and that is not what this is about.
            if name == "ExecStart" {
                #expect(refused.map(\.kind) == [.severalStarts])
                continue
            }
            #expect(with.problems == [], "\(name)=\(sample.good)")
            if !withoutTrace.contains("\(row.name)") {
                #expect(with.dump != plain.dump, "\(name)=\(sample.good)")
            }
        }
    }

    @Test func `a bad value of each directive refuses the unit, with its line`() throws {
        for (row, name) in Self.done {
            let sample = try #require(samples["\(row.name)"])
            let with = plan(row, "\(name)=\(sample.bad)")
            let found = with.problems.first { $0.severity == .refused }
            #expect(found?.place == "/etc/hammock/a.service:4", "\(name)=\(sample.bad)")
            #expect(found?.unit == "a.service")
            #expect(found?.text.contains(name) == true || found?.kind == .limit, "\(name)")
            #expect(!with.order.contains("a.service"), "\(name)")
        }
    }

    @Test func `an empty value takes back what stands before it`() throws {
        let plain = plan(rows[0], "")
        for (row, name) in Self.done {
            let sample = try #require(samples["\(row.name)"])
            // Names of units only add up. systemd.unit(5)
            if case .relation = row.meaning { continue }
            if name == "ExecStart" {
                let without = plan(row, "ExecStart=")
                #expect(without.kinds == [.noCommand])
                continue
            }
            for value in [sample.good, sample.bad] {
                let with = plan(row, "\(name)=\(value)\n\(name)=")
                #expect(with.problems == [], "\(name)=\(value)")
                #expect(with.dump == plain.dump, "\(name)=\(value)")
            }
        }
    }

    @Test func `a drop-in does what the same line at the unit's end does`() throws {
        for (row, name) in Self.done where name != "ExecStart" {
            let sample = try #require(samples["\(row.name)"])
            let inside = plan(row, "\(name)=\(sample.good)")
            let beside = plan(row, "", dropIn: "\(name)=\(sample.good)")
            #expect(beside.problems == [], "\(name)")
            #expect(beside.dump == inside.dump, "\(name)")
            let wrong = plan(row, "", dropIn: "\(name)=\(sample.bad)")
            let place = wrong.problems.first { $0.severity == .refused }?.place
            #expect(place == "/etc/hammock/a.service.d/x.conf:2", "\(name)")
            if case .relation = row.meaning { continue }
            let reset = plan(row, "\(name)=\(sample.bad)", dropIn: "\(name)=")
            #expect(reset.problems == [], "\(name)")
        }
    }

    @Test func `what is warned of warns once, with its line, and runs`() {
        for row in rows where row.verdict == .warned {
            for name in spellings(row) {
                let with = plan(row, "\(name)=yes\n\(name)=yes")
                #expect(with.kinds == [.notDone], "\(name)")
                #expect(with.problems.first?.severity == .warned)
                #expect(with.order.contains("a.service"), "\(name)")
                let place = with.problems.first?.place ?? ""
                #expect(place.hasPrefix("/etc/hammock/a.service:"), "\(name)")
            }
        }
    }

    @Test func `what is refused refuses, with its line`() {
        for row in rows where row.verdict == .refused {
            let with = plan(row, "\(row.name)=yes")
            #expect(with.kinds == [.refusedDirective], "\(row.name)")
            #expect(with.problems.first?.place == "/etc/hammock/a.service:4")
            #expect(!with.order.contains("a.service"), "\(row.name)")
        }
    }

    @Test func `what is warned of or refused says nothing when it is taken back, or says no`() {
        for row in rows where row.verdict == .warned || row.verdict == .refused {
            for name in spellings(row) where row.meaning != .missingEvenEmpty {
                #expect(plan(row, "\(name)=yes\n\(name)=").problems == [], "\(name)")
                #expect(plan(row, "\(name)=yes", dropIn: "\(name)=").problems == [], "\(name)")
                if row.meaning == .missing {
                    #expect(plan(row, "\(name)=no").problems == [], "\(name)")
                }
            }
        }
    }

    @Test func `strict refuses what is warned of`() {
        let files = ["a.service": "[Service]\nExecStart=/bin/true\nPrivateTmp=yes\n"]
        #expect(Planned(files).order == ["a.service"])
        #expect(Planned(files, strict: true).order == [])
        #expect(Planned(files, strict: true).problems.map(\.severity) == [.refused])
    }

    @Test func `what is silent says nothing, whatever its value`() {
        for row in rows where row.verdict == .silent && row.meaning == .nothing {
            #expect(plan(row, "\(row.name)=%Z ' \\x").problems == [], "\(row.name)")
        }
    }

    @Test func `an unknown directive is warned of, and one of another section`() {
        let planned = Planned([
            "a.service": "[Unit]\nNonsense=1\nExecStart=/bin/a\n[Service]\nExecStart=/bin/true\n"
        ])
        #expect(planned.kinds == [.unknownDirective, .otherSection])
        #expect(planned.problems.last?.text == "ExecStart= does not belong in [Unit]")
        #expect(planned.order == ["a.service"])
    }

    @Test func `X- keeps sections and directives from being looked at`() {
        let planned = Planned([
            "a.service": """
            [X-Other]
            Nonsense=1
            [Service]
            X-Nonsense=1
            ExecStart=/bin/true
            """
        ])
        #expect(planned.problems == [])
    }

    @Test func `a line that says nothing sensible refuses the unit`() {
        for (text, kind) in [
            ("ExecStart=/bin/x\n[Service]\nExecStart=/bin/true\n", ProblemKind.outsideSection),
            ("[Service]\nExecStart=/bin/true\nword\n", .noEqualsSign),
            ("[Service]\nExecStart=/bin/true\n=1\n", .noDirective),
            ("[Service\n[Service]\nExecStart=/bin/true\n", .noSectionName),
        ] {
            let planned = Planned(["a.service": text])
            #expect(planned.kinds == [kind])
            #expect(planned.order == [])
        }
        let unknown = Planned(["a.service": "[Servise]\nA=b\n[Service]\nExecStart=/bin/true\n"])
        #expect(unknown.kinds == [.unknownSection])
        #expect(unknown.order == ["a.service"])
    }
}
