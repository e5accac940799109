/// How many KiB are still to be written to the disks. /proc/meminfo counts pages that were changed
/// (`Dirty`) and pages that are being written (`Writeback`), proc_meminfo(5).
///
/// - Returns: `nil` if the text does not say.
public func unwrittenSize(in text: UnsafeMutableRawBufferPointer) -> Int64? {
    guard let start = text.baseAddress else { return nil }
    var rest = ByteView(start: start.assumingMemoryBound(to: UInt8.self), count: text.count)
    var found = 0
    var sum = 0
    while rest.count > 0 {
        // "Dirty:              1234 kB"
        var line = rest.removeFirst(upTo: UInt8(ascii: "\n"))
        guard let name = line.removeFirst(upTo: UInt8(ascii: ":")).position(in: "Dirty Writeback")
        else { continue }
        while line[0] == UInt8(ascii: " ") { line = line.dropping(1) }
        guard let size = line.removeFirst(upTo: UInt8(ascii: " ")).decimal(upTo: most) else {
            return nil
        }
        found |= name &+ 1
        sum &+= size
    }
    return found == 3 ? Int64(sum) : nil
}

/// 4 PiB, more than any machine has.
private let most = 1 << 42
