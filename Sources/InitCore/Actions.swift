/// The actions of one step, in order.
public struct Actions: Sendable {
    /// No step takes more; a test tries them all.
    public static let capacity = 6

    private var storage = [6 of Action](repeating: .reap)
    public private(set) var count = 0
    /// Whether a step took more than there is room for. What came last was left out then.
    public private(set) var overflowed = false

    public init() {}

    /// - Parameter index: 0 to `count - 1`.
    public subscript(index: Int) -> Action { storage[index] }

    @inline(never)
    public mutating func append(_ action: Action) {
        guard count < Actions.capacity else {
            overflowed = true
            return
        }
        storage[count] = action
        count &+= 1
    }
}
