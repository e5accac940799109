/// Which signal is forwarded for which one that arrives.
public struct SignalRewrites: Sendable {
    /// By the number of what arrives; 0 is for nothing at all.
    private var forwarded = [65 of UInt8] { UInt8(truncatingIfNeeded: $0) }

    /// Forwards every signal as it is.
    public init() {}

    /// What to forward when `signal` arrives: `nil` for nothing.
    public subscript(signal: Signal) -> Signal? {
        let target = forwarded[slot(of: signal)]
        return target == 0 ? nil : Signal(rawValue: Int32(target))
    }

    /// Where the signal is in the table. Slot 0 is for what is no signal: nothing is forwarded.
    private func slot(of signal: Signal) -> Int {
        let number = UInt(truncatingIfNeeded: signal.rawValue)
        return number < 65 ? Int(bitPattern: number) : 0
    }

    /// Reads one rule, `FROM:TO`, both by name or number, `TO` also 0.
    ///
    /// - Returns: whether it was one.
    mutating func add(_ rule: ByteView) -> Bool {
        var target = rule
        let source = target.removeFirst(upTo: UInt8(ascii: ":"))
        guard let from = SignalName.parse(source) else { return false }
        let to = SignalName.parse(target)?.rawValue
        // The one number that is no signal and yet has a meaning here.
        guard let to = to ?? (target.decimal(upTo: 0) == 0 ? 0 : nil) else { return false }
        forwarded[slot(of: from)] = UInt8(truncatingIfNeeded: to)
        return true
    }
}
