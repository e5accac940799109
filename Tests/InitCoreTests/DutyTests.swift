import InitCore
import Testing

/// The duties of a role, in order.
func duties(of role: Role) -> [Duty] {
    var list = [Duty.first(in: role)]
    // A bound, in case they go in a circle.
    while list.count < 100, let next = list[list.count - 1].next(in: role) { list.append(next) }
    return list
}

@Suite struct DutyTests {
    @Test func `a machine's duties come in this order, and end`() {
        #expect(
            duties(of: .machine) == [
                .mount(0), .mount(1), .openStandardStreams, .readCommandLine, .mount(2),
                .mount(3), .mount(4), .mount(5), .mount(6), .mount(7), .setHostName,
                .bringUpLoopback,
            ])
    }

    @Test func `every file system of the table is mounted once`() {
        let numbers = duties(of: .machine).compactMap { duty -> Int? in
            if case .mount(let number) = duty { number } else { nil }
        }
        #expect(numbers.sorted() == Array(0..<EarlyMount.table.count))
    }

    @Test func `a container and a process open the standard streams and do nothing else`() {
        #expect(duties(of: .container) == [.openStandardStreams])
        #expect(duties(of: .process) == [.openStandardStreams])
    }

    @Test func `each duty allows these errors and no others`() {
        let allowed: [(Duty, Set<Int32>)] =
            (0..<EarlyMount.table.count).map { (.mount($0), [2, 16, 19]) } + [
                (.openStandardStreams, [2, 6, 19]),
                (.readCommandLine, []),
                (.setHostName, []),
                (.bringUpLoopback, [19, 38, 97]),
            ]
        for (duty, errors) in allowed {
            #expect(Set(everyError.filter(duty.allows).map(\.rawValue)) == errors, "\(duty)")
        }
    }
}
