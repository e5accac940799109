/// What one line of a datagram says to PID 1, as sd_notify(3) has it.
private func naiveNotice(_ line: Bytes) -> ServiceNotice? {
    guard let equals = line.firstIndex(of: UInt8(ascii: "=")) else { return nil }
    let value = Bytes(line[(equals + 1)...])
    switch line[..<equals] {
    case Bytes("READY")[...]: return value == Bytes("1") ? .ready : nil
    case Bytes("RELOADING")[...]: return value == Bytes("1") ? .reloading : nil
    case Bytes("STOPPING")[...]: return value == Bytes("1") ? .stopping : nil
    case Bytes("WATCHDOG")[...]:
        if value == Bytes("1") { return .alive }
        return value == Bytes("trigger") ? .trigger : nil
    case Bytes("MAINPID")[...]:
        guard let number = value.number(upTo: Int(Int32.max)), number > 1 else { return nil }
        return .mainIs(ProcessID(rawValue: Int32(number)))
    case Bytes("EXTEND_TIMEOUT_USEC")[...]:
        guard let time = value.number(upTo: 3_600_000_000) else { return nil }
        return .extend(UInt32(time / 1000 + (time % 1000 == 0 ? 0 : 1)))
    default: return nil
    }
}

/// The input is a datagram that a service sends.
func fuzzNotices(_ input: UnsafeBufferPointer<UInt8>) {
    let datagram = Bytes(input)
    let block = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: datagram.count)
    defer { block.deallocate() }
    _ = block.initialize(from: datagram)
    guard let start = block.baseAddress else { return }
    var reader = NoticeReader(ByteView(start: start, count: datagram.count))
    var found: [ServiceNotice] = []
    while let notice = reader.next() { found.append(notice) }
    let expected = datagram.split(separator: UInt8(ascii: "\n")).compactMap {
        naiveNotice(Bytes($0))
    }
    agree(found, expected, "notices")
}
