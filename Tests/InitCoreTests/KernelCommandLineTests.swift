import InitCore
import Testing

private func with<Result>(_ text: String, _ body: (KernelCommandLine) -> Result) -> Result {
    Array(text.utf8).withUnsafeBytes { body(KernelCommandLine($0)) }
}

/// A machine's configuration by this line.
private func options(_ text: String) -> Configuration {
    with(text) { line in
        withWords(["/init"]) {
            Configuration($0, kernelCommandLine: line, environment: $0, role: .machine)
        }
    }
}

private func hostName(_ text: String) -> String? {
    let name = options(text).hostName.withBytes { String(decoding: $0, as: UTF8.self) }
    return name.isEmpty ? nil : name
}

/// All that a line can change, as text.
private func summary(_ text: String) -> String {
    let options = options(text)
    return """
        \(options.graceMilliseconds) \(options.leftoverGraceMilliseconds) \
        \(options.faultResponse) \(options.logLimit) \(hostName(text) ?? "-")
        """
}

@Suite struct KernelCommandLineTests {
    @Test(arguments: [
        ("", 0), ("quiet", 0), ("quiet --", 0), ("quiet -- ", 0), ("quiet --\n", 0),
        ("-- a", 1), ("--", 0), ("quiet -- a b c", 3), ("quiet -- a  b\tc\n", 3),
        ("quiet--  a", 0), ("quiet --a b", 0), ("quiet -- a\u{B}b\u{C}c\r", 3),
        ("--- a", 0), ("--=x a", 0), ("--= a", 0), ("x=-- a", 0), (" \t-- a", 1),
        // A space in quotes does not end a word. The kernel removes quotes around a whole word.
        ("x=\"a -- b\" c", 0), ("x=\"a\" -- b", 1), ("\"--\" a", 1), ("\"-- a", 0),
        ("\"x -- a\" -- b", 1), ("-- \"a b\" c", 2), ("-- \"a b", 1), ("-- a\" b", 1),
        ("-- \"\" a", 2), ("-- \"", 1), ("-\"-\" a", 0), ("--\"\" a", 0),
        // The kernel stops at the second `--`.
        ("-- a -- b c", 1), ("-- -- a", 0), ("-- a --=b c", 3), ("-- a \"--\" b", 1),
        // A NUL is the end.
        ("-- a\u{0} b", 1), ("\u{0}-- a", 0),
    ])
    func `words for init are counted as the kernel counts`(line: String, count: Int) {
        #expect(with(line, \.wordCountForInit) == count)
    }

    @Test func `0xA0 is a space, as it is to the kernel`() {
        let line = Array("-- a".utf8) + [0xA0] + Array("b".utf8)
        #expect(line.withUnsafeBytes { KernelCommandLine($0).wordCountForInit } == 2)
        // The à of UTF-8 is 0xC3 0xA0.
        #expect(with("-- voilà x", \.wordCountForInit) == 2)
        #expect(with("-- voilàx", \.wordCountForInit) == 2)
    }

    @Test func `every other byte is part of a word`() {
        for byte in 1...255 as ClosedRange<UInt8> {
            let isSpace = [9, 10, 11, 12, 13, 32, 0xA0].contains(byte)
            let line = Array("-- a".utf8) + [byte] + Array("b".utf8)
            #expect(
                line.withUnsafeBytes { KernelCommandLine($0).wordCountForInit }
                    == (isSpace ? 2 : 1), "\(byte)")
        }
    }

    @Test func `a missing buffer is an empty line`() {
        let commandLine = KernelCommandLine(UnsafeRawBufferPointer(start: nil, count: 0))
        #expect(commandLine.wordCountForInit == 0)
    }

    @Test func `init reads nothing behind the longest command line`() {
        let line = String(repeating: "x", count: KernelCommandLine.maximumLength - 5) + " -- a"
        #expect(with(line, \.wordCountForInit) == 1)
        #expect(with("y" + line, \.wordCountForInit) == 0)
        #expect(with(line + " b", \.wordCountForInit) == 1)
    }
}

@Suite struct WordsForInitTests {
    private func place(_ line: String, _ argv: String...) -> KernelCommandLine.Place {
        with(line) { commandLine in withWords(argv) { commandLine.placeOfWords(in: $0) } }
    }

