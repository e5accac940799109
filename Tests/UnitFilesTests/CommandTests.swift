import InitCore
import Testing

@testable import UnitFiles

/// The recipe's entry of an ExecStart=.
private func command(_ line: String) -> [String] {
    Planned(service: "ExecStart=\(line)\n").recipe(.command)
}

private func problem(_ line: String) -> ProblemKind? {
    Planned(service: "ExecStart=\(line)\n").kinds.first
}

@Suite struct CommandTests {
    @Test(arguments: [
        ("/bin/a", "1||/bin/a|/bin/a|"),
        ("/bin/a b  c\td", "1||/bin/a|/bin/a|b|c|d|"),
        ("-/bin/a", "1|-|/bin/a|/bin/a|"),
        ("+/bin/a", "1|+|/bin/a|/bin/a|"),
        ("!/bin/a", "1|!|/bin/a|/bin/a|"),
        ("!!/bin/a", "1||/bin/a|/bin/a|"),
        (":/bin/a $B", "1|:|/bin/a|/bin/a|$B|"),
        ("@/bin/a b c", "1|@|/bin/a|b|c|"),
        ("-@+/bin/a b", "1|-@+|/bin/a|b|"),
        ("/bin/a 'b c' \"d e\"", "1||/bin/a|/bin/a|b c|d e|"),
        ("/bin/a b'c d'e", "1||/bin/a|/bin/a|bc de|"),
        ("/bin/a ''", "1||/bin/a|/bin/a||"),
        ("/bin/a \"b'c\" 'd\"e'", "1||/bin/a|/bin/a|b'c|d\"e|"),
        ("/bin/a $B ${C}d $$", "1||/bin/a|/bin/a|$B|${C}d|$$|"),
        ("/bin/a \\x41\\102\\u00e4\\U0001f600", "1||/bin/a|/bin/a|ABä😀|"),
        (
            "/bin/a \\a\\b\\f\\n\\r\\t\\v\\s\\\\\\\"\\'",
            "1||/bin/a|/bin/a|\u{7}\u{8}\u{c}\n\r\t\u{b} \\\"'|"
        ),
        ("/bin/a b\\sc", "1||/bin/a|/bin/a|b c|"),
        ("/bin/a \\; b", "1||/bin/a|/bin/a|;|b|"),
        ("/bin/a b;c ;d", "1||/bin/a|/bin/a|b;c|;d|"),
        ("\"/bin/a b\" c", "1||/bin/a b|/bin/a b|c|"),
        ("/bin/a %n %N %p %%", "1||/bin/a|/bin/a|a.service|a|a|%|"),
        ("/bin/%p", "1||/bin/a|/bin/a|"),
        (
            "/bin/a %H%t%S%C%L%E%T%V",
            "1||/bin/a|/bin/a|box/run/var/lib/var/cache/var/log/etc/tmp/var/tmp|"
        ),
    ])
    func `a command line comes to these words`(line: String, expected: String) {
        #expect(command(line) == [expected])
    }

    @Test(arguments: [
        ("-", ProblemKind.noProgram), ("@/bin/a", .noProgram), ("''", .noProgram),
        ("/bin/a ; /bin/b", .separator), ("/bin/a ;", .separator), ("/bin/a 'b", .openQuote),
        ("/bin/a \"b'", .openQuote), ("/bin/a \\x00", .badEscape), ("/bin/a \\000", .badEscape),
        ("/bin/a \\U00110000", .badEscape), ("/bin/a \\777", .badEscape),
        ("bin/a", .notAbsolute), ("./a", .notAbsolute), ("a", .notHere),
        ("/bin/a %h", .badSpecifier),
        ("/bin/a %", .badSpecifier),
    ])
    func `a wrong command line is refused`(line: String, expected: ProblemKind) {
        #expect(problem(line) == expected)
        #expect(Planned(service: "ExecStart=\(line)\n").order == [])
    }

    @Test func `an escape that does not exist stays, and is warned of`() {
        let planned = Planned(service: "ExecStart=/bin/a \\. \\xZZ \\9\n")
        #expect(planned.kinds == [.unknownEscape])
        #expect(planned.recipe(.command) == ["1||/bin/a|/bin/a|\\.|\\xZZ|\\9|"])
    }

