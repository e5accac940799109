internal import CLinux
import InitCore

/// The log of one unit: `/run/log/NAME`, and `NAME.old` before it.
struct LogOfUnit: LogFiles {
    private var new: Int32
    private var old: Int32

    private static var directory: ByteView { "/run/log/" }

    /// Opens what is there.
    ///
    /// - Parameter memory: 256 bytes, only for this call.
    init(_ unit: ByteView, _ memory: UnsafeMutablePointer<UInt8>) {
        (new, old) = (-1, -1)
        // A name that PID 1 has told has no slash. But it must not lead elsewhere if it lies.
        guard unit.count > 0, unit.count <= PlanLayout.mostNameBytes,
            unit[0] != UInt8(ascii: "."),
            unit.length(before: UInt8(ascii: "/")) == unit.count
        else { return }
        // The new one first: the logger may rename it meanwhile.
        new = LogOfUnit.open(unit, ending: "", memory)
        old = LogOfUnit.open(unit, ending: ".old", memory)
    }

    private static func open(
        _ unit: ByteView, ending: ByteView, _ memory: UnsafeMutablePointer<UInt8>
    ) -> Int32 {
        var count = directory.copy(to: memory)
        count &+= unit.copy(to: memory + count)
        memory[count &+ ending.copy(to: memory + count)] = 0
        let path = UnsafeRawPointer(memory).assumingMemoryBound(to: CChar.self)
        return clinux_open_for_reading(path)
    }

    func close() {
        if new >= 0 { _ = clinux_close(new) }
        if old >= 0 { _ = clinux_close(old) }
    }

    var logCount: Int { 1 }

    mutating func read(
        _ log: Int, isOld: Bool, at offset: Int, into buffer: UnsafeMutableRawBufferPointer
    ) -> Int {
        let count = clinux_pread(
            isOld ? old : new, buffer.baseAddress, buffer.count, Int64(offset))
        return max(count, 0)
    }
}

extension Client {
    /// Prints the last lines of a unit's log, if there are any.
    ///
    /// - Parameters:
    ///   - lines: how many.
    ///   - isJSON: as a member of an object that has others before it.
    @inline(never)
    mutating func appendLastLines(of unit: ByteView, _ lines: Int, asJSON isJSON: Bool) {
        var files = LogOfUnit(unit, pathMemory)
        defer { files.close() }
        var reader = LogReader(LogQuery(lines: lines))
        var output = output
        var isFirst = true
        reader.read(&files) { _, line in
            if isJSON {
                if isFirst { output.append(key: "lines") }
                output.append(byte: isFirst ? UInt8(ascii: "[") : UInt8(ascii: ","))
                output.append(string: line.text)
            } else {
                if isFirst { output.append(byte: 0x0a) }
                output.append("    ")
                output.append(moment: line.stamp)
                output.append(foreign: line.text)
                output.append(byte: 0x0a)
            }
            isFirst = false
        }
        if isJSON, !isFirst { output.append(byte: UInt8(ascii: "]")) }
        self.output = output
    }
}

extension Output {
    /// Appends a stamp as the log has it, but with thousandths.
    fileprivate mutating func append(moment stamp: LogStamp) {
        append(byte: UInt8(ascii: "["))
        append(milliseconds: Int64(clamping: stamp.time / 1_000), width: 10)
        append("] ")
    }
}
