/// Every spelling of every signal, in capitals and without zeros in front.
private let spellings: [Bytes: Int32] = {
    let names = """
        HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT \
        STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS
        """
    var table: [Bytes: Int32] = [:]
    func add(_ name: String, _ number: Int32) {
        table[Bytes(name)] = number
        table[Bytes("SIG" + name)] = number
    }
    for (index, name) in names.split(separator: " ").enumerated() {
        add(String(name), Int32(index + 1))
    }
    add("RTMIN", 34)
    add("RTMAX", 64)
    for step in 0...30 as ClosedRange<Int32> {
        add("RTMIN+\(step)", 34 + step)
        add("RTMAX-\(step)", 64 - step)
    }
    for number in 1...64 as ClosedRange<Int32> { table[Bytes("\(number)")] = number }
    return table
}()

/// The signal with this name, looked up in the list of all spellings.
func naiveSignal(_ word: Bytes) -> Int32? {
    var key = word.map { UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 ? $0 - 32 : $0 }
    if key.isNumber { return spellings[key.withoutLeadingZeros] }
    if let sign = key.firstIndex(where: { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") }) {
        key = key[...sign] + Bytes(key[(sign + 1)...]).withoutLeadingZeros
    }
    return spellings[key]
}

func fuzzSignalName(_ input: UnsafeBufferPointer<UInt8>) {
    guard let start = input.baseAddress else { return }
    let word = Bytes(input)
    let signal = SignalName.parse(ByteView(start: start, count: input.count))
    agree(signal?.rawValue, naiveSignal(word), "signal")
    if let signal, let name = SignalName.name(of: signal) {
        agree(SignalName.parse(name), signal, "signal of its own name")
    }
}