    @Test func `a program without a slash is found where systemd looks`() {
        let files = [
            "a.service": "[Service]\nExecStart=b c\n", "/usr/bin/b": "", "/bin/b": "",
        ]
        #expect(Planned(files).recipe(.command) == ["1||/usr/bin/b|b|c|"])
    }

    @Test func `the name of the host may not be known`() {
        var tree = Tree([:])
        tree["/etc/hammock/a.service"] = .file(Array("[Service]\nExecStart=/bin/a %H\n".utf8))
        #expect(Planned(tree).kinds == [.noHostName])
    }

    @Test func `an instance has its specifiers`() {
        let planned = Planned([
            "/etc/systemd/system/a-b@.service":
                "[Service]\nExecStart=/bin/a %i %I %n %N %p %P\n",
            "x.service":
                "[Unit]\nWants=a-b@c-d\\x2de.service\n[Service]\nExecStart=/bin/x\n",
        ])
        #expect(planned.problems == [])
        #expect(
            planned.recipe(.command, of: "a-b@c-d\\x2de.service") == [
                "1||/bin/a|/bin/a|c-d\\x2de|c/d-e|a-b@c-d\\x2de.service|a-b@c-d\\x2de|a-b|a/b|"
            ])
    }

    @Test func `commands stand in the order of their stages, and conditions first`() throws {
        let planned = Planned(
            service: """
                ExecStopPost=/bin/7
                ExecStop=-/bin/6
                ExecReload=/bin/5
                ExecStartPost=/bin/4
                ExecStart=/bin/3
                ExecStartPre=/bin/2
                ExecStartPre=-/bin/2b
                ExecCondition=/bin/1
                [X-Hammock]
                ProbeExec=/bin/8
                """)
        #expect(planned.problems == [])
        #expect(
            planned.recipe(.command).map { $0.split(separator: "|").last ?? "" } == [
                "/bin/1", "/bin/2", "/bin/2b", "/bin/3", "/bin/4", "/bin/5", "/bin/8", "/bin/6",
                "/bin/7",
            ])
        try planned.withPlan { plan in
            let unit = ServiceID(rawValue: 0)
            #expect(plan.commandCount(.prepare, of: unit) == 3)
            #expect(plan.conditionCount(of: unit) == 1)
            for stage in [Stage.main, .settle, .reload, .probe, .stop, .clean] {
                #expect(plan.commandCount(stage, of: unit) == 1)
            }
            #expect(plan.ignoresFailure(.prepare, 2, of: unit))
            #expect(plan.ignoresFailure(.stop, 0, of: unit))
            #expect(!plan.ignoresFailure(.main, 0, of: unit))
        }
    }

    @Test(
        arguments: [
            ("/bin/kill -HUP $MAINPID", 1), ("/usr/bin/kill -s USR1 ${MAINPID}", 10),
            ("-/bin/kill -SIGUSR2 $MAINPID", 12), ("/bin/kill -1 $MAINPID", 1),
        ] as [(String, Int32)])
    func `a reload by kill becomes a signal`(line: String, signal: Int32) throws {
        let planned = Planned(service: "ExecStart=/bin/a\nExecReload=\(line)\n")
        #expect(planned.problems == [])
        #expect(planned.recipe(.command).count == 1)
        try planned.withPlan {
            #expect($0.reloadSignal(of: ServiceID(rawValue: 0))?.rawValue == signal)
            #expect($0.commandCount(.reload, of: ServiceID(rawValue: 0)) == 0)
        }
    }

    @Test(arguments: [
        "/bin/kill -HUP $MAINPID 1", "/bin/kill $MAINPID", "/bin/kill -HUP 1",
        "/sbin/kill -HUP $MAINPID", "/bin/kill -NONE $MAINPID",
        "/bin/true\nExecReload=/bin/kill -HUP $MAINPID",
    ])
    func `any other reload stays a command`(line: String) throws {
        let planned = Planned(service: "ExecStart=/bin/a\nExecReload=\(line)\n")
        try planned.withPlan {
            #expect($0.reloadSignal(of: ServiceID(rawValue: 0)) == nil)
            #expect($0.commandCount(.reload, of: ServiceID(rawValue: 0)) > 0)
        }
    }

    @Test func `PermissionsStartOnly leaves all but the main command to root`() {
        let planned = Planned(
            service: "PermissionsStartOnly=yes\nExecStartPre=/bin/p\nExecStart=/bin/a\n")
        #expect(
            planned.recipe(.command) == ["0|!|/bin/p|/bin/p|", "1||/bin/a|/bin/a|"])
    }

    @Test func `a program that is not there is warned of, if that is asked for`() {
        let files = [
            "a.service": "[Service]\nExecStartPre=/bin/here\nExecStart=/bin/lost\n",
            "/bin/here": "",
        ]
        #expect(Planned(files).problems == [])
        let checked = Planned(files, checksPrograms: true)
        #expect(checked.kinds == [.fileMissing])
        #expect(checked.problems.first?.place == "/etc/hammock/a.service:3")
        #expect(checked.order == ["a.service"])
    }

    @Test func `each limit of a command refuses with its line`() {
        let words = String(repeating: " a", count: 255)
        #expect(command("/bin/a" + words).count == 1)
        #expect(problem("/bin/a" + words + " a") == .limit)
        let many = String(repeating: "ExecStartPre=/bin/b\n", count: 15)
        #expect(Planned(service: many + "ExecStart=/bin/a\n").problems == [])
        let more = Planned(service: many + "ExecStartPre=/bin/b\nExecStart=/bin/a\n")
        #expect(more.kinds.first == .limit)
        #expect(more.problems.first?.text == "this is more than 16 commands of a unit")
        #expect(more.problems.first?.place == "/etc/hammock/a.service:18")
    }
}

