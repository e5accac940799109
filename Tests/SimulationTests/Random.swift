/// SplitMix64: small, quick, and the same numbers from the same seed everywhere.
struct Random {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// 0 to `limit - 1`.
    mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }

    mutating func between(_ least: Int, _ most: Int) -> Int { least + below(most - least + 1) }

    /// True once in so many times.
    mutating func oneIn(_ times: Int) -> Bool { below(times) == 0 }

    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[below(elements.count)]
    }

    /// Milliseconds: 0, a few, or up to a minute, so that PID 1's limits are met.
    mutating func duration() -> Int64 {
        switch below(8) {
        case 0, 1, 2: 0
        case 3, 4: Int64(between(1, 20))
        case 5: Int64(between(20, 1_000))
        case 6: Int64(between(1_000, 12_000))
        default: Int64(between(1_000, 60_000))
        }
    }

    /// A status of wait4(2): any code, or any signal, with a core dump or without.
    mutating func waitStatus() -> Int32 {
        switch below(5) {
        case 0: 0
        case 1, 2: Int32(below(256)) << 8
        case 3: Int32(between(1, 64))
        default: Int32(pick([3, 4, 6, 8, 11, 24])) | (oneIn(2) ? 0x80 : 0)
        }
    }
}
