/// What the kernel has logged, in the order of its own clock.
public struct KernelLog: Equatable {
    public struct Line: Hashable {
        /// Microseconds of the kernel's clock.
        public let at: Int
        public let text: String

        /// A line as the console shows it, `[    0.408629] TEXT`; `nil` for a line that is not the
        /// kernel's.
        public init?(parsing line: some StringProtocol) {
            guard line.first == "[", let end = line.firstIndex(of: "]") else { return nil }
            let stamp = line[line.index(after: line.startIndex)..<end].drop { $0 == " " }
            let parts = stamp.split(separator: ".")
            guard parts.count == 2, parts[1].count == 6, let seconds = Int(parts[0]),
                let microseconds = Int(parts[1])
            else { return nil }
            at = seconds * 1_000_000 + microseconds
            text = String(line[line.index(after: end)...].dropFirst())
        }
    }

    /// Each line once, because the kernel shows its whole log again after the panic.
    public let lines: [Line]
    /// What to add to the kernel's clock to get the host's. No line can arrive before it was
    /// written, so the line that arrived fastest gives the best value.
    public let offset: Int

    /// - Returns: `nil` if the console shows no line of the kernel.
    public init?(console: [Recording.Entry]) {
        var seen: Set<Line> = []
        var lines: [Line] = []
        var offset: Int?
        for entry in console {
            // With that word in front it is a copy, by the program that shows the log at the end of
            // a boot with services (`hammock logs`).
            guard let line = Line(parsing: entry.text), !line.text.hasPrefix("kernel: ") else {
                continue
            }
            offset = min(offset ?? .max, entry.at - line.at)
            if seen.insert(line).inserted { lines.append(line) }
        }
        guard let offset else { return nil }
        self.offset = offset
        // Sorted stably: lines of the same moment stay in the order they were written in.
        self.lines = lines.enumerated()
            .sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }
            .map(\.element)
    }
}

extension KernelLog {
    /// A function of the kernel, or a driver's look at a device, from beginning to end.
    public struct Call: Equatable {
        public let name: String
        public let kind: Kind
        public let start: Int
        public let end: Int

        public enum Kind: Equatable { case initcall, probe }
    }

    /// What the kernel logged because of `initcall_debug`, in the order in which they ended.
    public var calls: [Call] {
        var began: [Substring: Int] = [:]
        var calls: [Call] = []
        for line in lines {
            let words = line.text.split(separator: " ")
            if words.count >= 2, words[0] == "calling" {
                began[words[1]] = line.at
            } else if words.count >= 4, words[0] == "initcall", words[2] == "returned" {
                // The clock behind `after N usecs` may tick in steps of 10 ms this early.
                guard let start = began.removeValue(forKey: words[1]) else { continue }
                let name = words[1].prefix { $0 != "+" }
                calls.append(
                    Call(name: String(name), kind: .initcall, start: start, end: line.at))
            } else if words.count >= 7, words[0] == "probe", words[1] == "of",
                let length = Int(words[6])
            {
                calls.append(
                    Call(
                        name: String(words[2]), kind: .probe, start: line.at - length,
                        end: line.at))
            }
        }
        return calls
    }

    /// When the first line that begins with `prefix` was written.
    public func time(of prefix: String) -> Int? {
        lines.first { $0.text.hasPrefix(prefix) }?.at
    }

    /// Which kernel this is: `Linux 6.12.117`.
    public var release: String? {
        let prefix = "Linux version "
        guard let line = lines.first(where: { $0.text.hasPrefix(prefix) }) else { return nil }
        return "Linux \(line.text.dropFirst(prefix.count).prefix { $0 != " " })"
    }
}
