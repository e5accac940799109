import Foundation

extension Timeline {
    /// A chart to read: the phases as one bar, and below it a bar for each thing that took
    /// long, from left to right and from top to bottom in the order of time. SVG 1.1
    public var chart: String {
        Chart(self).svg
    }
}

/// Where everything goes, in the chart's own units (pixels at 100 %).
private struct Chart {
    let timeline: Timeline
    let rows: [Timeline.Span]

    let width = 1120.0
    let margin = 40.0
    let legendTop = 52.0
    let legendHeight = 18.0
    let phaseHeight = 34.0
    let rowHeight = 22.0
    let barHeight = 14.0
    /// The labels' average, by measurement of DejaVu Sans and Liberation Sans at 12 px.
    let characterWidth = 6.8

    init(_ timeline: Timeline) {
        self.timeline = timeline
        rows = timeline.largest(24, share: 0.006) + timeline.starts
    }

    /// Below the legend, which has one row or more.
    var phasesTop: Double { legendTop + 26 + legendHeight * Double((entries.last?.row ?? 0) + 1) }
    var rowsTop: Double { phasesTop + phaseHeight + 22 }
    var rowsBottom: Double { rowsTop + Double(rows.count) * rowHeight }
    var height: Double { rowsBottom + 34 + Double(timeline.milestones.count) * 18 }

    func x(_ time: Int) -> Double {
        margin + (width - 2 * margin) * Double(time) / Double(max(timeline.total, 1))
    }

    func widthOf(_ text: String) -> Double { Double(text.count) * characterWidth }

