/// How one text gets to a reader when nothing can be relied on.
///
/// A pure state machine: `action` says what to do, `step` handles how that went. It asks
/// the kernel for nothing itself, allocates nothing and cannot trap, so every errno and
/// every partial write can be tried on it in a test.
///
/// The rules, each in one place below:
/// - After a partial write, the next write begins behind that part.
/// - PID 1 makes an interrupted call again, and waits for a descriptor without room. Both
///   count as a stall. PID 1 gives up a sink that stalls too often, because a console that
///   nobody drains must not hold up PID 1.
/// - After every other error PID 1 gives up the sink at once.
/// - The next sink gets the whole text, because its reader has seen nothing of it yet.
/// - After the last sink the text is lost, but PID 1 goes on.
///
/// It ends for every sequence of events, even an absurd one: each step either brings bytes
/// through, uses up a stall, or leaves a sink for good.
public struct Delivery: Equatable, Sendable {
    /// How long a sink may take.
    public enum Limit {
        /// How often a sink may stall before the next is tried. With the wait below, PID 1 gives
        /// up a sink that takes nothing after 2.1 s, and the last after 6.3 s. A serial line
        /// stalls for less, and a person waits that long. A sink that takes bytes, however
        /// slowly, does not stall; even with a byte for each wait, the greeting ends in 10 s.
        public static let stallsPerSink = 20
        /// How long one wait for room lasts, and how long a write may block before it is
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

    /// Handles how the last action went.
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
            // Nothing written is no progress either: wait, and do not try again at once.
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

/// A place where a text may find a reader, in the order in which they are tried.
public enum Sink: Equatable, Sendable {
    /// Descriptor 1, which the kernel (or a container's runtime) opened for PID 1.
    case standardOutput
    /// `/dev/console`: the kernel's own idea of where its operator is, console(4).
    case console
    /// `/dev/kmsg`: the kernel's log, which takes every line at once and keeps it for
    /// whoever looks later.
    case kernelLog

    /// Where to turn when this one takes nothing, or `nil` after the last.
    public var next: Sink? {
        switch self {
        case .standardOutput: .console
        case .console: .kernelLog
        case .kernelLog: nil
        }
    }

    /// The file to open, or `nil` where a descriptor is open already.
    public var path: StaticString? {
        switch self {
        case .standardOutput: nil
        case .console: "/dev/console"
        case .kernelLog: "/dev/kmsg"
        }
    }
}
