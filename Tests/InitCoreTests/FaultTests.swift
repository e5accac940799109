import InitCore
import Testing

@Suite struct FaultTests {
    @Test(
        arguments: [
            (4, "init: fault: SIGILL (a Swift trap) in PID 1\n"),
            (5, "init: fault: SIGTRAP in PID 1\n"),
            (7, "init: fault: SIGBUS in PID 1\n"),
            (8, "init: fault: SIGFPE in PID 1\n"),
            (11, "init: fault: SIGSEGV in PID 1\n"),
            (31, "init: fault: SIGSYS in PID 1\n"),
        ] as [(Int32, String)])
    func `each fault has a report of its own`(number: Int32, report: String) {
        let signal = Signal(rawValue: number)
        #expect(text(of: Fault.report(of: signal, in: ProcessID(rawValue: 1))) == report)
    }

    @Test func `the report of a helper's fault names the helper`() {
        let report = text(of: Fault.report(of: .busError, in: ProcessID(rawValue: 23)))
        #expect(report == "init: fault: SIGBUS in PID 23\n")
    }

    @Test func `every signal that the processor can raise is caught, and no other`() {
        let caught = Fault.signals.indices.map { Fault.signals[$0].rawValue }
        #expect(caught == [4, 5, 7, 8, 11, 31])
    }

    @Test func `an unexpected signal is reported too`() {
        for number in [.min, -1, 0, 32, 64, 65, .max] as [Int32] {
            let signal = Signal(rawValue: number)
            let report = text(of: Fault.report(of: signal, in: ProcessID(rawValue: 1)))
            #expect(report == "init: fault: SIG? in PID 1\n")
        }
    }

    @Test func `the longest report fits into a line, and all of the last events into another`() {
        var record = EventRecord()
        for _ in 0..<EventRecord.capacity {
            record.append(.childEnded(largestProcess, .exited(0)), in: .running)
        }
        #expect(Fault.report(of: .illegalInstruction, in: largestProcess).count < Line.capacity)
        var line = Line()
        line.append("init: ")
        record.append(to: &line)
        #expect(line.count < Line.capacity)
    }
}
