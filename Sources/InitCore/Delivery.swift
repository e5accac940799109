/// How one text gets to a reader when nothing may be relied on.
///
/// A pure state machine: `action` says what to do, `step` takes in how that went. It asks
/// the kernel for nothing itself, allocates nothing and cannot trap, so every errno and
/// every partial write can be tried on it in a test.
///
/// The rules, each in one place below:
/// - A write that went through in part goes on behind that part.
/// - An interrupted call is made again; a descriptor without room is waited for. Both
///   count as a stall, and a sink that stalls too often is given up: a console that
///   nobody drains must not hold up PID 1.
/// - Every other error gives the sink up at once.
/// - A sink that is given up hands over to the next, which gets the whole text: its
///   reader has seen nothing of it yet.
/// - After the last sink the text is lost, and that is no reason to stop either.
///
/// It ends for every sequence of events, even an absurd one: each step either brings bytes
/// through, uses up a stall, or leaves a sink for good.
public struct Delivery: Equatable, Sendable {
    /// How long a sink may take.
    public enum Limit {
        /// How often a sink may stall before the next is tried. With the wait below a sink
        /// that takes nothing is given up after 2.1 s, and the last after 6.3 s: longer than
        /// the hiccup of a serial line, shorter than a person's patience. One that does take
        /// bytes, however slowly, is no stall; even a byte for each wait ends the greeting
        /// in 10 s.
        public static let stallsPerSink = 20
        /// How long one wait for room lasts, and after how long a write that blocks is
        /// interrupted. In milliseconds.
        public static let waitMilliseconds: Int32 = 100
    }

    /// What is to be done.
    public enum Action: Equatable, Sendable {
        /// Open the sink's `path`; answered by `opened` or `openFailed`.
        case open(Sink)
        /// Write the text from byte `offset` on; answered by `wrote` or `writeFailed`.
        case write(Sink, offset: Int)
        /// Wait until the sink has room, for `Limit.waitMilliseconds` at most; answered
        /// by `waited`.
        case waitForRoom(Sink)
        /// Nothing more.
        case finish(Outcome)
    }

    /// What happened.
    public enum Event: Equatable, Sendable {
        case opened
        case openFailed(Errno)
        /// write(2) returned this number of bytes.
        case wrote(Int)
        case writeFailed(Errno)
        /// The wait for room is over, for whatever reason.
        case waited
    }

    /// How it ended.
    public enum Outcome: Equatable, Sendable {
        /// The sink took every byte.
        case delivered(Sink)
        /// No sink did.
        case undeliverable
    }

    private enum Stage: Equatable, Sendable {
        case opening
        case writing
        case waiting
        case finished(Outcome)
    }

    private let length: Int
    private var sink = Sink.standardOutput
    private var stage: Stage
    /// Bytes of the text that this sink has taken.
    private var sent = 0
    /// Stalls that this sink has used up.
    private var stalls = 0

    /// - Parameter length: how many bytes the text has.
    public init(length: Int) {
        self.length = length
        stage = length > 0 ? .writing : .finished(.delivered(.standardOutput))
    }

    /// What is to be done now.
    public var action: Action {
        switch stage {
        case .opening: .open(sink)
        case .writing: .write(sink, offset: sent)
        case .waiting: .waitForRoom(sink)
        case .finished(let outcome): .finish(outcome)
        }
    }

    /// Takes in how the last action went.
    public mutating func step(_ event: Event) {
        switch (stage, event) {
        case (.opening, .opened):
            stage = .writing
        case (.opening, .openFailed(.interrupted)):
            stall(then: .opening)
        case (.opening, .openFailed):
            giveUpSink()

        case (.writing, .wrote(let count)) where count > 0:
            advance(by: count)
        case (.writing, .wrote), (.writing, .writeFailed(.wouldBlock)):
            // Nothing written is no progress either: wait, do not try in a circle.
            stall(then: .waiting)
        case (.writing, .writeFailed(.interrupted)):
            stall(then: .writing)
        case (.writing, .writeFailed):
            giveUpSink()

        case (.waiting, .waited):
            stage = .writing

        case (.finished, _):
            break

        // Answers to an action that was not asked for: the runtime gives none. Should it
        // ever, the stall keeps the promise that this comes to an end.
        case (.opening, .wrote), (.opening, .writeFailed), (.opening, .waited),
            (.writing, .opened), (.writing, .openFailed), (.writing, .waited),
            (.waiting, .opened), (.waiting, .openFailed), (.waiting, .wrote),
            (.waiting, .writeFailed):
            stall(then: stage)
        }
    }

    private mutating func advance(by count: Int) {
        if count < length &- sent {
            sent &+= count
        } else {
            stage = .finished(.delivered(sink))
        }
    }

    private mutating func stall(then resumed: Stage) {
        if stalls < Limit.stallsPerSink {
            stalls &+= 1
            stage = resumed
        } else {
            giveUpSink()
        }
    }

    private mutating func giveUpSink() {
        guard let next = sink.next else {
            stage = .finished(.undeliverable)
            return
        }
        sink = next
        stage = .opening
        sent = 0
        stalls = 0
    }
}
