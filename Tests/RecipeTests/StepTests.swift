import InitCore
import KernelInterface
import SimulatedKernel
import Testing

@testable import InitRuntime

/// What the child of a service does, in which order.
@Suite struct StepTests {
    @Test func `a unit that says nothing runs its command with what every service has`() {
        let outcome = Unit().run()
        #expect(outcome.code == 0)
        #expect(outcome.kernel.deeds == Unit.common)
        #expect(outcome.arguments == ["/bin/prog"])
        #expect(
            outcome.environment == [
                "INVOCATION_ID=a0a1a2a3a4a5a6a7a8a9aaabacadaeaf".shuffledByEndianness,
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            ])
        #expect(outcome.message == "")
        #expect(outcome.report == nil)
    }

    @Test func `all steps come in their order`() {
        var unit = Unit([
            (.workingDirectory, "/srv"), (.rootDirectory, "/jail"), (.umask, "077"),
            (.oomScore, "-900"), (.scheduling, "2 50"), (.ioPriority, "16388"), (.nice, "-5"),
            (.limit, "7 1024 -"), (.standardOutput, "null"), (.standardInput, "file:/in"),
            (.runtimeDirectory, "prog"), (.environmentFile, "/etc/prog"), (.group, "2000"),
            (.user, "0"), (.cgroupFile, "pids.max 512"), (.condition, "PathExists\0\0/x\0"),
            (.keepsBrokenPipe, ""),
        ])
        unit.kernel.service.statuses["/x"] = FileStatus(mode: 0o100644)
        unit.kernel.service.texts["/etc/prog"] = ""
        unit.context.controlGroup = "/cg/prog"
        #expect(
            unit.run().kernel.deeds == [
                "resetSignals ignoring 0",
                "writeFile /cg/prog/cgroup.procs 0", "writeFile /cg/prog/pids.max 512",
                "read /etc/group", "fillRandomly", "read /etc/prog",
                "setUmask 0", "makeDirectory /run/prog 755", "setOwner /run/prog 0:2000",
                "newSession",
                "setUmask 77", "open /in 0", "duplicate /in as 0",
                "open /dev/null 1", "duplicate /dev/null as 1", "duplicate /dev/null as 2",
                "setLimit 7 1024:-", "setPriority -5", "setIOPriority 16388",
                "setScheduling 2 50", "writeFile /proc/self/oom_score_adj -900",
                "changeRoot /jail", "changeDirectory /", "changeDirectory /srv",
                "setGroups 2000", "setGroup 2000", "setUser 0",
                "closeDescriptors 3", "unblockSignals", "execute /bin/prog",
            ])
    }

    @Test(
        arguments: [
            ("resetSignals", .description, "", 207, "signals"),
            ("writeFile", .cgroupFile, "pids.max 1", 219, "cgroup: cgroup.procs"),
            ("read", .user, "www", 217, "user: www"),
            ("read", .group, "www", 216, "group: www"),
            ("read", .supplementaryGroup, "www", 216, "group: www"),
            ("read", .environmentFile, "/e", 203, "environment: /e"),
            ("makeDirectory", .runtimeDirectory, "d", 233, "runtime directory: d"),
            ("makeDirectory", .stateDirectory, "d", 238, "state directory: d"),
            ("makeDirectory", .cacheDirectory, "d", 239, "cache directory: d"),
            ("makeDirectory", .logsDirectory, "d", 240, "logs directory: d"),
            ("makeDirectory", .configurationDirectory, "d", 241, "configuration directory: d"),
            ("newSession", .description, "", 220, "session"),
            ("open", .standardInput, "file:/f", 208, "standard input: /f"),
            ("takeTerminal", .standardInput, "tty-fail", 208, "standard input: /dev/console"),
            ("duplicate", .standardInput, "file:/f", 208, "standard input: /f"),
            ("setLimit", .limit, "7 1 2", 205, "limit: 7 1 2"),
            ("setIOPriority", .ioPriority, "1", 211, "io priority: 1"),
            ("setScheduling", .scheduling, "1 2", 214, "scheduling: 1 2"),
            ("changeRoot", .rootDirectory, "/r", 210, "root directory: /r"),
            ("changeDirectory", .workingDirectory, "/w", 200, "working directory: /w"),
            ("setGroups", .user, "0", 216, "group: 0"),
            ("setGroup", .group, "5", 216, "group: 5"),
            ("setUser", .user, "0", 217, "user: 0"),
            ("unblockSignals", .description, "", 207, "signals"),
            ("execute", .description, "", 203, "execution: /bin/prog"),
        ] as [(String, RecipeKey, String, Int32, String)])
    func `a step that fails ends with its code, a line and a report`(
        call: String, key: RecipeKey, text: String, code: Int32, message: String
    ) {
        var unit = Unit(key, text)
        unit.context.controlGroup = key == .cgroupFile ? "/cg" : ""
        unit.kernel.service.refusals = [call: .inputOutput]
        let outcome = unit.run()
        #expect(outcome.code == code)
        #expect(outcome.report == ServiceReport(code: code, errno: 5))
        #expect(outcome.message == "test.service: \(message): error 5\n")
        #expect(outcome.arguments == [])
    }

    @Test(
        arguments: [
            (.standardOutput, 209, "standard output: append:/f"),
            (.standardError, 222, "standard error: append:/f"),
        ] as [(RecipeKey, Int32, String)])
    func `an output that cannot be opened ends with its own code`(
        key: RecipeKey, code: Int32, message: String
    ) {
        var unit = Unit([(key, "append:/f"), (.standardInput, "file:/in")])
        unit.kernel.service.refusedPaths = ["/f": .inputOutput]
        let outcome = unit.run()
        #expect(outcome.code == code)
        #expect(outcome.message == "test.service: \(message): error 5\n")
    }

    @Test func `the message goes to the log, as long as the streams are not the service's`() {
        var unit = Unit(.user, "nobody-here")
        unit.kernel.service.texts["/etc/passwd"] = ""
        unit.kernel.devices["log"] = .init()
        unit.context.log = FileDescriptor(rawValue: 50)
        let outcome = unit.run()
        #expect(outcome.message == "")
        #expect(
            outcome.kernel.devices["log"]!.text
                == "test.service: user: nobody-here: no such user\n")
    }

    @Test(arguments: [0, 1, 2, 3, 4, 12])
    func `a recipe that is cut is refused, and nothing is done`(count: Int) {
        let whole: [UInt8] = [RecipeKey.umask.rawValue, 2, 0, 0x32, 0x32, 0]
        let bytes = Array((whole + whole).prefix(count))
        let isWhole = bytes.withUnsafeBufferPointer {
            RecipeReader.isWhole(
                ByteView(start: $0.baseAddress ?? .init(bitPattern: 8)!, count: count))
        }
        #expect(isWhole == (count == 0 || count == 12))
    }

    @Test func `a command that is not there is refused`() {
        var unit = Unit()
        unit.stage = .stop
        #expect(unit.run().arguments == ["/bin/prog"])
        unit.entries = [(.command, "2\0\0/bin/other\0/bin/other\0")]
        unit.stage = .settle
        #expect(unit.run().arguments == ["/bin/other"])
    }
}

extension String {
    /// The number as its two halves are written: each from its highest byte.
    fileprivate var shuffledByEndianness: String {
        let digits = Array(dropFirst("INVOCATION_ID=".count))
        let bytes = stride(from: 0, to: 32, by: 2).map { String(digits[$0...$0 + 1]) }
        return "INVOCATION_ID=" + bytes[..<8].reversed().joined()
            + bytes[8...].reversed().joined()
    }
}
