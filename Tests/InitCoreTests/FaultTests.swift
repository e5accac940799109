import InitCore
import Testing

@Suite struct FaultTests {
    @Test func `every caught fault has a report of its own, one line long`() {
        var reports: Set<String> = []
        for index in Fault.signals.indices {
            let report = text(of: Fault.report(of: Fault.signals[index]))
            #expect(report.hasSuffix(" in PID 1\n"))
            #expect(report.filter { $0 == "\n" }.count == 1)
            #expect(report.hasPrefix("init: fault: SIG"))
            reports.insert(report)
        }
        #expect(reports.count == Fault.signals.count)
    }

    @Test func `a signal that nobody expected is reported too`() {
        for number in [Int32.min, -1, 0, 65, .max] {
            #expect(
                text(of: Fault.report(of: Signal(rawValue: number)))
                    == "init: fault: SIG? in PID 1\n")
        }
    }

    private func text(of line: Line) -> String {
        line.withBytes { String(decoding: $0, as: UTF8.self) }
    }
}
