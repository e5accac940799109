/// A message as a naive parser takes it apart.
private struct NaivePayload {
    var rest: Bytes
    var isWhole = true

    mutating func number(_ size: Int) -> UInt32 {
        guard rest.count >= size else {
            isWhole = false
            return 0
        }
        let value = rest[..<size].reversed().reduce(0) { $0 << 8 | UInt32($1) }
        rest.removeFirst(size)
        return value
    }

    mutating func text() -> Bytes {
        guard let end = rest.firstIndex(of: 0) else {
            isWhole = false
            return []
        }
        let text = Bytes(rest[..<end])
        rest.removeFirst(end + 1)
        return text
    }

    /// The first four bytes, as a number.
    var size: Int {
        var copy = self
        return Int(copy.number(4))
    }

    /// Whether there was all of it, and nothing else.
    var isAll: Bool { isWhole && rest.isEmpty }
}

extension Bytes {
    fileprivate var isAbsolute: Bool { first == UInt8(ascii: "/") }
}

private func naiveMount(_ payload: Bytes) -> [Bytes]? {
    var reader = NaivePayload(rest: payload)
    let flags = reader.number(4)
    let texts = (0..<4).map { _ in reader.text() }
    guard reader.isAll, texts[1].isAbsolute else { return nil }
    return [Bytes("\(flags)")] + texts
}

private func naiveEntry(_ payload: Bytes) -> [Bytes]? {
    var reader = NaivePayload(rest: payload)
    let numbers = (0..<3).map { _ in Bytes("\(reader.number(4))") }
    let path = reader.text()
    guard reader.isWhole, path.isAbsolute else { return nil }
    return numbers + [path, reader.rest]
}

private func naiveLink(_ payload: Bytes) -> [Bytes]? {
    var reader = NaivePayload(rest: payload)
    let texts = [reader.text(), reader.text()]
    return reader.isAll && texts[1].isAbsolute ? texts : nil
}

private func naiveEnter(_ payload: Bytes) -> [Bytes]? {
    var reader = NaivePayload(rest: payload)
    let path = reader.text()
    return reader.isAll && path.isAbsolute ? [path] : nil
}

private func naiveLocate(_ payload: Bytes) -> [Bytes]? {
    var reader = NaivePayload(rest: payload)
    let number = Bytes("\(reader.number(4))")
    let path = reader.text()
    guard reader.isWhole, path.isAbsolute, (1...512).contains(reader.rest.count) else { return nil }
    return [number, path, reader.rest]
}

private func naiveNetwork(_ payload: Bytes) -> [Bytes]? {
    var reader = NaivePayload(rest: payload)
    let subject = reader.text()
    let message = reader.rest
    guard reader.isWhole, message.count >= 16, message[message.startIndex + 6] & 5 == 5,
        NaivePayload(rest: message).size == message.count
    else { return nil }
    return [subject, message]
}

private func naiveStart(_ payload: Bytes) -> [Bytes]? {
    var reader = NaivePayload(rest: payload)
    let numbers = [1, 4, 4, 2, 2, 1, 2, 2].map { reader.number($0) }
    guard reader.isWhole else { return nil }
    let groups = (0..<numbers[5]).map { _ in Bytes("\(reader.number(4))") }
    let directory = reader.text()
    // Each text has a byte at least.
    guard numbers[6] + numbers[7] <= reader.rest.count else { return nil }
    let texts = (0..<numbers[6] + numbers[7]).map { _ in reader.text() }
    guard reader.isAll, numbers[0] < 5, numbers[6] > 0, directory.isAbsolute else { return nil }
    return numbers.map { Bytes("\($0)") } + groups + [directory] + texts
}

/// What `ProcessRequest` has, in the same order.
private func found(_ request: ProcessRequest) -> [Bytes] {
    let numbers = [
        Int(request.flags), Int(request.user), Int(request.group), Int(request.rows),
        Int(request.columns), request.groupCount, request.argumentCount, request.variableCount,
    ]
    let groups = (0..<request.groupCount).map { Bytes("\(request.supplementaryGroup($0))") }
    var rest = request.texts
    let texts = (0..<request.argumentCount + request.variableCount).map { _ in
        // As a C string, which is how execve(2) reads it.
        let text = ByteView(cString: rest.start)
        rest = rest.dropping(text.count + 1)
        return Bytes(text)
    }
    agree(Bytes(request.program), texts[0], "the program")
    let directory = Bytes(ByteView(cString: request.directory.start))
    return numbers.map { Bytes("\($0)") } + groups + [directory] + texts
}

