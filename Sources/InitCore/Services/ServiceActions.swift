/// The actions of one event that are still to be done, in order.
public struct ServiceActions: Sendable {
    /// Room for one event's actions. The runtime takes them all before the next event. A test
    /// tries them all.
    public static let capacity = 8

    private var first = 0
    public private(set) var count = 0
    /// Whether there were more actions than room. The last ones were dropped then.
    public private(set) var overflowed = false
    /// Whether the last action is one that is answered.
    private(set) var awaitsAnswer = false
    private var storage = [8 of ServiceAction](repeating: .goOn)

    public init() {}

    @inline(never)
    mutating func append(_ action: ServiceAction) {
        guard count < ServiceActions.capacity else {
            overflowed = true
            return
        }
        storage[(first &+ count) % ServiceActions.capacity] = action
        count &+= 1
        awaitsAnswer = action.isAnswered
    }

    /// Removes and returns the next action.
    @inline(never)
    mutating func next() -> ServiceAction? {
        guard count > 0 else {
            awaitsAnswer = false
            return nil
        }
        let action = storage[first]
        first = (first &+ 1) % ServiceActions.capacity
        count &-= 1
        return action
    }

    /// What was ordered before is done.
    mutating func begin() { awaitsAnswer = false }
}

extension ServiceAction {
    /// Whether an event answers it. It stands last then, and nothing else comes before the answer.
    public var isAnswered: Bool {
        switch self {
        case .run, .look, .findMain, .goOn: true
        case .signal, .killAll, .forget, .log, .end, .settled, .ended, .reportImpossible: false
        }
    }
}