    @Test func `they are the last words of argv`() {
        #expect(place("quiet -- a b", "/init", "a", "b") == .from(1))
        #expect(place("auto -- a b", "/init", "auto", "a", "b") == .from(2))
        #expect(place("auto single -- a\n", "/init", "auto", "single", "a") == .from(3))
    }

    @Test func `words that the kernel passes on by itself are not a program`() {
        #expect(place("quiet auto", "/init", "auto") == .none)
        #expect(place("quiet auto --", "/init", "auto") == .none)
        #expect(place("quiet", "/init") == .none)
    }

    @Test func `the kernel has removed the quotes`() {
        #expect(place("-- \"a b\"", "/init", "a b") == .from(1))
        #expect(place("-- x=\"a b\"", "/init", "x=a b") == .from(1))
        #expect(place("-- \"x=a b\"", "/init", "x=a b") == .from(1))
        #expect(place("-- x=a\"b c\"", "/init", "x=a\"b c\"") == .from(1))
        #expect(place("-- a\"b c\"", "/init", "a\"b c\"") == .from(1))
        #expect(place("-- x= =y ==", "/init", "x=", "=y", "==") == .from(1))
        #expect(place("-- x=\"", "/init", "x=") == .from(1))
        #expect(place("-- \"\"", "/init", "") == .from(1))
    }

    @Test func `words that the kernel withheld are not looked for among others`() {
        // The kernel does so if it has refused the value of a parameter before.
        #expect(place("auto -- a", "/init", "auto") == .withheld)
        #expect(place("auto b -- a", "/init", "auto", "b") == .withheld)
        #expect(place("-- a b", "/init", "b") == .withheld)
        #expect(place("-- a", "/init") == .withheld)
        #expect(place("-- a") == .withheld)
    }

    @Test(arguments: ["", "A", "aa", "a ", "b", "a=", "=a"])
    func `another word is not mistaken for init's`(word: String) {
        #expect(place("-- a", "/init", word) == .withheld)
        #expect(place("-- a b", "/init", word, "b") == .withheld)
    }

    @Test(arguments: ["", "x", "xy", "x=", "x=z", "x=yy", "x:y", "x=\"y\""])
    func `another value is not mistaken for init's`(word: String) {
        #expect(place("-- x=y", "/init", word) == .withheld)
    }
}

@Suite struct KernelsWordsTests {
    @Test func `init ignores other words`() {
        let line = "root=/dev/vda quiet hammock x.hammock.log=1 hammock_log=1"
        #expect(summary(line) == "10000 10000 pause 6 hammock")
        #expect(!options(line).hasUnknownOption)
    }

    @Test(
        arguments: [
            ("hammock.flush=0", 0), ("hammock.flush=3600", 3600), ("hammock.flush=3601", 600),
            ("hammock.flush=5 hammock.flush=", 5), ("hammock.flush=-1", 600), ("", 600),
        ])
    func `flush`(line: String, seconds: Int64) {
        #expect(options(line).flushMilliseconds == seconds * 1_000)
    }

    @Test(arguments: [
        ("hammock.grace=0", 0), ("hammock.grace=3600", 3600), ("hammock.grace=\"7\"", 7),
        ("\"hammock.grace=7\"", 7), ("a hammock.grace=5\n", 5),
        ("hammock.grace=5 hammock.grace=6", 6),
    ])
    func `grace`(line: String, seconds: Int64) {
        #expect(options(line).graceMilliseconds == seconds * 1_000)
        #expect(!options(line).hasUnknownOption)
    }

    @Test func `services`() {
        #expect(!options("quiet hammock.strict hammock.wait=5 hammock.stop=5").hasServices)
        #expect(options("hammock.services").hasServices)
        #expect(text(of: options("hammock.services").target) == "")
        let all = options(
            "hammock.target=a.target hammock.strict hammock.stop=3600 hammock.wait=0 quiet")
        #expect(all.hasServices && all.isStrict && !all.hasUnknownOption)
        #expect(text(of: all.target) == "a.target")
        #expect(all.stopCapMilliseconds == 3_600_000 && all.serviceWaitMilliseconds == 0)
        let last = options("hammock.target=a.target hammock.target=b.target hammock.target=c")
        #expect(text(of: last.target) == "b.target" && last.hasUnknownOption)
    }

