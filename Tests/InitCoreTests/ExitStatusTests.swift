import InitCore
import Testing

@Suite struct ExitStatusTests {
    @Test func `all 256 exit codes decode`() {
        for code in Int32(0)...255 {
            #expect(ExitStatus(waitStatus: code << 8) == .exited(UInt8(code)))
        }
    }

    @Test func `all 64 signals decode, with a core dump and without`() {
        for number in Int32(1)...64 {
            let killed = ExitStatus.killed(Signal(rawValue: number))
            #expect(ExitStatus(waitStatus: number) == killed)
            #expect(ExitStatus(waitStatus: number | 0x80) == killed)
            #expect(killed.code == UInt8(128 + number))
        }
    }

    @Test func `a process that was stopped or went on has not ended`() {
        for number in Int32(1)...64 {
            #expect(ExitStatus(waitStatus: number << 8 | 0x7f) == nil)
        }
        #expect(ExitStatus(waitStatus: 0xffff) == nil)
    }
}
