import Testing

@testable import InitCore

private let web = ServiceID(rawValue: 0)

/// Each kind of message about a unit, how much it matters, and what it says behind the name.
private let everyMessage: [(ServiceMessage, Priority, String)] = [
    (.begins(web), .debug, "begins"),
    (.started(web), .info, "is up"),
    (.stopped(web), .info, "has stopped"),
    (
        .notExecuted(web, code: 203, .noSuchFile), .warning,
        "could not be executed, step 203: no such file or directory"
    ),
    (
        .notExecuted(web, code: 200, Errno(rawValue: 0)), .warning,
        "could not be executed, step 200"
    ),
    (.restarts(web, inMilliseconds: 100), .notice, "starts again in 0.100 s"),
    (.restarts(web, inMilliseconds: 61_007), .notice, "starts again in 61.007 s"),
    (.gaveUp(web), .warning, "is given up: it failed too often"),
    (.skipped(web), .notice, "is skipped: a condition does not hold"),
    (.stuck(web), .warning, "does not end, even by SIGKILL"),
    (.reloaded(web), .info, "has read its configuration again"),
    (.reloadFailed(web), .warning, "could not read its configuration again"),
    (.failed(web, .none, 7), .warning, "failed: none"),
    (.failed(web, .succeeded, 7), .warning, "failed: succeeded"),
    (.failed(web, .skipped, 7), .warning, "failed: skipped"),
    (.failed(web, .failedCode, 7), .warning, "failed: code 7"),
    (.failed(web, .failedCode, 255), .warning, "failed: code 255"),
    (.failed(web, .failedSignal, 256 + 9), .warning, "failed: signal 9"),
    (.failed(web, .outOfMemory, 256 + 9), .warning, "failed: memory"),
    (.failed(web, .notExecuted, 203), .warning, "failed: not-executed 203"),
    (.failed(web, .notForked, 11), .warning, "failed: not-forked"),
    (.failed(web, .endedEarly, 0), .warning, "failed: ended-early 0"),
    (.failed(web, .startTimedOut, 0), .warning, "failed: start-timeout"),
    (.failed(web, .stopTimedOut, 0), .warning, "failed: stop-timeout"),
    (.failed(web, .runTimedOut, 0), .warning, "failed: run-timeout"),
    (.failed(web, .watchdog, 0), .warning, "failed: watchdog"),
    (.failed(web, .dependency, 0), .warning, "failed: dependency"),
    (.failed(web, .startLimit, 0), .warning, "failed: start-limit"),
]

@Suite struct ServiceMessageTests {
    /// What a message says about a unit of this name.
    private func render(_ message: ServiceMessage, named name: String) -> String {
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: PlanWriter.mostBytes, alignment: 8)
        defer { buffer.deallocate() }
        var writer = PlanWriter(buffer, count: 1)
        withView(name) { writer.setName($0, of: web) }
        writer.setOrder(0, web)
        guard let plan = try? Plan(writer.finish(longestStop: 0)) else { return "no plan" }
        return text { message.append(to: &$0, in: plan) }
    }

    @Test func `each message names its unit, and says this`() {
        for (message, _, words) in everyMessage {
            #expect(render(message, named: "web.service") == "web.service \(words)")
        }
    }

    @Test func `each message has this priority`() {
        for (message, priority, words) in everyMessage {
            #expect(message.priority == priority, "\(words)")
        }
    }

    @Test func `each message fits into a line, with the longest name and the largest numbers`() {
        let large: [ServiceMessage] = [
            .restarts(web, inMilliseconds: .max),
            .failed(web, .failedSignal, .min),
            .notExecuted(web, code: 255, Errno(rawValue: .min)),
        ]
        let name = String(repeating: "n", count: PlanLayout.mostNameBytes)
        for message in everyMessage.map(\.0) + large {
            let words = render(message, named: name)
            #expect(words.hasPrefix("\(name) "))
            #expect("<4>init: \(words)\n".utf8.count <= Line.capacity)
        }
    }
}
