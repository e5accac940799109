/// What an entry of a recipe is about. The planner writes entries, and the child of a service reads
/// them between fork(2) and execve(2). The raw value is a byte of the plan.
///
/// An entry is the key, two bytes of length (little endian, of the text alone), the text and a NUL.
/// The planner has checked each text, expanded its specifiers and written numbers as decimal
/// digits, so the child parses nothing that could be wrong. A list that a unit file gives in one
/// line is an entry for each of its elements, in the order of the file. A yes-or-no key has an
/// empty text: its entry is there or not. Entries may come in any order, but those of one key keep
/// theirs.
public enum RecipeKey: UInt8, Sendable {
    // MARK: What people see

    /// Description=
    case description
    /// The file that the unit came from.
    case file
    /// The line that a message can name: a key of this enum and the number, as `KEY LINE`.
    case line

    // MARK: Commands

    /// A command. The text is fields, each ended by a NUL: the stage's raw value as a digit; the
    /// flags (letters, see `CommandFlag`), maybe none; the file; and the words from argv[0] on, of
    /// which there is at least one. Without the prefix `@` argv[0] is the file. Quotes and escapes
    /// are gone from the words, `$NAME`, `${NAME}` and `$$` are still in them. The n-th entry of a
    /// stage is its n-th command.
    case command

    // MARK: Conditions

    /// Condition...= and Assert...=. The text is three fields, each ended by a NUL: the kind's name
    /// without its prefix, such as `PathExists`; the flags (`!` negated, `|` trigger, `=` assert),
    /// maybe none; and the argument.
    case condition

    // MARK: Identity

    /// User=: a name or a number
    case user
    /// Group=: a name or a number
    case group
    /// A group of SupplementaryGroups=: a name or a number
    case supplementaryGroup
    /// UMask=, in octal digits
    case umask

    // MARK: Environment

    /// One `NAME=VALUE` of Environment=
    case environment
    /// EnvironmentFile=: an absolute path, with `-` in front if it may be missing
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
    /// One path of RuntimeDirectory=, StateDirectory= and so on, below its place (/run, /var/lib,
    /// /var/cache, /var/log, /etc). The mode, in octal digits, is in the entry of the ...Mode key;
    /// without one it is 755
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

    /// StandardInput=: `null`, `tty`, `tty-force`, `tty-fail` or `file:PATH`
    case standardInput
    /// StandardOutput=: `inherit`, `null`, `tty`, `journal`, `kmsg`, `file:PATH`, `append:PATH` or
    /// `truncate:PATH`. Without an entry the machine or container has a default
    case standardOutput
    /// StandardError=: the same. `inherit`, and no entry, is what standard output is
    case standardError
    /// SyslogIdentifier=
    case syslogIdentifier
    /// TTYPath=; without an entry it is /dev/console
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
    /// `infinity` is `-`. prlimit(2)
    case limit
    /// Nice=, maybe with `-` in front
    case nice
    /// OOMScoreAdjust=, maybe with `-` in front
    case oomScore
    /// IOSchedulingClass= and IOSchedulingPriority=: one number, as ioprio_set(2) takes it
    case ioPriority
    /// CPUSchedulingPolicy= and CPUSchedulingPriority=: two numbers with a space between, as
    /// sched_setscheduler(2) takes them
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
    /// `+`: with all rights of PID 1. With PermissionsStartOnly=yes all commands but those of
    /// `Stage.main` have it.
    case isPrivileged = 0x2b
    /// `!`: as root, but with everything else.
    case keepsUser = 0x21
    /// `:`: `$` means nothing.
    case isLiteral = 0x3a
}
