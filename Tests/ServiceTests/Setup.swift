import Foundation

@testable import InitCore

/// Units and what can happen to them: where a walk begins.
struct Setup: Sendable {
    let name: String
    let units: [Unit]
    var settings = Settings()

    init(_ name: String, _ units: [Unit], _ change: (inout Settings) -> Void = { _ in }) {
        self.name = name
        self.units = units
        change(&settings)
    }

    /// `HAMMOCK_SERVICES=all` makes the walks and the graphs ten times as large: more than 40 minutes.
    static let isLarge = ProcessInfo.processInfo.environment["HAMMOCK_SERVICES"] == "all"
}

/// The walks, each made once for all the tests that look at it.
enum Walks {
    static let one = walk(Setup.one) { World<1>($0, $1) }

    /// From each setup, on all processors.
    static func walk<let capacity: Int>(
        _ setups: [Setup], _ world: @Sendable (Plot, Settings) -> World<capacity>
    ) -> Walk {
        let whole = Mutex(Walk())
        DispatchQueue.concurrentPerform(iterations: setups.count) { index in
            let setup = setups[index]
            var walk = Walk()
            walk.explore(world(Plot(setup.units), setup.settings), setup.name)
            whole.with { $0.add(walk) }
        }
        return whole.with { $0 }
    }
}

/// A value that one thread at a time can change.
final class Mutex<Value>: @unchecked Sendable {
    private var value: Value
    private let lock = NSLock()

    init(_ value: Value) { self.value = value }

    func with<Result>(_ body: (inout Value) -> Result) -> Result {
        lock.withLock { body(&value) }
    }
}

extension Setup {
    /// One service: each setting that changes the way of it, and each with the others where they
    /// meet.
    static let one: [Setup] = {
        let all = product
        // Each setting of one kind meets each setting of another.
        let few = all.enumerated().filter { $0.offset % 11 == 3 }.map(\.element)
        return (isLarge ? all : few) + features
    }()

    private static let stageSets: [[Stage: UInt8]] = [
        [.main: 1], [.prepare: 1, .main: 1, .settle: 1],
        [.main: 1, .reload: 1, .stop: 1, .clean: 1], [.prepare: 1, .main: 2, .stop: 2, .clean: 1],
    ]

    private static var product: [Setup] {
        var setups: [Setup] = []
        for readiness in [.executed, .notified, .ended, .forked] as [Readiness] {
            for policy in [.never, .onFailure, .always] as [RestartPolicy] {
                for killMode in [.controlGroup, .mixed, .process] as [KillMode] {
                    for remains in [false, true] {
                        for (number, stages) in stageSets.enumerated() {
                            var unit = Unit(
                                readiness: readiness, policy: policy, killMode: killMode,
                                stages: stages)
                            if remains { unit.flags.insert(.remains) }
                            unit.times[.startLimit] = 0
                            let name =
                                "\(readiness) \(policy) \(killMode) \(remains ? "remains " : "")"
                            setups.append(
                                Setup(name + "stages \(number)", [unit]) {
                                    $0.leavesOthers = readiness != .executed
                                    $0.asks = [.start, .stop, .restart, .reload]
                                })
                        }
                    }
                }
            }
        }
        return setups
    }

