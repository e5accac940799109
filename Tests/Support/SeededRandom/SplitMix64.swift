/// The generator of Steele, Lea and Flood (2014): small, quick, and the same numbers from the same
/// seed on every machine.
public struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) {
        state = seed
    }

    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// 0 to `limit - 1`.
    public mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }

    public mutating func between(_ least: Int, _ most: Int) -> Int {
        least + below(most - least + 1)
    }

    /// True once in so many times.
    public mutating func oneIn(_ times: Int) -> Bool { below(times) == 0 }

    public mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[below(elements.count)]
    }
}
