import InitCore
import Testing

@testable import UnitFiles

/// Units of these lines in [Unit], by their names without an ending.
private func planned(_ units: [String: String], _ service: String = "ExecStart=/bin/true\n")
    -> Planned
{
    var files: [String: String] = [:]
    for (name, lines) in units {
        files[name.contains(".") ? name : name + ".service"] =
            "[Unit]\n\(lines)\n" + (name.hasSuffix(".target") ? "" : "[Service]\n" + service)
    }
    return Planned(files)
}

@Suite struct OrderTests {
    @Test func `each unit stands behind those that it comes after`() {
        let plan = planned([
            "a": "After=b.service", "b": "After=c.service", "c": "", "d": "Before=c.service",
        ])
        #expect(plan.problems == [])
        #expect(plan.order == ["d.service", "c.service", "b.service", "a.service"])
        #expect(plan.units(.after, of: "c.service") == ["d.service"])
    }

    @Test func `any graph without a cycle has an order, and none of them is wrong`() {
        var state: UInt64 = 1
        func random(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % limit
        }
        for _ in 0..<60 {
            var units: [String: String] = [:]
            let count = 2 + random(20)
            // Names are mixed, so that the order is not theirs.
            var names = (0..<count).map { "s\($0 + 100)" }
            for number in names.indices { names.swapAt(number, random(count)) }
            for number in 0..<count {
                var lines = ""
                for other in 0..<number where random(3) == 0 {
                    lines += "After=\(names[other]).service\n"
                }
                units[names[number]] = lines
            }
            let plan = planned(units)
            // Plan.init checks the order.
            #expect(plan.problems == [])
            #expect(plan.order.count == count)
        }
    }

