import InitCore
import KernelInterface
import SimulatedKernel
import Testing

@testable import InitRuntime

private let kernelLog = "/dev/kmsg"
private let unlimited = "/proc/sys/kernel/printk_devkmsg becomes on\n"
private let notUnderstood =
    "4: the kernel's command line has a word for me that I do not understand"

private func text(_ view: ByteView) -> String {
    String(decoding: UnsafeRawBufferPointer(start: view.start, count: view.count), as: UTF8.self)
}

/// A kernel with a reader for standard output, standard error and the kernel's log.
private func kernelWithReaders() -> SimulatedKernel {
    SimulatedKernel(devices: ["1": Device(), "2": Device(), kernelLog: Device()])
}

/// A machine's PID 1 with this command line and these signals, until it has shut down.
private func machine(_ commandLine: String?, _ signals: [Signal]) -> SimulatedKernel {
    var kernel = kernelWithReaders()
    kernel.commandLine = commandLine
    kernel.signals = signals
    return run(["/init"], as: .machine, on: kernel, events: 40).kernel
}

@Suite struct LogTests {
    @Test func `init logs each of two signals that cannot be sent`() {
        var kernel = SimulatedKernel(devices: ["1": Device(), "2": Device()])
        kernel.signals = [.terminate]
        kernel.sendError = .notPermitted
        let after = run(["init"], as: .container, on: kernel).kernel
        let line = "cannot send a signal: operation not permitted"
        #expect(after.lines(in: "2").filter { $0 == line }.count == 2)
    }

    @Test func `a machine logs to the kernel's log, last of all how it leaves`() {
        let after = machine("hammock.log=7\n", [.hangUp, .user2])
        let lines = after.linesOfKernelLog()
        let first = ["7: ignored signal 1", "5: stopping everything, then power off"]
        #expect(Array(lines.prefix(2)) == first)
        // In this kernel reboot(2) fails.
        #expect(lines.contains("2: power off"))
        #expect(after.lines(in: "2") == [])
    }

    @Test func `a container logs to standard error`() {
        var kernel = kernelWithReaders()
        kernel.signals = [.child]
        kernel.ended = [(ProcessID(rawValue: 2), .exited(42))]
        let after = run(["init", "-vv", "/prog"], as: .container, on: kernel).kernel
        #expect(after.lines(in: "2") == ["program started, pid 2", "program ended with code 42"])
        #expect(after.linesOfKernelLog() == [])
        #expect(!after.deeds.contains(unlimited))
    }

    @Test(arguments: [
        ([], 0), (["-v"], 1), (["-vv"], 2), (["-v", "-v", "-v"], 2),
    ])
    func `each -v makes a container log more`(options: [String], count: Int) {
        var kernel = kernelWithReaders()
        kernel.signals = [.child]
        kernel.ended = [(ProcessID(rawValue: 2), .exited(42))]
        let after = run(["init"] + options + ["/prog"], as: .container, on: kernel).kernel
        let all = ["program started, pid 2", "program ended with code 42"]
        #expect(after.lines(in: "2") == all.suffix(count))
    }

    /// A notice has priority 5, an ignored signal 7, and a line about the machine's end 2.
    @Test(arguments: 0...7)
    func `init logs up to the priority that hammock.log names`(limit: Int) {
        let after = machine("hammock.log=\(limit)\n", [.hangUp, .user2])
        let lines = after.linesOfKernelLog()
        #expect(lines.contains("7: ignored signal 1") == (limit == 7))
        #expect(lines.contains("5: stopping everything, then power off") == (limit >= 5))
        #expect(lines.contains("2: power off") == (limit >= 2))
        #expect(lines.isEmpty == (limit < 2))
    }

    @Test(arguments: [nil, "quiet\n"])
    func `without hammock.log, or without a command line, a machine logs notices`(
        commandLine: String?
    ) {
        let lines = machine(commandLine, [.hangUp, .user2]).linesOfKernelLog()
        #expect(lines.contains("5: stopping everything, then power off"))
        #expect(!lines.contains("7: ignored signal 1"))
        let complaint = "4: cannot read /proc/cmdline: no such file or directory"
        #expect(lines.contains(complaint) == (commandLine == nil))
    }

    @Test(arguments: ["hammock.log=8", "hammock.x=1", "-- /prog", "quiet -- -x"])
    func `PID 1 logs a word that it does not understand`(commandLine: String) {
        let lines = machine(commandLine + "\n", [.user2]).linesOfKernelLog()
        #expect(lines.filter { $0 == notUnderstood }.count == 1)
    }

    @Test(arguments: ["quiet", "hammock.log=7 x=1", "hammock.grace=1", ""])
    func `PID 1 does not log a word that it understands, or that is not for it`(commandLine: String)
    {
        #expect(!machine(commandLine + "\n", [.user2]).linesOfKernelLog().contains(notUnderstood))
    }

