import Glibc
import InitCore
import KernelInterface
import SimulatedKernel
import Testing

@testable import InitRuntime

typealias Device = SimulatedKernel.Device

private let greeting = Greeting.text.description
private let console = "/dev/console"
private let kernelLog = "/dev/kmsg"

/// The longest that PID 1 may be busy with its greeting: what `Delivery.Limit` promises.
private let longestMilliseconds = 6_300

/// Greets on `kernel`, as PID 1 does without a program.
private func greet(on kernel: inout SimulatedKernel) {
    deliver(Greeting.text, on: &kernel)
}

/// Runs init in a role until it exits, or for so many events. Returns the kernel.
func run(
    _ words: [String], as role: Role, on kernel: SimulatedKernel, events: Int = 60
) -> (kernel: SimulatedKernel, code: UInt8?) {
    let record = UnsafeMutablePointer<EventRecord>.allocate(capacity: 1)
    record.initialize(to: EventRecord())
    var pointers: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    pointers.append(nil)
    return pointers.withUnsafeBufferPointer { argv in
        var runtime = Runtime(
            kernel: kernel, role: role,
            words: Words(count: Int32(words.count), first: argv.baseAddress), record: record)
        if role != .machine, let code = runtime.readArguments() { return (runtime.kernel, code) }
        if let code = runtime.begin() { return (runtime.kernel, code) }
        for _ in 0..<events {
            if let code = runtime.turn() { return (runtime.kernel, code) }
        }
        return (runtime.kernel, nil)
    }
}

@Suite struct StartTests {
    @Test func `a machine's PID 1 mounts, names the host, brings up lo, greets and pauses`() {
        let kernel = SimulatedKernel(devices: ["1": Device()])
        let (after, code) = run(["/init"], as: .machine, on: kernel, events: 0)
        #expect(code == nil)
        let mounts = [
            "/dev", "/proc", "/sys", "/dev/pts", "/dev/shm", "/run", "/tmp", "/sys/fs/cgroup",
        ]
        #expect(after.deeds == mounts.map { "mount \($0)" } + ["host name hammock", "loopback"])
        #expect(after.devices["1"]!.text == greeting)
    }

    @Test(arguments: [
        (10, "halt"), (12, "powerOff"), (15, "reboot"), (2, "reboot"),
        (30, "powerOff"), (37, "halt"), (38, "powerOff"), (39, "reboot"),
    ])
    func `a request stops everything, syncs and leaves, and a machine never exits`(
        signal: Int32, ending: String
    ) {
        var kernel = SimulatedKernel(devices: ["1": Device()])
        kernel.signals = [Signal(rawValue: signal)]
        let (after, code) = run(["/init"], as: .machine, on: kernel)
        #expect(code == nil)
        let shutdown = after.deeds.drop { $0 != "loopback" }.dropFirst()
        // This kernel has no list of mounts, not even after /proc is mounted again.
        let order = [
            "everything gets 15", "everything gets 18", "mount /proc", "mount /proc",
            "read-only /", "sync", ending,
        ]
        #expect(shutdown.starts(with: order))
    }

    @Test func `a container's program runs, and its code is the container's`() {
        var kernel = SimulatedKernel(devices: ["1": Device()])
        kernel.signals = [.child]
        kernel.ended = [(ProcessID(rawValue: 2), .exited(42))]
        let (after, code) = run(["init", "--", "/prog"], as: .container, on: kernel)
        #expect(code == 42)
        #expect(after.devices["1"]!.text == "")
    }

    @Test(arguments: [(Errno.noSuchFile, 127), (.permissionDenied, 126), (.noMemory, 126)])
    func `a program that cannot be run gives the shell's codes`(error: Errno, expected: Int) {
        var kernel = SimulatedKernel(devices: [:])
        kernel.spawnError = error
        let (_, code) = run(["init", "/prog"], as: .container, on: kernel)
        #expect(code.map(Int.init) == expected)
    }

