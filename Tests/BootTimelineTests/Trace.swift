import BootTimeline
import Foundation

/// The trace of a boot as the tests read it: JSON, with an event for each span and milestone.
struct Trace: Decodable {
    struct Event: Decodable {
        var name: String
        var ph: String
        var ts: Int?
        var dur: Int?
        var tid: Int?
        var args: [String: String]?
    }

    var traceEvents: [Event]

    init(of timeline: Timeline) throws {
        self = try JSONDecoder().decode(Trace.self, from: Data(timeline.trace.utf8))
    }
}
