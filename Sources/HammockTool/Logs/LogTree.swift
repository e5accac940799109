internal import CLinux
import InitCore

/// The files of /run/log, which is this process's working directory, and the kernel's log.
///
/// For each log it has two files open and keeps a name; nothing of what is in them.
struct LogTree: LogFiles, ~Copyable {
    /// One for each unit, and PID 1's own.
    static let mostNames = LogReader.mostLogs - 1
    /// With the NUL behind it. A name and `.old` are 255 bytes at the most.
    private static let nameSize = 256
    /// How much memory it takes: the names, a path, and the kernel's log.
    static let memorySize = (LogReader.mostLogs + 1) * nameSize + KernelLog.memorySize
    /// Neither follows a link nor waits for what has come into the file's place. open(2)
    static let openFlags: Int32 = 0o400000 | 0o4000 | 0o400
    private static var ending: ByteView { ".old" }

    /// Whether something could not be read.
    private(set) var failed = false
    /// Whether names may have changed since they were looked at.
    var isRenamed = false
    /// Whether the logs are those that were asked for, so that each has to be a file.
    private let isNamed: Bool
    private let hasKernel: Bool
    /// How many logs have names. If there is the kernel's, it is the first, and named too.
    private var count = 0
    private let names: UnsafeMutablePointer<UInt8>
    private var kernelLog: KernelLog
    private var files = [130 of Int32](repeating: -1)
    private var oldFiles = [130 of Int32](repeating: -1)
    /// Of which logs something has been said, and whether there were too many of them.
    private var isBad = [130 of Bool](repeating: false)
    private var isFull = false
    private let complaints: UnsafeMutableRawPointer

    /// - Parameters:
    ///   - memory: `memorySize` bytes.
    ///   - complaints: memory for an `Output` to standard error.
    init(
        isNamed: Bool, hasKernel: Bool, _ memory: UnsafeMutableRawPointer,
        complaints: UnsafeMutableRawPointer
    ) {
        self.isNamed = isNamed
        self.hasKernel = hasKernel
        self.complaints = complaints
        names = memory.assumingMemoryBound(to: UInt8.self)
        kernelLog = KernelLog(memory + (LogReader.mostLogs + 1) * LogTree.nameSize)
        guard hasKernel else { return }
        put("kernel", "", at: 0)
        count = 1
        do throws(Errno) { try kernelLog.open() } catch { complain(0, error) }
    }

    /// What is waited for beside the directory; below 0 if there is nothing.
    var kernelDescriptor: Int32 { kernelLog.descriptor }

    // MARK: Names

    private var firstFile: Int { hasKernel ? 1 : 0 }
    /// Where a path is put together, behind the names.
    private var pathPlace: Int { LogReader.mostLogs }

    private func place(_ index: Int) -> UnsafeMutablePointer<UInt8> {
        names + index &* LogTree.nameSize
    }

    func name(_ log: Int) -> ByteView { ByteView(cString: place(log)) }

    /// Puts two texts, of fewer than `nameSize` bytes together, into a place.
    @inline(never)
    private func put(_ text: ByteView, _ rest: ByteView, at index: Int) {
        let target = place(index)
        let count = text.copy(to: target)
        target[count &+ rest.copy(to: target + count)] = 0
    }

    /// Takes in the log that is asked for.
    ///
    /// - Returns: whether there is one of this name, or of this name and `.service`.
    @inline(never)
    mutating func add(asked name: ByteView) -> Bool {
        if !exists(name, "") && !exists(name, LogTree.ending) {
            guard exists(name, ".service") || exists(name, ".service.old") else { return false }
            put(name, ".service", at: pathPlace)
            add(self.name(pathPlace))
        } else {
            add(name)
        }
        return true
    }

    private func exists(_ name: ByteView, _ rest: ByteView) -> Bool {
        put(name, rest, at: pathPlace)
        var size: Int64 = 0
        return clinux_stat(cPath, 0, &size) != -2
    }

