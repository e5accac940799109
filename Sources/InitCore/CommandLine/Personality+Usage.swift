extension Personality {
    /// What `--help` says.
    public func usage() -> ByteView { text(rawValue) }

    /// What `--version` says. Docker reads it.
    public func version() -> ByteView {
        self == .hammock ? ByteView(stringLiteral: Version.text) : text(rawValue &+ 3)
    }

    @inline(never)
    private func text(_ number: UInt8) -> ByteView {
        var rest = Self.texts
        var text = rest.removeFirst(upTo: 1)
        var index: UInt8 = 0
        while index < number {
            text = rest.removeFirst(upTo: 1)
            index &+= 1
        }
        return text
    }

    /// The texts of `--help`, and then of the peers' `--version`, each in the order of the cases,
    /// with a byte of 1 between.
    private static var texts: ByteView {
        """
        Usage: init [OPTION...] [--] [PROGRAM [ARGUMENT...]]

        As PID 1 or -s: runs PROGRAM, forwards signals to it, reaps orphans.

          -s, --subreaper            reap orphans when not PID 1
          -g, --group                send signals to PROGRAM's process group
          -p, --parent-death SIGNAL  receive SIGNAL when the parent dies
          -e, --remap CODE           exit with 0 if PROGRAM does with CODE; repeatable
          -r, --rewrite FROM:TO      forward TO for FROM, or nothing if 0; repeatable
              --grace SECONDS        0 to 3600, from TERM to KILL (10 on a machine,
                                     else 2); also HAMMOCK_GRACE
          -w, --warn                 warn of each orphan reaped
              --services             run the units of /etc/hammock
              --target NAME          run what this target wants, multi-user.target
              --strict               refuse units that would be warned of
              --stop SECONDS         the most that a unit may take to stop
              --wait SECONDS         how long PROGRAM waits for the services (90)
              --logs memory|inherit  whether what services write goes to /run/log
          -v, --verbose              say more; up to 3 times
          -l, --license              print the license
          -h, --help                 print this
              --version              print the version

        SIGNAL is a name or a number: TERM, SIGTERM, 15, RTMIN+1.
        Exits with PROGRAM's code; 128+N if signal N ended it; 126 if it cannot be run,
        127 if it is not found; 2 on wrong use; 1 on any other failure.

        Called poweroff, reboot, halt or shutdown it asks PID 1 to; see their --help.
        Kernel command line: hammock.grace=SECONDS hammock.flush=SECONDS
        hammock.hostname=NAME hammock.fault=pause|poweroff|reboot hammock.log=0...7
        hammock.services hammock.target=NAME hammock.strict hammock.stop= hammock.wait=
        hammock.logs=; behind " -- ": PROGRAM.
        \u{1}\
        tini (tini version 0.19.0)
        Usage: tini [OPTIONS] PROGRAM -- [ARGS] | --version

        This is Hammock's init.

          -s         reap when not PID 1; or TINI_SUBREAPER
          -p SIGNAL  get it when the parent dies
          -v         more verbose; or TINI_VERBOSITY=0...3 (1)
          -w         warn of orphans
          -g         signal the group; or TINI_KILL_PROCESS_GROUP
          -e CODE    exit with 0 for CODE
          -l, -h, --version
        \u{1}\
        dumb-init v1.2.5
        Usage: dumb-init [option] command [[arg] ...]

        This is Hammock's init.

          -c, --single-child  signal no group; or DUMB_INIT_SETSID=0
          -r, --rewrite S:R   forward R for S, nothing for 0
          -v, --verbose       say more; or DUMB_INIT_DEBUG=1
          -h, --help, -V, --version
        \u{1}\
        usage: catatonit [-ghLPV] [--] <progname> [<arguments>...]

        This is Hammock's init.

          -g  signal the group
          -P  run nothing
          -h, -L, -V, --version
        \u{1}\
        tini version 0.19.0
        \u{1}\
        dumb-init v1.2.5
        \u{1}\
        tini version 0.2.1_catatonit

        """
    }
}
