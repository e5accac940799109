public import InitCore

/// Who gets a signal, kill(2).
public enum SignalTarget: Equatable, Sendable {
    case process(ProcessID)
    /// The process group that this process leads.
    case group(ProcessID)
    /// Every process of the PID namespace but PID 1 and the caller.
    case everything
}
