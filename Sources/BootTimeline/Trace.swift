import Foundation

extension Timeline {
    /// In the Trace Event Format, which Perfetto and chrome://tracing open.
    public var trace: String {
        var events: [Event] = [
            .name(title, of: "process_name", thread: nil)
        ]
        for (thread, kind) in Kind.allCases.enumerated() where !kind.isStart {
            events.append(.name(kind.title, of: "thread_name", thread: thread))
        }
        for span in phases + details + starts.filter({ $0.kind == .step }) {
            events.append(
                Event(
                    name: span.name, cat: span.kind.rawValue, ph: "X", ts: span.start,
                    dur: span.length, tid: Kind.allCases.firstIndex(of: span.kind)!))
        }
        // Services overlap, so each start has a line of its own.
        for (index, start) in starts.filter({ $0.kind != .step }).enumerated() {
            let thread = Kind.allCases.count + index
            events.append(.name(start.name, of: "thread_name", thread: thread))
            // What has begun, and never ends, is open.
            let isOpen = start.kind == .open
            events.append(
                Event(
                    name: start.name, cat: start.kind.rawValue, ph: isOpen ? "B" : "X",
                    ts: start.start, dur: isOpen ? nil : start.length, tid: thread,
                    args: start.word.map { ["outcome": $0] }))
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
    /// Whether it is a start of a service.
    var isStart: Bool {
        switch self {
        case .phase, .initcall, .probe, .stretch, .step: false
        case .service, .failed, .open: true
        }
    }

    /// For a legend.
    var title: String {
        switch self {
        case .phase: "phase"
        case .initcall: "initcall: a part of the kernel sets itself up"
        case .probe: "probe: a driver looks at a device"
        case .stretch: "between two lines of the kernel's log"
        case .step: "what init does"
        case .service: "a service, until it is up"
        case .failed: "a service that did not come up"
        case .open: "a service that is not up yet"
        }
    }
}