    private static var features: [Setup] {
        reloads + limits + times + [
            Setup("a target", [.target()]),
            Setup(
                "conditions",
                [
                    Unit(stages: [.prepare: 2, .main: 1, .clean: 1], conditions: 1)
                ]
            ) { $0.conditions = true },
            Setup("a condition before main", [Unit(policy: .always)]) { $0.conditions = true },
            Setup(
                "commands whose failure does not count",
                [
                    Unit(
                        readiness: .ended, stages: [.prepare: 2, .main: 2, .settle: 1, .stop: 1],
                        ignored: 0b11_0110)
                ]),
            Setup(
                "a main command whose failure does not count",
                [
                    Unit(
                        policy: .onFailure,
                        stages: [.prepare: 1, .main: 1, .settle: 1, .reload: 1],
                        ignored: 0b10)
                ]
            ) { $0.asks = [.start, .stop, .reload] },
            Setup(
                "a first process whose failure does not count",
                [
                    Unit(readiness: .forked, policy: .onFailure, ignored: 1)
                ]
            ) { $0.leavesOthers = true },
            Setup(
                "a PID file",
                [
                    Unit(
                        readiness: .forked, policy: .onFailure,
                        flags: .all(.sendsKill, .hasPIDFile),
                        stages: [.prepare: 1, .main: 1, .settle: 1, .stop: 1, .clean: 1],
                        times: [.start: 1_000, .startLimit: 0])
                ]
            ) { $0.leavesOthers = true },
            Setup(
                "a PID file, and MAINPID=",
                [
                    Unit(
                        readiness: .forked, policy: .always,
                        flags: .all(.sendsKill, .hasPIDFile, .remains), stages: [.main: 1],
                        times: [.start: UnitTime.infinity, .startLimit: 0])
                ]
            ) {
                $0.leavesOthers = true
                $0.tellsMain = true
            },
            Setup("a oneshot that SIGTERM ends", [Unit(readiness: .ended, policy: .onFailure)]) {
                $0.ends = [.exited(0), .killed(.terminate)]
            },
            Setup(
                "no command of main",
                [
                    Unit(readiness: .ended, flags: .all(.sendsKill, .remains), stages: [.stop: 1])
                ]),
            Setup("memory", [Unit(policy: .onAbort)]) { $0.memory = true },
            Setup("SendSIGKILL=no", [Unit(flags: .all(), stages: [.main: 1, .clean: 1])]) {
                $0.leavesOthers = true
            },
            Setup(
                "SendSIGHUP=yes, mixed",
                [
                    Unit(killMode: .mixed, flags: .all(.sendsKill, .sendsHangUp))
                ]
            ) { $0.leavesOthers = true },
            Setup("MAINPID=", [Unit(readiness: .notified, policy: .onFailure)]) {
                $0.tellsMain = true
                $0.leavesOthers = true
            },
        ]
    }

    private static var reloads: [Setup] {
        let asks: [ServiceAsk] = [.start, .stop, .restart, .reload]
        let hangUp = Signal.hangUp
        return [
            Setup("reload by signal", [Unit(reloadSignal: hangUp)]) { $0.asks = asks },
            Setup(
                "reload by signal that is told of",
                [
                    Unit(
                        readiness: .notified, flags: .all(.sendsKill, .notifiesReload),
                        reloadSignal: hangUp)
                ]
            ) {
                $0.asks = asks
                $0.notices = [.reloading, .stopping]
            },
            Setup(
                "probes",
                [
                    Unit(
                        policy: .onWatchdog, stages: [.main: 1, .probe: 1, .stop: 1],
                        times: [.probe: 20_000, .probeTimeout: 3_000], retries: 2)
                ]),
            Setup(
                "reaped by others",
                [
                    Unit(
                        readiness: .notified,
                        stages: [.main: 1, .reload: 1, .stop: 1, .clean: 1])
                ]
            ) {
                $0.asks = [.reload]
                $0.isRobbed = true
            },
        ]
    }

    private static var limits: [Setup] {
        let asks: [ServiceAsk] = [.start, .stop, .reset]
        return [
            Setup(
                "a limit that is final",
                [
                    Unit(policy: .always, flags: .all(.sendsKill, .limitIsFinal), burst: 2)
                ]
            ) { $0.asks = asks },
            Setup("a limit", [Unit(policy: .always, burst: 2)]) { $0.asks = asks },
            Setup(
                "delays that grow",
                [
                    Unit(
                        policy: .always,
                        times: [.restart: 100, .restartMost: 1_000, .startLimit: 0])
                ]),
            Setup(
                "delays that grow in steps",
                [
                    Unit(
                        policy: .onFailure,
                        times: [.restart: 100, .restartMost: 3_000, .startLimit: 0], steps: 3)
                ]),
        ]
    }

    private static var times: [Setup] {
        let never = UnitTime.infinity
        return [
            Setup(
                "watchdog",
                [
                    Unit(
                        readiness: .notified, policy: .onWatchdog,
                        stages: [.main: 1, .settle: 1, .reload: 1], times: [.watchdog: 30_000])
                ]
            ) {
                $0.notices = [.alive, .trigger]
                $0.asks = [.start, .stop, .restart, .reload]
            },
            Setup(
                "EXTEND_TIMEOUT_USEC=",
                [
                    Unit(readiness: .notified, stages: [.prepare: 1, .main: 1])
                ]
            ) { $0.notices = [.extend(200_000), .extend(1_000), .stopping] },
            Setup(
                "RuntimeMaxSec=",
                [
                    Unit(
                        policy: .onFailure, stages: [.main: 1, .reload: 1, .stop: 1],
                        times: [.runtime: 30_000, .startLimit: 0])
                ]
            ) { $0.asks = [.start, .stop, .reload] },
            Setup(
                "no limit of time",
                [
                    Unit(
                        readiness: .ended, stages: [.main: 1, .stop: 1, .clean: 1],
                        times: [.start: never, .stop: never])
                ]),
        ]
    }
}