    @Test func `a code to remap is passed on as 0`() {
        var kernel = SimulatedKernel(devices: [:])
        kernel.signals = [.child]
        kernel.ended = [(ProcessID(rawValue: 2), .killed(.terminate))]
        let (_, code) = run(["init", "-e", "143", "/prog"], as: .container, on: kernel)
        #expect(code == 0)
    }

    @Test(arguments: [1, 4, 11, 12, 22, 38] as [Int32])
    func `when wait4(2) fails once, init still sees the program's end`(error: Int32) {
        var kernel = SimulatedKernel(devices: [:])
        kernel.signals = [.child]
        kernel.ended = [(ProcessID(rawValue: 2), .exited(42))]
        // Six calls try to open standard streams. Then the program starts, and init waits.
        kernel.injectedFault = (8, Errno(rawValue: error))
        let (_, code) = run(["init", "/prog"], as: .container, on: kernel)
        #expect(code == 42)
    }

    @Test func `init reaps children even if signals never stop coming`() {
        var kernel = SimulatedKernel(devices: [:])
        kernel.signals = Array(repeating: .hangUp, count: 1_000)
        kernel.ended = [(ProcessID(rawValue: 2), .exited(42))]
        let (_, code) = run(["init", "/prog"], as: .container, on: kernel, events: 400)
        #expect(code == 42)
    }

