import Glibc

/// An error of the host's tools, in words for the person at the terminal: what is wrong, with what,
/// and the way out.
public struct HostError: Error, Equatable, CustomStringConvertible {
    public let description: String
    /// The code to exit with: 2 for wrong use, 3 for what this machine lacks, 125 for a failure of
    /// the tool's own.
    public let code: Int32

    public init(_ description: String, code: Int32 = 125) {
        self.description = description
        self.code = code
    }

    /// Something that this machine lacks, and the package of Debian's that has it.
    public static func missing(_ program: String, package: String) -> HostError {
        HostError(
            "\(program) is not installed; apt-get install \(package)", code: 3)
    }
}

/// Writes a line to standard error, whole.
public func say(_ line: String) {
    let bytes = Array("\(line)\n".utf8)
    var written = 0
    while written < bytes.count {
        let count = bytes.withUnsafeBytes {
            write(2, $0.baseAddress! + written, $0.count - written)
        }
        if count < 0, errno != EINTR { return }
        written += max(count, 0)
    }
}
