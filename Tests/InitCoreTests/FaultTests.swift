import InitCore
import Testing

@Suite struct FaultTests {
    @Test func `every caught fault has a report of its own, one line long`() {
        var reports: Set<String> = []
        for index in Fault.signals.indices {
            let report = Fault.report(of: Fault.signals[index]).description
            #expect(report.hasSuffix("\n"))
            #expect(report.filter { $0 == "\n" }.count == 1)
            #expect(report.hasPrefix("init: fault: SIG"))
            reports.insert(report)
        }
        #expect(reports.count == Fault.signals.count)
    }

    @Test func `a signal that nobody expected is reported too`() {
        for number in Int32.min...(.min + 2) {
            #expect(Fault.report(of: Signal(rawValue: number)).description.contains("unexpected"))
        }
    }
}
