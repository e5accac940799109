import Testing

@testable import HammockTool
@testable import InitCore

@Suite struct UnitStatusTests {
    /// The lines of status that PID 1 makes of these states of `a.service`, b, c ...
    private func answer(_ states: [ServiceState]) -> String {
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: PlanWriter.mostBytes, alignment: 8)
        defer { buffer.deallocate() }
        var writer = PlanWriter(buffer, count: states.count)
        for index in states.indices {
            let unit = ServiceID(rawValue: UInt8(index))
            let letter = Character(Unicode.Scalar(UInt8(ascii: "a") + UInt8(index)))
            view("\(letter).service") { writer.setName($0, of: unit) }
            writer.setOrder(index, unit)
        }
        let plan = try! Plan(writer.finish(longestStop: 0))
        var text = ""
        for (index, state) in states.enumerated() {
            let unit = ServiceID(rawValue: UInt8(index))
            var line = Line()
            line.append(state, of: unit, in: plan)
            if let culprit = state.culprit { line.append(culprit: culprit, of: unit, in: plan) }
            line.withBytes { text += String(decoding: $0, as: UTF8.self) }
        }
        return text
    }

    @Test func `what PID 1 says of a unit is what it is`() {
        var state = ServiceState()
        state.phase = .resting
        state.since = Instant(milliseconds: 12_345)
        state.main = ProcessID(rawValue: 41)
        state.outcome = .failedSignal
        state.status = 256 + 15
        state.rests = 3
        state.flags.insert(.isWanted)
        var other = ServiceState()
        other.outcome = .dependency
        other.culprit = ServiceID(rawValue: 0)
        view(answer([state, other, ServiceState()])) { lines in
            var rows = UnitRows(lines)
            let first = rows.next()!
            #expect(string(first.name) == "a.service")
            #expect(first.phase == .resting)
            #expect(first.since == 12_345)
            #expect(first.main == 41)
            #expect(first.outcome == .failedSignal)
            #expect(first.status == 271)
            #expect(first.restarts == 3)
            #expect(first.wish == .yes)
            #expect(first.culprit.count == 0)
            let second = rows.next()!
            #expect(string(second.name) == "b.service")
            #expect(second.wish == .no)
            #expect(string(second.culprit) == "a.service")
            let third = rows.next()!
            #expect(string(third.name) == "c.service")
            #expect(third.culprit.count == 0)
            #expect(rows.next() == nil)
        }
    }

    @Test func `each phase and each outcome of PID 1's is known`() {
        var number: UInt8 = 0
        while let phase = ServicePhase(rawValue: number) {
            var state = ServiceState()
            state.phase = phase
            withUnit(answer([state])) { #expect($0?.phase == phase) }
            number += 1
        }
        #expect(number == 13)
        number = 0
        while let outcome = ServiceOutcome(rawValue: number) {
            var state = ServiceState()
            state.outcome = outcome
            withUnit(answer([state])) { #expect($0?.outcome == outcome) }
            number += 1
        }
        #expect(number == 15)
    }

    @Test func `what this tool does not know keeps its name`() {
        withUnit("phase=dancing name=a outcome=bored extra=1") { unit in
            #expect(unit?.phase == nil)
            #expect(unit?.outcome == nil)
            #expect(unit.map { string($0.phaseName) } == "dancing")
            #expect(unit?.hasFailed == false && unit?.isUp == false)
        }
    }

    @Test(arguments: ["", "name=a", "phase=up", "lost=3"])
    func `a line without a unit is none`(line: String) {
        withUnit(line) { #expect($0 == nil) }
    }

    // MARK: Goals

    private func verdict(_ goal: Goal, _ words: String) -> Goal.Verdict? {
        withUnit("name=a.service phase=" + words) { $0.map(goal.verdict) }
    }

    @Test(arguments: [
        ("queued wanted=yes", Goal.Verdict.pending), ("preparing wanted=yes", .pending),
        ("starting wanted=yes", .pending), ("settling wanted=yes", .pending),
        ("up wanted=yes", .reached), ("busy wanted=yes", .reached),
        // The old process, before a restart.
        ("up wanted=again", .pending), ("ending wanted=again", .pending),
        ("down outcome=succeeded", .reached), ("down outcome=skipped", .reached),
        ("down outcome=code", .failed), ("down outcome=dependency", .failed),
        ("down outcome=none", .reached),
        ("stopping", .pending), ("ending", .pending), ("killing", .pending),
        ("cleaning", .pending), ("resting outcome=code", .failed),
        ("resting outcome=succeeded", .reached), ("stuck outcome=stop-timeout", .failed),
        ("dancing", .pending),
    ])
    func `a start is over when the unit is up, or this attempt is over`(
        words: String, expected: Goal.Verdict
    ) {
        #expect(verdict(.up, words) == expected)
    }

    @Test(arguments: [
        ("down", Goal.Verdict.reached), ("down outcome=code", .reached), ("stuck", .failed),
        ("up wanted=no", .pending), ("up wanted=yes", .failed), ("ending", .pending),
        ("resting", .pending), ("cleaning", .pending), ("dancing", .pending),
    ])
    func `a stop is over when the unit is down`(words: String, expected: Goal.Verdict) {
        #expect(verdict(.down, words) == expected)
    }

    @Test(arguments: [
        ("busy", Goal.Verdict.pending), ("up", .reached), ("down", .failed), ("ending", .failed),
    ])
    func `a reload is over when the unit is no longer busy`(
        words: String, expected: Goal.Verdict
    ) {
        #expect(verdict(.reloaded, words) == expected)
    }
}