    @Test func `a cycle is named in full and refuses all of it, and the rest runs`() {
        let plan = planned([
            "a": "After=b.service", "b": "After=c.service", "c": "After=a.service",
            "d": "After=a.service", "e": "Requires=b.service",
        ])
        let cycles = plan.problems.filter { $0.kind == .cycle }
        #expect(cycles.map(\.unit) == ["a.service", "b.service", "c.service"])
        for problem in cycles {
            #expect(
                problem.text == """
                    it comes after itself: a.service after b.service after c.service after \
                    a.service
                    """)
        }
        #expect(plan.problems.filter { $0.kind == .unitRefused }.map(\.unit) == ["e.service"])
        #expect(plan.order == ["d.service"])
    }

    @Test func `two cycles are both named`() {
        let plan = planned([
            "a": "After=b.service", "b": "After=a.service", "c": "Before=d.service",
            "d": "Before=c.service", "e": "",
        ])
        #expect(plan.kinds == [.cycle, .cycle, .cycle, .cycle])
        #expect(plan.order == ["e.service"])
    }

    @Test func `a unit that names itself is warned of`() {
        let plan = planned(["a": "After=a.service"])
        #expect(plan.kinds == [.ownName])
        #expect(plan.order == ["a.service"])
    }

    @Test func `who needs a refused unit is refused, again and again`() throws {
        let plan = planned([
            "a": "Requires=b.service", "b": "BindsTo=c.service", "c": "Requisite=d.service",
            "d": "JoinsNamespaceOf=x.service", "e": "Wants=a.service",
        ])
        #expect(plan.order == ["e.service"])
        #expect(
            plan.problems.filter { $0.kind == .unitRefused }.map(\.unit).sorted()
                == ["a.service", "b.service", "c.service"])
        // The plan says itself that it lacks something.
        #expect(try plan.withPlan { $0.isPartial })
        #expect(try !planned(["e": "Wants=a.service"]).withPlan { $0.isPartial })
    }

    @Test func `what is bound to a unit comes after it`() {
        let plan = planned(["a": "BindsTo=b.service", "b": ""])
        #expect(plan.order == ["b.service", "a.service"])
        #expect(plan.units[0].deviations.contains(.comesAfterBound))
        let said = planned(["a": "BindsTo=b.service\nAfter=b.service", "b": ""])
        #expect(!said.units[0].deviations.contains(.comesAfterBound))
    }

    @Test func `a binding to a oneshot that does not remain is warned of`() {
        let plan = Planned([
            "a.service": "[Unit]\nBindsTo=b.service c.service\n[Service]\nExecStart=/bin/a\n",
            "b.service": "[Service]\nType=oneshot\nExecStart=/bin/a\n",
            "c.service": "[Service]\nType=oneshot\nExecStart=/bin/a\nRemainAfterExit=yes\n",
        ])
        #expect(plan.kinds == [.oneshotBinding])
        #expect(plan.problems.first?.text.hasSuffix("b.service") == true)
    }

    @Test func `all others come after the one that is first`() {
        let plan = Planned([
            "a.service": "[Service]\nExecStart=/bin/a\n",
            "z.service":
                "[Unit]\nAfter=y.service\n[Service]\nExecStart=/bin/a\n[X-Hammock]\nFirst=yes\n",
            "y.service": "[Unit]\nAfter=x.service\n[Service]\nExecStart=/bin/a\n",
            "x.service": "[Service]\nExecStart=/bin/a\n",
        ])
        #expect(plan.problems == [])
        #expect(plan.order == ["x.service", "y.service", "z.service", "a.service"])
    }

    @Test func `conflicts go both ways`() {
        let plan = Planned([
            "a.service": "[Unit]\nConflicts=b.service\n[Service]\nExecStart=/bin/a\n",
            "b.service": "[Service]\nExecStart=/bin/a\n[X-Hammock]\nStart=no\n",
        ])
        #expect(plan.problems == [])
        #expect(plan.units(.conflicts, of: "a.service") == ["b.service"])
        #expect(plan.units(.conflicts, of: "b.service") == ["a.service"])
    }

    @Test func `a unit that conflicts with what it pulls in is refused`() {
        for lines in ["Requires=b.service", "Wants=b.service", "BindsTo=b.service"] {
            let plan = Planned([
                "a.service":
                    "[Unit]\n\(lines)\nConflicts=b.service\n[Service]\nExecStart=/bin/a\n"
                    + "[X-Hammock]\nStart=no\n",
                "b.service": "[Service]\nExecStart=/bin/a\n",
            ])
            #expect(plan.kinds == [.conflict], "\(lines)")
            #expect(plan.order == ["b.service"])
        }
    }

    @Test func `so is one that conflicts with what it is part of`() {
        let plan = Planned([
            "a.service": """
            [Unit]
            PartOf=b.service
            Conflicts=b.service
            [Service]
            ExecStart=/bin/a
            """,
            "b.service": "[Service]\nExecStart=/bin/a\n[X-Hammock]\nStart=no\n",
        ])
        #expect(plan.kinds == [.conflict])
        #expect(plan.order == ["b.service"])
    }

    @Test func `so is one that conflicts with what that would stop`() {
        // a pulls in b, which requires c; a conflicts with c.
        let plan = Planned([
            "a.service": """
            [Unit]
            Wants=b.service
            Conflicts=c.service
            [Service]
            ExecStart=/bin/a
            [X-Hammock]
            Start=no
            """,
            "b.service": "[Unit]\nPartOf=c.service\n[Service]\nExecStart=/bin/a\n",
            "c.service": "[Service]\nExecStart=/bin/a\n[X-Hammock]\nStart=no\n",
        ])
        #expect(plan.kinds == [.conflict])
        #expect(plan.problems.first?.unit == "a.service")
    }

    @Test func `of two that conflict and are both wanted the later is refused`() {
        let plan = planned(["a": "Conflicts=b.service", "b": "", "c": "Requires=b.service"])
        #expect(plan.kinds == [.conflict, .unitRefused])
        #expect(plan.problems.map(\.unit) == ["b.service", "c.service"])
        #expect(plan.order == ["a.service"])
    }

    @Test func `what is not in the plan is in no set`() {
        let plan = planned([
            "a": "After=x.service\nPartOf=x.service\nConflicts=x.service\nWants=x.service"
        ])
        #expect(plan.problems == [])
        for relation in [Relation.after, .partOf, .conflicts, .wants] {
            #expect(plan.units(relation, of: "a.service") == [])
        }
    }

    @Test func `what is to start on a failure is in the plan, and not wanted`() {
        let plan = Planned([
            "a.service": "[Unit]\nOnFailure=b.service\n[Service]\nExecStart=/bin/a\n",
            "/etc/systemd/system/b.service": "[Service]\nExecStart=/bin/b\n",
        ])
        #expect(plan.units(.onFailure, of: "a.service") == ["b.service"])
        #expect(plan.wanted == ["a.service"])
    }

    @Test func `differences from systemd are noted where they matter`() {
        let plan = Planned([
            "a.service": "[Unit]\nAfter=b.service\nRequires=b.service\n[Service]\n"
                + "ExecStart=/bin/a\nTimeoutStopSec=5\n",
            "b.service": "[Service]\nExecStart=/bin/a\nRestart=always\nTimeoutStopSec=infinity\n",
            "c.service": "[Service]\nType=exec\nExecStart=/bin/a\nExecStop=/bin/b\n"
                + "ExecStop=/bin/c\nRestart=always\nStartLimitBurst=3\n",
        ])
        #expect(plan.problems == [])
        #expect(plan.units[0].deviations == .waitsForRestart)
        var expected = Deviations.readyWhenItRuns
        expected.insert(.neverGivesUp)
        expected.insert(.infinityIsAnHour)
        #expect(plan.units[1].deviations == expected)
        expected = .stopsIn10
        expected.insert(.oneTimeForStops)
        #expect(plan.units[2].deviations == expected)
        for bit in 0..<Deviations.count { #expect(Deviations.text(bit).count > 0) }
        #expect(Deviations.text(Deviations.count).count == 0)
    }
}

