import InitCore

/// What systemctl(1) calls the state of a unit.
enum ActiveState: Equatable {
    case active, reloading, inactive, failed, activating, deactivating

    init(_ unit: UnitStatus) {
        switch unit.phase {
        case .up: self = .active
        case .busy: self = .reloading
        case .down, .queued, nil: self = unit.hasFailed ? .failed : .inactive
        case .preparing, .starting, .settling, .resting: self = .activating
        case .stopping, .ending, .killing, .cleaning: self = .deactivating
        case .stuck: self = .failed
        }
    }

    var name: ByteView {
        switch self {
        case .active: "active"
        case .reloading: "reloading"
        case .inactive: "inactive"
        case .failed: "failed"
        case .activating: "activating"
        case .deactivating: "deactivating"
        }
    }

    /// Whether is-active says yes.
    var isActive: Bool { self == .active || self == .reloading }
}

extension UnitStatus {
    /// What systemctl(1) calls the state below the state.
    var subState: ByteView {
        switch phase {
        case .up: upState
        case .busy: "reload"
        case .down, .queued, nil: hasFailed ? "failed" : "dead"
        case .preparing: "start-pre"
        case .starting: "start"
        case .settling: "start-post"
        case .stopping: "stop"
        case .ending: "stop-sigterm"
        case .killing: "stop-sigkill"
        case .cleaning: "stop-post"
        case .resting: "auto-restart"
        case .stuck: "failed"
        }
    }

    /// A service without a process has done its work. A target never had one.
    private var upState: ByteView {
        if name.hasSuffix(".target") { return "active" }
        return main > 0 ? "running" : "exited"
    }

    /// What systemctl(1) calls the outcome.
    var result: ByteView {
        switch outcome {
        case .none?, .succeeded, nil: "success"
        case .skipped: "exec-condition"
        case .failedCode, .notExecuted: "exit-code"
        case .failedSignal: "signal"
        case .outOfMemory: "oom-kill"
        case .notForked: "resources"
        case .endedEarly: "protocol"
        case .startTimedOut, .stopTimedOut, .runTimedOut: "timeout"
        case .watchdog: "watchdog"
        case .dependency: "dependency"
        case .startLimit: "start-limit-hit"
        }
    }
}

extension ByteView {
    /// Whether this is one of `list`, which has commas between its words.
    func isIn(commaList list: ByteView) -> Bool {
        var rest = list
        while rest.count > 0 {
            if rest.removeFirst(upTo: UInt8(ascii: ",")).equals(self) { return true }
        }
        return false
    }
}
