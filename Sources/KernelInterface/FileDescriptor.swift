/// The number of an open file, open(2).
public struct FileDescriptor: Equatable, Sendable {
    /// 0 or more.
    public let rawValue: Int32

    public init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    /// Descriptor 1, stdout(3).
    public static let standardOutput = FileDescriptor(rawValue: 1)
    /// Descriptor 2, stderr(3).
    public static let standardError = FileDescriptor(rawValue: 2)
}