/// The input is a header and a payload that the host sends to the agent.
func fuzzAgent(_ input: UnsafeBufferPointer<UInt8>) {
    let bytes = Bytes(input)
    guard bytes.count >= FrameHeader.size else { return }
    var raw = [8 of UInt8](repeating: 0)
    for index in 0..<FrameHeader.size { raw[index] = bytes[index] }
    let size = (4..<8).reversed().reduce(0) { $0 << 8 | Int(bytes[$1]) }
    let isHeader =
        FrameKind(rawValue: bytes[0]) != nil && bytes[1] < 16 && bytes[2] < 3 && bytes[3] == 0
        && size <= 65536
    let header = FrameHeader(raw)
    agree(header != nil, isHeader, "a header")
    if let header {
        agree((0..<FrameHeader.size).map { header.bytes[$0] }, Bytes(bytes[..<8]), "header")
    }
    let payload = Bytes(bytes[FrameHeader.size...])
    let block = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: payload.count)
    defer { block.deallocate() }
    _ = block.initialize(from: payload)
    guard let start = block.baseAddress else { return }
    let view = ByteView(start: start, count: payload.count)
    let mount = MountRequest(view).map {
        [Bytes("\($0.flags)"), Bytes($0.source), Bytes($0.target), Bytes($0.type), Bytes($0.data)]
    }
    agree(mount, naiveMount(payload), "mount")
    let entry = EntryRequest(view).map {
        [$0.mode, $0.user, $0.group].map { Bytes("\($0)") } + [Bytes($0.path), Bytes($0.content)]
    }
    agree(entry, naiveEntry(payload), "entry")
    let link = LinkRequest(view).map { [Bytes($0.target), Bytes($0.path)] }
    agree(link, naiveLink(payload), "link")
    let locate = LocateRequest(view).map {
        [Bytes("\($0.milliseconds)"), Bytes($0.path), Bytes($0.beginning)]
    }
    agree(locate, naiveLocate(payload), "locate")
    let network = NetworkRequest(view).map { [Bytes($0.subject), Bytes($0.message)] }
    agree(network, naiveNetwork(payload), "network")
    agree(EnterRequest(view).map { [Bytes($0.path)] }, naiveEnter(payload), "enter")
    agree(ProcessRequest(view).map(found), naiveStart(payload), "start")
}

/// The kinds of a description's messages, as a naive parser finds them: all that make the root
/// directory, and then the program, with which the description ends.
private func naiveDescription(_ bytes: Bytes) -> [UInt8]? {
    var number = NaivePayload(rest: Bytes(bytes.dropFirst(12)))
    let count = Int(number.number(4))
    guard bytes.starts(with: Bytes("HAMMOCK\0\u{1}\0\0\0".utf8)), number.isWhole,
        count <= 1 << 20, number.rest.count >= count
    else { return nil }
    var rest = Bytes(number.rest.prefix(count))
    var kinds: [UInt8] = []
    while !rest.isEmpty {
        guard rest.count >= 8, rest[1] == 0, rest[2] == 0, rest[3] == 0, kinds.last != 5 else {
            return nil
        }
        let size = (4..<8).reversed().reduce(0) { $0 << 8 | Int(rest[$1]) }
        guard [1, 2, 3, 4, 5, 9, 10, 11].contains(rest[0]), size <= 65536, rest.count >= 8 + size
        else {
            return nil
        }
        kinds.append(rest[0])
        rest.removeFirst(8 + size)
    }
    return kinds.last == 5 ? kinds : nil
}

/// The input is a description, as hammock-agent --description reads it.
func fuzzDescription(_ input: UnsafeBufferPointer<UInt8>) {
    let bytes = Bytes(input)
    agree(kinds(of: bytes), naiveDescription(bytes), "description")
}

private func kinds(of bytes: Bytes) -> [UInt8]? {
    guard bytes.count >= DescriptionHeader.size else { return nil }
    let head = Bytes(bytes[..<DescriptionHeader.size])
    let header = head.withUnsafeBufferPointer { buffer in
        buffer.baseAddress.flatMap { DescriptionHeader(ByteView(start: $0, count: buffer.count)) }
    }
    guard let header else { return nil }
    agree((0..<DescriptionHeader.size).map { header.bytes[$0] }, head, "header")
    var progress = DescriptionProgress(header)
    var place = DescriptionHeader.size
    var kinds: [UInt8] = []
    while place + FrameHeader.size <= bytes.count {
        var raw = [8 of UInt8](repeating: 0)
        for index in 0..<FrameHeader.size { raw[index] = bytes[place + index] }
        guard let frame = FrameHeader(raw), progress.take(frame) else { return nil }
        place += FrameHeader.size + frame.count
        guard place <= bytes.count else { return nil }
        kinds.append(frame.kind.rawValue)
        if frame.kind == .start { return kinds }
    }
    return nil
}
