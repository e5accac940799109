import InitCore
import SeededRandom
import Testing

/// All errors of Linux, and one number that is not an error of Linux.
private let everyErrno = (1...134).map { Errno(rawValue: Int32($0)) }

@Suite struct DeliveryTests {
    @Test func `a text that goes through at once is delivered`() {
        var delivery = Delivery(length: 70)
        #expect(delivery.action == .write(.standardOutput, offset: 0))
        delivery.step(.wrote(70))
        #expect(delivery.action == .finish(.delivered(.standardOutput)))
    }

    @Test func `an empty text is delivered before it is written`() {
        #expect(Delivery(length: 0).action == .finish(.delivered(.standardOutput)))
    }

    @Test(arguments: 1...69)
    func `after a partial write the next one begins behind it`(count: Int) {
        var delivery = Delivery(length: 70)
        delivery.step(.wrote(count))
        #expect(delivery.action == .write(.standardOutput, offset: count))
        delivery.step(.wrote(70 - count))
        #expect(delivery.action == .finish(.delivered(.standardOutput)))
    }

    @Test func `three bytes at a time arrive in order`() {
        var delivery = Delivery(length: 70)
        for offset in stride(from: 0, to: 70, by: 3) {
            #expect(delivery.action == .write(.standardOutput, offset: offset))
            delivery.step(.wrote(3))
        }
        #expect(delivery.action == .finish(.delivered(.standardOutput)))
    }

    @Test func `a count above the text's length means that all was written`() {
        var delivery = Delivery(length: 70)
        delivery.step(.wrote(.max))
        #expect(delivery.action == .finish(.delivered(.standardOutput)))
    }

    @Test(arguments: everyErrno, [0, 1, 35, 69])
    func `each error of a write has its one consequence, wherever it happens`(
        error: Errno, offset: Int
    ) {
        var delivery = Delivery(length: 70)
        if offset > 0 { delivery.step(.wrote(offset)) }
        delivery.step(.writeFailed(error))
        switch error {
        case .interrupted:
            #expect(delivery.action == .write(.standardOutput, offset: offset))
        case .wouldBlock:
            #expect(delivery.action == .waitForRoom(.standardOutput))
            delivery.step(.waited)
            #expect(delivery.action == .write(.standardOutput, offset: offset))
        default:
            #expect(delivery.action == .open(.console))
        }
    }

    @Test(arguments: everyErrno)
    func `each error of an open has its one consequence`(error: Errno) {
        var delivery = Delivery(length: 70)
        delivery.step(.writeFailed(.badFileDescriptor))
        delivery.step(.openFailed(error))
        #expect(delivery.action == .open(error == .interrupted ? .console : .kernelLog))
    }

    @Test func `after a write of 0 bytes it waits before it tries again`() {
        var delivery = Delivery(length: 70)
        delivery.step(.wrote(0))
        #expect(delivery.action == .waitForRoom(.standardOutput))
        delivery.step(.waited)
        delivery.step(.wrote(-1))
        #expect(delivery.action == .waitForRoom(.standardOutput))
    }

    @Test func `the sinks come in order, and each gets the whole text`() {
        var delivery = Delivery(length: 70)
        delivery.step(.wrote(60))
        delivery.step(.writeFailed(.inputOutput))
        #expect(delivery.action == .open(.console))
        delivery.step(.opened)
        #expect(delivery.action == .write(.console, offset: 0))
        delivery.step(.wrote(10))
        delivery.step(.writeFailed(.noSuchDeviceOrAddress))
        #expect(delivery.action == .open(.kernelLog))
        delivery.step(.opened)
        #expect(delivery.action == .write(.kernelLog, offset: 0))
        delivery.step(.writeFailed(.inputOutput))
        #expect(delivery.action == .finish(.undeliverable))
    }

    @Test func `a sink that stalls too often is given up, and not before`() {
        var delivery = Delivery(length: 70)
        for _ in 0..<Delivery.Limit.stallsPerSink {
            delivery.step(.writeFailed(.interrupted))
            #expect(delivery.action == .write(.standardOutput, offset: 0))
        }
        delivery.step(.writeFailed(.interrupted))
        #expect(delivery.action == .open(.console))
    }

