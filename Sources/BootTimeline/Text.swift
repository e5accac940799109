import Foundation

/// Microseconds as milliseconds, for people: `68.4`.
func milliseconds(_ microseconds: Int) -> String {
    String(format: "%.1f", Double(microseconds) / 1000)
}

extension String {
    /// At most `length` characters; the last is `…` if some are missing.
    func shortened(to length: Int) -> String {
        count <= length ? self : prefix(length - 1) + "…"
    }

    func padded(to length: Int) -> String {
        self + String(repeating: " ", count: Swift.max(0, length - count))
    }

    func paddedLeft(to length: Int) -> String {
        String(repeating: " ", count: Swift.max(0, length - count)) + self
    }
}
