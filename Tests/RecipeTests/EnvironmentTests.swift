import InitCore
import KernelInterface
import SimulatedKernel
import Testing

import enum InitCore.ExitStatus

@testable import InitRuntime

/// What a service finds in its environment.
@Suite struct EnvironmentTests {
    @Test func `a later source overrides an earlier one, as systemd.exec(5) says`() {
        var unit = Unit([
            (.user, "root"), (.passEnvironment, "A"), (.passEnvironment, "B"),
            (.passEnvironment, "C"), (.passEnvironment, "MISSING"), (.environment, "B=2"),
            (.environment, "C=2"), (.environment, "HOME=/srv"), (.environmentFile, "/e"),
            (.environment, "D=x"), (.environment, "E=1"), (.environment, "F=1"),
            (.unsetEnvironment, "D"), (.unsetEnvironment, "E=2"), (.unsetEnvironment, "F=1"),
        ])
        unit.kernel.service.texts["/e"] = "C=3\n"
        withWords(["A=1", "B=1", "C=1", "OTHER=1"]) { words in
            unit.context.environment = words
            let outcome = unit.run()
            #expect(
                outcome.environment.filter { !$0.hasPrefix("INVOCATION_ID") } == [
                    "A=1", "B=2", "C=3", "E=1", "HOME=/srv", "LOGNAME=root",
                    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                    "SHELL=/bin/sh", "USER=root",
                ])
        }
    }

    @Test func `the numbers of the run are there`() {
        var unit = Unit()
        unit.settings = { writer, service in
            writer.set(.watchdog, 30_000, of: service)
            writer.set(NotifyAccess.main, of: service)
        }
        unit.context.notifySocket = "/run/hammock/notify/x"
        unit.context.invocation = InvocationID(high: 0x0123_4567_89ab_cdef, low: 15)
        unit.context.mainProcess = ProcessID(rawValue: 77)
        let outcome = unit.run()
        #expect(outcome["WATCHDOG_USEC"] == "30000000")
        #expect(outcome["WATCHDOG_PID"] == "1")
        #expect(outcome["NOTIFY_SOCKET"] == "/run/hammock/notify/x")
        #expect(outcome["INVOCATION_ID"] == "0123456789abcdef000000000000000f")
        #expect(outcome["MAINPID"] == "77")
        #expect(!outcome.kernel.deeds.contains("fillRandomly"))
        #expect(outcome["SERVICE_RESULT"] == nil)
        unit.stage = .settle
        let later = unit.run()
        #expect(later["NOTIFY_SOCKET"] == nil)
        #expect(later["WATCHDOG_USEC"] == nil)
        unit.settings = { $0.set(NotifyAccess.all, of: $1) }
        #expect(unit.run()["NOTIFY_SOCKET"] == "/run/hammock/notify/x")
    }

    @Test(
        arguments: [
            (.none, nil, "success", nil, nil), (.succeeded, .exited(0), "success", "exited", "0"),
            (.failedCode, .exited(3), "exit-code", "exited", "3"),
            (.failedSignal, .killed(.segmentationFault), "signal", "killed", "SEGV"),
            (.failedSignal, .killed(.realTimeHalt), "signal", "killed", "37"),
            (.outOfMemory, .killed(.kill), "oom-kill", "killed", "KILL"),
            (.watchdog, .killed(.kill), "watchdog", "killed", "KILL"),
            (.startTimedOut, nil, "timeout", nil, nil), (.stopTimedOut, nil, "timeout", nil, nil),
            (.runTimedOut, nil, "timeout", nil, nil), (.endedEarly, nil, "protocol", nil, nil),
            (.notExecuted, .exited(203), "exit-code", "exited", "203"),
            (.notForked, nil, "resources", nil, nil), (.dependency, nil, "resources", nil, nil),
            (.startLimit, nil, "start-limit-hit", nil, nil),
            (.skipped, nil, "exec-condition", nil, nil),
        ] as [(ServiceOutcome, ExitStatus?, String, String?, String?)])
    func `a stop command learns how the service has ended`(
        outcome: ServiceOutcome, status: ExitStatus?, result: String, code: String?,
        number: String?
    ) {
        for stage in [Stage.stop, .clean] {
            var unit = Unit()
            unit.stage = stage
            unit.context.outcome = outcome
            unit.context.mainStatus = status
            let after = unit.run()
            #expect(after["SERVICE_RESULT"] == result)
            #expect(after["EXIT_CODE"] == code)
            #expect(after["EXIT_STATUS"] == number)
        }
    }

    @Test func `without randomness a run's number is of clock and process`() {
        var unit = Unit()
        unit.kernel.service.refusals = ["fillRandomly": .wouldBlock]
        unit.kernel.sleep(milliseconds: 255)
        #expect(unit.run()["INVOCATION_ID"] == "00000000000000ff0000000000000001")
    }

    /// systemd.exec(5), EnvironmentFile=
    @Test(
        arguments: [
            ("A=1\nB=2", ["A=1", "B=2"]),
            ("  A = 1 \t\nB=\n", ["A=1", "B="]),
            ("# C=1\n; D=1\n\n A=1 # no comment\n", ["A=1 # no comment"]),
            ("A=one \\\n two\n", ["A=one  two"]),
            ("A='one  two ' 'three'\n", ["A=one  two three"]),
            ("A=\"one\\\"\\$\\`\\\\\\n\"\n", ["A=one\"$`\\\\n"]),
            ("A=\"one\ntwo\"\nB='1\n2'\n", ["A=one\ntwo", "B=1\n2"]),
            ("A='$B' \\'c\n", ["A=$B'c"]),
            ("A=a\\ \n", ["A=a "]),
            ("1A=1\nB C=1\n=1\nexport D=1\nE\nF-G=1\nH=1\n", ["H=1"]),
            ("A=1\r\nB=2\r\n", ["A=1", "B=2"]),
            ("A=1\nA=2\n", ["A=2"]),
            ("A=\"open\nB=1", ["A=open\nB=1"]),
            ("# comment \\\nA=1\n", ["A=1"]),
            ("A=1\nNAME", ["A=1"]), ("", []), ("\n\n", []),
        ] as [(String, [String])])
    func `a file of variables is read as systemd reads it`(text: String, variables: [String]) {
        for size in [1, 3, 4096] {
            var unit = Unit(.environmentFile, "/e")
            unit.kernel.service.texts["/e"] = text
            unit.kernel.service.partSize = size
            let found = unit.run().environment.filter {
                !$0.hasPrefix("PATH=") && !$0.hasPrefix("INVOCATION_ID=")
            }
            #expect(found == variables)
        }
    }

    @Test func `a file with - in front may be missing, and no other`() {
        #expect(Unit(.environmentFile, "-/e").run().code == 0)
        let outcome = Unit(.environmentFile, "/e").run()
        #expect(outcome.code == 203)
        #expect(
            outcome.message == "test.service: environment: /e: no such file or directory\n")
        var unit = Unit(.environmentFile, "-/e")
        unit.kernel.service.refusals = ["read": .permissionDenied]
        #expect(unit.run().code == 203)
    }

    /// The examples of systemd.service(5), COMMAND LINES, and the cases beside them.
    @Test(
        arguments: [
            (
                ["ONE=one", "TWO=two two"], ["$ONE", "$TWO", "${TWO}"],
                ["one", "two", "two", "two two"]
            ),
            (
                ["ONE='one'", "TWO='two two' too", "THREE="], ["${ONE}", "${TWO}", "${THREE}"],
                ["'one'", "'two two' too", ""]
            ),
            (
                ["ONE='one'", "TWO='two two' too", "THREE="], ["$ONE", "$TWO", "$THREE"],
                ["one", "two two", "too"]
            ),
            (["A=x"], ["a${A}b${A}", "a$A", "$A/b"], ["axbx", "a$A"]),
            (["A=x"], ["$$A", "a$$b", "$${A}", "$$$$"], ["$A", "a$b", "${A}", "$$"]),
            (["A=x"], ["${A", "$", "a$", "${}", "b"], ["${A", "a$", "", "b"]),
            (["A=\"a b\"c 'd \\' e"], ["$A"], ["a bc", "d ' e"]),
            (["A=a\\ b c\\"], ["$A"], ["a b", "c"]),
            (["A=$B", "B=x"], ["${A}", "$A"], ["$B", "$B"]),
            (["A= \t "], ["$A", "end"], ["end"]),
            (["A='' b"], ["$A"], ["", "b"]),
            ([], ["", "x"], ["", "x"]),
        ] as [([String], [String], [String])])
    func `words are expanded as systemd expands them`(
        environment: [String], words: [String], expanded: [String]
    ) {
        var unit = Unit(environment.map { (.environment, $0) })
        unit.words = words
        #expect(unit.run().arguments == ["/bin/prog"] + expanded)
        unit.flags = ":"
        #expect(unit.run().arguments == ["/bin/prog"] + words)
    }

    // MARK: Limits

    @Test func `256 words are a command, and 257 are an error`() {
        var unit = Unit(.environment, "A=" + String(repeating: "x ", count: 255))
        unit.words = ["$A"]
        #expect(unit.run().arguments.count == 256)
        unit.words = ["$A", "y"]
        let outcome = unit.run()
        #expect(outcome.code == 203)
        #expect(outcome.report == ServiceReport(code: 203, errno: 7))
        #expect(
            outcome.message
                == "test.service: words of the command: more than there is room for\n")
    }

    @Test func `128 variables are an environment, and 129 are an error`() {
        // PATH and INVOCATION_ID are two of them.
        var unit = Unit((1...126).map { (.environment, "A\($0)=") })
        #expect(unit.run().environment.count == 128)
        unit.entries.append((.environment, "A1=again"))
        #expect(unit.run().environment.count == 128)
        unit.entries.append((.environment, "B="))
        #expect(unit.run().report == ServiceReport(code: 203, errno: 7))
    }

    @Test func `32 KiB of environment are taken, and more is an error`() {
        let own = Unit().run().environment.map { $0.utf8.count + 1 }.reduce(0, +)
        let words = "/bin/prog".utf8.count + 1
        let most = 32 * 1024 - own - words - "A=\n".utf8.count
        var unit = Unit(.environmentFile, "/e")
        unit.kernel.service.partSize = 4096
        unit.kernel.service.texts["/e"] = "A=" + String(repeating: "x", count: most) + "\n"
        #expect(unit.run().code == 0)
        unit.kernel.service.texts["/e"] = "A=x" + String(repeating: "x", count: most) + "\n"
        #expect(unit.run().report == ServiceReport(code: 203, errno: 7))
    }
}

/// Calls `body` with these words.
func withWords(_ texts: [String], _ body: (Words) -> Void) {
    let views = texts.map { view($0) }
    var pointers = views.map { view in
        Optional(UnsafeMutableRawPointer(mutating: view.start).assumingMemoryBound(to: CChar.self))
    }
    pointers.append(nil)
    pointers.withUnsafeBufferPointer {
        body(Words(count: Int32(texts.count), first: $0.baseAddress))
    }
}
