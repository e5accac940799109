import Testing

@testable import InitCore

private let process = ProcessID(rawValue: 23)

/// Each kind of message, how much it matters to a machine, and what it says.
private let everyMessage: [(Message, Priority, String)] = [
    (
        .dutyFailed(.mount(3), .notPermitted), .warning,
        "cannot mount /dev/pts: operation not permitted"
    ),
    (
        .dutyFailed(.openStandardStreams, .inputOutput), .warning,
        "cannot open /dev/console: error 5"
    ),
    (
        .dutyFailed(.readCommandLine, .noSuchFile), .warning,
        "cannot read /proc/cmdline: no such file or directory"
    ),
    (
        .dutyFailed(.setHostName, .notPermitted), .warning,
        "cannot set the host name: operation not permitted"
    ),
    (.dutyFailed(.bringUpLoopback, .noMemory), .warning, "cannot bring up lo: out of memory"),
    (
        .optionNotUnderstood, .warning,
        "the kernel's command line has a word for me that I do not understand"
    ),
    (.programStarted(process), .debug, "program started, pid 23"),
    (.programNotStarted(.permissionDenied), .error, "cannot run /sbin/demo: permission denied"),
    (
        .programNotStarted(.execFormatError), .error,
        "cannot run /sbin/demo: not a program that this kernel runs"
    ),
    (.programNotStarted(.isDirectory), .error, "cannot run /sbin/demo: is a directory"),
    (.programEnded(143), .critical, "program ended with code 143"),
    (.programLost, .warning, "the program is gone, and somebody else has reaped it"),
    (.orphanReaped(process, .exited(7)), .warning, "reaped orphan 23, code 7"),
    (.orphanReaped(process, .killed(.kill)), .warning, "reaped orphan 23, signal 9"),
    (.signalIgnored(.hangUp), .debug, "ignored signal 1"),
    (.sendingFailed(.notPermitted), .warning, "cannot send a signal: operation not permitted"),
    (.stopping(.powerOff), .notice, "stopping everything, then power off"),
    (.planning, .debug, "planning"),
    (.noPlan, .warning, "there is no plan of the services: going on without them"),
    (
        .servicesStartSlowly, .warning,
        "the services are not settled yet: starting the program"
    ),
    (
        .servicesStopSlowly, .warning,
        "the services take too long to stop: stopping everything"
    ),
    (.killing, .warning, "the grace period is over: killing what still runs"),
    (.goingOnWithout(.plan), .warning, "planning takes too long: going on without"),
    (.goingOnWithout(.killEverything), .warning, "killing takes too long: going on without"),
    (.goingOnWithout(.unmount), .warning, "unmounting takes too long: going on without"),
    (.goingOnWithout(.sync), .warning, "sync takes too long: going on without"),
    (.goingOnWithout(.leave(.reboot)), .warning, "reboot takes too long: going on without"),
    (
        .helperFailed(.unmount, .wouldBlock), .warning,
        "unmounting: no process for it: no more processes are allowed"
    ),
    (.helperFailed(.hangUp, .noMemory), .warning, "hanging up: no process for it: out of memory"),
    (.leftToWrite(.unmount, 1), .notice, "unmounting: 1 KiB left to write"),
    (.leftToWrite(.unmount, 1023), .notice, "unmounting: 1023 KiB left to write"),
    (.leftToWrite(.sync, 1024), .notice, "sync: 1 MiB left to write"),
    (.leftToWrite(.sync, 23 * 1024 - 1), .notice, "sync: 23 MiB left to write"),
    (.staysWritable(.busy), .warning, "/sbin/demo stays writable: device or resource busy"),
    (.helperEnded(.unmount, .exited(1)), .warning, "unmounting, code 1"),
    (.helperEnded(.sync, .killed(.kill)), .warning, "sync, signal 9"),
    (.leaving(.halt), .critical, "halt"),
    (.cannotLeave(.powerOff), .error, "the kernel refuses to power off; pausing"),
    (.impossible, .error, "something happened that cannot; please report this"),
]

private func render(_ message: Message, program: String?) -> String {
    text { line in
        withView(program ?? "") { message.append(to: &line, name: $0) }
    }
}

@Suite struct MessageTests {
    @Test func `each message says this`() {
        for (message, _, words) in everyMessage {
            #expect(render(message, program: "/sbin/demo") == words)
        }
    }

    @Test func `each message has this priority on a machine`() {
        for (message, priority, words) in everyMessage {
            #expect(message.priority(in: .machine) == priority, "\(words)")
        }
    }

    @Test func `outside of a machine the program's end is less urgent, as a runtime reports it`() {
        for role in [.container, .process] as [Role] {
            for (message, priority, words) in everyMessage {
                let isEnd = if case .programEnded = message { true } else { false }
                #expect(message.priority(in: role) == (isEnd ? .info : priority), "\(words)")
            }
        }
    }

    @Test func `each message fits into a line whole, with the log's words around it`() {
        for (message, _, _) in everyMessage {
            let words = render(message, program: "/usr/local/sbin/a-service-with-a-long-name")
            #expect("<2>init: \(words)\n".utf8.count <= Line.capacity)
        }
    }

    @Test func `the largest numbers fit as well`() {
        let large: [Message] = [
            .orphanReaped(ProcessID(rawValue: .min), .killed(Signal(rawValue: .min))),
            .helperEnded(.killEverything, .killed(Signal(rawValue: .min))),
            .helperFailed(.killEverything, Errno(rawValue: .min)),
            .programStarted(ProcessID(rawValue: .min)),
            .dutyFailed(.mount(7), Errno(rawValue: .min)),
        ]
        for message in large {
            let words = render(message, program: nil)
            #expect("<2>init: \(words)\n".utf8.count <= Line.capacity)
            #expect(words.contains("-2147483648"))
        }
    }

    @Test func `a name that is too long is cut, the reason stays, and there is one line`() {
        let name = String(repeating: "x\n", count: 500)
        let words = render(.programNotStarted(.execFormatError), program: name)
        #expect(words.hasSuffix("x?...: not a program that this kernel runs"))
        #expect("<2>init: \(words)\n".utf8.count <= Line.capacity)
        #expect(!words.contains("\n"))
    }

    @Test func `without a program's name the line still has the error`() {
        let words = render(.programNotStarted(.noSuchFile), program: nil)
        #expect(words == "cannot run : no such file or directory")
    }

    @Test func `each error is shown in words or by its number`() {
        let told = everyError.map { error in text { error.append(to: &$0) } }
        for (error, words) in zip(everyError, told) {
            #expect(words.hasPrefix(": ") && words.utf8.count > 5)
            if words.hasPrefix(": error") { #expect(words == ": error \(error.rawValue)") }
        }
        #expect(Set(told).count == everyError.count)
    }

    @Test func `each duty has words of its own`() {
        let duties: [Duty] =
            EarlyMount.table.indices.map { .mount($0) } + [
                .openStandardStreams, .readCommandLine, .setHostName, .bringUpLoopback,
            ]
        #expect(Set(duties.map { render(.dutyFailed($0, .busy), program: nil) }).count == 12)
    }
}
