/// A moment on a clock that never jumps, clock_gettime(2), CLOCK_MONOTONIC.
public struct Instant: Comparable, Sendable {
    /// Since the clock began.
    public let milliseconds: Int64

    public init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// The moment that many milliseconds later.
    public func advanced(byMilliseconds duration: Int64) -> Instant {
        Instant(milliseconds: milliseconds &+ duration)
    }

    public static func < (left: Instant, right: Instant) -> Bool {
        left.milliseconds < right.milliseconds
    }
}
