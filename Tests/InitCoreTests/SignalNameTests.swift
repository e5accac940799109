import InitCore
import Testing

/// signal(7), x86-64: independent of the table that is tested.
private let names: [(Int32, String)] = [
    (1, "HUP"), (2, "INT"), (3, "QUIT"), (4, "ILL"), (5, "TRAP"), (6, "ABRT"), (7, "BUS"),
    (8, "FPE"), (9, "KILL"), (10, "USR1"), (11, "SEGV"), (12, "USR2"), (13, "PIPE"),
    (14, "ALRM"), (15, "TERM"), (16, "STKFLT"), (17, "CHLD"), (18, "CONT"), (19, "STOP"),
    (20, "TSTP"), (21, "TTIN"), (22, "TTOU"), (23, "URG"), (24, "XCPU"), (25, "XFSZ"),
    (26, "VTALRM"), (27, "PROF"), (28, "WINCH"), (29, "IO"), (30, "PWR"), (31, "SYS"),
]

private func parse(_ text: String) -> Int32? {
    withView(text) { SignalName.parse($0)?.rawValue }
}

@Suite struct SignalNameTests {
    @Test func `every name is read, with and without SIG, in any case`() {
        for (number, name) in names {
            for spelling in [
                name, name.lowercased(), name.prefix(1) + name.dropFirst().lowercased(),
            ] {
                for prefix in ["", "SIG", "sig", "Sig"] {
                    #expect(parse(prefix + spelling) == number, "\(prefix + spelling)")
                }
            }
        }
    }

    @Test func `signals 1 to 31 have these names, and the others none`() {
        for (number, name) in names {
            #expect(SignalName.name(of: Signal(rawValue: number))?.string == name)
        }
        for number in [Int32.min, -1, 0, 32, 33, 34, 63, 64, 65, .max] {
            #expect(SignalName.name(of: Signal(rawValue: number)) == nil, "\(number)")
        }
    }

    @Test func `all 64 signals make the round trip by number`() {
        for number in 1...64 as ClosedRange<Int32> {
            #expect(parse("\(number)") == number)
            #expect(parse("0\(number)") == number)
        }
    }

    @Test func `all named signals make the round trip by name`() throws {
        for number in 1...31 as ClosedRange<Int32> {
            let name = try #require(SignalName.name(of: Signal(rawValue: number)))
            #expect(SignalName.parse(name)?.rawValue == number)
        }
    }

    @Test func `real-time signals are counted from both ends, as glibc does`() {
        for step in 0...30 as ClosedRange<Int32> {
            #expect(parse("RTMIN+\(step)") == 34 + step)
            #expect(parse("sigrtmax-\(step)") == 64 - step)
        }
        #expect(parse("RTMIN") == 34)
        #expect(parse("SIGRTMIN") == 34)
        #expect(parse("RTMAX") == 64)
        #expect(parse("SIGRTMAX") == 64)
    }

    @Test(arguments: [
        "", " ", "0", "00", "65", "99", "-1", "+1", "1 ", " 1", "1x", "x1", "0x1", "1.0",
        "18446744073709551617", "340282366920938463463374607431768211457",
        "TER", "TERMS", "TERM ", " TERM", "SIG", "SIGSIGTERM", "SIG15", "SIG ", "HUP INT",
        "RT", "RTMI", "RTMINX", "RTMIN+", "RTMIN-1", "RTMIN-0", "RTMIN+31", "RTMIN+-1",
        "RTMIN++1", "RTMIN 1", "RTMIN1", "RTMIN+1 ", "RTMID+1", "RTMAX+0", "RTMAX+1",
        "RTMAX-31", "RTMAX-", "RTMAX1", "RTMIN RTMAX", "é", "ſIGTERM", "ⅠNT", "int\u{1}",
    ])
    func `any other text is not a signal`(text: String) {
        #expect(parse(text) == nil)
    }

    @Test func `a name with one more byte is not a signal`() {
        for (_, name) in names {
            for byte in 1...255 as ClosedRange<UInt8> {
                let longer = Array(name.utf8) + [byte]
                let number = longer.withUnsafeBufferPointer {
                    SignalName.parse(ByteView(start: $0.baseAddress!, count: $0.count))
                }
                #expect(number == nil, "\(name) and \(byte)")
            }
        }
    }
}
