public import InitCore

/// Where Hammock treats a unit otherwise than systemd, and that makes a difference to it.
public struct Deviations: Equatable, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// None.
    public init() { rawValue = 0 }

    /// Whether all of `other` are among these.
    public func contains(_ other: Deviations) -> Bool {
        rawValue & other.rawValue == other.rawValue
    }

    mutating func insert(_ other: Deviations) {
        self = Deviations(rawValue: rawValue | other.rawValue)
    }

    /// Others come after a service of Type=simple: they wait until its program runs.
    public static let readyWhenItRuns = Deviations(rawValue: 1 << 0)
    /// It requires a service that may fail and start again: it waits.
    public static let waitsForRestart = Deviations(rawValue: 1 << 1)
    /// It names no start limit: after too many starts it rests, and does not give up.
    public static let neverGivesUp = Deviations(rawValue: 1 << 2)
    /// It names no TimeoutStopSec=: 10 s, and not 90.
    public static let stopsIn10 = Deviations(rawValue: 1 << 3)
    /// It has several ExecStop=: TimeoutStopSec= is for all of them together.
    public static let oneTimeForStops = Deviations(rawValue: 1 << 4)
    /// It has BindsTo= without After=, which is implied.
    public static let comesAfterBound = Deviations(rawValue: 1 << 5)
    /// TimeoutStopSec=infinity counts as an hour.
    public static let infinityIsAnHour = Deviations(rawValue: 1 << 6)

    /// How many there are: bits 0 up to this.
    public static let count: UInt8 = 7

    /// A phrase about the deviation with this bit; it goes on after "differs from systemd: ".
    public static func text(_ bit: UInt8) -> ByteView {
        switch bit {
        case 0: "others that come after it wait until its program runs"
        case 1: "it waits while what it requires starts again"
        case 2: "after five starts in 10 s it rests, and does not give up"
        case 3: "it has 10 s to stop, not 90"
        case 4: "TimeoutStopSec= is for all ExecStop= together"
        case 5: "it comes after what it is bound to"
        case 6: "TimeoutStopSec=infinity is an hour"
        default: ""
        }
    }
}
