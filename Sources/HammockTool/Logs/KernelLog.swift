internal import CLinux
import InitCore

/// The kernel's own log as if it were a file of the logger's.
///
/// /dev/kmsg gives one record after the other, so this holds one, and begins again where a reader
/// does. Nothing else of the log is kept, however large that is.
struct KernelLog: ~Copyable {
    /// Below 0: not open.
    private(set) var descriptor: Int32 = -1
    /// The record as it was read, and the same in the form of a log.
    private let record: UnsafeMutableRawPointer
    private let lines: UnsafeMutableRawBufferPointer
    /// Where `lines` begin in the file that this stands for, and how many bytes they are.
    private var start = 0
    private var count = 0

    /// No record is larger. PRINTKRB_RECORD_MAX and CONSOLE_EXT_LOG_MAX in kernel/printk/printk.c
    private static let recordSize = 8 * 1_024
    /// How much memory it takes.
    static let memorySize = recordSize + KernelRecord.mostOutput
    /// How often the kernel may say that a record has gone since, before it is asked again later.
    private static let mostGaps = 16

    /// - Parameter memory: `memorySize` bytes.
    init(_ memory: UnsafeMutableRawPointer) {
        record = memory
        lines = UnsafeMutableRawBufferPointer(
            start: memory + KernelLog.recordSize, count: KernelRecord.mostOutput)
    }

    mutating func open() throws(Errno) {
        close()
        let path: StaticString = "/dev/kmsg"
        let result = clinux_open(
            UnsafeRawPointer(path.utf8Start).assumingMemoryBound(to: CChar.self),
            LogTree.openFlags, 0)
        if result < 0 { throw Errno(rawValue: 0 &- result) }
        descriptor = result
        start = 0
        count = 0
    }

    private mutating func close() {
        if descriptor >= 0 { _ = clinux_close(descriptor) }
        descriptor = -1
    }

    /// Reads as `LogFiles` says. The offset is where the record before it has ended, or in the
    /// record that is held, or 0.
    mutating func read(
        at offset: Int, into buffer: UnsafeMutableRawBufferPointer
    ) throws(Errno) -> Int {
        if offset < start { try open() }
        while descriptor >= 0, offset >= start &+ count {
            guard try advance() else { return 0 }
        }
        guard offset >= start, offset < start &+ count else { return 0 }
        let first = offset &- start
        let size = min(buffer.count, count &- first)
        UnsafeMutableRawBufferPointer(rebasing: buffer[..<size])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: lines[first..<(first &+ size)]))
        return size
    }

    /// Goes to the next record.
    ///
    /// - Returns: whether there is one.
    private mutating func advance() throws(Errno) -> Bool {
        var gaps = 0
        while true {
            let size = clinux_read(descriptor, record, KernelLog.recordSize)
            if size > 0 {
                let bytes = ByteView(
                    start: UnsafePointer(record.assumingMemoryBound(to: UInt8.self)), count: size)
                guard let found = KernelRecord(bytes) else { continue }
                start &+= count
                count = found.put(into: lines)
                return true
            }
            // EPIPE: what came next has been overwritten since.
            if size == -32, gaps < KernelLog.mostGaps {
                gaps &+= 1
                continue
            }
            if size == 0 || size == -11 || size == -32 { return false }
            close()
            throw Errno(rawValue: Int32(truncatingIfNeeded: 0 &- size))
        }
    }
}
