import InitCore

// Text in columns, for people, and numbers in objects, for programs.

extension Output {
    mutating func append(spaces count: Int) {
        var rest = count
        while rest > 0 {
            append(byte: UInt8(ascii: " "))
            rest &-= 1
        }
    }

    /// Appends seconds and thousandths at the right end of a column.
    @inline(never)
    mutating func append(milliseconds: Int64, width: Int) {
        let whole = max(milliseconds, 0)
        let seconds = UInt64(whole / 1_000)
        append(spaces: width &- 4 &- digits(seconds))
        append(number: seconds)
        let rest = UInt64(whole % 1_000)
        append(byte: UInt8(ascii: "."))
        append(byte: 0x30 &+ UInt8(truncatingIfNeeded: rest / 100))
        append(byte: 0x30 &+ UInt8(truncatingIfNeeded: rest / 10 % 10))
        append(byte: 0x30 &+ UInt8(truncatingIfNeeded: rest % 10))
    }

    private func digits(_ number: UInt64) -> Int {
        var rest = number
        var count = 1
        while rest >= 10 {
            rest /= 10
            count &+= 1
        }
        return count
    }

    /// Appends how long ago something was: `12 s`, `3 min 4 s`, `5 h 6 min`, `2 d 3 h`.
    @inline(never)
    mutating func append(span milliseconds: Int64) {
        let seconds = UInt64(max(milliseconds, 0)) / 1_000
        if seconds < 60 {
            append(number: seconds)
            append(" s")
        } else if seconds < 3_600 {
            append(seconds / 60, " min ", seconds % 60, " s")
        } else if seconds < 86_400 {
            append(seconds / 3_600, " h ", seconds / 60 % 60, " min")
        } else {
            append(seconds / 86_400, " d ", seconds / 3_600 % 24, " h")
        }
    }

    private mutating func append(
        _ large: UInt64, _ unit: ByteView, _ small: UInt64, _ smallUnit: ByteView
    ) {
        append(number: large)
        append(unit)
        append(number: small)
        append(smallUnit)
    }

    /// Appends a number of an answer as JSON has it, or a string if it is none.
    @inline(never)
    mutating func append(numberOrString text: ByteView) {
        if isNumber(text) { append(text) } else { append(string: text) }
    }

    /// Digits, and perhaps a point with digits behind it. JSON has no zeros in front.
    private func isNumber(_ text: ByteView) -> Bool {
        var rest = text
        let whole = rest.removeFirst(upTo: UInt8(ascii: "."))
        guard isDigits(whole), whole.count == 1 || whole[0] != 0x30 else { return false }
        return whole.count == text.count || isDigits(rest)
    }

    private func isDigits(_ text: ByteView) -> Bool {
        var offset = 0
        while offset < text.count, isDigit(text[offset]) { offset &+= 1 }
        return offset > 0 && offset == text.count
    }
}

extension Client {
    /// Prints text in a column, without its control characters.
    @inline(never)
    mutating func append(_ text: ByteView, width: Int, isRight: Bool = false) {
        if isRight { output.append(spaces: width &- text.count) }
        output.append(foreign: text)
        if !isRight { output.append(spaces: width &- text.count) }
    }

    /// Prints a moment in a column; `-` for one that never was.
    mutating func append(moment milliseconds: Int64, width: Int) {
        if milliseconds > 0 {
            output.append(milliseconds: milliseconds, width: width)
        } else {
            append("-", width: width, isRight: true)
        }
    }

    /// Prints a number in a column; `-` for 0.
    @inline(never)
    mutating func append(count: Int, width: Int) {
        guard count > 0 else { return append("-", width: width, isRight: true) }
        var rest = count
        var digits = 0
        while rest > 0 {
            rest /= 10
            digits &+= 1
        }
        output.append(spaces: width &- digits)
        output.append(number: UInt64(count))
    }
}