    @Test func `signals go to the program, as they are or rewritten, or to its group`() {
        var kernel = SimulatedKernel(devices: [:])
        kernel.signals = [.hangUp, .user1, Signal(rawValue: 64)]
        var after = run(
            ["init", "-r", "HUP:0", "-r10:12", "/prog"], as: .container, on: kernel,
            events: 6
        ).kernel
        let program = SignalTarget.process(ProcessID(rawValue: 2))
        #expect(
            after.deeds.starts(with: [
                "spawn", "lets go", "\(program) gets 12", "\(program) gets 64",
            ]))
        after = run(["init", "-g", "/prog"], as: .container, on: kernel, events: 4).kernel
        let group = SignalTarget.group(ProcessID(rawValue: 2))
        #expect(after.deeds.starts(with: ["spawn", "lets go", "\(group) gets 1"]))
    }

    @Test func `when init is not PID 1, it signals only its program`() {
        var kernel = SimulatedKernel(devices: [:])
        kernel.signals = [.terminate, .child, .user1]
        for (options, target) in [
            ([], SignalTarget.process(ProcessID(rawValue: 2))),
            (["-g"], .group(ProcessID(rawValue: 2))),
        ] {
            let after = run(["init"] + options + ["/prog"], as: .process, on: kernel, events: 4)
            #expect(after.code == nil)
            #expect(
                after.kernel.deeds
                    == ["spawn", "lets go", "\(target) gets 15", "\(target) gets 10"])
        }
    }

    @Test func `when init is not PID 1, it signals no process as it ends`() {
        var kernel = SimulatedKernel(devices: ["1": Device()])
        kernel.signals = [.terminate]
        let idle = run(["init"], as: .process, on: kernel)
        #expect(idle.code == 143)
        #expect(idle.kernel.deeds == ["lets go"])
        kernel.signals = [.child]
        kernel.ended = [(ProcessID(rawValue: 2), .exited(3))]
        let ended = run(["init", "/prog"], as: .process, on: kernel)
        #expect(ended.code == 3)
        #expect(ended.kernel.deeds == ["spawn", "lets go"])
    }

    @Test func `-s makes init a subreaper, and -p asks for a signal when its parent dies`() {
        var kernel = SimulatedKernel(devices: [:])
        kernel.signals = [.child]
        kernel.ended = [(ProcessID(rawValue: 2), .exited(3))]
        let (after, code) = run(["init", "-s", "-p", "HUP", "/prog"], as: .process, on: kernel)
        #expect(code == 3)
        #expect(after.deeds == ["subreaper", "gets 1 when the parent dies", "spawn", "lets go"])
    }

    @Test(arguments: 0..<60, [1, 4, 5, 11, 12, 22, 38])
    func `whichever system call fails once, PID 1 of a machine does not exit`(
        call: Int, error: Int32
    ) {
        var kernel = SimulatedKernel(devices: ["1": Device(), console: Device()])
        kernel.signals = [.user2]
        kernel.injectedFault = (call, Errno(rawValue: error))
        let (after, code) = run(["/init"], as: .machine, on: kernel, events: 200)
        #expect(after.hasInjectedFault)
        #expect(code == nil)
        #expect(after.deeds.contains("powerOff") || after.deeds.contains("reboot"))
    }

    @Test func `the kernel's command line names the host`() {
        var kernel = SimulatedKernel(devices: ["1": Device()])
        kernel.commandLine = "console=ttyS0 hammock.hostname=swing\n"
        let after = run(["/init"], as: .machine, on: kernel, events: 0).kernel
        #expect(after.deeds.contains("host name swing"))
    }

    @Test func `closed standard streams become the console, and the kernel's log does not`() {
        let kernel = SimulatedKernel(devices: [console: Device(), kernelLog: Device()])
        let after = run(["/init"], as: .machine, on: kernel, events: 0).kernel
        #expect((0...2).map { after.openPaths[$0] } == [console, console, console])
        #expect(after.openPaths[3] == kernelLog)
    }

    @Test func `no alarm is left behind to wake PID 1`() {
        var kernel = SimulatedKernel(devices: [:])
        greet(on: &kernel)
        #expect(kernel.alarmIntervalMilliseconds == 0)
    }

    @Test func `with descriptors 0 to 2 closed the console is opened`() {
        var kernel = SimulatedKernel(devices: [console: Device(), kernelLog: Device()])
        greet(on: &kernel)
        #expect(kernel.devices[console]!.text == greeting)
        #expect(kernel.devices[kernelLog]!.text == "")
    }

    @Test func `with no console either, the kernel's log has the greeting`() {
        var kernel = SimulatedKernel(devices: [
            console: Device(openErrors: [.noSuchDeviceOrAddress]), kernelLog: Device(),
        ])
        greet(on: &kernel)
        #expect(kernel.devices[kernelLog]!.text == greeting)
    }

    @Test func `with no /dev at all PID 1 goes on`() {
        var kernel = SimulatedKernel(devices: [:])
        #expect(deliver(Greeting.text, on: &kernel) == .undeliverable)
        #expect(kernel.elapsedMilliseconds == 0)
    }

    @Test func `a console that takes three bytes at a time gets every byte once`() {
        var kernel = SimulatedKernel(devices: ["1": Device(finalAnswer: .takes(3))])
        greet(on: &kernel)
        #expect(kernel.devices["1"]!.text == greeting)
    }

    @Test func `a signal during a write loses no byte`() {
        var kernel = SimulatedKernel(devices: [
            "1": Device(answers: [
                .takes(10), .fails(.interrupted), .takes(20), .fails(.interrupted),
            ])
        ])
        greet(on: &kernel)
        #expect(kernel.devices["1"]!.text == greeting)
    }

    @Test func `init waits for a console without room`() {
        var kernel = SimulatedKernel(devices: [
            "1": Device(answers: [.fails(.wouldBlock), .takes(5), .fails(.wouldBlock)])
        ])
        greet(on: &kernel)
        #expect(kernel.devices["1"]!.text == greeting)
        #expect(kernel.elapsedMilliseconds == 200)
    }

    @Test func `a hung-up console makes way for the next sink`() {
        var kernel = SimulatedKernel(devices: [
            "1": Device(finalAnswer: .fails(.inputOutput)),
            console: Device(finalAnswer: .fails(.inputOutput)), kernelLog: Device(),
        ])
        greet(on: &kernel)
        #expect(kernel.devices[kernelLog]!.text == greeting)
    }

    @Test(arguments: [Device.Answer.blocks, .fails(.wouldBlock), .fails(.interrupted), .takes(0)])
    func `a console that takes nothing holds PID 1 up for seconds, not for ever`(
        answer: Device.Answer
    ) {
        let stuck = Device(finalAnswer: answer)
        var kernel = SimulatedKernel(devices: ["1": stuck, console: stuck, kernelLog: stuck])
        greet(on: &kernel)
        #expect(!kernel.blockedForEver)
        #expect(kernel.elapsedMilliseconds <= longestMilliseconds)
        #expect(kernel.calls < 200)
    }

    /// A console that accepts nine bytes, then none, then nine.
    private static var haltingKernel: SimulatedKernel {
        SimulatedKernel(devices: [
            "1": Device(answers: [.takes(9), .fails(.wouldBlock), .takes(9)]),
            console: Device(), kernelLog: Device(),
        ])
    }

    /// How many system calls init makes to greet there.
    private static let callsOfGreeting = {
        var kernel = haltingKernel
        greet(on: &kernel)
        return kernel.calls
    }()

    @Test(arguments: 0..<callsOfGreeting, [1, 4, 5, 11, 12, 38])
    func `whichever system call fails once, everything else still works`(
        call: Int, error: Int32
    ) {
        var kernel = StartTests.haltingKernel
        kernel.injectedFault = (call, Errno(rawValue: error))
        greet(on: &kernel)
        let texts = [
            kernel.devices["1"]!.text, kernel.devices[console]!.text,
            kernel.devices[kernelLog]!.text,
        ]
        #expect(texts.contains(greeting))
        #expect(kernel.hasInjectedFault)
        #expect(!kernel.blockedForEver)
    }
}
/// What a machine's command line changes.
@Suite struct MachineCommandLineTests {
    /// Runs a machine with a program to its end. Returns the text of the kernel's log.
    private func log(_ words: [String], _ line: String) -> String {
        var kernel = SimulatedKernel(devices: [kernelLog: Device()])
        kernel.commandLine = line
        kernel.signals = [.child]
        kernel.ended = [(ProcessID(rawValue: 2), .exited(42))]
        return run(["/init"] + words, as: .machine, on: kernel).kernel.devices[kernelLog]!.text
    }

