import AgentProtocol
import InitCore

@testable import GuestAgent

/// What the host knows about one process.
struct HostView {
    var key = 0
    var isThere = false
    var isStarted = false
    var sent = 0
    var inputCredit = FrameHeader.window
    var isComplete = false
    var received = [0, 0]
    var credit = [FrameHeader.window, FrameHeader.window]
    var hasEnded = [false, false]
    var isAbandoned = [false, false]
}

/// The host's half of the world.
struct Host {
    var views = [HostView](repeating: HostView(), count: Int(FrameHeader.mostProcesses))
    var nextKey = 1
    /// Messages whose end has not come.
    var inbox: [UInt8] = []
    /// Whether nothing new begins.
    var isFinishing = false
    /// Whether it has told the agent to end.
    var hasFinished = false
    var endings = 0
    var failures = 0
    var bytes = 0

    static func frame(
        _ kind: FrameKind, _ process: Int = 0, stream: Int = 0, _ payload: [UInt8] = []
    ) -> [UInt8] {
        let header = FrameHeader(
            kind, process: UInt8(process), stream: UInt8(stream), count: payload.count
        ).bytes
        return (0..<FrameHeader.size).map { header[$0] } + payload
    }

    static func number(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(value >> ($0 * 8) & 0xff) } }

    /// A request to start a program. `user` and `group` are for the world, which has no users.
    static func start(slot: Int, key: Int, hasInput: Bool) -> [UInt8] {
        let flags: UInt8 = hasInput ? ProcessRequest.hasInput : 0
        let payload =
            [flags] + number(slot) + number(key) + [0, 0, 0, 0, 0, 1, 0, 0, 0]
            + Array("/\0program\0".utf8)
        return frame(.start, slot, payload)
    }
}

extension World {
    /// The host does something.
    func hostActs() {
        if random.oneIn(3) { return hostReads() }
        if host.isFinishing, !host.hasFinished, !host.views.contains(where: \.isThere) {
            host.hasFinished = true
            toAgent += Host.frame(.finish)
        }
        let slot = random.below(host.views.count)
        guard host.views[slot].isThere else {
            if !host.isFinishing, random.oneIn(8) { hostStarts(slot) }
            return
        }
        switch random.below(40) {
        case 0:
            host.views[slot].isComplete = true
            toAgent += Host.frame(.data, slot)
        case 1: if random.oneIn(8) { toAgent += Host.frame(.signal, slot, [9]) }
        case 2:
            let index = random.below(2)
            if random.oneIn(6), !host.views[slot].isAbandoned[index] {
                host.views[slot].isAbandoned[index] = true
                toAgent += Host.frame(.data, slot, stream: index + 1)
            }
        case 3..<20: hostSends(slot)
        default: hostGrants(slot, random.below(2))
        }
        if host.isFinishing { for index in 0..<2 { hostGrants(slot, index) } }
    }

    private func hostStarts(_ slot: Int) {
        host.views[slot] = HostView(key: host.nextKey, isThere: true)
        toAgent += Host.start(slot: slot, key: host.nextKey, hasInput: !random.oneIn(5))
        host.nextKey += 1
    }

    private func hostSends(_ slot: Int) {
        let view = host.views[slot]
        guard !view.isComplete, view.inputCredit > 0 else { return }
        let most = random.oneIn(4) ? view.inputCredit : min(view.inputCredit, 300)
        let count = random.between(1, most)
        let bytes = (0..<count).map { byte(view.key, 0, view.sent + $0) }
        host.views[slot].sent += count
        host.views[slot].inputCredit -= count
        toAgent += Host.frame(.data, slot, bytes)
    }

    private func hostGrants(_ slot: Int, _ index: Int) {
        let missing = FrameHeader.window - host.views[slot].credit[index]
        guard missing > 0 else { return }
        let count = random.between(1, missing)
        host.views[slot].credit[index] += count
        toAgent += Host.frame(.credit, slot, stream: index + 1, Host.number(count))
    }

