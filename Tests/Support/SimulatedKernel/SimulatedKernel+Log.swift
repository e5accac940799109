// What PID 1's log says.

extension SimulatedKernel {
    /// PID 1's own lines in this file, in order, without their prefix.
    public func lines(in name: String) -> [String] {
        lines(in: name) { $0.prefix(6) == "init: " ? String($0.dropFirst(6)) : nil }
    }

    /// PID 1's own lines in the kernel's log, each with its priority.
    public func linesOfKernelLog() -> [String] {
        lines(in: "/dev/kmsg") { line in
            let text = line.drop { $0 != ">" }.dropFirst()
            guard line.first == "<", text.hasPrefix("init: ") else { return nil }
            return "\(line.dropFirst().prefix { $0 != ">" }): \(text.dropFirst(6))"
        }
    }

    private func lines(in name: String, _ line: (Substring) -> String?) -> [String] {
        // The text after the last newline is no line yet.
        (devices[name]?.text ?? "").split(separator: "\n", omittingEmptySubsequences: false)
            .dropLast().compactMap(line)
    }
}
