import AgentProtocol
import CLinux
import InitCore
import KernelInterface

/// What the agent asks of the real kernel.
struct LinuxSystem: ~Copyable, AgentSystem {
    var kernel = LinuxKernel()

    /// Undoes the shim's convention: a value below 0 is a negated errno.
    @discardableResult
    static func check(_ result: Int32) throws(Errno) -> Int32 {
        if result < 0 { throw Errno(rawValue: 0 &- result) }
        return result
    }

    /// Opens the port at a path, once it is there and the host has opened its other end. The kernel
    /// hears of a port, and of its other end, some time after the machine has begun.
    ///
    /// - Returns: `nil` after ten seconds, and says then what is missing.
    mutating func openPort(_ path: ByteView) -> FileDescriptor? {
        let limit = kernel.now().advanced(byMilliseconds: portMilliseconds)
        var port: FileDescriptor?
        var failure = Errno.noSuchFile
        while kernel.now() < limit {
            if port == nil {
                do throws(Errno) {
                    port = try kernel.open(
                        at: path.start, .both.union(.notWaiting).union(.noTerminal), mode: 0)
                } catch {
                    failure = error
                }
            }
            if let port, waitUntilWritable(port) { return port }
            kernel.sleep(milliseconds: portPauseMilliseconds)
        }
        say(port == nil ? Complaint.noPort(path, failure) : Complaint.noHost(path))
        return nil
    }

    /// Takes standard input for the port.
    ///
    /// - Returns: another descriptor of it, since processes get an input of their own.
    mutating func takeStandardInput() throws(Errno) -> FileDescriptor {
        try LinuxSystem.check(clinux_do_not_block(0))
        return try kernel.duplicate(
            FileDescriptor(rawValue: 0), above: FileDescriptor(rawValue: 2))
    }

    /// Opens a description, and checks its first bytes.
    ///
    /// - Returns: `nil` if it is not there or is none, and says so.
    mutating func openDescription(
        _ path: ByteView, _ memory: AgentMemory
    ) -> (file: FileDescriptor, header: DescriptionHeader)? {
        do throws(Errno) {
            let file = try kernel.open(
                at: path.start, .reading.union(.noTerminal), mode: 0)
            let bytes = UnsafeMutableRawBufferPointer(
                rebasing: memory.inbox[..<DescriptionHeader.size])
            let count = try kernel.read(bytes, from: file)
            if let start = bytes.baseAddress, count == DescriptionHeader.size,
                let header = DescriptionHeader(
                    ByteView(start: start.assumingMemoryBound(to: UInt8.self), count: count))
            {
                return (file, header)
            }
            say(Complaint.noDescription(path))
        } catch {
            say(Complaint.cannotRead(path, error))
        }
        return nil
    }

    /// Has PID 1 reboot the machine, where it would go off: some hosts hear of nothing else. Returns
    /// when PID 1 asks all processes to end.
    mutating func askForReboot() {
        guard (try? kernel.send(.terminate, to: .process(ProcessID(rawValue: 1)))) != nil else {
            return
        }
        while clinux_wait_for_signal(nil, 0, -1) & 0xff != Signal.terminate.rawValue {}
    }

    // MARK: Streams

    mutating func wait(for watched: UnsafeMutableBufferPointer<PollEntry>) -> Signal? {
        let start = UnsafeMutableRawPointer(watched.baseAddress)
        // ppoll(2) takes no signal while a descriptor is ready, and one that a program writes to
        // for ever always is.
        let pending = clinux_wait_for_signal(nil, 0, 0)
        if pending > 0 { return Signal(rawValue: pending & 0xff) }
        let result = clinux_wait_for_signal(
            start?.assumingMemoryBound(to: clinux_watched.self),
            Int32(truncatingIfNeeded: watched.count), -1)
        return result > 0 ? Signal(rawValue: result & 0xff) : nil
    }

    mutating func waitUntilWritable(_ port: FileDescriptor) -> Bool {
        var entry = clinux_watched(
            descriptor: port.rawValue, awaited: PollEntry.writable, found: 0)
        // All signals are blocked, and none interrupts it.
        _ = clinux_poll(&entry, 1, -1)
        return entry.found & PollEntry.writable != 0 && entry.found & PollEntry.abandoned == 0
    }

    mutating func read(
        _ bytes: UnsafeMutableRawBufferPointer, from descriptor: FileDescriptor
    ) throws(Errno) -> Int {
        try kernel.read(bytes, from: descriptor)
    }

    mutating func write(
        _ bytes: UnsafeRawBufferPointer, to descriptor: FileDescriptor
    ) throws(Errno) -> Int {
        try kernel.write(bytes, to: descriptor)
    }

    mutating func close(_ descriptor: FileDescriptor) { kernel.close(descriptor) }

    mutating func pendingBytes(in descriptor: FileDescriptor) -> Int {
        max(0, Int(clinux_pending_bytes(descriptor.rawValue)))
    }

    mutating func say(_ line: Line) {
        // There is nobody else to tell.
        line.withBytes { bytes in _ = try? kernel.write(bytes, to: .standardError) }
    }

    // MARK: Processes

    mutating func readReport(_ report: FileDescriptor) -> StepFailure? {
        defer { kernel.close(report) }
        var numbers: (Int32, Int32) = (0, 0)
        let count = withUnsafeMutableBytes(of: &numbers) { bytes in
            (try? kernel.read(bytes, from: report)) ?? 0
        }
        guard count == 8 else { return nil }
        let step = ProcessStep(rawValue: UInt8(truncatingIfNeeded: numbers.0)) ?? .none
        return StepFailure(step: step, error: Errno(rawValue: numbers.1))
    }

    mutating func reap(_ process: ProcessID) -> ExitStatus? {
        var status: Int32 = 0
        guard clinux_wait_for(process.rawValue, &status) == process.rawValue else { return nil }
        return ExitStatus(waitStatus: status)
    }

    mutating func send(_ signal: Signal, to process: ProcessID) {
        // It may be a number that is no signal's.
        try? kernel.send(signal, to: .process(process))
    }

    mutating func setWindow(of terminal: FileDescriptor, rows: UInt16, columns: UInt16) {
        _ = clinux_set_window(terminal.rawValue, rows, columns)
    }
}

/// How long the agent waits for its port.
private let portMilliseconds: Int64 = 10_000
/// How long it waits before it looks for the port again.
private let portPauseMilliseconds: Int32 = 3