    var svg: String {
        let parts = [heading, legend, grid, phases, milestones, bars]
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(n(width)) \(n(height))" \
            width="\(n(width))" height="\(n(height))" role="img" aria-label="\(escape(title))">
            <style>\(style)</style>
            <rect class="page" width="100%" height="100%"/>
            \(parts.flatMap(\.self).joined(separator: "\n"))
            </svg>

            """
    }

    var title: String {
        "\(timeline.title): \(milliseconds(timeline.total)) ms from the start of qemu \(timeline.goal)"
    }

    var heading: [String] { [text(title, x: margin, y: 34, class: "title")] }
}

// MARK: Parts

extension Chart {
    var legend: [String] {
        entries.flatMap { entry in
            let title = entry.kind.title
            let top = legendTop + Double(entry.row) * legendHeight
            return [
                rectangle(
                    x: entry.left, y: top, width: 12, height: 12, class: entry.kind.rawValue,
                    title: title),
                text(title, x: entry.left + 18, y: top + 10, class: "label"),
            ]
        }
    }

    /// Where each kind that the chart has stands in the legend. A row that is full is followed by
    /// another.
    var entries: [(kind: Timeline.Kind, left: Double, row: Int)] {
        var left = margin
        var row = 0
        return Timeline.Kind.allCases.filter { kind in rows.contains { $0.kind == kind } }.map {
            let length = 18 + widthOf($0.title)
            if left + length > width - margin { (left, row) = (margin, row + 1) }
            defer { left += length + 28 }
            return ($0, left, row)
        }
    }

    /// A line for each step of the scale.
    var grid: [String] {
        stride(from: 0, through: timeline.total, by: step).flatMap { time in
            [
                line(x: x(time), from: phasesTop - 6, to: rowsBottom, class: "grid"),
                text("\(time / 1000)", x: x(time), y: phasesTop - 10, class: "scale middle"),
            ]
        } + [text("ms", x: width - margin + 8, y: phasesTop - 10, class: "scale")]
    }

    /// Microseconds: 1, 2 or 5 times a power of ten, and some 8 to 16 to the whole.
    var step: Int {
        let most = 14
        var power = 1000
        while true {
            for factor in [1, 2, 5] where timeline.total / (factor * power) <= most {
                return factor * power
            }
            power *= 10
        }
    }

    var phases: [String] {
        timeline.phases.enumerated().flatMap { index, phase in
            let bar = rectangle(
                x: x(phase.start), y: phasesTop, width: x(phase.end) - x(phase.start),
                height: phaseHeight, class: "phase\(index % 2)",
                title: "\(phase.name): \(milliseconds(phase.length)) ms")
            return [bar] + phaseLabel(phase)
        }
    }

    /// In the bar if there is room, and otherwise with fewer words. If a bar is too short for any
    /// words, its tooltip and the milestone at its end explain it.
    func phaseLabel(_ phase: Timeline.Span) -> [String] {
        let room = x(phase.end) - x(phase.start) - 12
        let short = phase.name.components(separatedBy: " (")[0]
        let choices = [
            "\(phase.name), \(milliseconds(phase.length)) ms",
            "\(short), \(milliseconds(phase.length)) ms", short,
        ]
        guard let label = choices.first(where: { widthOf($0) <= room }) else { return [] }
        return [text(label, x: x(phase.start) + 6, y: phasesTop + 22, class: "in-phase")]
    }

    var bars: [String] {
        rows.enumerated().flatMap { index, span in
            let top = rowsTop + Double(index) * rowHeight
            let width = max(x(span.end) - x(span.start), 1.5)
            let bar =
                span.kind == .open
                ? openRectangle(x: x(span.start), y: top, width: width, title: span.name)
                : rectangle(
                    x: x(span.start), y: top, width: width, height: barHeight,
                    class: span.kind.rawValue, title: span.name)
            return [bar, barLabel(span, baseline: top + 11.5)]
        }
    }

    /// Behind its bar or before it, on the side that has more room.
    func barLabel(_ span: Timeline.Span, baseline: Double) -> String {
        let before = x(span.start) - margin - 8
        let behind = width - margin - x(span.end) - 8
        let length = span.kind == .open ? "" : ", \(milliseconds(span.length)) ms"
        let suffix = length + (span.word.map { ", \($0.shortened(to: 50))" } ?? "")
        let isBehind = behind >= widthOf(span.label + suffix) || behind >= before
        let room = Int((isBehind ? behind : before) / characterWidth) - suffix.count
        let label = span.label.shortened(to: max(8, min(90, room))) + suffix
        return isBehind
            ? text(label, x: x(span.end) + 8, y: baseline, class: "label")
            : text(label, x: x(span.start) - 8, y: baseline, class: "label end")
    }

    /// A line down to a row of its own, so that no two labels can meet.
    var milestones: [String] {
        timeline.milestones.enumerated().flatMap { index, milestone in
            let baseline = rowsBottom + 22 + Double(index) * 18
            let label = "\(milestone.name), \(milliseconds(milestone.at)) ms"
            let isLeft = x(milestone.at) + widthOf(label) + 8 > width - margin
            return [
                line(x: x(milestone.at), from: phasesTop - 6, to: baseline + 3, class: "milestone"),
                text(
                    label, x: x(milestone.at) + (isLeft ? -6 : 6), y: baseline,
                    class: isLeft ? "label end" : "label"),
            ]
        }
    }
}

// MARK: SVG

extension Chart {
    var style: String {
        """
        text{font:12px 'DejaVu Sans','Liberation Sans',Helvetica,Arial,sans-serif;fill:#1f2328}
        .title{font-size:17px;font-weight:bold}.scale{fill:#656d76;font-size:11px}
        .label{paint-order:stroke;stroke:#ffffff;stroke-width:4px;stroke-linejoin:round}
        .middle{text-anchor:middle}.end{text-anchor:end}.page{fill:#ffffff}
        .grid{stroke:#d8dee4}.milestone{stroke:#cf222e;stroke-dasharray:3 3}
        .phase0{fill:#b6d4fb}.phase1{fill:#dbe9fd}.in-phase{font-weight:bold}
        .initcall{fill:#2f81f7}.probe{fill:#8250df}.stretch{fill:#9aa4af}.step{fill:#bf8700}
        .service{fill:#2da44e}.failed{fill:#cf222e}.open{fill:#dafbe1;stroke:#2da44e}
        @media (prefers-color-scheme: dark){text{fill:#e6edf3}.scale{fill:#9198a1}
        .label{stroke:#0d1117}.page{fill:#0d1117}.grid{stroke:#30363d}.milestone{stroke:#ff7b72}
        .phase0{fill:#1f4b8f}.phase1{fill:#16335f}
        .initcall{fill:#4493f8}.probe{fill:#ab7df8}.stretch{fill:#6e7681}.step{fill:#d29922}
        .service{fill:#3fb950}.failed{fill:#f85149}.open{fill:#12261e;stroke:#3fb950}}
        """
    }

    /// A number with only as many digits as a screen can show.
    func n(_ value: Double) -> String {
        let text = String(format: "%.1f", value)
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    func text(_ text: String, x: Double, y: Double, class name: String) -> String {
        "<text x=\"\(n(x))\" y=\"\(n(y))\" class=\"\(name)\">\(escape(text))</text>"
    }

    func line(x: Double, from top: Double, to bottom: Double, class name: String) -> String {
        "<line x1=\"\(n(x))\" x2=\"\(n(x))\" y1=\"\(n(top))\" y2=\"\(n(bottom))\" class=\"\(name)\"/>"
    }

    func rectangle(
        x: Double, y: Double, width: Double, height: Double, class name: String, title: String
    ) -> String {
        """
        <rect x="\(n(x))" y="\(n(y))" width="\(n(width))" height="\(n(height))" class="\(name)">\
        <title>\(escape(title))</title></rect>
        """
    }

    /// A bar without its right side: what it stands for has no end yet.
    func openRectangle(x: Double, y: Double, width: Double, title: String) -> String {
        """
        <path d="M\(n(x + width)) \(n(y))H\(n(x))V\(n(y + barHeight))H\(n(x + width))" \
        class="open"><title>\(escape(title))</title></path>
        """
    }

    func escape(_ text: String) -> String {
        text.replacingOccurrences(of: "&", with: "&amp;")
            .replacingOccurrences(of: "<", with: "&lt;")
            .replacingOccurrences(of: ">", with: "&gt;")
            .replacingOccurrences(of: "\"", with: "&quot;")
    }
}
