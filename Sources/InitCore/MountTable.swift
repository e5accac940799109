/// The mount points that /proc/self/mounts lists, proc_pid_mounts(5), the last one first: what
/// is mounted on another file system comes before it.
///
/// /proc, /dev and /sys are left out: nothing there is on a disk, and PID 1 needs them to
/// the end.
public struct MountTable {
    private let text: UnsafeMutableRawBufferPointer
    /// Where the lines end that have not been looked at.
    private var end: Int

    /// - Parameter text: the file's content, which is overwritten on the way. A last line
    ///   without its newline was cut off, and is left out.
    public init(_ text: UnsafeMutableRawBufferPointer) {
        self.text = text
        end = text.count
        while end > 0, text[end &- 1] != UInt8(ascii: "\n") { end &-= 1 }
    }

    /// The next mount point, as a C string, or `nil` after the first line.
    public mutating func next() -> UnsafePointer<UInt8>? {
        while end > 0 {
            let newline = end &- 1
            var start = newline
            while start > 0, text[start &- 1] != UInt8(ascii: "\n") { start &-= 1 }
            end = start
            if let path = secondField(start, newline), !isKernels(path) { return path }
        }
        return nil
    }

    /// The second field of the line at `start`, its octal escapes undone, with a NUL behind.
    private func secondField(_ start: Int, _ newline: Int) -> UnsafePointer<UInt8>? {
        let space = UInt8(ascii: " ")
        var first = start
        while first < newline, text[first] != space { first &+= 1 }
        first &+= 1
        var from = first
        var to = first
        while from < newline, text[from] != space {
            if text[from] == UInt8(ascii: "\\"), from &+ 3 < newline {
                text[to] =
                    digit(from &+ 1) &<< 6 | digit(from &+ 2) &<< 3 | digit(from &+ 3)
                from &+= 4
            } else {
                text[to] = text[from]
                from &+= 1
            }
            to &+= 1
        }
        guard to > first, to <= newline, let base = text.baseAddress else { return nil }
        text[to] = 0
        return UnsafePointer((base + first).assumingMemoryBound(to: UInt8.self))
    }

    private func isKernels(_ path: UnsafePointer<UInt8>) -> Bool {
        // With the NUL that ends them, so that /devices is not taken for /dev.
        let bytes = ByteView(start: path, count: 6)
        return bytes.hasPrefix("/proc\0") || bytes.hasPrefix("/dev\0")
            || bytes.hasPrefix("/sys\0")
    }

    private func digit(_ offset: Int) -> UInt8 { text[offset] & 7 }
}
