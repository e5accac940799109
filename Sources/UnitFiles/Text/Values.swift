public import InitCore

/// Reads the values of directives. Each function returns `nil` for what is no such value.
public enum Values {
    /// Of a time or a size that never ends: `infinity`.
    public static let infinity = UInt64.max

    /// systemd.syntax(7): yes and no, in ten ways.
    public static func boolean(_ text: ByteView) -> Bool? {
        guard
            let place = text.position(
                in: "1 YES Y TRUE T ON 0 NO N FALSE F OFF", ignoringCase: true)
        else { return nil }
        return place < 6
    }

    // MARK: Times

    /// The units of systemd.time(7), the shortest way to write each last.
    private static var timeUnits: ByteView {
        """
        usec us \u{b5}s \u{3bc}s msec ms seconds second sec s minutes minute min m hours hour hr h \
        days day d weeks week w months month M years year y
        """
    }

    /// How many microseconds the unit has, by its place in `timeUnits`.
    private static func microseconds(ofUnit place: Int) -> UInt64 {
        switch place {
        case 0...3: 1
        case 4...5: 1_000
        case 6...9: 1_000_000
        case 10...13: 60_000_000
        case 14...17: 3_600_000_000
        case 18...20: 86_400_000_000
        case 21...23: 604_800_000_000
        case 24...26: 2_629_800_000_000
        default: 31_557_600_000_000
        }
    }

    /// Reads a length of time as systemd.time(7) has it: `90`, `1min 30s`, `1.5h`, `infinity`.
    ///
    /// - Returns: microseconds.
    @inline(never)
    public static func microseconds(
        _ text: ByteView, unit defaultUnit: UInt64 = 1_000_000
    ) -> UInt64? {
        var rest = UnitText.trim(text)
        if rest.equals("infinity") { return infinity }
        guard rest.count > 0 else { return nil }
        var sum: UInt64 = 0
        while rest.count > 0 {
            guard let part = takePart(of: &rest, defaultUnit) else { return nil }
            let (next, overflows) = sum.addingReportingOverflow(part)
            guard !overflows, next != infinity else { return nil }
            sum = next
            rest = UnitText.trim(rest)
        }
        return sum
    }

    /// A number with or without a fraction, and its unit, if there is one.
    private static func takePart(of rest: inout ByteView, _ defaultUnit: UInt64) -> UInt64? {
        let whole = takeDigits(of: &rest)
        var fraction = ByteView.empty
        if rest[0] == UInt8(ascii: ".") {
            rest = rest.dropping(1)
            fraction = takeDigits(of: &rest)
        }
        guard whole.count > 0 || fraction.count > 0 else { return nil }
        rest = UnitText.trim(rest)
        var length = 0
        while length < rest.count, !isDigit(rest[length]), !isSpace(rest[length]),
            rest[length] != UInt8(ascii: ".")
        {
            length &+= 1
        }
        var unit = defaultUnit
        if length > 0 {
            guard let place = rest.slice(0, length).position(in: timeUnits) else { return nil }
            unit = microseconds(ofUnit: place)
            rest = rest.dropping(length)
        }
        guard let number = whole.count > 0 ? number(whole) : 0 else { return nil }
        let (product, overflows) = number.multipliedReportingOverflow(by: unit)
        guard !overflows else { return nil }
        let (sum, overflowsAgain) = product.addingReportingOverflow(part(fraction, of: unit))
        return overflowsAgain ? nil : sum
    }

    /// So many tenths, hundredths and so on of the unit.
    private static func part(_ fraction: ByteView, of unit: UInt64) -> UInt64 {
        // From the last digit on, so that nothing is rounded but the whole.
        var sum: UInt64 = 0
        var offset = fraction.count
        while offset > 0 {
            offset &-= 1
            // The largest unit is 2 to the 60th, and nine of them fit.
            sum = (UInt64(fraction[offset] &- UInt8(ascii: "0")) &* unit &+ sum) / 10
        }
        return sum
    }

    private static func takeDigits(of rest: inout ByteView) -> ByteView {
        var length = 0
        while isDigit(rest[length]) { length &+= 1 }
        let digits = rest.slice(0, length)
        rest = rest.dropping(length)
        return digits
    }

    // MARK: Numbers

