// What PID 1's log says.

extension SimulatedKernel {
    /// The lines of PID 1's own that somebody can read in this file, in order and without what
    /// stands in front of each.
    public func lines(in name: String) -> [String] {
        lines(in: name) { $0.prefix(6) == "init: " ? String($0.dropFirst(6)) : nil }
    }

    /// The same of the kernel's log, with the priority that each of them has there.
    public func linesOfKernelLog() -> [String] {
        lines(in: "/dev/kmsg") { line in
            let text = line.drop { $0 != ">" }.dropFirst()
            guard line.first == "<", text.hasPrefix("init: ") else { return nil }
            return "\(line.dropFirst().prefix { $0 != ">" }): \(text.dropFirst(6))"
        }
    }

    private func lines(in name: String, _ line: (Substring) -> String?) -> [String] {
        // What comes behind the last newline is no line yet.
        (devices[name]?.text ?? "").split(separator: "\n", omittingEmptySubsequences: false)
            .dropLast().compactMap(line)
    }
}
