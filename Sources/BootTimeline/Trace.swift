import Foundation

extension Timeline {
    /// In the Trace Event Format, which Perfetto and chrome://tracing open.
    public var trace: String {
        var events: [Event] = [
            .name(title, of: "process_name", thread: nil)
        ]
        for (thread, kind) in Kind.allCases.enumerated() {
            events.append(.name(kind.title, of: "thread_name", thread: thread))
        }
        for span in phases + details {
            events.append(
                Event(
                    name: span.name, cat: span.kind.rawValue, ph: "X", ts: span.start,
                    dur: span.length, tid: Kind.allCases.firstIndex(of: span.kind)!))
        }
        for milestone in milestones {
            events.append(
                Event(name: milestone.name, cat: "milestone", ph: "i", ts: milestone.at, s: "g"))
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let lines = events.map { String(decoding: try! encoder.encode($0), as: UTF8.self) }
        return "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n"
            + lines.joined(separator: ",\n") + "\n]}\n"
    }

    /// The field names are the format's own. Times are in microseconds.
    private struct Event: Encodable {
        var name: String
        var cat: String?
        var ph: String
        var ts: Int?
        var dur: Int?
        var pid = 1
        var tid: Int?
        var s: String?
        var args: [String: String]?

        static func name(_ text: String, of what: String, thread: Int?) -> Event {
            Event(name: what, ph: "M", tid: thread, args: ["name": text])
        }
    }
}

extension Timeline.Kind {
    /// For a legend.
    var title: String {
        switch self {
        case .phase: "phase"
        case .initcall: "initcall: a part of the kernel sets itself up"
        case .probe: "probe: a driver looks at a device"
        case .stretch: "between two lines of the kernel's log"
        }
    }
}
