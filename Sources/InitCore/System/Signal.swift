/// A signal's number on x86-64 Linux, signal(7).
public struct Signal: Equatable, Sendable {
    /// 1 to 64; 0 for `probe`.
    public let rawValue: Int32

    public init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    /// No signal: kill(2) only checks whether the process exists.
    public static let probe = Signal(rawValue: 0)
    /// SIGHUP: the terminal is gone; by convention, "read your configuration again".
    public static let hangUp = Signal(rawValue: 1)
    /// SIGINT: Ctrl-C; for PID 1 of a machine, Ctrl-Alt-Del.
    public static let interrupt = Signal(rawValue: 2)
    /// SIGQUIT: Ctrl-\.
    public static let quit = Signal(rawValue: 3)
    /// SIGILL: the processor refused an instruction. A Swift trap is one.
    public static let illegalInstruction = Signal(rawValue: 4)
    /// SIGTRAP: a breakpoint.
    public static let trap = Signal(rawValue: 5)
    /// SIGBUS: memory that is mapped but not available.
    public static let busError = Signal(rawValue: 7)
    /// SIGFPE: an impossible division.
    public static let arithmeticFault = Signal(rawValue: 8)
    /// SIGKILL: ends a process, and cannot be refused.
    public static let kill = Signal(rawValue: 9)
    /// SIGUSR1: busybox's `halt`.
    public static let user1 = Signal(rawValue: 10)
    /// SIGSEGV: memory that is not mapped.
    public static let segmentationFault = Signal(rawValue: 11)
    /// SIGUSR2: busybox's `poweroff`.
    public static let user2 = Signal(rawValue: 12)
    /// SIGPIPE: a write to a pipe that has no reader.
    public static let brokenPipe = Signal(rawValue: 13)
    /// SIGALRM: the timer of setitimer(2) has run out.
    public static let alarm = Signal(rawValue: 14)
    /// SIGTERM: a request to end.
    public static let terminate = Signal(rawValue: 15)
    /// SIGCHLD: a child has ended.
    public static let child = Signal(rawValue: 17)
    /// SIGCONT: makes a stopped process continue.
    public static let `continue` = Signal(rawValue: 18)
    /// SIGSTOP: stops a process, and cannot be refused.
    public static let stop = Signal(rawValue: 19)
    /// SIGTSTP: Ctrl-Z.
    public static let stopTyped = Signal(rawValue: 20)
    /// SIGTTIN: a background process reads from the terminal.
    public static let stopReading = Signal(rawValue: 21)
    /// SIGTTOU: a background process writes to the terminal.
    public static let stopWriting = Signal(rawValue: 22)
    /// SIGURG: out-of-band data on a socket.
    public static let urgent = Signal(rawValue: 23)
    /// SIGXFSZ: a write beyond the file size that the process is allowed.
    public static let fileTooLarge = Signal(rawValue: 25)
    /// SIGWINCH: the terminal has another size.
    public static let windowChange = Signal(rawValue: 28)
    /// SIGPWR: the power fails; for LXC, "shut down".
    public static let powerFailure = Signal(rawValue: 30)
    /// SIGSYS: a filter (seccomp) refused a system call.
    public static let badSystemCall = Signal(rawValue: 31)
    /// SIGRTMIN+3 as glibc counts: "halt" for systemd and LXC.
    public static let realTimeHalt = Signal(rawValue: 37)
    /// SIGRTMIN+4 as glibc counts: "power off" for systemd. The kernel's tiny power button sends it
    /// too.
    public static let realTimePowerOff = Signal(rawValue: 38)
    /// SIGRTMIN+5 as glibc counts: "reboot" for systemd.
    public static let realTimeReboot = Signal(rawValue: 39)
}

extension Signal {
    /// Whether a terminal stops a process with this signal.
    var isOfTerminal: Bool {
        self == .stopTyped || self == .stopReading || self == .stopWriting
    }
}

/// The sender of a signal, sigaction(2), si_code.
public enum SignalOrigin: Equatable, Sendable {
    /// A process, by kill(2) or the like.
    case process
    /// The kernel: a terminal's key, a child's end, a timer.
    case kernel
    /// This process itself, by something it did, such as a write to a pipe without a reader.
    case itself
}
