import InitCore

/// A short life of PID 1 in which nothing goes wrong, unless a test makes a call fail.
enum Life: String, CaseIterable {
    case machineGreets, machineGreetsWithClosedStreams
    case machineRunsAProgram, containerRunsAProgram, processRunsAProgram
    case machineStopsAProgram, containerStops, containerReboots, processStops

    var scenario: Scenario {
        var scenario = Scenario()
        switch self {
        case .machineGreets: break
        case .machineGreetsWithClosedStreams: scenario.openStreams = [false, false, false]
        case .machineRunsAProgram: scenario.runProgram(as: .machine)
        case .containerRunsAProgram: scenario.runProgram(as: .container)
        case .processRunsAProgram: scenario.runProgram(as: .process)
        case .machineStopsAProgram:
            scenario.runProgram(as: .machine)
            // It is killed in the end.
            scenario.program!.lifetime = nil
            scenario.happenings.append((40, .signal(15)))
        case .containerStops: scenario.idle(as: .container, until: 15)
        case .containerReboots: scenario.idle(as: .container, until: 39)
        case .processStops: scenario.idle(as: .process, until: 15)
        }
        return scenario
    }

    /// How it ends.
    var end: World.End {
        switch self {
        case .machineGreets, .machineGreetsWithClosedStreams: .quiet
        case .machineRunsAProgram: .off(.powerOff)
        case .containerRunsAProgram, .processRunsAProgram: .exited(7)
        case .machineStopsAProgram, .containerReboots: .off(.reboot)
        case .containerStops: .exited(0)
        case .processStops: .exited(143)
        }
    }

    /// Whether it prints the greeting.
    var greets: Bool { !scenario.hasProgram }

    /// How it may end instead when a call fails once. If the list is empty, the life has to end as
    /// if the call had not failed. The promises hold in any case: the code is right, all work is
    /// done, and no child is forgotten.
    func ends(without call: Call, _ error: Errno) -> [World.End] {
        let program: World.End = .exited(error == .noSuchFile ? 127 : 126)
        return switch (self, call) {
        // No command line, no program: the friendly init.
        case (.machineRunsAProgram, .read), (.machineRunsAProgram, .mount): [.quiet]
        // A request comes, and does not need one.
        case (.machineStopsAProgram, .read), (.machineStopsAProgram, .mount): []
        case (.machineRunsAProgram, .spawn): []
        // The program could not be run, so the machine goes off before it is asked to reboot.
        case (.machineStopsAProgram, .spawn): [.off(.powerOff)]
        case (_, .spawn): [program]
        // The kernel refuses. A machine waits for another request, a container can exit.
        case (.machineRunsAProgram, .leave), (.machineStopsAProgram, .leave): [.quiet]
        case (.containerReboots, .leave): [.exited(0)]
        // The alarm cannot be taken back: a signal every 100 ms from then on, of which a process
        // dies. setitimer(2) fails for nothing but a filter, which had not let the alarm be
        // set either.
        case (.machineGreets, .setAlarmInterval): [.cut]
        case (.machineGreetsWithClosedStreams, .setAlarmInterval): [.cut]
        case (.processStops, .setAlarmInterval): [.exited(142)]
        default: []
        }
    }
}

extension Scenario {
    /// A program with everything that makes PID 1 work: signals, orphans, lines in the log.
    fileprivate mutating func runProgram(as role: Role) {
        self.role = role
        program = Program(lifetime: 50, waitStatus: 7 << 8, manners: .ignores, forks: 2)
        options = ["-s", "-w", "-vv", "-p", "15", "--grace", "1"]
        bootWords = ["hammock.log=7"]
        askedGrace = 1_000
        happenings = [(10, .signal(1)), (20, .storm(3)), (30, .signal(40))]
    }

    fileprivate mutating func idle(as role: Role, until signal: Int32) {
        self.role = role
        options = ["-s", "-w", "-vv"]
        happenings = [(10, .storm(3)), (20, .signal(18)), (60_000, .signal(signal))]
    }
}
