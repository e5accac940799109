import InitCore
import KernelInterface
import SimulatedKernel
import Testing

@testable import InitRuntime

/// What each directive has the child ask for.
@Suite struct DirectiveTests {
    @Test(
        arguments: [
            (.limit, "7 1024 524288", ["setLimit 7 1024:524288"]),
            (.limit, "4 - -", ["setLimit 4 -:-"]),
            (.nice, "19", ["setPriority 19"]),
            (.ioPriority, "24576", ["setIOPriority 24576"]),
            (.scheduling, "1 99", ["setScheduling 1 99"]),
            (.oomScore, "1000", ["writeFile /proc/self/oom_score_adj 1000"]),
            (.rootDirectory, "/jail", ["changeRoot /jail"]),
            (.workingDirectory, "/srv", ["changeDirectory /srv"]),
            (.umask, "0027", ["setUmask 27"]),
            (.keepsBrokenPipe, "", ["resetSignals ignoring 0"]),
            (.group, "12", ["setGroups", "setGroup 12"]),
            (.supplementaryGroup, "12", ["setGroups 12"]),
        ] as [(RecipeKey, String, [String])])
    func `one directive, one call`(key: RecipeKey, text: String, calls: [String]) {
        let outcome = Unit(key, text).run()
        #expect(outcome.deeds == calls)
        #expect(outcome.code == 0)
    }

    @Test(
        arguments: [
            (.limit, "7 x 1", 205), (.limit, "7", 205), (.nice, "-", 201), (.scheduling, "1", 214),
            (.ioPriority, "", 211), (.umask, "8", 203), (.umask, "77777", 203),
            (.runtimeDirectoryMode, "9", 233), (.standardInput, "socket", 208),
            (.standardOutput, "socket", 209), (.standardError, "socket", 222),
        ] as [(RecipeKey, String, Int32)])
    func `a text that the planner would not write is refused`(
        key: RecipeKey, text: String, code: Int32
    ) {
        let outcome = Unit(key, text).run()
        #expect(outcome.code == code)
        #expect(outcome.message.hasSuffix(": not valid\n"))
    }

    /// A container's PID 1 may not raise limits.
    @Test func `a limit that may not be raised is as high as it may be`() {
        var unit = Unit(.limit, "7 2000 4000")
        unit.kernel.service.refusals = ["setLimit": .notPermitted]
        unit.kernel.service.refusalCount = 1
        unit.kernel.service.limit = (1024, 3000)
        #expect(unit.run().deeds == ["setLimit 7 2000:3000"])
    }

    @Test(
        arguments: [
            (.nice, "-5", "setPriority", "nice: -5"),
            (.oomScore, "-900", "writeFile", "oom score: -900"),
        ] as [(RecipeKey, String, String, String)])
    func `what a user namespace forbids is told, and left out`(
        key: RecipeKey, text: String, call: String, message: String
    ) {
        var unit = Unit(key, text)
        unit.kernel.service.refusals = [call: .permissionDenied]
        let outcome = unit.run()
        #expect(outcome.code == 0)
        #expect(outcome.message == "test.service: \(message): permission denied\n")
        unit.kernel.service.refusals = [call: .invalidArgument]
        #expect(unit.run().code > 200)
    }

    @Test func `a working directory may be missing, or the user's home`() {
        var unit = Unit(.workingDirectory, "-/srv")
        unit.kernel.service.refusedPaths = ["/srv": .noSuchFile]
        #expect(unit.run().code == 0)
        unit.kernel.service.refusedPaths = ["/srv": .permissionDenied]
        #expect(unit.run().code == 200)
        #expect(Unit(.workingDirectory, "~").run().code == 200)
        let home = Unit([(.workingDirectory, "~"), (.user, "root")]).run()
        #expect(home.deeds.contains("changeDirectory /root"))
    }

    @Test func `a command with + or ! keeps the user, and has the user's environment`() {
        for flags in ["+", "!", "-@+"] {
            var unit = Unit([(.user, "0"), (.group, "5"), (.umask, "77")])
            unit.flags = flags
            let outcome = unit.run()
            #expect(outcome.deeds == ["read /etc/group", "setUmask 77"])
            #expect(outcome["USER"] == "root")
        }
    }