@Suite struct ServiceTests {
    @Test func `what does not belong together is refused`() {
        for (lines, kind) in [
            ("Restart=no\n", ProblemKind.noCommand),
            ("Type=oneshot\n", .noCommand),
            ("ExecStop=/bin/b\n", .noCommand),
            ("ExecStart=/bin/a\nExecStart=/bin/b\n", .severalStarts),
            ("Type=oneshot\nExecStart=/bin/a\nRestart=always\n", .oneshotRestart),
            ("Type=oneshot\nExecStart=/bin/a\nRestart=on-success\n", .oneshotRestart),
            ("Type=notify-reload\nExecStart=/bin/a\nExecReload=/bin/b\n", .reloadAndNotify),
            ("Type=forking\nExecStart=/bin/a\n[X-Hammock]\nNotificationFD=3\n", .descriptorAndType),
            ("ExecStart=/bin/a\nKillMode=none\n", .refusedDirective),
            ("ExecStart=/bin/a\nCPUSchedulingPolicy=fifo\nCPUSchedulingPriority=0\n", .badValue),
        ] {
            let planned = Planned(service: lines)
            #expect(planned.kinds == [kind], "\(lines)")
            #expect(planned.order == [], "\(lines)")
        }
    }

    @Test func `what belongs together is taken`() {
        for lines in [
            "Type=oneshot\nExecStart=/bin/a\nExecStart=/bin/b\nRestart=on-failure\n",
            "Type=oneshot\nRemainAfterExit=yes\nExecStop=/bin/b\n",
            "RemainAfterExit=yes\nExecStop=/bin/b\n",
            "ExecStart=/bin/a\nCPUSchedulingPolicy=fifo\n",
        ] {
            #expect(Planned(service: lines).problems == [], "\(lines)")
        }
    }