    @Test func `progress does not reset a sink's count of stalls`() {
        var delivery = Delivery(length: 70)
        for sent in 1...Delivery.Limit.stallsPerSink {
            delivery.step(.wrote(1))
            delivery.step(.writeFailed(.wouldBlock))
            delivery.step(.waited)
            #expect(delivery.action == .write(.standardOutput, offset: sent))
        }
        delivery.step(.writeFailed(.wouldBlock))
        #expect(delivery.action == .open(.console))
    }

    @Test func `the next sink's count of stalls begins at 0`() {
        var delivery = Delivery(length: 70)
        for _ in 0...Delivery.Limit.stallsPerSink { delivery.step(.writeFailed(.interrupted)) }
        delivery.step(.opened)
        for _ in 0..<Delivery.Limit.stallsPerSink { delivery.step(.writeFailed(.interrupted)) }
        #expect(delivery.action == .write(.console, offset: 0))
    }

    @Test func `nothing happens once it is over`() {
        var delivery = Delivery(length: 1)
        delivery.step(.wrote(1))
        for event in everyEvent {
            delivery.step(event)
            #expect(delivery.action == .finish(.delivered(.standardOutput)))
        }
    }
}

/// One event of each kind, with the values that make a difference.
private let everyEvent: [Delivery.Event] = [
    .opened, .openFailed(.interrupted), .openFailed(.noSuchFile),
    .wrote(-1), .wrote(0), .wrote(1), .wrote(.max), .waited,
    .writeFailed(.interrupted), .writeFailed(.wouldBlock), .writeFailed(.inputOutput),
]

@Suite struct DeliveryTerminationTests {
    /// A sink needs at most a step for each byte, two for each stall (the stall, the end of the
    /// wait), one to be opened and one to be given up.
    private static func bound(length: Int) -> Int {
        3 * (length + 2 * Delivery.Limit.stallsPerSink + 3)
    }

    @Test func `every sequence of five events keeps the rules`() {
        // 11^5 sequences: each prefix is one state of the machine, visited once.
        var visited = 0
        func explore(_ delivery: Delivery, depth: Int) {
            visited += 1
            expectSane(delivery.action, length: 2)
            guard depth > 0 else { return }
            for event in everyEvent {
                var next = delivery
                next.step(event)
                if case .finish = delivery.action { #expect(next == delivery) }
                explore(next, depth: depth - 1)
            }
        }
        explore(Delivery(length: 2), depth: 5)
        #expect(
            visited
                == (0...5).reduce(0) { sum, depth in
                    sum + (0..<depth).reduce(1) { power, _ in power * 11 }
                })
    }

    @Test func `whatever happens, it comes to an end`() {
        for seed in 1...2_000 as ClosedRange<UInt64> {
            expectEnd(seed: seed)
        }
    }

    /// One random life of a delivery: the same for the same seed.
    private func expectEnd(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        let length = Int.random(in: 1...100, using: &generator)
        var delivery = Delivery(length: length)
        for _ in 0..<Self.bound(length: length) {
            if case .finish = delivery.action { return }
            expectSane(delivery.action, length: length)
            delivery.step(everyEvent.randomElement(using: &generator)!)
        }
        Issue.record("not finished after \(Self.bound(length: length)) events, seed \(seed)")
    }

    @Test(arguments: everyEvent)
    func `it comes to an end even if one event comes again and again`(event: Delivery.Event) {
        var delivery = Delivery(length: 70)
        for _ in 0..<Self.bound(length: 70) { delivery.step(event) }
        guard case .finish = delivery.action else {
            Issue.record("not finished: \(delivery.action)")
            return
        }
    }

    private func expectSane(_ action: Delivery.Action, length: Int) {
        switch action {
        case .open(let sink): #expect(sink.path != nil)
        case .write(_, let offset): #expect((0..<length).contains(offset))
        case .waitForRoom, .finish: break
        }
    }
}
