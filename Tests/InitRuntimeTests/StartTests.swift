import InitCore
import InitRuntime
import KernelInterface
import SimulatedKernel
import Testing

typealias Device = SimulatedKernel.Device

private let greeting = Greeting.text.description
private let console = "/dev/console"
private let kernelLog = "/dev/kmsg"

/// The longest that PID 1 may be busy with its greeting: what `Delivery.Limit` promises.
private let longestMilliseconds = 6_300

@Suite struct StartTests {
    @Test func `PID 1 catches its faults, has its children reaped, and greets`() {
        var kernel = SimulatedKernel(devices: ["1": Device()])
        start(on: &kernel)
        #expect(kernel.hasSignalStack)
        #expect(!kernel.signalsAreBlocked)
        #expect(kernel.handledSignals == [4, 5, 7, 8, 11, 14])
        #expect(kernel.ignoredSignals == [Signal.child.rawValue])
        #expect(kernel.devices["1"]!.text == greeting)
    }

    @Test func `no alarm is left behind to wake PID 1`() {
        var kernel = SimulatedKernel(devices: [:])
        start(on: &kernel)
        #expect(kernel.alarmIntervalMilliseconds == 0)
    }

    @Test func `with descriptors 0 to 2 closed the console is opened`() {
        var kernel = SimulatedKernel(devices: [console: Device(), kernelLog: Device()])
        start(on: &kernel)
        #expect(kernel.devices[console]!.text == greeting)
        #expect(kernel.devices[kernelLog]!.text == "")
    }

    @Test func `with no console either, the kernel's log has the greeting`() {
        var kernel = SimulatedKernel(devices: [
            console: Device(openErrors: [.noSuchDeviceOrAddress]), kernelLog: Device(),
        ])
        start(on: &kernel)
        #expect(kernel.devices[kernelLog]!.text == greeting)
    }

    @Test func `with no /dev at all PID 1 goes on`() {
        var kernel = SimulatedKernel(devices: [:])
        #expect(deliver(Greeting.text, on: &kernel) == .undeliverable)
        #expect(kernel.elapsedMilliseconds == 0)
    }

    @Test func `a console that takes three bytes at a time gets every byte once`() {
        var kernel = SimulatedKernel(devices: ["1": Device(finalAnswer: .takes(3))])
        start(on: &kernel)
        #expect(kernel.devices["1"]!.text == greeting)
    }

    @Test func `a signal in the middle of the write loses nothing`() {
        var kernel = SimulatedKernel(devices: [
            "1": Device(answers: [
                .takes(10), .fails(.interrupted), .takes(20), .fails(.interrupted),
            ])
        ])
        start(on: &kernel)
        #expect(kernel.devices["1"]!.text == greeting)
    }

    @Test func `a console without room is waited for`() {
        var kernel = SimulatedKernel(devices: [
            "1": Device(answers: [.fails(.wouldBlock), .takes(5), .fails(.wouldBlock)])
        ])
        start(on: &kernel)
        #expect(kernel.devices["1"]!.text == greeting)
        #expect(kernel.elapsedMilliseconds == 200)
    }

    @Test func `a hung-up console makes way for the next sink`() {
        var kernel = SimulatedKernel(devices: [
            "1": Device(finalAnswer: .fails(.inputOutput)),
            console: Device(finalAnswer: .fails(.inputOutput)), kernelLog: Device(),
        ])
        start(on: &kernel)
        #expect(kernel.devices[kernelLog]!.text == greeting)
    }

    @Test(arguments: [Device.Answer.blocks, .fails(.wouldBlock), .fails(.interrupted), .takes(0)])
    func `a console that nobody drains holds PID 1 up for seconds, not for ever`(
        answer: Device.Answer
    ) {
        let stuck = Device(finalAnswer: answer)
        var kernel = SimulatedKernel(devices: ["1": stuck, console: stuck, kernelLog: stuck])
        start(on: &kernel)
        #expect(!kernel.blockedForEver)
        #expect(kernel.elapsedMilliseconds <= longestMilliseconds)
        #expect(kernel.calls < 200)
    }

    @Test(arguments: 0..<24, [1, 4, 5, 11, 12, 38])
    func `one failing system call, whichever, keeps nothing but itself from working`(
        call: Int, error: Int32
    ) {
        var kernel = SimulatedKernel(devices: [
            "1": Device(answers: [.takes(9), .fails(.wouldBlock), .takes(9)]),
            console: Device(), kernelLog: Device(),
        ])
        kernel.injectedFault = (call, Errno(rawValue: error))
        start(on: &kernel)
        let texts = [
            kernel.devices["1"]!.text, kernel.devices[console]!.text,
            kernel.devices[kernelLog]!.text,
        ]
        #expect(texts.contains(greeting))
        #expect(!kernel.blockedForEver)
    }
}
