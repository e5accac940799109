/// The actions that are still to be done, in order.
public struct Actions: Sendable {
    /// Room for one event's actions and those left of the one before. A test tries them all.
    public static let capacity = 10

    private var first = 0
    public private(set) var count = 0
    /// Whether there were more actions than room. The last ones were dropped then.
    public private(set) var overflowed = false
    private var storage = [10 of Action](repeating: .reap)

    public init() {}

    @inline(never)
    public mutating func append(_ action: Action) {
        guard count < Actions.capacity else {
            overflowed = true
            return
        }
        storage[(first &+ count) % Actions.capacity] = action
        count &+= 1
    }

    /// Removes and returns the next action.
    @inline(never)
    public mutating func next() -> Action? {
        guard count > 0 else { return nil }
        let action = storage[first]
        first = (first &+ 1) % Actions.capacity
        count &-= 1
        return action
    }
}
