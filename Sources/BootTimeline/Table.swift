extension Timeline {
    /// For a terminal: the phases, and below each what took the longest in it. Below init's, all
    /// that it did.
    public var table: String {
        var rows = [
            "\(title): \(milliseconds(total)) ms from the start of qemu \(goal)", "",
        ]
        rows.append("  start ms   took ms")
        let details = largest(40, share: 0.005)
        for phase in phases {
            rows.append(row(phase, name: phase.name))
            for detail in details where phase.start <= detail.start && detail.start < phase.end {
                rows.append(row(detail, name: "    \(detail.label)"))
            }
            guard phase == phases.last else { continue }
            for start in starts { rows.append(row(start, name: "    \(start.label)")) }
        }
        rows.append("")
        for milestone in milestones {
            rows.append(milliseconds(milestone.at).paddedLeft(to: 10) + "   " + milestone.name)
        }
        return rows.joined(separator: "\n") + "\n"
    }

    private func row(_ span: Span, name: String) -> String {
        milliseconds(span.start).paddedLeft(to: 10)
            + (span.kind == .open ? "…" : milliseconds(span.length)).paddedLeft(to: 10)
            + "   \(span.word.map { "\(name): \($0)" } ?? name)".shortened(to: 96)
    }
}
