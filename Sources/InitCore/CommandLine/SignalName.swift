/// What signals are called, in signal(7) and by kill(1).
public enum SignalName {
    /// Signals 1 to 31 in the order of their numbers, without "SIG".
    private static var standard: ByteView {
        """
        HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT \
        STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS
        """
    }

    /// The first real-time signal as glibc counts, which keeps 32 and 33 to itself. The
    /// kernel begins at 32 and musl at 35. But names come from the programs that send signals
    /// (kill, systemctl, docker), and these follow glibc.
    private static let realTimeMinimum = 34
    private static let realTimeMaximum = 64

    /// Reads "TERM", "SIGTERM", "15", "RTMIN", "RTMIN+3" or "RTMAX-1"; case does not matter.
    ///
    /// - Returns: signal 1 to 64, or `nil` for everything else.
    public static func parse(_ text: ByteView) -> Signal? {
        let number = number(of: text)
        return number > 0 ? Signal(rawValue: Int32(truncatingIfNeeded: number)) : nil
    }

    /// The name of signal 1 to 31, without "SIG", or `nil` for any other.
    @inline(never)
    public static func name(of signal: Signal) -> ByteView? {
        guard signal.rawValue > 0 else { return nil }
        var rest = standard
        var name = rest
        var position: Int32 = 0
        while position < signal.rawValue && name.count > 0 {
            name = rest.removeFirst(upTo: UInt8(ascii: " "))
            position &+= 1
        }
        return name.count > 0 ? name : nil
    }

    /// - Returns: 0 if it is no signal.
    @inline(never)
    private static func number(of text: ByteView) -> Int {
        if isDigit(text[0]) { return text.decimal(upTo: realTimeMaximum) ?? 0 }
        let name = text.hasPrefix("SIG", ignoringCase: true) ? text.dropping(3) : text
        if let position = name.position(in: standard, ignoringCase: true) { return position &+ 1 }

        // Both ends have names of five letters, and count towards each other.
        let offset = name.dropping(5)
        guard let end = name.slice(0, 5).position(in: "RTMIN RTMAX", ignoringCase: true),
            let steps = offset.count == 0 ? 0 : offset.dropping(1).decimal(upTo: 30)
        else { return 0 }
        let sign = end == 0 ? UInt8(ascii: "+") : UInt8(ascii: "-")
        guard offset.count == 0 || offset[0] == sign else { return 0 }
        return end == 0 ? realTimeMinimum &+ steps : realTimeMaximum &- steps
    }
}
