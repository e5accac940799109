import InitCore
import KernelInterface

/// One connection to the control socket.
struct ControlClient {
    /// What of an answer is still to come.
    enum Reply {
        /// The request has not come yet.
        case none
        /// These units' lines. The culprit's line follows that of its unit.
        case status(ServiceSet, culpritOf: ServiceID?)
        case timeline(ServiceSet)
        /// Nothing until the unit is up, or down, or cannot be.
        case waiting(ServiceID, isUp: Bool)
        case waitingSettled
        /// Nothing until the update is over.
        case waitingForUpdate
        /// Each change from this number on.
        case watching(Int)
        /// The last line.
        case ending
        /// All is said.
        case over
    }

    /// `nil` if the place is free.
    var descriptor: FileDescriptor?
    var user: UInt32 = 0
    /// When it connected. A request must come soon.
    var since = Instant(milliseconds: 0)
    var inputCount = 0
    var reply = Reply.none
    /// How much of `line` is sent.
    var sent = 0

    // What is large comes last: the code reaches what is near a value's beginning by shorter
    // instructions.

    /// The line that is on its way.
    var line = Line()
    var input = [512 of UInt8](repeating: 0)

    // If it were inlined, each of the many fields would be set one by one for each client.
    @inline(never)
    init() {}

    /// Whether it has not asked anything yet.
    var isReading: Bool {
        @inline(never) get {
            guard descriptor != nil, case .none = reply else { return false }
            return true
        }
    }

    /// Makes the place free. Nobody reads what is left of the input.
    mutating func reset() {
        descriptor = nil
        inputCount = 0
        reply = .none
        line = Line()
        sent = 0
    }

    /// Whether a line is waiting for room.
    var isBlocked: Bool { descriptor != nil && sent < line.count }
}
