/// Which signal init forwards for each signal that arrives.
public struct SignalRewrites: Sendable {
    /// By the number of the signal that arrives; 0 means that nothing is forwarded.
    private var forwarded = [65 of UInt8](repeating: asItIs)
    /// Not a signal's number: it stands for the signal that arrives.
    private static let asItIs: UInt8 = 0xff

    /// Forwards every signal as it is.
    public init() {}

    /// What to forward when `signal` arrives: `nil` for nothing.
    public subscript(signal: Signal) -> Signal? {
        let slot = slot(of: signal)
        let target = forwarded[slot]
        if target == Self.asItIs { return slot == 0 ? nil : signal }
        return target == 0 ? nil : Signal(rawValue: Int32(target))
    }

    /// Where the signal is in the table. Slot 0 is for numbers that are no signal: nothing is
    /// forwarded.
    private func slot(of signal: Signal) -> Int {
        let number = UInt(truncatingIfNeeded: signal.rawValue)
        return number < 65 ? Int(bitPattern: number) : 0
    }

    /// Reads one rule, `FROM:TO`, both by name or number, `TO` also 0.
    ///
    /// - Parameter onlyNumbers: whether it takes only numbers, and no real-time signal's number.
    /// - Returns: whether it was a rule.
    @inline(never)
    mutating func add(_ rule: ByteView, onlyNumbers: Bool = false) -> Bool {
        var target = rule
        let source = target.removeFirst(upTo: UInt8(ascii: ":"))
        if onlyNumbers, source.decimal(upTo: 31) == nil || target.decimal(upTo: 31) == nil {
            return false
        }
        guard let from = SignalName.parse(source) else { return false }
        let to = SignalName.parse(target)?.rawValue
        // The only number that has a meaning here although it is no signal.
        guard let to = to ?? (target.decimal(upTo: 0) == 0 ? 0 : nil) else { return false }
        forwarded[slot(of: from)] = UInt8(truncatingIfNeeded: to)
        return true
    }

    /// Forwards the signals by which a terminal stops a process, `first` to SIGTTOU, as another
    /// one (or not at all, for `nil`) unless a rule says how.
    @inline(never)
    mutating func setDefaults(_ other: Signal?, from first: Signal) {
        var slot = self.slot(of: first)
        while slot <= Int(Signal.stopWriting.rawValue) {
            if forwarded[slot] == Self.asItIs {
                forwarded[slot] = UInt8(truncatingIfNeeded: other?.rawValue ?? 0)
            }
            slot &+= 1
        }
    }
}