    private var cPath: UnsafePointer<CChar> {
        UnsafeRawPointer(place(pathPlace)).assumingMemoryBound(to: CChar.self)
    }

    /// Takes in a log, in the order of their names, if it is not there yet.
    ///
    /// - Returns: its number; `nil` if it was there, or there are too many.
    @inline(never)
    @discardableResult
    private mutating func add(_ name: ByteView, isSorted: Bool = true) -> Int? {
        var index = firstFile
        var target = count
        while index < count {
            let other = self.name(index)
            if other.equals(name) { return nil }
            if isSorted, target == count, name.comes(before: other) { target = index }
            index &+= 1
        }
        guard count &- firstFile < LogTree.mostNames else {
            if !isFull { say("/run/log", ": more than 129 logs; some are left out") }
            isFull = true
            failed = true
            return nil
        }
        var last = count
        while last > target {
            place(last).update(from: place(last &- 1), count: LogTree.nameSize)
            last &-= 1
        }
        put(name, "", at: target)
        count &+= 1
        return target
    }

    /// Takes in each log of the directory that is not there yet.
    ///
    /// - Parameter isFirst: opens no file; `openAll` does.
    @inline(never)
    mutating func list(isFirst: Bool) {
        let directory = openDirectory(".")
        guard directory >= 0 else {
            failed = true
            return LogTree.say(
                "/run/log", Errno(rawValue: 0 &- directory), by: Output(2, complaints))
        }
        defer { _ = clinux_close(directory) }
        guard let entries = clinux_directory() else { return }
        while case let size = Int(clinux_getdents(directory, entries)), size > 0 {
            var offset = 0
            while offset < size {
                // struct linux_dirent64: the entry's length is at 16, its name from 19.
                let entry = entries + offset
                offset &+= max(1, Int(entry.loadUnaligned(fromByteOffset: 16, as: UInt16.self)))
                var name = ByteView(
                    cString: (entry + 19).assumingMemoryBound(to: UInt8.self))
                if name.hasSuffix(LogTree.ending) {
                    name = name.slice(0, name.count &- LogTree.ending.count)
                }
                guard name.count > 0, name[0] != UInt8(ascii: "."),
                    name.count &+ LogTree.ending.count < LogTree.nameSize
                else { continue }
                if let log = add(name, isSorted: isFirst), !isFirst { open(log) }
            }
        }
    }

    /// Whether the working directory is still what has its name.
    func isInPlace() -> Bool {
        let here = openDirectory(".")
        let named = openDirectory("../log")
        defer {
            close(here)
            close(named)
        }
        return isSame(here, named)
    }

    private func openDirectory(_ path: ByteView) -> Int32 {
        put(path, "", at: pathPlace)
        return clinux_open(cPath, 0o200000, 0)  // O_DIRECTORY
    }

    // MARK: Files

    mutating func openAll() {
        var log = firstFile
        while log < count {
            open(log)
            log &+= 1
        }
    }

    @inline(never)
    private mutating func open(_ log: Int) {
        // The logger may rename a file between the two. It cannot do so for ever: it writes a file
        // full in between.
        repeat {
            close(files[log])
            close(oldFiles[log])
            files[log] = open(log, "")
            oldFiles[log] = open(log, LogTree.ending)
        } while files[log] >= 0 && isSame(files[log], oldFiles[log])
    }

    /// - Returns: below 0 if there is no such file, or it cannot be read.
    @inline(never)
    private mutating func open(_ log: Int, _ rest: ByteView) -> Int32 {
        put(name(log), rest, at: pathPlace)
        let descriptor = clinux_open(cPath, LogTree.openFlags, 0)
        if descriptor < 0 {
            // ELOOP is a link, ENXIO is a socket.
            let isOther = descriptor == -40 || descriptor == -6
            if descriptor != -2, isNamed || !isOther {
                complain(log, Errno(rawValue: 0 &- descriptor))
            }
            return descriptor
        }
        if describe(descriptor).mode & 0o170000 == 0o100000 { return descriptor }
        // Where all logs are asked for, whatever else is there is none.
        if isNamed { complain(log, nil) }
        close(descriptor)
        return -1
    }

