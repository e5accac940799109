import SeededRandom

extension SplitMix64 {
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
