/// A signal's number, as Linux on x86-64 counts them, signal(7).
public struct Signal: Equatable, Sendable {
    /// 1 to 64.
    public let rawValue: Int32

    public init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    /// SIGHUP: the terminal is gone; by convention, "read your configuration again".
    public static let hangUp = Signal(rawValue: 1)
    /// SIGINT: Ctrl-C; for PID 1 of a machine, Ctrl-Alt-Del.
    public static let interrupt = Signal(rawValue: 2)
    /// SIGQUIT: Ctrl-\.
    public static let quit = Signal(rawValue: 3)
    /// SIGILL: the processor met an instruction that it refuses. A Swift trap is one.
    public static let illegalInstruction = Signal(rawValue: 4)
    /// SIGTRAP: a breakpoint.
    public static let trap = Signal(rawValue: 5)
    /// SIGBUS: memory that is mapped but cannot be had.
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
    /// SIGALRM: the timer of setitimer(2) has run out.
    public static let alarm = Signal(rawValue: 14)
    /// SIGTERM: please end.
    public static let terminate = Signal(rawValue: 15)
    /// SIGCHLD: a child has ended.
    public static let child = Signal(rawValue: 17)
    /// SIGCONT: whoever is stopped goes on.
    public static let `continue` = Signal(rawValue: 18)
    /// SIGTSTP: Ctrl-Z.
    public static let stopTyped = Signal(rawValue: 20)
    /// SIGTTIN: a background process reads from the terminal.
    public static let stopReading = Signal(rawValue: 21)
    /// SIGTTOU: a background process writes to the terminal.
    public static let stopWriting = Signal(rawValue: 22)
    /// SIGURG: out-of-band data on a socket.
    public static let urgent = Signal(rawValue: 23)
    /// SIGWINCH: the terminal has another size.
    public static let windowChange = Signal(rawValue: 28)
    /// SIGPWR: the power fails; LXC's "shut down".
    public static let powerFailure = Signal(rawValue: 30)
    /// SIGSYS: a system call that a filter (seccomp) refuses.
    public static let badSystemCall = Signal(rawValue: 31)
    /// SIGRTMIN+3 as glibc counts: systemd's and LXC's "halt".
    public static let realTimeHalt = Signal(rawValue: 37)
    /// SIGRTMIN+4 as glibc counts: systemd's "power off", and what the kernel's tiny power
    /// button sends here.
    public static let realTimePowerOff = Signal(rawValue: 38)
    /// SIGRTMIN+5 as glibc counts: systemd's "reboot".
    public static let realTimeReboot = Signal(rawValue: 39)
}
