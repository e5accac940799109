/// The program in whose words init's lines are, and the process number that they may name.
public struct Speaker: Equatable, Sendable {
    public var personality = Personality.hammock
    /// Init's own number.
    public var process = ProcessID(rawValue: 1)

    public init() {}

    public init(_ personality: Personality, process: ProcessID) {
        self.personality = personality
        self.process = process
    }

    /// Begins a line of the log.
    @inline(never)
    public func begin(_ line: inout Line, _ priority: Priority) {
        let level: Int
        switch priority {
        case .critical, .error: level = 0
        case .warning: level = 1
        case .notice, .info: level = 2
        case .debug: level = 3
        }
        let first: Int
        switch personality {
        case .hammock: first = 8
        case .dumbInit: first = 9
        case .tini: first = level
        case .catatonit: first = 4 &+ level
        }
        line.fill(Template(first, of: Self.beginnings), Blanks(number: process.rawValue))
    }

    private static var beginnings: ByteView {
        """
        [FATAL tini (%n)]\u{20}
        [WARN  tini (%n)]\u{20}
        [INFO  tini (%n)]\u{20}
        [DEBUG tini (%n)]\u{20}
        ERROR (catatonit:%n):\u{20}
        WARN (catatonit:%n):\u{20}
        INFO (catatonit:%n):\u{20}
        DEBUG (catatonit:%n):\u{20}
        init:\u{20}
        [dumb-init]\u{20}
        """
    }

    /// Whether a line of this priority is for standard output, and not for standard error.
    public func usesStandardOutput(for priority: Priority) -> Bool {
        personality == .tini && priority > .warning
    }
}
