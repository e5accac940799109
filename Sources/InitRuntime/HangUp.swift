import InitCore
import KernelInterface

/// Sends SIGHUP to interactive shells, which ignore SIGTERM and have a terminal. A process that
/// does not ignore SIGTERM gets no SIGHUP: it needs its time to end, and for a daemon SIGHUP has
/// another meaning.
func hangUpShells<K: Kernel & ~Copyable>(on kernel: inout K) {
    // In a /proc of another PID namespace the numbers mean other processes.
    guard let own = stat("self", on: &kernel), own.parent == 1 else { return }
    try? kernel.list("/proc") { kernel, name in
        guard name[0] &- UInt8(ascii: "0") < 10,
            let found = stat(ByteView(cString: name), on: &kernel), found.isToHangUp
        else { return }
        try? kernel.send(.hangUp, to: .process(found.process))
        // It may have been stopped after SIGCONT went to every process.
        try? kernel.send(.continue, to: .process(found.process))
    }
}

/// What /proc says of a process; `nil` if it is not there.
func stat<K: Kernel & ~Copyable>(
    of process: ProcessID, on kernel: inout K
) -> ProcessStat? {
    var number = Line()
    number.append(number: process.rawValue)
    let found = number.withBytes { stat(ByteView($0), on: &kernel) }
    return found?.process == process ? found : nil
}

/// The same, of a process whose number is given as text. It leaves the read buffer as it is.
@inline(never)
func stat<K: Kernel & ~Copyable>(
    _ process: ByteView, on kernel: inout K
) -> ProcessStat? {
    var found: ProcessStat?
    var buffer = [1024 of UInt8](repeating: 0)
    try? Path("/proc/", process, "/stat").use { (path) throws(Errno) in
        found = try withUnsafeMutableBytes(of: &buffer) { (bytes) throws(Errno) in
            let start = try kernel.readStart(of: path, into: bytes)
            return ProcessStat(UnsafeMutableRawBufferPointer(rebasing: bytes[..<start.count]))
        }
    }
    return found
}
