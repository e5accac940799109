@testable import InitCore

extension Walks {
    static let two = walk(Setup.two) { World<2>($0, $1) }
    static let three = walk(Setup.three) { World<3>($0, $1) }
}

extension Setup {
    /// The second unit has to do with the first by each relation.
    static let two: [Setup] = {
        var setups: [Setup] = []
        for (kind, (name, relations)) in relations.enumerated() {
            for (number, first) in firsts.enumerated() {
                for (place, second) in seconds.enumerated() {
                    // With a target there are few states. Two services meet in some relations.
                    let isSmall = place == 2 || number == 3
                    let isOne =
                        isSmall && (number + place + kind) % 2 == 0
                        || (number + place + 3 * kind) % 10 == 0 && number < 5
                    guard isLarge || isOne else { continue }
                    var second = second
                    second.relations = relations
                    var first = first
                    // Both ways, as the planner has it.
                    if relations[.conflicts] != nil { first.relations[.conflicts] = [1] }
                    let units = [first.inSteps, second.inSteps]
                    setups.append(Setup("\(name), \(number), \(place)", units, quieten))
                }
            }
        }
        return setups
    }()

    private static let relations: [(String, [Relation: [UInt8]])] = [
        ("after", [.after: [0]]),
        ("after, requires", [.after: [0], .requires: [0]]),
        ("requires", [.requires: [0]]),
        ("after, wants", [.after: [0], .wants: [0]]),
        ("after, bound", [.after: [0], .bindsTo: [0]]),
        ("after, part of", [.after: [0], .partOf: [0]]),
        ("conflicts", [.conflicts: [0]]),
        ("after, conflicts", [.after: [0], .conflicts: [0]]),
        ("requisite", [.requisite: [0]]),
        ("after, requisite", [.after: [0], .requisite: [0]]),
        ("on failure", [.onFailure: [0]]),
    ]

    private static let firsts: [Unit] = [
        Unit(policy: .onFailure),
        Unit(readiness: .ended),
        Unit(readiness: .ended, flags: .all(.sendsKill, .remains), stages: [.main: 1, .stop: 1]),
        .target(),
        Unit(policy: .always, flags: .all(.sendsKill, .limitIsFinal), burst: 1),
        Unit(readiness: .notified, stages: [.main: 1, .clean: 1]),
    ]

    private static let seconds: [Unit] = [
        Unit(),
        Unit(readiness: .ended, stages: [.main: 1]),
        .target(),
    ]

    /// In a pair the ends of a process are two: well, and not.
    private static func quieten(_ settings: inout Settings) {
        settings.ends = [.exited(0), .exited(1)]
        settings.canFail = false
        settings.isLong = false
        settings.asks = [.start, .stop, .restart]
    }

    static let three: [Setup] = {
        var setups: [Setup] = []
        let short = Unit(readiness: .ended)
        // The others are most of the states.
        let small = ["a chain"]
        for (name, units) in [
            ("a chain", chain(.requires)),
            (
                "a fork",
                [
                    Unit(policy: .onFailure),
                    short.with([.after: [0], .requires: [0]]),
                    Unit.target([.after: [0], .bindsTo: [0], .partOf: [0]]),
                ]
            ),
            (
                "a join",
                [
                    short, Unit(), Unit.target([.after: [0, 1], .requires: [0], .wants: [1]]),
                ]
            ),
            (
                "a conflict beside",
                [
                    Unit().with([.conflicts: [1]]), Unit().with([.conflicts: [0]]),
                    Unit.target([.after: [0], .requires: [0]]),
                ]
            ),
        ] {
            guard isLarge || small.contains(name) else { continue }
            setups.append(
                Setup(name, units.map(\.inSteps)) {
                    quieten(&$0)
                    $0.asks = [.start, .stop]
                    $0.ends = [.exited(1)]
                    $0.isLong = false
                })
        }
        return setups
    }()

    private static func chain(_ relation: Relation) -> [Unit] {
        [
            Unit(), Unit().with([.after: [0], relation: [0]]),
            .target([.after: [1], relation: [1]]),
        ]
    }
}

extension Unit {
    /// With times that are multiples of five seconds, so that two units meet in few ways.
    fileprivate var inSteps: Unit {
        var unit = self
        unit.times = [.start: 10_000, .stop: 10_000, .restart: 5_000, .startLimit: 0]
        if unit.flags.contains(.limitIsFinal) { unit.times[.startLimit] = 10_000 }
        return unit
    }

    func with(_ relations: [Relation: [UInt8]]) -> Unit {
        var unit = self
        unit.relations = relations
        return unit
    }
}