    @Test(arguments: [Role.machine, .container])
    func `on SIGQUIT PID 1 reports the last events, and goes on`(role: Role) {
        var kernel = kernelWithReaders()
        kernel.commandLine = "hammock.log=2\n"
        kernel.signals = [.hangUp, .quit]
        let (after, code) = run(["init"], as: role, on: kernel, events: role == .machine ? 2 : 3)
        #expect(code == nil)
        let lines = role == .machine ? after.linesOfKernelLog() : after.lines(in: "2")
        #expect(lines.count == 1)
        #expect(lines.first?.contains("last events: b:d") == true)
        #expect(lines.first?.hasSuffix(" i:s1 i:s3") == true)
    }

    @Test func `PID 1 drops a line without room, and says before the next how many it dropped`() {
        var kernel = kernelWithReaders()
        // The first orphan, the second, the count, the third; then all lines.
        kernel.devices["2"] = Device(answers: [.takes(.max), .fails(.wouldBlock), .takes(9)])
        kernel.devices["2"]!.answers += [.fails(.inputOutput)]
        kernel.signals = [.child]
        kernel.ended = (0..<4).map { (ProcessID(rawValue: 30 + $0), .exited(0)) }
        let after = run(["init", "-w", "-vv", "/prog"], as: .container, on: kernel, events: 4)
            .kernel
        #expect(
            after.devices["2"]!.text == """
                init: reaped orphan 30, code 0
                init: lininit: lines dropped: 2
                init: reaped orphan 33, code 0

                """)
    }
}

// MARK: The kernel's limit

extension LogTests {
    @Test func `once /proc is mounted, PID 1 of a machine lifts the kernel's limit on its log`() {
        let after = machine("quiet\n", [.user2])
        let deeds = after.deeds
        #expect(deeds.prefix(3) == ["mount /dev", "mount /proc", unlimited])
        #expect(deeds.filter { $0 == unlimited }.count == 1)
    }

    @Test func `PID 1 lives on if the kernel refuses that`() {
        let usual = machine("quiet\n", [.user2])
        var refusals = 0
        for call in 0..<20 {
            var kernel = kernelWithReaders()
            kernel.commandLine = "quiet\n"
            kernel.signals = [.user2]
            kernel.injectedFault = (call, .invalidArgument)
            let after = run(["/init"], as: .machine, on: kernel, events: 40).kernel
            guard after.devices[kernelLog]!.text != "", !after.deeds.contains(unlimited) else {
                continue
            }
            refusals += 1
            #expect(after.deeds == usual.deeds.filter { $0 != unlimited })
            #expect(after.linesOfKernelLog() == usual.linesOfKernelLog())
        }
        #expect(refusals == 1)
    }

    @Test func `without the kernel's log PID 1 changes no limit`() {
        var kernel = SimulatedKernel(devices: ["1": Device(), "2": Device()])
        kernel.signals = [.user2]
        let after = run(["/init"], as: .machine, on: kernel, events: 40).kernel
        #expect(!after.deeds.contains(unlimited))
        #expect(after.lines(in: "2").contains("power off"))
    }
}

// MARK: Answers

/// What init prints for `--help` and the like, and where.
@Suite struct AnswerTests {
    /// ENOSPC, a full device; EBADF, a closed descriptor.
    @Test(
        arguments: [
            Device.Answer.fails(Errno(rawValue: 28)), .fails(.badFileDescriptor), .takes(0),
        ],
        ["--help", "--version", "--license"])
    func `an answer that cannot be written is a failure`(answer: Device.Answer, option: String) {
        let device = Device(answers: [.takes(10)], finalAnswer: answer)
        let kernel = SimulatedKernel(devices: ["1": device, "2": Device()])
        let (after, code) = run(["init", option], as: .container, on: kernel)
        #expect(code == 1)
        #expect(after.deeds == [])
        #expect(after.devices["1"]!.received.count == 10)
    }

    @Test(arguments: [
        ("--help", text(Personality.hammock.usage())), ("--version", Version.text.description),
        ("--license", Version.license.description),
    ])
    func `an answer is complete, however few bytes each write accepts`(option: String, text: String)
    {
        let kernel = SimulatedKernel(devices: ["1": Device(finalAnswer: .takes(7))])
        let (after, code) = run(["init", option], as: .container, on: kernel)
        #expect(code == 0)
        #expect(after.devices["1"]!.text == text)
    }

    @Test func `wrong use prints what is wrong on standard error, and runs nothing`() {
        let (after, code) = run(["init", "-x", "/prog"], as: .container, on: kernelWithReaders())
        #expect(code == 2)
        #expect(after.deeds == [])
        #expect(after.devices["1"]!.text == "")
        #expect(after.lines(in: "2").first?.hasPrefix("-x: ") == true)
        #expect(after.lines(in: "2").first?.hasSuffix(" (see --help)") == true)
    }
}
