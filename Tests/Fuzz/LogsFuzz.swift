/// A log in memory, without an old file.
private struct OneLog: LogFiles {
    let bytes: Bytes

    var logCount: Int { 1 }

    mutating func read(
        _ log: Int, isOld: Bool, at offset: Int, into buffer: UnsafeMutableRawBufferPointer
    ) -> Int {
        if isOld { return 0 }
        let count = min(buffer.count, bytes.count - offset)
        bytes.withUnsafeBytes {
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<(offset + count)]))
        }
        return count
    }
}

/// The lines that a reader finds in a file, each with its priority and its pieces joined.
private func linesFound(in file: Bytes) -> [(priority: UInt8, text: Bytes)] {
    var files = OneLog(bytes: file)
    var found: [(priority: UInt8, text: Bytes)] = []
    var reader = LogReader(LogQuery())
    reader.read(&files) { _, line in
        if line.isContinued {
            found[found.count - 1].text += Bytes(line.text)
        } else {
            found.append((line.priority, Bytes(line.text)))
        }
    }
    return found
}

/// The file that a logger makes of what a service writes.
private func file(of input: UnsafeBufferPointer<UInt8>) -> Bytes {
    var file = Bytes()
    var rest = input[...]
    let output = UnsafeMutableRawBufferPointer.allocate(
        byteCount: LogBatch.mostOutput, alignment: 1)
    defer { output.deallocate() }
    var time: UInt64 = 999_999
    while !rest.isEmpty {
        let part = UnsafeMutableRawBufferPointer.allocate(
            byteCount: min(rest.count, LogBatch.mostInput), alignment: 1)
        defer { part.deallocate() }
        part.copyBytes(from: rest.prefix(part.count))
        var batch = LogBatch(output, stamp: LogStamp(time: time), lost: 0)
        batch.append(linesOf: UnsafeRawBufferPointer(part))
        if batch.taken == 0 { batch.append(piece: UnsafeRawBufferPointer(part)) }
        if batch.taken == 0 { fatalError("nothing fits") }
        file += Bytes(batch.bytes)
        rest = rest.dropFirst(batch.taken)
        time &*= 10
    }
    return file
}

/// A line's priority and the rest of it.
private func naiveLine(_ line: Bytes) -> (priority: UInt8, text: Bytes) {
    let plain = (LogRecord.usualPriority, line)
    guard line.first == UInt8(ascii: "<"), let end = line.firstIndex(of: UInt8(ascii: ">")),
        (2...4).contains(end), let number = Bytes(line[1..<end]).number(upTo: 191)
    else { return plain }
    return (UInt8(number % 8), Bytes(line[(end + 1)...]))
}

func fuzzLogs(_ input: UnsafeBufferPointer<UInt8>) {
    // Whatever a file holds, a reader comes to its end.
    if linesFound(in: Bytes(input)).count > input.count { fatalError("more lines than bytes") }
    var expected = Bytes(input).split(
        separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false
    ).map { naiveLine(Bytes($0)) }
    // What has no end is a piece, and nothing if it is empty.
    if input.last == UInt8(ascii: "\n") || input.isEmpty { expected.removeLast() }
    let found = linesFound(in: file(of: input))
    agree(found.map(\.text), expected.map(\.text), "text")
    agree(found.map(\.priority), expected.map(\.priority), "priority")
}
