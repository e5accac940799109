import Foundation
import Testing

@testable import BootTimeline

/// The starts of services, in few words: `disk.service 910...940 service`.
private func starts(_ lines: String) throws -> [String] {
    try timeline(withServices(lines)).starts.filter { $0.kind != .step }.map { start in
        let word = start.word.map { ": \($0)" } ?? ""
        return "\(start.name) \(start.start / 1000)...\(start.end / 1000) \(start.kind)\(word)"
    }
}

@Suite struct ServiceTests {
    @Test func `a boot without services has no steps and no services`() throws {
        #expect(try timeline().starts.isEmpty)
    }

    @Test func `init's steps fill its phase`() throws {
        let timeline = try timeline(services)
        let steps = timeline.starts.filter { $0.kind == .step }
        #expect(
            steps.map(\.name) == [
                "init sets the machine up", "the units are read and planned",
                "the services start",
            ])
        #expect(steps.map(\.start) == [810_000, 860_000, 910_000])
        #expect(steps.map(\.end) == [860_000, 910_000, 1_100_000])
        #expect(timeline.phases.last?.start == steps.first?.start)
        #expect(timeline.phases.last?.end == steps.last?.end)
    }

    @Test func `without a service that begins, planning takes the rest`() throws {
        #expect(try timeline(withServices("")).starts.map(\.end) == [860_000, 1_100_000])
    }

    @Test func `a boot with services ends where they have settled`() throws {
        let settled = try timeline(withServices("[    0.610000] init: a.service is up"))
        #expect(settled.total == 1_100_000)
        #expect(settled.goal == "until the services had settled")
        #expect(settled.milestones.last?.name == "the services have settled")
        let hurried = try timeline(services)
        #expect(hurried.total == 1_100_000)
        #expect(hurried.goal == "until init waited no longer")
        #expect(hurried.milestones.last?.name == "init is executed")
    }

    @Test func `a boot with services and no program ends with the greeting`() throws {
        let text = services.replacingOccurrences(of: "init: program started", with: "other")
        let timeline = try timeline("\(text)\n1980000 console Hello, World!")
        #expect(timeline.total == 980_000)
        #expect(timeline.goal == "to the greeting")
        #expect(timeline.starts.last?.word == "not up yet")
        #expect(timeline.starts.last?.end == 980_000)
    }

    @Test func `a service lasts from its beginning until it is up, or has failed`() throws {
        let lines = try timeline(services).starts.filter { $0.kind != .step }
        #expect(lines.map(\.name) == ["disk.service", "broken.service", "web.service"])
        #expect(lines.map(\.kind) == [.service, .failed, .open])
        #expect(lines.map(\.word) == [nil, "failed: code 7", "not up yet"])
        #expect(lines.map(\.start) == [910_000, 940_100, 960_200])
        #expect(lines.map(\.end) == [940_000, 960_000, 1_100_000])
    }

    @Test func `a service that starts again has a bar for each start`() throws {
        #expect(
            try starts(
                """
                [    0.610000] init: a.service begins
                [    0.620000] init: a.service could not be executed, step 203: no such file
                [    0.630000] init: a.service starts again in 0.020 s
                [    0.650000] init: a.service begins
                [    0.660000] init: a.service is up
                [    0.670000] init: a.service starts again in 0.020 s
                """) == [
                    "a.service 910...930 failed: could not be executed, step 203: no such file",
                    "a.service 950...960 service",
                    "a.service 970...970 failed: starts again in 0.020 s",
                ])
    }

    @Test func `a service that never began has a bar where it failed`() throws {
        #expect(
            try starts("[    0.640000] init: b.service failed: dependency")
                == ["b.service 940...940 failed: failed: dependency"])
    }

    @Test func `a service that has done its work was up`() throws {
        #expect(
            try starts(
                """
                [    0.610000] init: once.service begins
                [    0.630000] init: once.service is up
                [    0.631000] init: once.service has stopped
                [    0.640000] init: asked.service begins
                [    0.650000] init: asked.service has stopped
                [    0.650000] init: other.service begins
                [    0.660000] init: other.service is skipped: a condition does not hold
                """) == [
                    "once.service 910...930 service", "asked.service 940...950 failed: stopped",
                    "other.service 950...960 failed: skipped",
                ])
    }

    @Test func `what comes later is not in the picture`() throws {
        #expect(
            try starts(
                """
                [    0.700000] init: a.service begins
                [    0.710000] init: b.service begins
                [    0.800000] init: a.service is up
                [    0.850000] init: b.service is up
                [    0.860000] init: c.service begins
                """) == ["a.service 1000...1100 service", "b.service 1010...1100 open: not up yet"])
    }

    @Test func `the copies of lines that hammock shows are left out`() throws {
        let copies =
            "\n2109000 console [    0.510000] kernel: Run /init as init process"
            + "\n2109001 console [    0.610000] kernel: init: disk.service begins"
        #expect(try timeline(services + copies) == timeline(services))
    }

    @Test(arguments: [
        "web.service begins", "init: nothing begins", "init: web.service begins again",
        "init: web.service", "init:web.service is up", "other: web.service is up",
    ])
    func `other lines are no service's`(line: String) throws {
        #expect(try starts("[    0.640000] \(line)").isEmpty)
    }

    @Test func `the table has init's steps and the services below its phase`() throws {
        let lines = try timeline(services).table.split(separator: "\n").map(String.init)
        let first = try #require(lines.firstIndex(of: "     810.0     290.0   init"))
        #expect(
            Array(lines[(first + 1)...(first + 6)]) == [
                "     810.0      50.0       init sets the machine up",
                "     860.0      50.0       the units are read and planned",
                "     910.0     190.0       the services start",
                "     910.0      30.0       disk.service",
                "     940.1      19.9       broken.service: failed: code 7",
                "     960.2         …       web.service: not up yet",
            ])
    }

    @Test func `the trace has a line for each service, and one that is open has no end`() throws {
        let trace = try Trace(of: timeline(services))
        let events = trace.traceEvents.filter { $0.name.hasSuffix(".service") }
        #expect(events.map(\.ph) == ["X", "X", "B"])
        #expect(events.map(\.dur) == [30_000, 19_900, nil])
        #expect(events.map { $0.args?["outcome"] } == [nil, "failed: code 7", "not up yet"])
        #expect(Set(events.map(\.tid)).count == 3)
        for event in events {
            let names = trace.traceEvents.filter { $0.ph == "M" && $0.tid == event.tid }
            #expect(names.map { $0.args?["name"] } == [event.name])
        }
    }

    @Test func `the chart has a bar for each service, and says what became of it`() throws {
        let chart = try timeline(services).chart
        for text in [
            ">disk.service, 30.0 ms<", ">broken.service, 19.9 ms, failed: code 7<",
            ">web.service, not up yet<", ">init sets the machine up, 50.0 ms<",
            ">a service that is not up yet<",
        ] {
            #expect(chart.contains(text), "\(text)")
        }
        #expect(chart.components(separatedBy: "<path ").count == 2)
        // The legend takes two rows, and the phases begin below both.
        #expect(chart.contains("y=\"80\" class=\"label\""))
        #expect(chart.contains("y=\"114\" width"))
    }
}