    /// Decimal digits only.
    @inline(never)
    public static func number(_ text: ByteView) -> UInt64? {
        guard text.count > 0 else { return nil }
        var value: UInt64 = 0
        var offset = 0
        while offset < text.count {
            guard isDigit(text[offset]) else { return nil }
            let (product, overflows) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflowsAgain) = product.addingReportingOverflow(
                UInt64(text[offset] &- UInt8(ascii: "0")))
            guard !overflows, !overflowsAgain else { return nil }
            value = sum
            offset &+= 1
        }
        return value
    }

    /// A whole number with or without a sign, in these bounds.
    public static func number(_ text: ByteView, from least: Int, to most: Int) -> Int? {
        let isNegative = text[0] == UInt8(ascii: "-")
        let digits = isNegative || text[0] == UInt8(ascii: "+") ? text.dropping(1) : text
        guard let magnitude = digits.decimal(upTo: 1 << 40) else { return nil }
        let value = isNegative ? 0 &- magnitude : magnitude
        return value < least || value > most ? nil : value
    }

    /// The bits of a file's mode, in octal digits.
    public static func mode(_ text: ByteView) -> Int? {
        guard text.count > 0, text.count <= 5 else { return nil }
        var value = 0
        var offset = 0
        while offset < text.count {
            guard isDigit(text[offset]), text[offset] < UInt8(ascii: "8") else { return nil }
            value = value &* 8 &+ Int(text[offset] &- UInt8(ascii: "0"))
            offset &+= 1
        }
        return value <= 0o7777 ? value : nil
    }

    /// A number of bytes: `64K`, `1.5G`, `infinity`. The letters count by 1024.
    @inline(never)
    public static func size(_ text: ByteView) -> UInt64? {
        if text.equals("infinity") { return infinity }
        var rest = text
        let whole = takeDigits(of: &rest)
        var fraction = ByteView.empty
        if rest[0] == UInt8(ascii: ".") {
            rest = rest.dropping(1)
            fraction = takeDigits(of: &rest)
            guard fraction.count > 0 else { return nil }
        }
        rest = UnitText.trim(rest)
        guard let number = number(whole),
            let place = rest.count == 0 ? 0 : rest.position(in: "B K M G T P E")
        else { return nil }
        let unit: UInt64 = 1 << UInt64(10 &* place)
        let (product, overflows) = number.multipliedReportingOverflow(by: unit)
        guard !overflows else { return nil }
        let (sum, overflowsAgain) = product.addingReportingOverflow(part(fraction, of: unit))
        return overflowsAgain || sum == infinity ? nil : sum
    }

    /// A share: `20%`, `150%`, `12.5%`.
    ///
    /// - Returns: hundredths of a percent.
    public static func share(_ text: ByteView) -> Int? {
        guard text.count > 1, text[text.count &- 1] == UInt8(ascii: "%") else { return nil }
        var rest = text.slice(0, text.count &- 1)
        let whole = takeDigits(of: &rest)
        guard let percent = whole.decimal(upTo: 1_000_000) else { return nil }
        if rest.count == 0 { return percent &* 100 }
        let fraction = rest.dropping(1)
        guard rest[0] == UInt8(ascii: "."), fraction.count <= 2,
            let value = fraction.decimal(upTo: 99)
        else { return nil }
        return percent &* 100 &+ (fraction.count == 1 ? value &* 10 : value)
    }

    // MARK: Ways to end

    /// One word of SuccessExitStatus= and its like: a code, its name, or a signal.
    /// systemd.exec(5), PROCESS EXIT CODES
    public static func exit(_ text: ByteView) -> ExitMatch? {
        if isDigit(text[0]) {
            return text.decimal(upTo: 255).map { .code(UInt8(truncatingIfNeeded: $0)) }
        }
        if let code = exitCode(named: text) { return .code(UInt8(truncatingIfNeeded: code)) }
        return SignalName.parse(text).map { .signal($0) }
    }

    private static func exitCode(named name: ByteView) -> Int? {
        if let place = name.position(
            in: """
                SUCCESS FAILURE INVALIDARGUMENT NOTIMPLEMENTED NOPERMISSION NOTINSTALLED \
                NOTCONFIGURED NOTRUNNING
                """)
        {
            return place
        }
        if let place = name.position(
            in: """
                USAGE DATAERR NOINPUT NOUSER NOHOST UNAVAILABLE SOFTWARE OSERR OSFILE CANTCREAT \
                IOERR TEMPFAIL PROTOCOL NOPERM CONFIG
                """)
        {
            return 64 &+ place
        }
        // The hyphens hold the places of numbers that have no name.
        guard name[0] != UInt8(ascii: "-"),
            let place = name.position(
                in: """
                    CHDIR NICE FDS EXEC MEMORY LIMITS OOM_ADJUST SIGNAL_MASK STDIN STDOUT CHROOT \
                    IOPRIO TIMERSLACK SECUREBITS SETSCHEDULER CPUAFFINITY GROUP USER CAPABILITIES \
                    CGROUP SETSID CONFIRM STDERR - PAM NETWORK NAMESPACE NO_NEW_PRIVILEGES SECCOMP \
                    SELINUX_CONTEXT PERSONALITY APPARMOR_PROFILE ADDRESS_FAMILIES \
                    RUNTIME_DIRECTORY - CHOWN SMACK_PROCESS_LABEL KEYRING STATE_DIRECTORY \
                    CACHE_DIRECTORY LOGS_DIRECTORY CONFIGURATION_DIRECTORY NUMA_POLICY CREDENTIALS
                    """)
        else { return nil }
        return 200 &+ place
    }
}
