import InitCore
import Testing

/// What the program inherits of the signals that init's parent had ignored and blocked.
@Suite struct DispositionTests {
    private static let names = ["init", "tini", "docker-init", "catatonit", "dumb-init"]
    private static let inherited = Inheritance(
        ignored: [1, 11, 13, 17, 31, 40], blocked: [2, 11, 17, 33, 64])

    /// The world compares what the program starts with, with the table in init.8.
    @Test(arguments: [Role.container, .process], names)
    func `in each role and by each name the program starts with the signals of the table`(
        role: Role, name: String
    ) {
        check(role, name)
    }

    @Test func `a machine's program starts with no signal ignored or blocked`() {
        check(.machine, "init")
    }

    private func check(_ role: Role, _ name: String) {
        var scenario = Scenario()
        scenario.role = role
        scenario.name = name
        scenario.program = Scenario.Program(lifetime: 50, waitStatus: 7 << 8)
        scenario.inheritance = Self.inherited
        let world = World(scenario)
        run(world)
        #expect(world.end == (role == .machine ? .off(.powerOff) : .exited(7)))
        #expect(world.promises.hasSpawned)
    }
}
