public import InitCore

/// What wait4(2) found.
public enum Reaped: Equatable, Sendable {
    /// This child had ended, and is gone now.
    case child(ProcessID, ExitStatus)
    /// There are children, and all of them live.
    case none
}