    private func close(_ descriptor: Int32) {
        if descriptor >= 0 { _ = clinux_close(descriptor) }
    }

    private func describe(_ descriptor: Int32) -> clinux_file {
        var found = clinux_file()
        _ = clinux_fstat(descriptor, &found)
        return found
    }

    @inline(never)
    private func isSame(_ descriptor: Int32, _ other: Int32) -> Bool {
        guard descriptor >= 0, other >= 0 else { return false }
        let (one, two) = (describe(descriptor), describe(other))
        return one.device == two.device && one.number == two.number
    }

    // MARK: LogFiles

    var logCount: Int { count }

    @inline(never)
    mutating func read(
        _ log: Int, isOld: Bool, at offset: Int, into buffer: UnsafeMutableRawBufferPointer
    ) -> Int {
        if log < firstFile {
            if isOld { return 0 }
            do throws(Errno) {
                return try kernelLog.read(at: offset, into: buffer)
            } catch {
                complain(log, error)
                return 0
            }
        }
        let descriptor = isOld ? oldFiles[log] : files[log]
        guard descriptor >= 0 else { return 0 }
        let size = clinux_pread(descriptor, buffer.baseAddress, buffer.count, Int64(offset))
        if size >= 0 { return size }
        complain(log, Errno(rawValue: Int32(truncatingIfNeeded: 0 &- size)))
        return 0
    }

    @inline(never)
    mutating func turn(_ log: Int, at offset: Int) -> LogTurn {
        guard log >= firstFile else { return .none }
        if files[log] >= 0, describe(files[log]).size < Int64(offset) { return .restarted }
        guard isRenamed else { return .none }
        let next = open(log, "")
        guard next >= 0 else { return .none }
        if files[log] < 0 {
            files[log] = next
            return .restarted
        }
        if isSame(next, files[log]) {
            close(next)
            return .none
        }
        let between = open(log, LogTree.ending)
        let isKnown = isSame(between, files[log]) || isSame(between, oldFiles[log])
        close(oldFiles[log])
        oldFiles[log] = files[log]
        // If it has been renamed more than once, the file in between comes first.
        let comesFirst = between >= 0 && !isKnown
        files[log] = comesFirst ? between : next
        close(comesFirst ? next : between)
        return .renamed
    }

    // MARK: Complaints

    /// Says once of a log what is wrong with it: an error, or that it is no file.
    @inline(never)
    private mutating func complain(_ log: Int, _ error: Errno?) {
        failed = true
        guard !isBad[log] else { return }
        isBad[log] = true
        let file: ByteView = log < firstFile ? "/dev/kmsg" : name(log)
        if let error {
            LogTree.say(file, error, by: Output(2, complaints))
        } else {
            say(file, ": not a file")
        }
    }

    /// Says what is wrong with a file, on standard error.
    @inline(never)
    static func say(_ file: ByteView, _ error: Errno, by output: Output) {
        var output = output
        var line = Line()
        error.append(to: &line)
        output.append("hammock: ")
        output.append(foreign: file)
        line.withBytes { bytes in
            guard let start = bytes.baseAddress else { return }
            output.append(
                ByteView(start: start.assumingMemoryBound(to: UInt8.self), count: bytes.count))
        }
        output.append(byte: 0x0a)
        output.flush()
    }

    @inline(never)
    private func say(_ file: ByteView, _ text: ByteView) {
        var output = Output(2, complaints)
        output.append("hammock: ")
        output.append(foreign: file)
        output.append(text)
        output.append(byte: 0x0a)
        output.flush()
    }
}

extension ByteView {
    /// Whether its bytes sort before those of another text.
    fileprivate func comes(before other: ByteView) -> Bool {
        var offset = 0
        while offset < count, offset < other.count, self[offset] == other[offset] {
            offset &+= 1
        }
        // A byte outside is 0, and no name holds one.
        return self[offset] < other[offset]
    }
}
