import Glibc

/// Variables of an environment, in order. A later one takes the place of an earlier one of its name.
public struct Variables {
    public private(set) var text: [String]

    public init(_ text: [String]) { self.text = text }

    public func with(_ others: [String]) -> Variables {
        var all = text
        for other in others {
            let name = other.prefix { $0 != "=" } + "="
            if let place = all.firstIndex(where: { $0.hasPrefix(name) }) {
                all[place] = other
            } else {
                all.append(other)
            }
        }
        return Variables(all)
    }
}

/// A size, as podman takes it: `512m`, `2g`, or a number of bytes.
public enum ByteSize {
    /// - Parameter option: the one that the size was given to, for the message.
    /// - Throws: `HostError` with code 2.
    public static func parse(_ text: String, of option: String) throws(HostError) -> Int {
        let units: [Character: Int] = ["k": 10, "m": 20, "g": 30]
        let unit = text.last.flatMap { units[Character($0.lowercased())] }
        let digits = unit == nil ? Substring(text) : text.dropLast()
        let product = Int(digits)?.multipliedReportingOverflow(by: 1 << (unit ?? 0))
        guard let product, !product.overflow, product.partialValue > 0 else {
            throw HostError("\(option) takes a size such as 512m or 2g, not '\(text)'", code: 2)
        }
        return product.partialValue
    }

    /// The memory of a machine.
    ///
    /// - Returns: MiB.
    /// - Throws: `HostError` with code 2.
    public static func memory(_ text: String) throws(HostError) -> Int {
        let size = try parse(text, of: "--memory") >> 20
        // With less Linux finds no memory for its first program, or looks for it for ever.
        guard size >= 40, size <= 1 << 20 else {
            throw HostError("--memory \(text): a machine takes from 40m to 1024g", code: 2)
        }
        return size
    }
}

/// Signals by name. signal(7)
public enum SignalNumber {
    /// - Parameter text: `TERM`, `SIGTERM`, `15`, `RTMIN+3`.
    /// - Throws: `HostError` with code 2.
    public static func parse(_ text: String) throws(HostError) -> Int32 {
        let names = [
            "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV",
            "USR2",
            "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
            "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
        ]
        if let number = Int32(text), (1...64).contains(number) { return number }
        var name = text.uppercased()
        if name.hasPrefix("SIG") { name.removeFirst(3) }
        if let place = names.firstIndex(of: name) { return Int32(place) + 1 }
        if name.hasPrefix("RTMIN+"), let more = Int32(name.dropFirst(6)), (0...30).contains(more) {
            return 34 + more
        }
        throw HostError("'\(text)' is no signal", code: 2)
    }
}
