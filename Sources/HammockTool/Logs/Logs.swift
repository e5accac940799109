internal import CLinux
import InitCore

/// `hammock logs`: from the files of the logger and the kernel's log to standard output.
struct Logs: ~Copyable {
    private let request: LogsRequest
    private var tree: LogTree
    private var reader: LogReader
    private var printer: LogPrinter
    /// Where the kernel tells of the directory; below 0: nowhere.
    private var notices: Int32 = -1
    private let complaints: UnsafeMutableRawPointer

    /// Does what is asked for.
    ///
    /// - Parameter memory: for three `Output`s.
    /// - Returns: the exit code.
    @inline(never)
    static func obey(
        _ request: LogsRequest, _ words: Words, _ memory: UnsafeMutableRawPointer
    ) -> Int32 {
        guard let room = clinux_planner_memory() else { return ExitCode.failed }
        let size = 4 * 1_024
        let isThere: Bool
        do throws(Errno) {
            try enterDirectory(below: request.root)
            isThere = true
        } catch {
            let isMissing = error == .noSuchFile
            isThere = !isMissing
            if !isMissing || !request.wantsKernel || request.nameCount > 0 {
                return refuse(request.root, error, Output(2, memory + size))
            }
        }
        var logs = Logs(request, room, memory)
        if isThere {
            if let code = logs.find(words, Output(2, memory + 2 * size)) { return code }
        }
        return logs.show()
    }

    private init(
        _ request: LogsRequest, _ room: UnsafeMutableRawPointer, _ memory: UnsafeMutableRawPointer
    ) {
        self.request = request
        complaints = memory + 4 * 1_024
        let now = UInt64(truncatingIfNeeded: clinux_clock_microseconds())
        reader = LogReader(request.query(now: now))
        tree = LogTree(
            isNamed: request.nameCount > 0, hasKernel: request.wantsKernel, room,
            complaints: complaints)
        let isTerminal = clinux_is_terminal(1) >= 0
        printer = LogPrinter(
            Output(1, memory), request.isJSON ? .json : isTerminal ? .terminal : .bytes,
            saysName: request.nameCount != 1 || request.wantsKernel)
    }

    // MARK: What there is

    /// Goes to /run/log, where all paths are short.
    ///
    /// - Throws: `Errno.notDirectory` if a link would lead out of the root.
    private static func enterDirectory(below root: ByteView) throws(Errno) {
        if root.count == 0 { return try change(to: "/run/log") }
        try change(to: root)
        try change(to: "run", isLinkAllowed: false)
        try change(to: "log", isLinkAllowed: false)
    }

    /// - Parameter path: with a NUL behind it, as a literal and a word of the command line have.
    private static func change(to path: ByteView, isLinkAllowed: Bool = true) throws(Errno) {
        let path = UnsafeRawPointer(path.start).assumingMemoryBound(to: CChar.self)
        var size: Int64 = 0
        let mode = clinux_stat(path, isLinkAllowed ? 1 : 0, &size)
        if mode >= 0, mode & 0o170000 != 0o040000 { throw Errno.notDirectory }
        let result = mode < 0 ? mode : clinux_change_directory(path)
        if result < 0 { throw Errno(rawValue: 0 &- result) }
    }

    private static func refuse(_ root: ByteView, _ error: Errno, _ output: Output) -> Int32 {
        if error == .noSuchFile { return refuse(root, output) }
        LogTree.say("/run/log", error, by: output)
        return ExitCode.failed
    }

    /// Says that there are no logs.
    private static func refuse(_ root: ByteView, _ output: Output) -> Int32 {
        var output = output
        output.append("hammock: no service has written a log here: there is nothing in ")
        output.append(foreign: root)
        output.append("/run/log\n")
        output.flush()
        return ExitCode.noLogs
    }

    /// Finds the logs that are asked for, and looks at the directory before it reads it: what
    /// happens in between is not missed.
    ///
    /// - Returns: the code to exit with if there is nothing to do.
    @inline(never)
    private mutating func find(_ words: Words, _ output: Output) -> Int32? {
        if request.follows {
            do throws(Errno) {
                try watch()
            } catch {
                LogTree.say("/run/log cannot be followed", error, by: output)
                return ExitCode.failed
            }
        }
        if request.nameCount > 0 {
            if !findNamed(words, output) { return ExitCode.unknownUnit }
        } else {
            tree.list(isFirst: true)
            let isEmpty = tree.logCount == 0 && !tree.failed
            if isEmpty, !request.follows { return Logs.refuse(request.root, output) }
        }
        tree.openAll()
        return nil
    }

    private mutating func watch() throws(Errno) {
        notices = clinux_inotify_create()
        if notices < 0 { throw Errno(rawValue: 0 &- notices) }
        let (here, parent): (StaticString, StaticString) = (".", "..")
        let result = clinux_inotify_add(notices, Logs.cString(here), 0)
        if result < 0 { throw Errno(rawValue: 0 &- result) }
        // Without this watch a directory that is removed is one where nothing happens.
        _ = clinux_inotify_add(notices, Logs.cString(parent), 1)
    }

    private static func cString(_ text: StaticString) -> UnsafePointer<CChar> {
        UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
    }

    /// - Returns: whether all are there.
    @inline(never)
    private mutating func findNamed(_ words: Words, _ output: Output) -> Bool {
        var output = output
        var names = LogsRequest.Names(words)
        var areThere = true
        while let name = names.next() {
            if tree.add(asked: name) { continue }
            areThere = false
            output.append("hammock: ")
            output.append(foreign: name)
            output.append(" has written no log; the names of those that have are in ")
            output.append(foreign: request.root)
            output.append("/run/log\n")
        }
        output.flush()
        return areThere
    }

    // MARK: What is shown

    @inline(never)
    private mutating func show() -> Int32 {
        print(isMore: false)
        var isGone = false
        while request.follows, !isGone, flush(), wait() {
            isGone = takeNotices()
            if tree.isRenamed, request.nameCount == 0, !isGone { tree.list(isFirst: false) }
            print(isMore: true)
            tree.isRenamed = false
        }
        printer.end()
        _ = flush()
        if isGone { LogTree.say("/run/log", .noSuchFile, by: Output(2, complaints)) }
        return isGone || tree.failed || printer.output.failed ? ExitCode.failed : ExitCode.done
    }

    /// - Parameter isMore: prints only what has come since.
    @inline(never)
    private mutating func print(isMore: Bool) {
        var printer = printer
        reader.read(&tree, isMore: isMore) { tree, line in
            if !printer.output.failed { printer.print(line, tree.name(line.log)) }
        }
        self.printer = printer
    }

    /// - Returns: whether it could be written.
    private mutating func flush() -> Bool {
        printer.output.flush()
        return !printer.output.failed
    }

    /// Sleeps until there may be more.
    ///
    /// - Returns: whether there may; otherwise nobody reads it, or there will be no more.
    private mutating func wait() -> Bool {
        let kernel = tree.kernelDescriptor
        return (notices >= 0 || kernel >= 0) && clinux_poll_either(notices, kernel, 1) > 0
    }

    /// - Returns: whether the directory is gone.
    private mutating func takeNotices() -> Bool {
        var isGone = false
        guard notices >= 0 else { return false }
        while case let found = clinux_inotify_take(notices), found >= 0 {
            if found & Int32(clinux_notice_named.rawValue) != 0 { tree.isRenamed = true }
            if found & Int32(clinux_notice_gone.rawValue) != 0 { isGone = true }
        }
        return isGone && !tree.isInPlace()
    }
}
