import InitCore

/// Reads a file of EnvironmentFile=, byte by byte. systemd.exec(5)
///
/// A line is `NAME=VALUE`. Values may be quoted, also over several lines; outside of quotes a
/// backslash takes the next byte as it is, and joins lines. `#` and `;` begin a comment. A line
/// whose name is none is passed over.
struct EnvironmentFile {
    private enum State {
        case beforeName, name, comment
        case beforeValue, value, escape
        case singleQuoted, doubleQuoted, doubleQuotedEscape
    }

    private var state = State.beforeName
    /// How much of the text counts: spaces at its end do not.
    private var kept = 0
    private var failure: Errno?

    /// Takes a part of the file.
    ///
    /// - Returns: whether to go on.
    mutating func take(
        _ bytes: UnsafeRawBufferPointer, into environment: inout Environment
    ) -> Bool {
        var offset = 0
        while offset < bytes.count, failure == nil {
            take(bytes[offset], into: &environment)
            offset &+= 1
        }
        return failure == nil
    }

    /// Takes the end of the file.
    mutating func finish(into environment: inout Environment) throws(Errno) {
        switch state {
        case .beforeName, .comment: break
        case .name: environment.texts.truncate(to: 0)
        case .beforeValue, .value, .escape, .singleQuoted, .doubleQuoted, .doubleQuotedEscape:
            end(&environment)
        }
        if let failure { throw failure }
    }

    private mutating func take(_ byte: UInt8, into environment: inout Environment) {
        switch state {
        case .beforeName: beginLine(byte, &environment)
        case .name: takeName(byte, &environment)
        case .comment: if isNewline(byte) { state = .beforeName }
        case .beforeValue: beginValue(byte, &environment)
        case .value: takeValue(byte, &environment)
        case .escape:
            state = .value
            if !isNewline(byte) { append(byte, &environment) }
        case .singleQuoted:
            if byte == UInt8(ascii: "'") {
                state = .beforeValue
            } else {
                append(byte, &environment)
            }
        case .doubleQuoted:
            switch byte {
            case UInt8(ascii: "\""): state = .beforeValue
            case UInt8(ascii: "\\"): state = .doubleQuotedEscape
            case _: append(byte, &environment)
            }
        case .doubleQuotedEscape:
            state = .doubleQuoted
            if isNewline(byte) { return }
            if !isSpecial(byte) { append(UInt8(ascii: "\\"), &environment) }
            append(byte, &environment)
        }
    }

    private mutating func beginLine(_ byte: UInt8, _ environment: inout Environment) {
        if byte == UInt8(ascii: "#") || byte == UInt8(ascii: ";") {
            state = .comment
        } else if !isSpace(byte) {
            state = .name
            kept = 0
            takeName(byte, &environment)
        }
    }

    private mutating func takeName(_ byte: UInt8, _ environment: inout Environment) {
        if isNewline(byte) {
            environment.texts.truncate(to: 0)
            state = .beforeName
        } else if byte == UInt8(ascii: "=") {
            environment.texts.truncate(to: kept)
            append(byte, &environment)
            state = .beforeValue
        } else if isSpace(byte) {
            environment.texts.append(byte: byte)
        } else {
            append(byte, &environment)
        }
    }

    private mutating func beginValue(_ byte: UInt8, _ environment: inout Environment) {
        switch byte {
        case UInt8(ascii: "'"): state = .singleQuoted
        case UInt8(ascii: "\""): state = .doubleQuoted
        case UInt8(ascii: "\\"): state = .escape
        case _ where isNewline(byte): end(&environment)
        case _ where isSpace(byte): break
        case _:
            state = .value
            append(byte, &environment)
        }
    }

    private mutating func takeValue(_ byte: UInt8, _ environment: inout Environment) {
        if isNewline(byte) {
            end(&environment)
        } else if byte == UInt8(ascii: "\\") {
            state = .escape
        } else if isSpace(byte) {
            environment.texts.append(byte: byte)
        } else {
            append(byte, &environment)
        }
    }

    /// Appends a byte that counts, and all spaces in front of it.
    @inline(never)
    private mutating func append(_ byte: UInt8, _ environment: inout Environment) {
        environment.texts.append(byte: byte)
        kept = environment.texts.length
    }

    /// Ends the value, and sets the variable.
    @inline(never)
    private mutating func end(_ environment: inout Environment) {
        state = .beforeName
        environment.texts.truncate(to: kept)
        let variable = environment.texts.current
        guard isName(variable.slice(0, variable.length(before: UInt8(ascii: "=")))) else {
            environment.texts.truncate(to: 0)
            return
        }
        do throws(Errno) {
            try environment.commit()
        } catch {
            failure = error
        }
    }
}

/// Whether a variable may be called so: letters, digits and `_`, and no digit in front.
func isName(_ text: ByteView) -> Bool {
    var offset = 0
    while offset < text.count {
        let byte = text[offset]
        let isLetter = (byte | 0x20) &- UInt8(ascii: "a") < 26 || byte == UInt8(ascii: "_")
        guard isLetter || offset > 0 && byte &- UInt8(ascii: "0") < 10 else { return false }
        offset &+= 1
    }
    return text.count > 0
}

func isNewline(_ byte: UInt8) -> Bool { byte == 0x0a || byte == 0x0d }

func isSpace(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || isNewline(byte)
}

/// The bytes that a backslash escapes within double quotes.
private func isSpecial(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "`")
        || byte == UInt8(ascii: "$")
}