@Suite struct BoundTests {
    /// A service that stops within so many seconds.
    private func service(_ seconds: Int, after: String = "", more: String = "") -> String {
        "[Unit]\nAfter=\(after)\n[Service]\nExecStart=/bin/a\nTimeoutStopSec=\(seconds)\n" + more
    }

    private let stop = "ExecStop=/bin/b\n"
    private let clean = "ExecStopPost=/bin/c\n"

    /// T = E t + t + k + C (t + k), with k = 5; L = T + the most of those that come after it.
    @Test func `the bound of ten graphs is the one that a hand has computed`() {
        let graphs: [(files: [String: String], seconds: UInt32, unit: String?)] = [
            ([:], 0, nil),
            (["t.target": "[Unit]\nWants=x.service\n"], 0, nil),
            (["a.service": service(10)], 15, "a.service"),
            (["a.service": service(10, more: stop)], 25, "a.service"),
            (["a.service": service(10, more: clean)], 30, "a.service"),
            (["a.service": service(10, more: stop + stop + clean)], 40, "a.service"),
            // Beside each other: the longer one.
            (["a.service": service(10), "b.service": service(20)], 25, "b.service"),
            // One after the other: the sum.
            (
                ["a.service": service(10, after: "b.service"), "b.service": service(20)], 40,
                "b.service"
            ),
            // A diamond: the longer way. 6 + 35 + 8.
            (
                [
                    "a.service": service(1), "b.service": service(30, after: "a.service"),
                    "c.service": service(7, after: "a.service"),
                    "d.service": service(3, after: "b.service c.service"),
                ], 49, "b.service"
            ),
            // A target in between takes no time, and ties all the same. 10 + 15.
            (
                [
                    "a.service": service(5), "t.target": "[Unit]\nAfter=a.service\n",
                    "b.service": service(10, after: "t.target"),
                ], 25, "b.service"
            ),
        ]
        for (number, graph) in graphs.enumerated() {
            let planned = Planned(graph.files)
            #expect(planned.problems == [])
            #expect(planned.bound.services == graph.seconds * 1_000, "graph \(number)")
            #expect(planned.bound.unit == graph.unit, "graph \(number)")
            let longest = try? planned.withPlan { $0.longestStop }
            #expect(longest == graph.seconds * 1_000, "graph \(number)")
        }
    }

    @Test func `the place of the longest TimeoutStopSec is told, also of a drop-in`() {
        let plan = Planned(["a.service": service(900), "b.service": service(7)])
        #expect(plan.bound.place == "/etc/hammock/a.service:5")
        #expect(plan.bound.part == 905_000)
        #expect(plan.cappedServices == 35_000)
        let more = Planned([
            "a.service": service(1), "a.service.d/x.conf": "[Service]\nTimeoutStopSec=60\n",
        ])
        #expect(more.bound.place == "/etc/hammock/a.service.d/x.conf:2")
        #expect(Planned(service: "ExecStart=/bin/a\n").bound.place == "")
    }

    @Test func `infinity counts as an hour, and nothing overflows`() {
        let plan = Planned(service: "ExecStart=/bin/a\nTimeoutStopSec=infinity\n")
        #expect(plan.bound.services == 3_605_000)
        var files: [String: String] = [:]
        for number in 0..<128 {
            files["s\(number + 100).service"] = """
                [Unit]
                After=s\(number + 99).service
                [Service]
                ExecStart=/bin/a
                ExecStop=/bin/a
                ExecStopPost=/bin/a
                TimeoutStopSec=49d
                """
        }
        #expect(Planned(files).bound.services == UInt32.max)
    }
}
