import Testing

@testable import InitCore

private let stopEverything: [Action] = [.signalAll(.terminate), .signalAll(.continue), .reap]

/// What the core does about services. The walk tries all that can happen to them.
@Suite struct CoreServicesTests {
    @Test(arguments: [Role.machine, .container])
    func `the program waits until the services are settled`(role: Role) {
        var subject = Subject(role, hasProgram: true) { $0.hasServices = true }
        let last = duties(of: role).last!
        for duty in duties(of: role).dropLast() { subject.feed(.performed(duty, nil)) }
        #expect(subject.feed(.performed(last, nil)) == [.log(.planning), .start(.plan)])
        #expect(subject.feed(.helperStarted(Subject.helper)) == [])
        #expect(subject.feed(.planned(longestStop: 5_000)) == [.beginServices])
        #expect(subject.feed(.childEnded(Subject.helper, .exited(0))) == [])
        #expect(subject.feed(.servicesSettled) == [.spawn])
    }

    @Test func `the program does not wait longer than it should`() {
        var subject = Subject.waiting(.machine) { $0.serviceWaitMilliseconds = 7_000 }
        #expect(subject.core.deadline == subject.now.advanced(byMilliseconds: 7_000))
        #expect(subject.passDeadline() == [.log(.servicesStartSlowly), .spawn])
        subject.feed(.spawned(Subject.program, .ownGroup))
        #expect(subject.feed(.servicesSettled) == [])
    }

    @Test func `an init that is not PID 1 runs no services`() {
        var subject = Subject(.process, hasProgram: true) { $0.hasServices = true }
        #expect(subject.feed(.performed(.openStandardStreams, nil)) == [.spawn])
    }

    @Test func `without a plan the program runs without services`() {
        var subject = Subject.planning(.container, hasProgram: true)
        #expect(subject.feed(.planned(longestStop: nil)) == [.log(.noPlan), .spawn])
        subject.feed(.spawned(Subject.program, .ownGroup), .programRuns)
        subject.feed(.childEnded(Subject.program, .exited(7)))
        #expect(subject.core.phase == .stopping)
    }

    @Test func `a planner that takes too long is abandoned`() {
        var subject = Subject.planning(.machine)
        #expect(
            subject.passDeadline()
                == [.log(.goingOnWithout(.plan)), .abandon(Subject.helper), .greet])
        #expect(subject.core.isIdle && subject.core.helper == nil)
    }

    @Test func `with services PID 1 must not pause`() {
        var subject = Subject.planning(.machine)
        #expect(!subject.core.isIdle)
        subject.feed(.planned(longestStop: 5_000))
        #expect(subject.core.phase == .idling && !subject.core.isIdle)
    }

    @Test func `the services stop with the program, and everything else after them`() {
        var subject = Subject.waiting(.container)
        subject.feed(.servicesSettled, .spawned(Subject.program, .ownGroup), .programRuns)
        #expect(
            deeds(subject.feed(.endAsked(.powerOff, code: 3))) == [
                .forward(.terminate, to: Subject.program), .forward(.continue, to: Subject.program),
                .stopServices, .reap,
            ])
        #expect(subject.core.deadline == subject.now.advanced(byMilliseconds: 6_000))
        #expect(deeds(subject.feed(.childEnded(Subject.program, .exited(42)))) == [])
        #expect(deeds(subject.feed(.servicesEnded)) == stopEverything)
        // The program's code counts more than the service's.
        #expect(deeds(subject.feed(.noChildLeft)) == [.exit(42)])
    }

    @Test func `a container exits with the code that its service asks for`() {
        var subject = Subject.planning(.container)
        subject.feed(.planned(longestStop: 0), .endAsked(.powerOff, code: 3), .servicesEnded)
        #expect(subject.feed(.noChildLeft) == [.exit(3)])
    }

    @Test(arguments: [true, false])
    func `a planner that still works does not cut the grace period short`(hasPlan: Bool) {
        var subject = Subject.planning(.machine)
        if hasPlan { subject.feed(.planned(longestStop: 5_000)) }
        subject.feed(.signalled(.terminate))
        if hasPlan { subject.feed(.servicesEnded) }
        let end = subject.now.advanced(byMilliseconds: subject.core.configuration.graceMilliseconds)
        #expect(subject.passDeadline() == [.start(.hangUp)])
        #expect(subject.core.phase == .stopping && subject.core.deadline == end)
    }
}
