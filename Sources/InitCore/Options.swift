/// How init is to behave, as its command line says.
public struct Options: Sendable {
    /// Reap the orphans below, even where this is not PID 1. prctl(2), PR_SET_CHILD_SUBREAPER.
    public var isSubreaper = false
    /// Forward signals to the program's process group and not to the program alone.
    public var signalsGroup = false
    /// Say a word about each orphan that was reaped.
    public var warnsOfOrphans = false
    /// How much there is to say: 0 to 3.
    public var verbosity: UInt8 = 0
    /// How long processes have between SIGTERM and SIGKILL, in seconds: 0 to 3600.
    public var graceSeconds: UInt16 = 10
    /// What to receive when the parent dies. prctl(2), PR_SET_PDEATHSIG.
    public var parentDeathSignal: Signal?
    /// The program's exit codes that become 0.
    public var successCodes = ExitCodeSet()
    /// What is forwarded for each signal that arrives.
    public var rewrites = SignalRewrites()

    public init() {}

    /// The longest grace there is, in seconds: an hour.
    static let maximumGraceSeconds = 3600

    /// What `--help` says.
    public static let usage: StaticString = """
        Usage: init [OPTION...] [--] [PROGRAM [ARGUMENT...]]

        As PID 1 or -s: runs PROGRAM, forwards signals to it, reaps orphans.

          -s, --subreaper            reap orphans when not PID 1
          -g, --group                send signals to PROGRAM's process group
          -p, --parent-death SIGNAL  receive SIGNAL when the parent dies
          -e, --remap CODE           exit with 0 if PROGRAM does with CODE; repeatable
          -r, --rewrite FROM:TO      forward TO for FROM, or nothing if 0; repeatable
              --grace SECONDS        from SIGTERM to SIGKILL, 0 to 3600 (10)
          -w, --warn                 warn of each orphan reaped
          -v, --verbose              say more; up to three times
          -l, --license              print the license
          -h, --help                 print this
              --version              print the version

        SIGNAL is a name or a number: TERM, SIGTERM, 15, RTMIN+1.
        Exits with PROGRAM's code; 128+N if signal N ended it; 126 if it cannot be run,
        127 if it is not found; 2 on wrong use; 1 on any other failure.

        Called poweroff, reboot, halt or shutdown it asks PID 1 to; see their --help.
        Kernel command line: hammock.grace=SECONDS hammock.hostname=NAME
        hammock.fault=pause|poweroff|reboot hammock.log=0...7; behind " -- ": PROGRAM.

        """
}
