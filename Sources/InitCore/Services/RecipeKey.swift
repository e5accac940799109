/// What an entry of a recipe is about. The planner writes entries, and the child of a service reads
/// them between fork(2) and execve(2). The raw value is a byte of the plan.
///
/// An entry is the key, two bytes of length, the text and a NUL. The planner has checked each text,
/// expanded its specifiers and written numbers as decimal digits, so the child parses nothing that
/// could be wrong.
public enum RecipeKey: UInt8, Sendable {
    // MARK: What people see

    /// Description=
    case description
    /// The file that the unit came from.
    case file
    /// The line that a message can name: a key of this enum and the number, as `KEY LINE`.
    case line

    // MARK: Commands

    /// A command: the stage's number, flags (letters, see `CommandFlag`), the file, and the words
    /// from argv[0] on, each ended by a NUL. `$NAME` is still in the words.
    case command

    // MARK: Conditions

    /// Condition...= and Assert...=: the kind's name, flags (`!` negated, `|` trigger, `=` assert),
    /// and the argument, each ended by a NUL.
    case condition

    // MARK: Identity

    /// User=
    case user
    /// Group=
    case group
    /// A group of SupplementaryGroups=
    case supplementaryGroup
    /// UMask=, in octal digits
    case umask

    // MARK: Environment

    /// One `NAME=VALUE` of Environment=
    case environment
    /// EnvironmentFile=, with `-` in front if it may be missing
    case environmentFile
    /// One name of PassEnvironment=
    case passEnvironment
    /// One name, or `NAME=VALUE`, of UnsetEnvironment=
    case unsetEnvironment

    // MARK: Directories

    /// WorkingDirectory=, with `-` in front if it may be missing, or `~`
    case workingDirectory
    /// RootDirectory=
    case rootDirectory
    /// One path of RuntimeDirectory=, StateDirectory= and so on, below its place; the mode is in
    /// the entry of the ...Mode key
    case runtimeDirectory
    case stateDirectory
    case cacheDirectory
    case logsDirectory
    case configurationDirectory
    case runtimeDirectoryMode
    case stateDirectoryMode
    case cacheDirectoryMode
    case logsDirectoryMode
    case configurationDirectoryMode
    /// RuntimeDirectoryPreserve=: `yes` or `restart`
    case runtimeDirectoryPreserve

    // MARK: Streams

    /// StandardInput=
    case standardInput
    /// StandardOutput=
    case standardOutput
    /// StandardError=
    case standardError
    /// SyslogIdentifier=
    case syslogIdentifier
    /// TTYPath=
    case terminalPath
    /// TTYReset=yes
    case terminalReset
    /// TTYVHangup=yes
    case terminalHangUp
    /// AskFirst=yes of Hammock's own section
    case askFirst
    /// LogSize= of Hammock's own section, in bytes
    case logSize

    // MARK: Limits

    /// A Limit...=: the resource's number, the soft and the hard limit, with spaces between;
    /// `infinity` is `-`
    case limit
    /// Nice=
    case nice
    /// OOMScoreAdjust=
    case oomScore
    /// IOSchedulingClass= and IOSchedulingPriority=, as ioprio_set(2) takes them
    case ioPriority
    /// CPUSchedulingPolicy= and CPUSchedulingPriority=: two numbers
    case scheduling
    /// IgnoreSIGPIPE=no
    case keepsBrokenPipe
    /// NonBlocking=yes
    case nonBlocking

    // MARK: The cgroup

    /// A file of the cgroup and what is written to it, with a space between: `pids.max 512`
    case cgroupFile
    /// Delegate=yes
    case delegate

    // MARK: The main process

    /// PIDFile=
    case pidFile
}

/// What a prefix of a command means. The letters stand in the entry of the command.
/// systemd.service(5), COMMAND LINES
public enum CommandFlag: UInt8, Sendable {
    /// `-`: a failure does not count.
    case ignoresFailure = 0x2d
    /// `@`: the second word is argv[0].
    case hasOwnName = 0x40
    /// `+`: with all rights of PID 1.
    case isPrivileged = 0x2b
    /// `!`: as root, but with everything else.
    case keepsUser = 0x21
    /// `:`: `$` means nothing.
    case isLiteral = 0x3a
}
