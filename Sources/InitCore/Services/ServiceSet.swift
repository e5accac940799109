/// A set of units.
public struct ServiceSet: Equatable, Sendable {
    /// How many units there can be. One constant; each unit costs PID 1 64 bytes of state.
    public static let capacity = 128

    var low: UInt64
    var high: UInt64

    public init() { (low, high) = (0, 0) }

    /// One unit.
    public init(_ service: ServiceID) {
        self.init()
        insert(service)
    }

    /// The set that a plan's bytes hold: bit n of the 16 bytes, little endian, is unit n.
    public init(low: UInt64, high: UInt64) { (self.low, self.high) = (low, high) }

    public var isEmpty: Bool { low | high == 0 }

    public func contains(_ service: ServiceID) -> Bool {
        let word = service.rawValue < 64 ? low : high
        return word >> UInt64(service.rawValue & 63) & 1 == 1
    }

    @inline(never)
    public mutating func insert(_ service: ServiceID) {
        let bit: UInt64 = 1 << UInt64(service.rawValue & 63)
        if service.rawValue < 64 { low |= bit } else { high |= bit }
    }

    public mutating func remove(_ service: ServiceID) {
        let bit: UInt64 = 1 << UInt64(service.rawValue & 63)
        if service.rawValue < 64 { low &= ~bit } else { high &= ~bit }
    }

    public mutating func formUnion(_ other: ServiceSet) {
        low |= other.low
        high |= other.high
    }

    public func union(_ other: ServiceSet) -> ServiceSet {
        ServiceSet(low: low | other.low, high: high | other.high)
    }

    public func intersection(_ other: ServiceSet) -> ServiceSet {
        ServiceSet(low: low & other.low, high: high & other.high)
    }

    public func subtracting(_ other: ServiceSet) -> ServiceSet {
        ServiceSet(low: low & ~other.low, high: high & ~other.high)
    }

    /// Whether any unit has a number from `count` up.
    public func exceeds(_ count: Int) -> Bool {
        if count >= 128 { return false }
        if count >= 64 { return high >> UInt64(count &- 64) != 0 }
        return high != 0 || low >> UInt64(max(count, 0)) != 0
    }

    /// Removes the unit with the lowest number and returns it.
    @inline(never)
    public mutating func removeFirst() -> ServiceID? {
        if low != 0 {
            let service = ServiceID(index: low.trailingZeroBitCount)
            low &= low &- 1
            return service
        }
        guard high != 0 else { return nil }
        let service = ServiceID(index: 64 &+ high.trailingZeroBitCount)
        high &= high &- 1
        return service
    }
}
