/// How much a line of the log matters, syslog(2): the lower, the more.
public enum Priority: UInt8, Comparable, Sendable {
    /// Shown even by a kernel that was told to be `quiet`.
    case critical = 2
    case error = 3
    case warning = 4
    case notice = 5
    case info = 6
    case debug = 7

    public static func < (left: Priority, right: Priority) -> Bool {
        left.rawValue < right.rawValue
    }
}