    @Test func `each type has its readiness`() throws {
        for (type, readiness) in [
            ("simple", Readiness.executed), ("exec", .executed), ("idle", .executed),
            ("notify", .notified), ("notify-reload", .notified), ("forking", .forked),
            ("oneshot", .ended), ("dbus", .executed),
        ] {
            let planned = Planned(service: "Type=\(type)\nExecStart=/bin/a\n")
            #expect(planned.kinds == (type == "dbus" ? [.countsAsExecuted] : []))
            try planned.withPlan { plan in
                let unit = ServiceID(rawValue: 0)
                #expect(plan.readiness(of: unit) == readiness, "\(type)")
                let notifies = type.hasPrefix("notify")
                #expect(plan.flags(of: unit).contains(.hasNotifySocket) == notifies)
                #expect(plan.notifyAccess(of: unit) == (notifies ? .main : .none))
                #expect((plan.reloadSignal(of: unit) == .hangUp) == (type == "notify-reload"))
                #expect(plan.time(.start, of: unit) == (type == "oneshot" ? UInt32.max : 90_000))
            }
        }
        try Planned(service: "ExecStart=/bin/a\n[X-Hammock]\nNotificationFD=5\n").withPlan {
            #expect($0.readiness(of: ServiceID(rawValue: 0)) == .notified)
            #expect($0.notificationDescriptor(of: ServiceID(rawValue: 0)) == 5)
        }
    }

    @Test func `times are milliseconds, and zero or infinity mean what they do to systemd`() throws
    {
        for (name, value, time, expected) in [
            ("RestartSec", "1500ms", UnitTime.restart, UInt32(1_500)),
            ("RestartSec", "1us", .restart, 1), ("TimeoutStartSec", "0", .start, .max),
            ("TimeoutStartSec", "infinity", .start, .max), ("TimeoutStopSec", "5", .stop, 5_000),
            ("TimeoutStopSec", "infinity", .stop, 3_600_000), ("TimeoutSec", "7", .stop, 7_000),
            ("TimeoutSec", "7", .start, 7_000), ("RuntimeMaxSec", "0", .runtime, .max),
            ("WatchdogSec", "infinity", .watchdog, 0), ("WatchdogSec", "2", .watchdog, 2_000),
            ("RestartMaxDelaySec", "1h", .restartMost, 3_600_000),
        ] {
            let planned = Planned(service: "ExecStart=/bin/a\n\(name)=\(value)\n")
            #expect(planned.problems == [])
            try planned.withPlan {
                #expect($0.time(time, of: ServiceID(rawValue: 0)) == expected, "\(name)=\(value)")
            }
        }
    }

    @Test func `what a file says nothing of has systemd's default`() throws {
        try Planned(service: "ExecStart=/bin/a\n").withPlan { plan in
            let unit = ServiceID(rawValue: 0)
            #expect(plan.killSignal(of: unit) == .terminate)
            #expect(plan.killMode(of: unit) == .controlGroup)
            #expect(plan.restartPolicy(of: unit) == .never)
            #expect(plan.flags(of: unit) == .sendsKill.union(.guessesMain).union(.isWanted))
            #expect(plan.startLimitBurst(of: unit) == 5)
            #expect(plan.time(.startLimit, of: unit) == 10_000)
            #expect(plan.time(.restart, of: unit) == 100)
        }
    }

