/// A set of exit codes, 0 to 255.
public struct ExitCodeSet: Sendable {
    private var bits = [4 of UInt64](repeating: 0)

    public init() {}

    public mutating func insert(_ code: UInt8) {
        bits[Int(code >> 6)] |= 1 << UInt64(code & 63)
    }

    public func contains(_ code: UInt8) -> Bool {
        bits[Int(code >> 6)] >> UInt64(code & 63) & 1 == 1
    }
}
