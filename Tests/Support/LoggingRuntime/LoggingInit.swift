import InitCore
import InitRuntime
import KernelInterface

/// How often the logger is killed, and how many lines each service writes.
private let usualKills = 100
private let lineCount = 150_000
/// How many lines a service writes after each kill, before it waits for the next one. However fast the machine is,
/// there is something to write at each kill.
private let linesPerKill = lineCount / Int(usualKills)

/// What PID 1 will do for the logger: it holds both ends of each pipe, and starts a logger again
/// that has ended. Beside that it kills the logger, again and again, while two services write.
///
/// - Returns: how often the logger was killed; below 0 if something failed.
@c(logging_init_run)
public func loggingInitRun() -> Int32 {
    var kernel = LinuxKernel()
    do throws(Errno) {
        try kernel.catchSignals()
        let pipes: [2 of Pipe] = [
            try kernel.pipe(writerWaits: true), try kernel.pipe(writerWaits: true),
        ]
        // Each kill puts a byte into both: a service takes one before it goes on.
        let permits: [2 of Pipe] = [
            try kernel.pipe(writerWaits: true), try kernel.pipe(writerWaits: true),
        ]
        var left = 2
        let writers: [2 of ProcessID] = [
            try startWriter(UInt8(ascii: "a"), pipes[0].writing, permits[0].reading, on: &kernel),
            try startWriter(UInt8(ascii: "b"), pipes[1].writing, permits[1].reading, on: &kernel),
        ]
        var kills: Int32 = 0
        var logger = try startLogger(pipes, on: &kernel)
        var isEnding = false
        while true {
            while case .child(let process, let status) = try kernel.reap() {
                if process == logger {
                    if isEnding { return status == .exited(0) ? kills : -2 }
                    if status != .killed(.kill) { return -3 }
                    kills &+= 1
                    permit(permits, on: &kernel)
                    logger = try startLogger(pipes, on: &kernel)
                } else if process == writers[0] || process == writers[1] {
                    if status != .exited(0) { return -4 }
                    left &-= 1
                }
            }
            if left == 0, !isEnding {
                isEnding = true
                try kernel.send(.terminate, to: .process(logger))
            }
            // Sometimes before the logger has done anything, sometimes behind thousands of lines.
            let signal = try? kernel.wait(
                for: nil, milliseconds: Int64(kills % 5))
            if signal == nil, kills < usualKills, !isEnding {
                try kernel.send(.kill, to: .process(logger))
            }
        }
    } catch {
        return -1
    }
}

private func startLogger(
    _ pipes: [2 of Pipe], on kernel: inout LinuxKernel
) throws(Errno) -> ProcessID {
    try kernel.fork { kernel in
        var logger = Logger()
        logger.add(LogPipe(name: "a.service", pipe: pipes[0], size: 1 << 30))
        logger.add(LogPipe(name: "b.service", pipe: pipes[1], size: 1 << 16))
        return logger.run(on: &kernel)
    }
}

/// Lets both services write on.
private func permit(_ permits: [2 of Pipe], on kernel: inout LinuxKernel) {
    var line = Line()
    line.end()
    write(line, to: permits[0].writing, on: &kernel)
    write(line, to: permits[1].writing, on: &kernel)
}

/// Takes a permit, and waits for it.
private func takePermit(from permits: FileDescriptor, on kernel: inout LinuxKernel) {
    var byte: UInt8 = 0
    while true {
        let count = withUnsafeMutableBytes(of: &byte) { try? kernel.read($0, from: permits) }
        if count != nil { return }
        _ = try? kernel.wait(for: permits, milliseconds: nil)
    }
}

/// A service that writes numbered lines, some of them in two parts.
private func startWriter(
    _ name: UInt8, _ descriptor: FileDescriptor, _ permits: FileDescriptor,
    on kernel: inout LinuxKernel
) throws(Errno) -> ProcessID {
    try kernel.fork { kernel in
        var number: Int32 = 0
        while number < lineCount {
            if Int(number) % linesPerKill == 0 { takePermit(from: permits, on: &kernel) }
            var line = Line()
            line.append(byte: name)
            line.append(" ")
            line.append(number: number)
            if number % 100 == 0 {
                write(line, to: descriptor, on: &kernel)
                line = Line()
            }
            line.append(" of those that have to be there")
            line.end()
            write(line, to: descriptor, on: &kernel)
            number &+= 1
        }
        return 0
    }
}

private func write(_ line: Line, to descriptor: FileDescriptor, on kernel: inout LinuxKernel) {
    line.withBytes { bytes in
        var sent = 0
        while sent < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[sent...])
            sent &+= (try? kernel.write(rest, to: descriptor)) ?? 0
        }
    }
}

/// A logger of one service for a test that writes to it, and looks whether it sleeps.
///
/// - Returns: the logger's code.
@c(logging_init_serve)
public func loggingInitServe() -> Int32 {
    var kernel = LinuxKernel()
    do throws(Errno) {
        try kernel.catchSignals()
        let pipe = try kernel.pipe(writerWaits: true)
        var logger = Logger()
        logger.add(LogPipe(name: "a.service", pipe: pipe))
        // Half a line, which must not keep the logger awake.
        var line = Line()
        line.append("half")
        write(line, to: pipe.writing, on: &kernel)
        return logger.run(on: &kernel)
    } catch {
        return -1
    }
}