    @Test(arguments: [
        ("Environment=A=b \"C=d e\" 'F=\\x41'", RecipeKey.environment, ["A=b", "C=d e", "F=A"]),
        ("EnvironmentFile=-/etc/default/%p", .environmentFile, ["-/etc/default/a"]),
        ("RuntimeDirectory=a %p/b", .runtimeDirectory, ["a", "a/b"]),
        ("PIDFile=a.pid", .pidFile, ["/run/a.pid"]), ("PIDFile=/x", .pidFile, ["/x"]),
        ("StandardOutput=journal+console", .standardOutput, ["journal"]),
        ("StandardError=append:/var/log/%p", .standardError, ["append:/var/log/a"]),
        ("LimitNOFILE=1024:4096", .limit, ["7 1024 4096"]),
        ("LimitCORE=infinity", .limit, ["4 - -"]),
        ("LimitSTACK=8M:infinity", .limit, ["3 8388608 -"]), ("LimitCPU=1min", .limit, ["0 60 60"]),
        ("LimitNICE=-5", .limit, ["13 25 25"]), ("LimitRTTIME=5ms", .limit, ["15 5000 5000"]),
        ("IOSchedulingClass=idle", .ioPriority, ["24580"]),
        ("IOSchedulingPriority=7", .ioPriority, ["16391"]),
        ("CPUSchedulingPolicy=rr", .scheduling, ["2 1"]),
        ("CPUSchedulingPolicy=idle", .scheduling, ["5 0"]),
        ("TasksMax=512", .cgroupFile, ["pids.max 512"]),
        ("MemoryMax=infinity", .cgroupFile, ["memory.max max"]),
        ("MemoryHigh=1G", .cgroupFile, ["memory.high 1073741824"]),
        ("CPUQuota=20%", .cgroupFile, ["cpu.max 20000 100000"]),
        ("CPUQuota=12.5%", .cgroupFile, ["cpu.max 12500 100000"]),
        ("CPUWeight=idle", .cgroupFile, ["cpu.idle 1"]),
        ("IOWeight=50", .cgroupFile, ["io.weight default 50"]),
        ("Delegate=cpu memory", .delegate, ["yes"]),
        ("WorkingDirectory=~", .workingDirectory, ["~"]),
        ("IgnoreSIGPIPE=yes", .keepsBrokenPipe, []),
        ("IgnoreSIGPIPE=no", .keepsBrokenPipe, ["yes"]),
        ("Nice=+5", .nice, ["5"]), ("UMask=077", .umask, ["077"]),
        ("SupplementaryGroups=a 7", .supplementaryGroup, ["a", "7"]),
    ])
    func `a directive of the process goes into the recipe`(
        line: String, key: RecipeKey, expected: [String]
    ) {
        let planned = Planned(service: "ExecStart=/bin/a\n\(line)\n")
        #expect(planned.problems == [])
        #expect(planned.recipe(key) == expected)
    }

    @Test func `conditions are written with their flags`() {
        let planned = Planned([
            "a.service": """
            [Unit]
            ConditionPathExists=/a
            ConditionPathExists=|!/b
            AssertVirtualization=!container
            ConditionKernelCommandLine=quiet
            [Service]
            ExecStart=/bin/a
            """
        ])
        #expect(planned.problems == [])
        #expect(
            planned.recipe(.condition) == [
                "PathExists||/a|", "PathExists||!|/b|", "Virtualization|=!|container|",
                "KernelCommandLine||quiet|",
            ])
    }

    @Test func `an empty condition clears those of all kinds, and no assert`() {
        let planned = Planned([
            "a.service": """
            [Unit]
            ConditionPathExists=/a
            AssertPathExists=/b
            ConditionFileNotEmpty=
            [Service]
            ExecStart=/bin/a
            """
        ])
        #expect(planned.recipe(.condition) == ["PathExists|=|/b|"])
    }

    @Test func `a share of what the machine has is warned of`() {
        for line in ["MemoryMax=50%", "TasksMax=10%"] {
            let planned = Planned(service: "ExecStart=/bin/a\n\(line)\n")
            #expect(planned.kinds == [.notDone])
            #expect(planned.recipe(.cgroupFile) == [])
        }
    }

    @Test func `limits of lists refuse with their line`() {
        func refused(_ lines: String) -> [String] {
            Planned(service: "ExecStart=/bin/a\n" + lines).problems.map(\.place)
        }
        let variables = String(repeating: "Environment=A=b\n", count: 128)
        #expect(refused(variables) == [])
        #expect(refused(variables + "Environment=A=b\n") == ["/etc/hammock/a.service:131"])
        let files = String(repeating: "EnvironmentFile=/a\n", count: 8)
        #expect(refused(files) == [])
        #expect(refused(files + "EnvironmentFile=/a\n") == ["/etc/hammock/a.service:11"])
        let groups = String(repeating: "SupplementaryGroups=a\n", count: 64)
        #expect(refused(groups) == [])
        #expect(refused(groups + "SupplementaryGroups=a\n") == ["/etc/hammock/a.service:67"])
    }

    @Test func `the recipe says where the unit and its lines are`() {
        let planned = Planned(service: "ExecStart=/bin/a\nUser=www\n")
        #expect(planned.recipe(.file) == ["/etc/hammock/a.service"])
        #expect(
            planned.recipe(.line).sorted() == [
                "\(RecipeKey.command.rawValue) 2", "\(RecipeKey.user.rawValue) 3",
            ])
    }
}
