@testable import InitCore

/// A way to start the core.
struct Setup: CustomStringConvertible, Sendable {
    let role: Role
    let hasProgram: Bool
    let grace: Int64

    static let all: [Setup] = everyRole.flatMap { role in
        [true, false].flatMap { hasProgram in
            [0, 10_000].map { Setup(role: role, hasProgram: hasProgram, grace: $0) }
        }
    }

    var description: String {
        "\(role), \(hasProgram ? "a program" : "no program"), grace of \(grace) ms"
    }

    /// Code 7 becomes 0; SIGALRM is forwarded as SIGUSR1, and 16 not at all.
    var settings: Settings {
        var settings = Settings()
        settings.hasProgram = hasProgram
        settings.graceMilliseconds = grace
        settings.warnsOfOrphans = true
        settings.codesToZero.insert(7)
        _ = settings.rewrites.add("14:10")
        _ = settings.rewrites.add("16:0")
        return settings
    }

    /// The same for who does not know the core.
    var naive: NaiveModel {
        NaiveModel(
            isMachine: role == .machine, isProcess: role == .process, hasProgram: hasProgram,
            grace: grace, codesToZero: [7], forwards: [14: 10, 16: 0])
    }
}
