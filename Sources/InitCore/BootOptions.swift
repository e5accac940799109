/// How PID 1 is to behave, as the kernel's command line says: its `hammock.` words.
public struct BootOptions: Equatable, Sendable {
    /// What to do when PID 1 itself is at fault.
    public enum FaultResponse: UInt8, Sendable {
        case pause, poweroff, reboot
    }

    /// hammock.grace: from SIGTERM to SIGKILL, in seconds: 0 to 3600. `nil` if not given.
    public var graceSeconds: UInt16?
    /// hammock.hostname: where the name stands in the command line. `nil` if not given.
    public var hostname: ByteRange?
    /// hammock.fault.
    public var faultResponse = FaultResponse.pause
    /// hammock.log: the kernel log priority up to which PID 1 writes lines, 0 to 7. syslog(2).
    public var logPriority: UInt8 = 6
    /// How many `hammock.` words were of no use: their name is unknown or their value wrong.
    public var problemCount: UInt16 = 0
    /// The first of these words.
    public var firstProblem: ByteRange?

    public init() {}

    /// Takes in one `hammock.` word of `text`, or counts it as a problem.
    ///
    /// - Parameter name: what follows `hammock.` in its name.
    mutating func take(_ word: KernelWords.Word, name: ByteView, in text: ByteView) {
        guard let value = word.value, set(name, value, in: text) else {
            problemCount &+= 1
            firstProblem = firstProblem ?? ByteRange(of: word.whole, in: text)
            return
        }
    }

    /// - Returns: whether there is such an option and it can have this value.
    @inline(never)
    private mutating func set(_ name: ByteView, _ value: ByteView, in text: ByteView) -> Bool {
        switch name.position(in: "grace hostname fault log") {
        case 0:
            guard let seconds = value.decimal(upTo: Options.maximumGraceSeconds) else {
                return false
            }
            graceSeconds = UInt16(truncatingIfNeeded: seconds)
        case 1:
            guard isHostname(value) else { return false }
            hostname = ByteRange(of: value, in: text)
        case 2:
            guard let position = value.position(in: "pause poweroff reboot"),
                let response = FaultResponse(rawValue: UInt8(truncatingIfNeeded: position))
            else { return false }
            faultResponse = response
        case 3:
            guard let priority = value.decimal(upTo: 7) else { return false }
            logPriority = UInt8(truncatingIfNeeded: priority)
        default:
            return false
        }
        return true
    }
}

/// Whether this is a host name as hostname(7) has it: labels of letters, digits and inner
/// hyphens, with dots between. Linux keeps 64 bytes of one, sethostname(2).
private func isHostname(_ name: ByteView) -> Bool {
    guard name.count > 0 && name.count <= 64 else { return false }
    let dot = UInt8(ascii: ".")
    let hyphen = UInt8(ascii: "-")
    var previous = dot
    var offset = 0
    while offset < name.count {
        let byte = name[offset]
        // Set bit 5 makes a capital letter small.
        guard isLowercase(byte | 0x20) || isDigit(byte) || byte == dot || byte == hyphen else {
            return false
        }
        if previous == dot && (byte == dot || byte == hyphen) { return false }
        if previous == hyphen && byte == dot { return false }
        previous = byte
        offset &+= 1
    }
    return previous != dot && previous != hyphen
}
