/// A unit's number: its place in the plan.
public struct ServiceID: Equatable, Sendable {
    /// 0 to `ServiceSet.capacity - 1`.
    public let rawValue: UInt8

    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// - Parameter index: of a table: 0 to `ServiceSet.capacity - 1`.
    public init(index: Int) {
        self.init(rawValue: UInt8(truncatingIfNeeded: index))
    }

    /// The number as an index of a table.
    public var index: Int { Int(rawValue) }
}
