import InitCore
import Testing

/// README's table, a line for each signal: its number and name; what it means to PID 1 of a
/// machine, of a container, and to a process that is not PID 1.
///
/// "-" means nothing. A number is the code that init exits with.
private let table = """
    1  HUP      -        -        129
    2  INT      reboot   poweroff 130
    3  QUIT     report   report   131
    4  ILL      -        -        132
    5  TRAP     -        -        133
    6  ABRT     -        -        134
    7  BUS      -        -        135
    8  FPE      -        -        136
    9  KILL     -        -        137
    10 USR1     halt     halt     138
    11 SEGV     -        -        139
    12 USR2     poweroff poweroff 140
    13 PIPE     -        -        141
    14 ALRM     -        -        142
    15 TERM     reboot   poweroff 143
    16 STKFLT   -        -        144
    17 CHLD     reap     reap     reap
    18 CONT     -        -        -
    19 STOP     -        -        147
    20 TSTP     -        -        -
    21 TTIN     -        -        -
    22 TTOU     -        -        -
    23 URG      -        -        -
    24 XCPU     -        -        152
    25 XFSZ     -        -        153
    26 VTALRM   -        -        154
    27 PROF     -        -        155
    28 WINCH    -        -        -
    29 IO       -        -        157
    30 PWR      poweroff poweroff 158
    31 SYS      -        -        159
    32 RTMIN-2  -        -        160
    33 RTMIN-1  -        -        161
    34 RTMIN    -        -        162
    35 RTMIN+1  -        -        163
    36 RTMIN+2  -        -        164
    37 RTMIN+3  halt     halt     165
    38 RTMIN+4  poweroff poweroff 166
    39 RTMIN+5  reboot   reboot   167
    40 RTMIN+6  -        -        168
    41 RTMIN+7  -        -        169
    42 RTMIN+8  -        -        170
    43 RTMIN+9  -        -        171
    44 RTMIN+10 -        -        172
    45 RTMIN+11 -        -        173
    46 RTMIN+12 -        -        174
    47 RTMIN+13 -        -        175
    48 RTMIN+14 -        -        176
    49 RTMIN+15 -        -        177
    50 RTMAX-14 -        -        178
    51 RTMAX-13 -        -        179
    52 RTMAX-12 -        -        180
    53 RTMAX-11 -        -        181
    54 RTMAX-10 -        -        182
    55 RTMAX-9  -        -        183
    56 RTMAX-8  -        -        184
    57 RTMAX-7  -        -        185
    58 RTMAX-6  -        -        186
    59 RTMAX-5  -        -        187
    60 RTMAX-4  -        -        188
    61 RTMAX-3  -        -        189
    62 RTMAX-2  -        -        190
    63 RTMAX-1  -        -        191
    64 RTMAX    -        -        192
    """

@Suite struct SignalMeaningTests {
    @Test func `each signal means to each role what the table says`() throws {
        let rows = table.split(separator: "\n").map { $0.split(separator: " ") }
        try #require(rows.count == 64)
        for (row, number) in zip(rows, 1...64 as ClosedRange<Int32>) {
            try #require(row.count == 5 && Int32(row[0]) == number)
            for (role, word) in zip(everyRole, row[2...]) {
                let meaning = SignalMeaning(of: Signal(rawValue: number), in: role)
                #expect(meaning == expected(String(word)), "\(row[1]) in \(role)")
            }
        }
    }

    private func expected(_ word: String) -> SignalMeaning? {
        switch word {
        case "-": .nothing
        case "reap": .reap
        case "report": .report
        case "poweroff": .end(.powerOff)
        case "reboot": .end(.reboot)
        case "halt": .end(.halt)
        default: UInt8(word).map { .die($0) }
        }
    }

    @Test func `a number that is not a signal means nothing to PID 1, and does not trap`() {
        for number in [0, -1, .min, .max, 65, 127, 128] as [Int32] {
            for role in [.machine, .container] as [Role] {
                #expect(SignalMeaning(of: Signal(rawValue: number), in: role) == .nothing)
            }
            _ = SignalMeaning(of: Signal(rawValue: number), in: .process)
        }
    }

    @Test func `the commands poweroff, reboot and halt get what they ask for`() {
        for request in [.powerOff, .reboot, .halt] as [Ending] {
            #expect(SignalMeaning(of: request.signal, in: .machine) == .end(request))
        }
    }
}

@Suite struct RoleTests {
    @Test func `the role is process if init is not PID 1, and machine if it owns the power`() {
        #expect(Role(isPID1: true, ownsPower: true) == .machine)
        #expect(Role(isPID1: true, ownsPower: false) == .container)
        #expect(Role(isPID1: false, ownsPower: false) == .process)
        #expect(Role(isPID1: false, ownsPower: true) == .process)
    }
}