    /// The host takes all that has come.
    func hostReads() {
        host.inbox += fromAgent
        fromAgent = []
        var start = 0
        while host.inbox.count - start >= FrameHeader.size {
            var raw = [8 of UInt8](repeating: 0)
            for index in 0..<8 { raw[index] = host.inbox[start + index] }
            guard let header = FrameHeader(raw) else {
                faults.append("the agent sent what is no message")
                return
            }
            let end = start + FrameHeader.size + header.count
            guard host.inbox.count >= end else { break }
            hostTakes(header, Array(host.inbox[start + FrameHeader.size..<end]))
            start = end
        }
        host.inbox.removeFirst(start)
    }

    private func hostTakes(_ header: FrameHeader, _ payload: [UInt8]) {
        let slot = Int(header.process)
        let view = host.views[slot]
        if header.kind != .ready, !view.isThere {
            faults.append("\(header.kind) about a process that is not there")
        }
        switch header.kind {
        case .ready: if payload != Host.number(1) { faults.append("another version") }
        case .started:
            if view.isStarted { faults.append("started twice") }
            host.views[slot].isStarted = true
        case .data: hostTakesData(slot, Int(header.stream), payload)
        case .credit:
            host.views[slot].inputCredit += payload.enumerated().reduce(0) {
                $0 | Int($1.element) << ($1.offset * 8)
            }
            if host.views[slot].inputCredit > FrameHeader.window { faults.append("more credit") }
        case .failed: hostHearsOfFailure(slot, payload)
        case .ended: hostHearsOfEnd(slot, payload)
        default: faults.append("the agent sent \(header.kind)")
        }
    }

    private func hostTakesData(_ slot: Int, _ stream: Int, _ payload: [UInt8]) {
        let view = host.views[slot]
        guard stream > 0 else {
            if !payload.isEmpty || program(slot)?.input?.hasReader != false {
                faults.append("the input has a reader")
            }
            return
        }
        let index = stream - 1
        if !view.isStarted { faults.append("bytes before the start") }
        if view.hasEnded[index] { faults.append("bytes behind the end") }
        if payload.isEmpty { host.views[slot].hasEnded[index] = true }
        for each in payload {
            if each != byte(view.key, stream, host.views[slot].received[index]) {
                faults.append("byte \(host.views[slot].received[index]) is another one")
            }
            host.views[slot].received[index] += 1
        }
        host.views[slot].credit[index] -= payload.count
        if host.views[slot].credit[index] < 0 { faults.append("more bytes than credit") }
        host.bytes += payload.count
    }

    private func hostHearsOfFailure(_ slot: Int, _ payload: [UInt8]) {
        let failure = program(slot)?.failure
        let wanted =
            Host.number(Int(failure?.error.rawValue ?? 0))
            + [FrameKind.start.rawValue, failure?.step.rawValue ?? 0] + Array("program\0".utf8)
        if payload != wanted { faults.append("another failure: \(payload), not \(wanted)") }
        host.views[slot].isThere = false
        host.failures += 1
    }

    private func hostHearsOfEnd(_ slot: Int, _ payload: [UInt8]) {
        let view = host.views[slot]
        guard let program = program(slot), program.life == .reaped else {
            faults.append("ended too soon")
            return
        }
        var signal: UInt8 = 0
        if case .killed(let killer) = program.status { signal = UInt8(killer.rawValue) }
        if payload != [program.status.code, signal] { faults.append("another code") }
        for index in 0..<2 where !view.isAbandoned[index] {
            if view.received[index] != program.due[index] {
                faults.append("got \(view.received[index]) bytes of \(program.due[index])")
            }
            if !view.hasEnded[index] { faults.append("stream \(index + 1) has no end") }
        }
        host.views[slot].isThere = false
        host.endings += 1
    }
}
