import InitCore
import Testing

@Suite struct ExitStatusTests {
    @Test func `each of the 256 exit codes is read and passed on as it is`() {
        for code in 0...255 as ClosedRange<Int32> {
            let status = ExitStatus(waitStatus: code << 8)
            #expect(status == .exited(UInt8(code)))
            #expect(status?.code == UInt8(code))
        }
    }

    @Test func `each signal is read, with a core dump or without, and gives 128 plus its number`() {
        for signal in 1...64 as ClosedRange<Int32> {
            for coreDump in [0, 0x80] as [Int32] {
                let status = ExitStatus(waitStatus: signal | coreDump)
                #expect(status == .killed(Signal(rawValue: signal)))
                #expect(status?.code == UInt8(128 + signal))
            }
        }
    }

    @Test func `a child that stopped has not ended`() {
        for signal in 1...64 as ClosedRange<Int32> {
            #expect(ExitStatus(waitStatus: signal << 8 | 0x7f) == nil)
        }
    }

    @Test func `a child that continues has not ended`() {
        #expect(ExitStatus(waitStatus: 0xffff) == nil)
    }

    @Test func `any number is read without a trap`() {
        for waitStatus in (0...0x1_ffff).map(Int32.init) + [.min, .min + 1, -1, .max] {
            let isNone = ExitStatus(waitStatus: waitStatus) == nil
            if isNone != (waitStatus & 0x7f == 0x7f) { Issue.record("\(waitStatus)") }
        }
    }
}

@Suite struct ExitCodeSetTests {
    @Test func `a set holds the codes that were put in, and no others`() {
        for code in 0...255 as ClosedRange<UInt8> {
            var set = ExitCodeSet()
            set.insert(code)
            #expect((0...255).filter { set.contains($0) } == [code])
        }
    }

    @Test func `a set holds nothing at first, and can hold every code at once`() {
        var set = ExitCodeSet()
        #expect(!(0...255).contains { set.contains($0) })
        for code in 0...255 as ClosedRange<UInt8> { set.insert(code) }
        #expect((0...255).allSatisfy { set.contains($0) })
    }
}