    @Test(arguments: 0...7)
    func `PID 1 logs no line whose priority number is above that of hammock.log`(number: Int) {
        let text = log(["/prog"], "hammock.log=\(number) -- /prog\n")
        let numbers = text.split(separator: "\n").map { Int(String($0.dropFirst().prefix(1)))! }
        #expect(numbers.allSatisfy { $0 <= number })
        #expect(Set(numbers) == Set([2, 3, 4, 5, 7].filter { $0 <= number }))
    }

    @Test func `hammock.log limits the report of the last events too`() {
        for (number, isWritten) in [(0, false), (1, false), (2, true)] {
            var kernel = SimulatedKernel(devices: ["1": Device(), kernelLog: Device()])
            kernel.commandLine = "hammock.log=\(number)\n"
            kernel.signals = [.quit]
            let after = run(["/init"], as: .machine, on: kernel, events: 14).kernel
            #expect(after.devices[kernelLog]!.text.contains("<2>init: ") == isWritten)
        }
    }

    @Test func `--verbose counts on a machine, unless hammock.log is there`() {
        let started = "<7>init: program started"
        #expect(!log(["/prog"], "-- /prog\n").contains(started))
        #expect(log(["-v", "/prog"], "-- -v /prog\n").contains(started))
        #expect(!log(["-v", "/prog"], "hammock.log=6 -- -v /prog\n").contains(started))
    }

    @Test func `a host name that the kernel was given stays`() {
        for (line, name) in [
            ("hostname=tree", nil), ("quiet hostname=\"tree\" x", nil),
            ("hostname=tree hammock.hostname=swing", "swing"), ("hostname", "hammock"),
            ("hostname=", "hammock"), ("xhostname=tree", "hammock"),
            ("quiet -- hostname=tree", "hammock"),
        ] {
            var kernel = SimulatedKernel(devices: ["1": Device()])
            kernel.commandLine = line + "\n"
            let after = run(["/init"], as: .machine, on: kernel, events: 12).kernel
            let names = after.deeds.filter { $0.hasPrefix("host name") }
            #expect(names == (name.map { ["host name \($0)"] } ?? []), "\(line)")
        }
    }
}