    @Test func `cgroup: what cannot be entered by clone3 is entered, and a missing file is told`() {
        var unit = Unit([(.cgroupFile, "io.weight 50"), (.cgroupFile, "pids.max 5")])
        unit.context.controlGroup = "/cg"
        unit.context.isInControlGroup = true
        unit.kernel.service.refusedPaths = ["/cg/io.weight": .noSuchFile]
        let outcome = unit.run()
        #expect(outcome.deeds == ["writeFile /cg/pids.max 5"])
        #expect(
            outcome.message == "test.service: cgroup: io.weight: no such file or directory\n")
        unit.context.controlGroup = ""
        #expect(unit.run().deeds == [])
    }

    @Test func `a cgroup that is delegated is the user's`() {
        var unit = Unit([(.delegate, ""), (.user, "7"), (.group, "8")])
        unit.context.controlGroup = "/cg"
        unit.context.isInControlGroup = true
        let owners = unit.run().deeds.filter { $0.hasPrefix("setOwner") }
        let files = ["", "cgroup.procs", "cgroup.subtree_control", "cgroup.threads"]
        #expect(owners == files.map { "setOwner /cg/\($0) 7:8" })
    }

    @Test func `directories are made with those they lie in, and given to the user`() {
        var unit = Unit([
            (.user, "7"), (.group, "8"), (.stateDirectory, "a/b"), (.stateDirectory, "c"),
            (.stateDirectoryMode, "700"), (.configurationDirectory, "e"),
        ])
        unit.kernel.service.statuses["/var/lib/c"] = FileStatus(mode: 0o040755)
        let outcome = unit.run()
        let deeds = outcome.deeds.filter { $0.contains("/var/lib/") || $0.contains("/etc/e") }
        #expect(
            deeds == [
                "makeDirectory /var/lib/a 755", "makeDirectory /var/lib/a/b 700",
                "setOwner /var/lib/a/b 7:8", "setOwner /var/lib/c 7:8",
                "setMode /var/lib/c 700", "makeDirectory /etc/e 755",
            ])
        #expect(outcome["STATE_DIRECTORY"] == "/var/lib/a/b:/var/lib/c")
        #expect(outcome["CONFIGURATION_DIRECTORY"] == "/etc/e")
        #expect(outcome["RUNTIME_DIRECTORY"] == nil)
    }

    @Test func `descriptors: all close but the report and s6's`() {
        var unit = Unit()
        unit.settings = { writer, service in
            writer.setNotificationDescriptor(100, of: service)
        }
        unit.context.readiness = FileDescriptor(rawValue: 60)
        unit.extraDescriptors = [60: "readiness", 61: "other"]
        unit.kernel.service.refusals = ["execute": .noSuchFile]
        let outcome = unit.run()
        #expect(outcome.kernel.openPaths[100] == "readiness")
        #expect(outcome.kernel.openPaths[101] == "report")
        #expect(outcome.kernel.openPaths[60] == nil)
        #expect(outcome.kernel.openPaths[61] == nil)
        #expect(outcome.report == ServiceReport(code: 203, errno: 2))
    }

    @Test func `a command without a slash is looked for, and a file of no right hides nothing`() {
        var unit = Unit()
        unit.file = "prog"
        unit.kernel.service.refusedPaths = [
            "/usr/local/sbin/prog": .noSuchFile, "/usr/local/bin/prog": .permissionDenied,
            "/usr/sbin/prog": .notDirectory,
        ]
        #expect(unit.run().deeds == ["execute /usr/bin/prog"])
        for directory in ["/usr/bin", "/sbin", "/bin"] {
            unit.kernel.service.refusedPaths[directory + "/prog"] = .noSuchFile
        }
        let outcome = unit.run()
        #expect(outcome.code == 203)
        #expect(outcome.report?.errno == 13)
    }
}
