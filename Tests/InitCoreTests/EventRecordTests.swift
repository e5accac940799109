import InitCore
import Testing

/// The events of the line, without the words in front.
private func text(of record: EventRecord) -> String {
    let heading = "last events:"
    let line = text { record.append(to: &$0) }
    #expect(line.hasPrefix(heading))
    return String(line.dropFirst(heading.count))
}

private func child(_ number: Int32) -> Event {
    .childEnded(ProcessID(rawValue: number), .exited(0))
}

@Suite struct EventRecordTests {
    @Test func `the record is empty before the first event`() {
        #expect(text(of: EventRecord()) == "")
    }

    @Test func `events are written oldest first, and only the last sixteen`() {
        var record = EventRecord()
        for number in 1...100 as ClosedRange<Int32> {
            record.append(child(number), in: .running)
            let first = max(1, number - 15)
            #expect(text(of: record) == (first...number).map { " r:c\($0)" }.joined())
        }
    }

    @Test func `each kind of event has a letter, and its number`() {
        let process = ProcessID(rawValue: 23)
        let error = Errno(rawValue: 11)
        let events: [(Event, String)] = [
            (.performed(.setHostName, nil), "d0"), (.performed(.mount(3), error), "d11"),
            (.spawned(process, .ownGroup), "p23"), (.programRuns, "r0"),
            (.childStopped(process, .stop), "z23"), (.terminalLent(true), "f1"),
            (.wentOn(false), "g0"), (.spawnFailed(error), "P11"),
            (.signalled(.terminate), "s15"), (.childEnded(process, .exited(7)), "c23"),
            (.noChildLeft, "n0"), (.deadlinePassed, "t0"), (.helperStarted(process), "h23"),
            (.helperFailed(error), "H11"), (.sendingFailed(error), "S11"),
            (.planned(longestStop: 5_000), "m5000"), (.planned(longestStop: nil), "m-1"),
            (.servicesSettled, "v0"), (.servicesEnded, "V0"),
            (.endAsked(.reboot, code: 3), "E3"),
            (.unwritten(5), "w5"), (.unwritten(nil), "w-1"),
            (.leavingFailed(error), "L11"),
        ]
        for (event, letters) in events {
            var record = EventRecord()
            record.append(event, in: .idling)
            #expect(text(of: record) == " i:" + letters)
        }
        #expect(Set(events.map { Kind($0.0) }) == Set(Kind.allCases))
    }

    @Test func `each phase has a letter of its own`() {
        let letters = everyPhase.map { phase in
            var record = EventRecord()
            record.append(.noChildLeft, in: phase)
            return text(of: record)
        }
        #expect(
            letters.joined()
                == " b:n0 p:n0 i:n0 w:n0 e:n0 r:n0 t:n0 s:n0 k:n0 u:n0 y:n0 l:n0 z:n0 x:n0")
    }

    @Test func `the record fits into a line of the log`() {
        var record = EventRecord()
        for _ in 0..<EventRecord.capacity {
            record.append(child(largestProcess.rawValue), in: .running)
        }
        #expect("<2>init: last events:\(text(of: record))\n".utf8.count <= Line.capacity)
    }
}
