import Glibc
import InitCore
import KernelInterface
import SimulatedKernel
import Testing

@testable import InitRuntime

@Suite struct TurnTests {
    /// Otherwise init would not hear a request to stop a program that forks fast enough.
    @Test func `init takes signals even if children never stop ending`() {
        var kernel = SimulatedKernel(devices: ["1": Device()])
        kernel.signals = [.terminate]
        kernel.ended = (2..<2_000).map { (ProcessID(rawValue: $0), .exited(0)) }
        let after = run(["init"], as: .container, on: kernel, events: 300).kernel
        #expect(after.deeds.prefix(2) == ["lets go", "everything gets 15"])
        #expect(after.ended.count > 1_000)
    }
}

@Suite struct StandardStreamTests {
    /// So no other file becomes a standard stream. Writes there fail, and the text goes to the
    /// kernel's log.
    @Test func `without a console closed standard streams become /dev/null, for reading only`() {
        let kernel = SimulatedKernel(devices: [
            "/dev/null": Device(),
            "/dev/console": Device(openErrors: Array(repeating: .noSuchDevice, count: 4)),
            "/dev/kmsg": Device(),
        ])
        let after = run(["/init"], as: .machine, on: kernel, events: 12).kernel
        #expect((0...2).map { after.openPaths[$0] } == ["/dev/null", "/dev/null", "/dev/null"])
        #expect(after.devices["/dev/null"]!.text == "")
        #expect(after.devices["/dev/kmsg"]!.text.contains(Greeting.text.description))
    }
}

/// What the power commands do if their words are understood.
@Suite struct CommandTests {
    /// Performs the power command of this line. Returns the kernel and the exit code.
    private func run(
        _ line: String, on kernel: SimulatedKernel = SimulatedKernel(devices: ["2": Device()])
    ) -> (kernel: SimulatedKernel, code: UInt8?) {
        let words = line.split(separator: " ").map(String.init)
        var kernel = kernel
        var pointers: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        pointers.append(nil)
        defer { for pointer in pointers { free(pointer) } }
        return pointers.withUnsafeBufferPointer { argv in
            let words = Words(count: Int32(words.count), first: argv.baseAddress)
            let code = performPowerCommand(words, on: &kernel)
            return (kernel, code)
        }
    }

    private let pid1 = SignalTarget.process(ProcessID(rawValue: 1))

    @Test(arguments: [
        ("poweroff", 12), ("/sbin/reboot", 15), ("halt", 10), ("shutdown -r now", 15),
    ])
    func `each command sends PID 1 one signal, and exits with 0`(line: String, signal: Int) {
        let (after, code) = run(line)
        #expect(code == 0)
        #expect(after.deeds == ["\(pid1) gets \(signal)"])
        #expect(after.devices["2"]!.text == "")
    }

    @Test func `-f syncs, unless with -n, and calls reboot(2); if that returns, it has failed`() {
        let (forced, code) = run("poweroff -f")
        #expect(forced.deeds == ["sync", "powerOff"])
        #expect(code == 1)
        #expect(run("reboot -f -n").kernel.deeds == ["reboot"])
    }

    @Test(arguments: ["poweroff", "reboot -f -n"])
    func `the command prints why the kernel refuses, and exits with 1`(line: String) {
        var kernel = SimulatedKernel(devices: ["2": Device()])
        kernel.injectedFault = (0, .notPermitted)
        let (after, code) = run(line, on: kernel)
        let name = line.split(separator: " ")[0]
        #expect(code == 1)
        #expect(after.deeds == [])
        #expect(after.devices["2"]!.text == "\(name): operation not permitted\n")
    }

    @Test(arguments: ["init", "/init -f", "poweroffs"])
    func `under any other name it is init`(line: String) {
        let (after, code) = run(line)
        #expect(code == nil)
        #expect(after.deeds == [])
    }
}
