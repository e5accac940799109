import InitCore

/// What `%` and a letter stand for. systemd.unit(5), SPECIFIERS
struct Specifier {
    let name: UnitName
    /// `nil` where the plan is made for a machine whose name is not known.
    let hostName: ByteView?

    /// Appends `text` with its specifiers filled in.
    ///
    /// - Throws: the specifier that is not done.
    @inline(never)
    func expand(_ text: ByteView, into buffer: inout TextBuffer) throws(Trouble) {
        var rest = text
        while rest.count > 0 {
            let length = rest.length(before: UInt8(ascii: "%"))
            buffer.append(rest.slice(0, length))
            guard length < rest.count else { return }
            let letter = rest[length &+ 1]
            guard append(letter, to: &buffer) else {
                if letter == UInt8(ascii: "H") { throw Trouble(.noHostName) }
                throw Trouble(.badSpecifier, rest.slice(length, length &+ 2))
            }
            rest = rest.dropping(length &+ 2)
        }
    }

    private func append(_ letter: UInt8, to buffer: inout TextBuffer) -> Bool {
        switch letter {
        case UInt8(ascii: "i"): buffer.append(name.instance ?? .empty)
        case UInt8(ascii: "I"): unescape(name.instance ?? .empty, into: &buffer)
        case UInt8(ascii: "n"): buffer.append(name.text)
        case UInt8(ascii: "N"): buffer.append(name.stem)
        case UInt8(ascii: "p"): buffer.append(name.prefix)
        case UInt8(ascii: "P"): unescape(name.prefix, into: &buffer)
        case UInt8(ascii: "H"):
            guard let hostName else { return false }
            buffer.append(hostName)
        case UInt8(ascii: "t"): buffer.append("/run")
        case UInt8(ascii: "S"): buffer.append("/var/lib")
        case UInt8(ascii: "C"): buffer.append("/var/cache")
        case UInt8(ascii: "L"): buffer.append("/var/log")
        case UInt8(ascii: "E"): buffer.append("/etc")
        case UInt8(ascii: "T"): buffer.append("/tmp")
        case UInt8(ascii: "V"): buffer.append("/var/tmp")
        case UInt8(ascii: "%"): buffer.append(byte: letter)
        default: return false
        }
        return true
    }

    /// Undoes what systemd-escape(1) does to a text that becomes part of a name.
    private func unescape(_ text: ByteView, into buffer: inout TextBuffer) {
        var offset = 0
        while offset < text.count {
            let byte = text[offset]
            if byte == UInt8(ascii: "\\"), text[offset &+ 1] == UInt8(ascii: "x"),
                let high = hexadecimal(text[offset &+ 2]), let low = hexadecimal(text[offset &+ 3]),
                high | low != 0
            {
                buffer.append(byte: UInt8(truncatingIfNeeded: high << 4 | low))
                offset &+= 4
            } else {
                buffer.append(byte: byte == UInt8(ascii: "-") ? UInt8(ascii: "/") : byte)
                offset &+= 1
            }
        }
    }
}
