import InitCore

/// The signals that wait for PID 1, signal(7): each standard signal once, and each real-time signal
/// as often as it was sent.
struct SignalQueue {
    private var standard: UInt64 = 0
    private var realTime = [Int](repeating: 0, count: 65)
    private var realTimeCount = 0
    private var origins = [SignalOrigin](repeating: .process, count: 65)
    /// Signals that arrived in a handler, because they were not blocked: faults and alarms. The
    /// shim keeps them for PID 1.
    private var carried: [Int32] = []
    /// RLIMIT_SIGPENDING
    static let mostRealTime = 64

    var isEmpty: Bool { standard == 0 && realTimeCount == 0 && carried.isEmpty }

    func contains(_ signal: Int32) -> Bool { standard >> UInt64(signal) & 1 == 1 }

    mutating func raise(_ signal: Int32, from origin: SignalOrigin = .process) {
        // If several signals become one, it has the origin of the first.
        if !contains(signal) { origins[Int(signal)] = origin }
        if Dispositions.faults.contains(signal) {
            carry(signal)
        } else if signal < 32 {
            standard |= 1 << UInt64(signal)
        } else if realTimeCount < Self.mostRealTime {
            realTime[Int(signal)] += 1
            realTimeCount += 1
        }
    }

    /// Adds a signal that arrived in a handler.
    mutating func carry(_ signal: Int32) {
        if carried.count < Self.mostRealTime { carried.append(signal) }
    }

    /// Unblocks a standard signal. If it waits, it goes to its handler.
    mutating func letThrough(_ signal: Int32) {
        if contains(signal) { carry(signal) }
        standard &= ~(1 << UInt64(signal))
    }

    /// The kernel hands out the lowest number first.
    mutating func take() -> (Int32, SignalOrigin)? {
        takeNumber().map { ($0, origins[Int($0)]) }
    }

    private mutating func takeNumber() -> Int32? {
        if standard != 0 {
            let signal = Int32(standard.trailingZeroBitCount)
            standard &= standard - 1
            return signal
        }
        if !carried.isEmpty { return carried.removeFirst() }
        guard realTimeCount > 0, let signal = realTime.firstIndex(where: { $0 > 0 }) else {
            return nil
        }
        realTime[signal] -= 1
        realTimeCount -= 1
        return Int32(signal)
    }
}
