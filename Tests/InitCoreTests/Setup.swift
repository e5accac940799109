@testable import InitCore

/// A way to start the core.
struct Setup: CustomStringConvertible, Sendable {
    let role: Role
    let hasProgram: Bool
    let grace: Int64
    /// Where the program runs.
    var place = ProgramPlace.ownGroup
    /// Whether services are asked for.
    var hasServices = false
    /// Only PID 1 runs services.
    var runsServices: Bool { hasServices && role != .process }
    /// The grace period for processes that the program leaves, or if there is no program.
    var leftoverGrace: Int64 { role == .container ? grace / 5 : grace }

    /// Longer than PID 1 waits for a disk that writes nothing.
    static let flush: Int64 = 9_000

    /// How long the program waits for the services.
    static let serviceWait: Int64 = 20_000
    /// How long the services take to stop, as the plan says.
    static let longestStop: Int64 = 5_000

    /// What the disks may have left to write, in KiB. Only one setup has several values: in all of
    /// them the walk would take a minute more.
    var sizes: [Int64?] {
        role == .machine && !hasProgram && grace == 0 && !hasServices ? [nil, 0, 5] : [nil]
    }

    static let all: [Setup] =
        everyRole.flatMap { role in
            [true, false].flatMap { hasProgram in
                [0, 10_000].map { Setup(role: role, hasProgram: hasProgram, grace: $0) }
            }
        }
        + [Role.container, .process].flatMap { role in
            [ProgramPlace.ownForegroundGroup, .initsGroup].map {
                Setup(role: role, hasProgram: true, grace: 0, place: $0)
            }
        }
        + withServices

    private static let withServices: [Setup] =
        [Role.machine, .container].flatMap { role in
            [true, false].map {
                Setup(role: role, hasProgram: $0, grace: 0, hasServices: true)
            }
        } + [
            Setup(role: .container, hasProgram: false, grace: 10_000, hasServices: true),
            Setup(role: .process, hasProgram: true, grace: 0, hasServices: true),
        ]

    var description: String {
        """
        \(role), \(hasProgram ? "a program" : "no program"), grace of \(grace) ms, \(place), \
        \(hasServices ? "services" : "no services")
        """
    }

    /// Code 7 becomes 0. Init forwards SIGALRM as SIGUSR1, and does not forward signal 16.
    var configuration: Configuration {
        var configuration = Configuration(role: role)
        configuration.program = hasProgram ? 1 : nil
        configuration.graceMilliseconds = grace
        configuration.leftoverGraceMilliseconds = leftoverGrace
        configuration.flushMilliseconds = Setup.flush
        configuration.warnsOfOrphans = true
        configuration.hasServices = hasServices
        configuration.serviceWaitMilliseconds = Setup.serviceWait
        configuration.codesToZero.insert(7)
        _ = configuration.rewrites.add("14:10")
        _ = configuration.rewrites.add("16:0")
        return configuration
    }

    /// The same configuration for the naive model, which does not know the core.
    var naive: NaiveModel {
        NaiveModel(
            isMachine: role == .machine, isProcess: role == .process, hasProgram: hasProgram,
            grace: grace, leftoverGrace: leftoverGrace, flush: Setup.flush, codesToZero: [7],
            forwards: [14: 10, 16: 0],
            hasTerminal: place == .ownForegroundGroup || place == .initsGroup,
            sharesGroup: place == .initsGroup, asksForServices: runsServices,
            serviceWait: Setup.serviceWait)
    }
}