    @Test(arguments: [
        ("hammock.logs=inherit", false), ("hammock.logs=memory", true), ("quiet", true),
        ("hammock.logs=inherit hammock.logs=memory", true),
    ])
    func `logs`(line: String, areKept: Bool) {
        #expect(options(line).keepsLogs == areKept)
        #expect(!options(line).hasUnknownOption)
    }

    @Test(
        arguments: [
            ("pause", .pause), ("poweroff", .poweroff), ("reboot", .reboot),
        ] as [(String, Configuration.FaultResponse)])
    func `fault`(value: String, response: Configuration.FaultResponse) {
        #expect(options("hammock.fault=" + value).faultResponse == response)
        #expect(options("hammock.fault=reboot hammock.fault=" + value).faultResponse == response)
    }

    @Test(arguments: 0...7 as ClosedRange<UInt8>)
    func `log`(priority: UInt8) {
        #expect(options("hammock.log=\(priority) quiet").logLimit == priority)
    }

    @Test(arguments: [
        "a", "Hammock", "host-1", "a.b.c", "0", "a--b", "xn--bcher-kva.example", "1.2",
        String(repeating: "h", count: 64),
    ])
    func `a host name`(name: String) {
        #expect(hostName("quiet hammock.hostname=\(name) x") == name)
        #expect(hostName("hammock.hostname=\"\(name)\"") == name)
        #expect(hostName("hammock.hostname=before hammock.hostname=\(name)\n") == name)
    }

    @Test func `the kernel's own host name stays unless there is another for PID 1`() {
        #expect(hostName("quiet hostname=tree") == nil)
        #expect(hostName("hostname=tree hammock.hostname=swing") == "swing")
        #expect(hostName("hammock.hostname=swing hostname=tree") == "swing")
        #expect(hostName("hostname=tree hammock.hostname=-") == nil)
        #expect(hostName("hostname=tree").map { _ in true } == nil)
        #expect(!options("hostname=tree").hasUnknownOption)
        for line in ["hostname", "hostname=", "xhostname=tree", "-- hostname=tree"] {
            #expect(hostName(line) == "hammock", "\(line)")
        }
    }

    @Test(arguments: [
        "", ".", "-", "a.", ".a", "a-", "-a", "a..b", "a.-b", "a-.b", "a_b", "a/b", "a\"b", "é",
        "a,b", "@", "[", "`", "{", "a:", String(repeating: "h", count: 65),
    ])
    func `a wrong host name`(name: String) {
        #expect(hostName("hammock.hostname=\(name)") == "hammock")
        #expect(options("hammock.hostname=\(name)").hasUnknownOption)
    }

    @Test(arguments: [
        "hammock.", "hammock.=", "hammock.x", "hammock.x=1", "hammock.grace", "hammock.grace=",
        "hammock.grace=3601", "hammock.grace=-1", "hammock.grace=5s", "hammock.Grace=5",
        "hammock.grace_=5", "hammock.log=8", "hammock.log=x", "hammock.log", "hammock.fault=panic",
        "hammock.fault=", "hammock.fault=\"pause reboot\"", "hammock.hostname", "\"hammock.x y\"",
        "hammock.grace=99999999999999999999", "hammock.grace.log=1", "hammock.services=1",
        "hammock.strict=", "hammock.target", "hammock.target=", "hammock.target=a.service",
        "hammock.stop", "hammock.stop=3601", "hammock.wait", "hammock.wait=5s", "hammock.logs",
        "hammock.logs=", "hammock.logs=disk",
    ])
    func `a word that init does not understand changes nothing, and is noted`(word: String) {
        let line = "quiet \(word) root=/dev/vda hammock.log=6"
        #expect(options(line).hasUnknownOption)
        #expect(summary(line) == summary("quiet"))
    }

    @Test func `a wrong value leaves the good one before it`() {
        #expect(options("hammock.log=3 hammock.log=9").logLimit == 3)
        #expect(options("hammock.grace=3 hammock.grace=x").graceMilliseconds == 3_000)
        #expect(options("hammock.fault=reboot hammock.fault").faultResponse == .reboot)
    }

    @Test func `words behind the dashes are not PID 1's options`() {
        #expect(options("hammock.log=3 -- hammock.log=4 hammock.x").logLimit == 3)
        #expect(options("\"--\" hammock.log=4").logLimit == 6)
        #expect(options("x=\"-- \" hammock.log=4").logLimit == 4)
    }
}
