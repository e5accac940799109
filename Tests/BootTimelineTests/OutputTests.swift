import Foundation
import FoundationXML
import Testing

@testable import BootTimeline

@Suite struct OutputTests {
    @Test func `the table has each phase, and below it what took long`() throws {
        let lines = try timeline().table.split(separator: "\n").map(String.init)
        #expect(
            lines.first
                == "microvm, tcg, Linux 6.12.117: 900.0 ms from the start of qemu to the greeting")
        #expect(lines.contains("     810.0      90.0   init"))
        #expect(
            lines.contains(
                "     330.0     100.0       devices, as the firmware's tables describe them (acpi_init)"
            ))
    }

    @Test func `the trace is JSON, with a duration in microseconds for each span`() throws {
        let timeline = try timeline()
        let trace = try Trace(of: timeline)
        let spans = trace.traceEvents.filter { $0.ph == "X" }
        #expect(spans.count == timeline.phases.count + timeline.details.count)
        let last = try #require(spans.first { $0.name == "init" })
        #expect(last.ts == 810_000)
        #expect(last.dur == 90_000)
        #expect(trace.traceEvents.filter { $0.ph == "i" }.count == timeline.milestones.count)
    }

    @Test func `the chart is well-formed, and names what it shows`() throws {
        let chart = try timeline(microvm.replacingOccurrences(of: "PCI: Fatal", with: "<&\">"))
            .chart
        let parser = XMLParser(data: Data(chart.utf8))
        let texts = Texts()
        parser.delegate = texts
        #expect(parser.parse())
        for name in ["acpi_init", "Hello, World!", "init is executed", "kernel, 510.0 ms"] {
            #expect(texts.all.contains { $0.contains(name) }, "\(name)")
        }
    }

    @Test func `no label reaches beyond the chart's edge`() throws {
        let long = String(repeating: "wide ", count: 60)
        let chart = try timeline(microvm.replacingOccurrences(of: "VFS: Mounted", with: long)).chart
        let parser = XMLParser(data: Data(chart.utf8))
        let texts = Texts()
        parser.delegate = texts
        #expect(parser.parse())
        let labels = texts.placed.filter { $0.2.contains("label") }
        // Some labels end before their bar, and some begin behind it. The long one is cut.
        #expect(labels.contains { $0.2.contains("end") })
        #expect(labels.contains { !$0.2.contains("end") })
        #expect(labels.contains { $0.0.contains("wide wide") && $0.0.contains("wi…,") })
        for (text, x, name) in labels {
            let width = 6.8 * Double(text.count)
            #expect((name.contains("end") ? x - width : x) >= 0, "\(text)")
            #expect((name.contains("end") ? x : x + width) <= 1120, "\(text)")
        }
    }
}

/// The texts of an SVG, each with its place and its class.
private final class Texts: NSObject, XMLParserDelegate {
    var placed: [(String, Double, String)] = []
    var all: [String] { placed.map(\.0) }
    private var isText = false

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
        qualifiedName: String?, attributes: [String: String]
    ) {
        isText = name == "text"
        guard isText else { return }
        placed.append(("", Double(attributes["x"] ?? "") ?? 0, attributes["class"] ?? ""))
    }

    func parser(_ parser: XMLParser, foundCharacters text: String) {
        if isText { placed[placed.count - 1].0 += text }
    }

    func parser(
        _ parser: XMLParser, didEndElement name: String, namespaceURI: String?,
        qualifiedName: String?
    ) {
        isText = false
    }
}
