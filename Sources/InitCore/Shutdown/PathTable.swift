/// The paths in one column of a kernel table, last line first. In /proc/self/mounts,
/// proc_pid_mounts(5), these are mount points, and a file system that is mounted on another comes
/// before that other. In /proc/swaps, proc_swaps(5), they are files.
///
/// It skips /proc, /dev and /sys: nothing there is on a disk, and PID 1 needs them to the end.
public struct PathTable {
    private let text: UnsafeMutableRawBufferPointer
    private let column: Int
    /// The end of the lines that are still to be read.
    private var end: Int

    /// - Parameters:
    ///   - text: lines of the file. Reading overwrites them. A last line without its newline was
    ///     cut off, and is skipped.
    ///   - column: which column, from 0. A field that does not begin with a slash is not a path but
    ///     the column's name.
    public init(_ text: UnsafeMutableRawBufferPointer, column: Int) {
        self.text = text
        self.column = column
        end = text.count
        while end > 0, text[end &- 1] != UInt8(ascii: "\n") { end &-= 1 }
    }

    /// The next path, as a C string, or `nil` after the first line.
    public mutating func next() -> UnsafePointer<UInt8>? {
        while end > 0 {
            let newline = end &- 1
            var start = newline
            while start > 0, text[start &- 1] != UInt8(ascii: "\n") { start &-= 1 }
            end = start
            if let path = field(start, newline), path[0] == UInt8(ascii: "/"), !isKernels(path) {
                return path
            }
        }
        return nil
    }

    /// The field of the line at `start`, with octal escapes decoded and a NUL at the end.
    private func field(_ start: Int, _ newline: Int) -> UnsafePointer<UInt8>? {
        let space = UInt8(ascii: " ")
        var first = start
        var left = column
        while left > 0, first < newline {
            if text[first] == space { left &-= 1 }
            first &+= 1
        }
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
        // Compares the final NUL too, so that /devices does not count as /dev.
        let bytes = ByteView(start: path, count: 6)
        return bytes.hasPrefix("/proc\0") || bytes.hasPrefix("/dev\0")
            || bytes.hasPrefix("/sys\0")
    }

    private func digit(_ offset: Int) -> UInt8 { text[offset] & 7 }
}
