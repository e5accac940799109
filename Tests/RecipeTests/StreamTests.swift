import InitCore
import KernelInterface
import SimulatedKernel
import Testing

@testable import InitRuntime

/// Where the three standard streams lead.
@Suite struct StreamTests {
    /// The streams' paths, where PID 1's own are "own input", "own output" and "2".
    private func streams(_ unit: Unit) -> [String] {
        let paths = unit.run().kernel.openPaths
        return (0...2).map { paths[$0] ?? "closed" }
    }

    @Test(arguments: [
        ("", "", "", ["/dev/null", "own output", "2"]),
        ("null", "inherit", "inherit", ["/dev/null", "own output", "2"]),
        ("", "null", "", ["/dev/null", "/dev/null", "/dev/null"]),
        ("", "null", "inherit", ["/dev/null", "/dev/null", "/dev/null"]),
        ("", "", "null", ["/dev/null", "own output", "/dev/null"]),
        ("", "journal", "", ["/dev/null", "own output", "2"]),
        ("", "journal", "kmsg", ["/dev/null", "own output", "/dev/kmsg"]),
        ("", "kmsg", "", ["/dev/null", "/dev/kmsg", "/dev/kmsg"]),
        ("file:/in", "", "", ["/in", "/in", "/in"]),
        ("file:/in", "file:/out", "append:/err", ["/in", "/out", "/err"]),
        ("", "truncate:/out", "truncate:/out", ["/dev/null", "/out", "/out"]),
        ("tty", "", "", ["/dev/console", "/dev/console", "/dev/console"]),
        ("tty", "tty", "null", ["/dev/console", "/dev/console", "/dev/null"]),
        ("", "tty", "", ["/dev/null", "/dev/console", "/dev/console"]),
    ])
    func `in a container`(input: String, output: String, error: String, paths: [String]) {
        #expect(streams(unit(input, output, error)) == paths)
    }

    @Test(arguments: [
        ("", "", "", ["/dev/null", "log", "log"]),
        ("", "journal", "null", ["/dev/null", "log", "/dev/null"]),
        ("", "null", "journal", ["/dev/null", "/dev/null", "log"]),
        ("", "inherit", "journal", ["/dev/null", "own output", "log"]),
        ("tty", "", "", ["/dev/console", "log", "log"]),
    ])
    func `on a machine with a log`(
        input: String, output: String, error: String, paths: [String]
    ) {
        var unit = unit(input, output, error)
        unit.context.defaultOutput = .log
        unit.context.log = FileDescriptor(rawValue: 50)
        #expect(streams(unit) == paths)
    }

    private func unit(_ input: String, _ output: String, _ error: String) -> Unit {
        let keys: [(RecipeKey, String)] = [
            (.standardInput, input), (.standardOutput, output), (.standardError, error),
        ]
        return Unit(keys.filter { $0.1 != "" })
    }

    @Test func `files are opened as their kind says, once for one path`() {
        let opens = { (unit: Unit) in unit.run().deeds.filter { $0.hasPrefix("open") } }
        let append = opens(unit("file:/in", "append:/out", "append:/out"))
        #expect(append == ["open /in 0", "open /out 2501 666"])
        let truncate = opens(unit("", "truncate:/out", "file:/err"))
        #expect(truncate == ["open /out 1501 666", "open /err 501 666"])
        #expect(opens(unit("file:/io", "file:/io", "")) == ["open /io 102 666"])
    }

    @Test func `files that are made have the service's umask`() {
        var unit = unit("", "file:/out", "")
        unit.entries.append((.umask, "27"))
        let deeds = unit.run().deeds
        #expect(deeds.firstIndex(of: "setUmask 27")! < deeds.firstIndex(of: "open /out 501 666")!)
    }

    // MARK: Terminals

    @Test func `a terminal is hung up, taken and reset, and TERM says that it is one`() {
        let outcome = Unit([
            (.standardInput, "tty-force"), (.terminalPath, "/dev/tty9"), (.terminalReset, ""),
            (.terminalHangUp, ""),
        ]).run()
        #expect(
            outcome.deeds == [
                "open /dev/tty9 402", "hangUpTerminal /dev/tty9", "open /dev/tty9 402",
                "takeTerminal /dev/tty9 by force", "resetTerminal /dev/tty9",
                "duplicate /dev/tty9 as 0", "duplicate /dev/tty9 as 1",
                "duplicate /dev/tty9 as 2",
            ])
        #expect(outcome["TERM"] == "linux")
    }

    @Test func `tty waits until another session lets go, and tty-fail does not`() {
        var unit = unit("tty", "", "")
        unit.kernel.service.refusals = ["takeTerminal": .notPermitted]
        unit.kernel.service.refusalCount = 3
        let outcome = unit.run()
        #expect(outcome.code == 0)
        #expect(outcome.kernel.elapsedMilliseconds == 750)
        #expect(outcome.deeds.filter { $0 == "open /dev/console 402" }.count == 4)
        unit.entries = [(.standardInput, "tty-fail")]
        #expect(unit.run().code == 208)
        unit.entries = [(.standardInput, "tty")]
        unit.kernel.service.refusals = ["takeTerminal": .inputOutput]
        #expect(unit.run().code == 208)
    }

    @Test func `a terminal that cannot be reset or hung up is used as it is`() {
        var unit = Unit([
            (.standardInput, "tty"), (.terminalReset, ""), (.terminalHangUp, ""),
        ])
        unit.kernel.service.refusals = [
            "resetTerminal": .inputOutput, "hangUpTerminal": .inputOutput,
        ]
        #expect(unit.run().code == 0)
    }

    @Test func `AskFirst waits for Enter`() {
        var unit = Unit([(.standardInput, "tty"), (.askFirst, "")])
        unit.kernel.devices["/dev/console"] = .init()
        unit.kernel.service.typed = "yes\n!"
        let outcome = unit.run()
        #expect(outcome.code == 0)
        #expect(outcome.kernel.service.typed == "!")
        #expect(
            outcome.kernel.devices["/dev/console"]!.text
                == "Press Enter to start test.service.\n")
        unit.kernel.service.typed = "no"
        #expect(unit.run().code == 208)
    }
}
