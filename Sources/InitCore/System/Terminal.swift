/// How init is related to a terminal when it starts the program.
public struct Terminal: Equatable, Sendable {
    /// Whether init's session has a controlling terminal, credentials(7).
    public var isThere: Bool
    /// Whether descriptors 0 to 2 all lead to it, so that init is no part of a pipeline.
    public var hasAllStreams: Bool
    /// Whether init's process group is in its foreground.
    public var isForeground: Bool

    public init(isThere: Bool, hasAllStreams: Bool, isForeground: Bool) {
        self.isThere = isThere
        self.hasAllStreams = hasAllStreams
        self.isForeground = isForeground
    }

    public static let none = Terminal(isThere: false, hasAllStreams: false, isForeground: false)
}

/// The program's session and process group. They decide whom a terminal's keys reach.
public enum ProgramPlace: Equatable, Sendable {
    /// A new session. If standard input is a terminal, the session takes it.
    case ownSession
    /// A new group, without a terminal.
    case ownGroup
    /// A new group. It replaces init's group in the foreground of the terminal.
    case ownForegroundGroup
    /// Init's group, with all its members, such as the other parts of a pipeline. The terminal's
    /// keys reach all of them, and a shell stops and continues them together.
    case initsGroup

    /// The table. Other inits differ: tini always makes a group and gives it the terminal, which
    /// stops the other parts of a pipeline; dumb-init makes a session, which loses the terminal;
    /// catatonit leaves the program in catatonit's own group if standard input is no terminal.
    ///
    /// dumb-init without a session (`-c`) always leaves the program in dumb-init's group.
    public init(by configuration: Configuration, on terminal: Terminal) {
        if configuration.hasOwnSession {
            self = .ownSession
        } else if configuration.personality == .dumbInit {
            self = .initsGroup
        } else if !terminal.isThere {
            self = .ownGroup
        } else if terminal.hasAllStreams, terminal.isForeground {
            self = .ownForegroundGroup
        } else {
            self = configuration.signalsGroup ? .ownGroup : .initsGroup
        }
    }

    /// Whether a terminal's keys can stop the program, and a shell can continue it.
    public var isUnderJobControl: Bool { self == .ownForegroundGroup || self == .initsGroup }
}
