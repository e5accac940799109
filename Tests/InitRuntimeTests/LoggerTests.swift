import InitCore
import KernelInterface
import SimulatedKernel
import Testing

@testable import InitRuntime

/// A logger's kernel, with a pipe for each of these services.
struct LoggerWorld {
    var kernel = SimulatedKernel(devices: [:])
    let names: [StaticString]
    private(set) var pipes: [Pipe] = []
    var sizes: [UInt32]

    init(_ names: StaticString..., size: UInt32 = LogPipe.usualSize) {
        self.names = names
        sizes = names.map { _ in size }
        for _ in names { pipes.append(kernel.logs.makePipe()) }
    }

    /// Runs one logger, until it has ended or was killed.
    @discardableResult mutating func run() -> Int32 {
        var logger = Logger()
        for index in names.indices {
            logger.add(
                LogPipe(
                    name: ByteView(stringLiteral: names[index]), pipe: pipes[index],
                    size: sizes[index]))
        }
        return logger.run(on: &kernel)
    }

    /// Runs one logger that is not asked to end, and kills it when it has long been idle.
    mutating func runWithoutEnd() {
        kernel.signals = Array(repeating: .hangUp, count: 100)
        kernel.logs.killedAt = 150
        run()
    }

    mutating func write(_ text: String, _ service: Int = 0) {
        kernel.logs.write(text, into: pipes[service])
    }

    /// The lines of a file and of the one before it, without their stamps but with their marks.
    func lines(of name: String) -> [String] {
        let path = "/run/log/\(name)"
        return (kernel.logs.lines(in: path + ".old") + kernel.logs.lines(in: path)).map {
            String($0.drop { $0 != "]" }.dropFirst())
        }
    }
}

@Suite struct LoggerTests {
    @Test func `a line gets the kernel's stamp in front`() {
        var world = LoggerWorld("a.service")
        world.write("one\ntwo\n")
        #expect(world.run() == 0)
        #expect(
            world.kernel.logs.bytes(in: "/run/log/a.service")
                == Array("[   12.345679] one\n[   12.345679] two\n".utf8))
    }

    @Test func `what is written is taken behind that, and to the byte`() {
        var world = LoggerWorld("a.service")
        world.write("one\ntwo\nhal")
        #expect(world.run() == 0)
        let order = world.kernel.logs.deeds
        #expect(order.prefix(6) == ["tee 11", "read 11", "write 38", "take 8", "tee 3", "read 3"])
    }

    @Test func `half a line waits for its end, and is copied once`() {
        var world = LoggerWorld("a.service")
        world.write("ha")
        world.kernel.logs.writes = [(20, world.pipes[0], Array("lf\n".utf8))]
        world.kernel.signals = Array(repeating: .hangUp, count: 10)
        #expect(world.run() == 0)
        #expect(world.lines(of: "a.service") == [" half"])
    }

    @Test func `half a line lets the logger sleep`() {
        var world = LoggerWorld("a.service")
        world.write("half")
        world.kernel.signals = [.hangUp, .hangUp, .hangUp]
        #expect(world.run() == 0)
        // One look as it comes, and two at the end: one that copies, one that finds nothing.
        #expect(world.kernel.logs.deeds.filter { $0.hasPrefix("tee") } == ["tee 4", "tee 4"])
    }

    @Test func `at the end half a line is copied as a piece, and so is nothing else`() {
        var world = LoggerWorld("a.service", "b.service")
        world.write("one\nlast words")
        world.write("two\n", 1)
        #expect(world.run() == 0)
        #expect(world.lines(of: "a.service") == [" one", "+last words"])
        #expect(world.lines(of: "b.service") == [" two"])
        #expect(world.kernel.logs.content(of: world.pipes[0]).isEmpty)
    }

    @Test func `a line that is too long is cut into pieces that say so`() {
        var world = LoggerWorld("a.service")
        let text = String(repeating: "0123456789", count: 1_000)
        world.write("\(text)\nnext\n")
        #expect(world.run() == 0)
        let lines = world.lines(of: "a.service")
        #expect(lines.map { $0.first } == ["+", "+", " ", " "])
        #expect(lines.dropLast().map { $0.dropFirst() }.joined() == text)
        #expect(lines.allSatisfy { $0.utf8.count <= LogBatch.mostInput + 1 })
    }

    @Test func `a line as long as a piece is whole`() {
        var world = LoggerWorld("a.service")
        let text = String(repeating: "x", count: LogBatch.mostInput - 1)
        world.write("\(text)\n\(text)y\n")
        #expect(world.run() == 0)
        #expect(world.lines(of: "a.service") == [" " + text, "+" + text + "y", " "])
    }

    @Test(arguments: [3, 9, 100])
    func `a pipe that is full of less than a line is cut`(capacity: Int) {
        var world = LoggerWorld("a.service")
        world.kernel.logs.setCapacity(of: world.pipes[0], capacity)
        world.write(String(repeating: "x", count: capacity))
        world.runWithoutEnd()
        #expect(world.lines(of: "a.service") == ["+" + String(repeating: "x", count: capacity)])
    }

    @Test func `a pipe that holds more writes than can be copied is cut`() {
        var world = LoggerWorld("a.service")
        world.kernel.logs.setMostCopied(of: world.pipes[0], 16)
        world.write("a line of more than 16 writes\n")
        world.runWithoutEnd()
        #expect(world.lines(of: "a.service") == ["+a line of more t", " han 16 writes"])
    }

    @Test func `empty lines, NULs and what is no UTF-8 stay as they are`() {
        var world = LoggerWorld("a.service")
        let bytes: [UInt8] = [10, 10, 0, 0xff, 0xc3, 10, 0x80, 13, 10, 10]
        world.kernel.logs.write(bytes, into: world.pipes[0])
        #expect(world.run() == 0)
        let found = world.kernel.logs.bytes(in: "/run/log/a.service")
            .split(separator: 10, omittingEmptySubsequences: false).dropLast()
        #expect(found.allSatisfy { $0.starts(with: "[   12.345679] ".utf8) })
        #expect(
            found.map { Array($0.dropFirst(15)) } == [[], [], [0, 0xff, 0xc3], [0x80, 13], []])
    }

    @Test func `thousands of empty lines grow larger than the buffer, and none is missing`() {
        var world = LoggerWorld("a.service", size: 1 << 20)
        world.write(String(repeating: "\n", count: 5_000))
        #expect(world.run() == 0)
        #expect(world.lines(of: "a.service") == Array(repeating: " ", count: 5_000))
    }

    @Test func `a service that never rests holds up no other`() {
        var world = LoggerWorld("noisy.service", "quiet.service", size: 1 << 20)
        world.write(String(repeating: "noise\n", count: 20_000))
        world.write("quiet\n", 1)
        world.kernel.logs.killedAt = 60
        world.run()
        #expect(world.lines(of: "quiet.service") == [" quiet"])
        #expect(!world.kernel.logs.content(of: world.pipes[0]).isEmpty)
    }

    @Test func `only the pipes and the standard streams stay open`() {
        var world = LoggerWorld("a.service", "b.service")
        world.run()
        // The pipes of this kernel begin with 1000.
        #expect(world.kernel.logs.closed == [3...999, 1_004...Int32.max])
        #expect(world.kernel.logs.openFileCount == 0)
    }

    @Test func `a missing directory is made, and a name that leads elsewhere has no file`() {
        var world = LoggerWorld("../a.service", ".b", "c/d", "", "a.service")
        world.kernel.logs.directories = ["/run", "/etc"]
        for index in 0..<5 { world.write("line\n", index) }
        #expect(world.run() == 0)
        #expect(world.kernel.logs.files == ["/run/log/a.service"])
        for pipe in world.pipes { #expect(world.kernel.logs.content(of: pipe).isEmpty) }
    }

    @Test func `a file that was removed is made again`() {
        var world = LoggerWorld("a.service")
        world.write("one\n")
        world.run()
        world.kernel.logs.remove("/run/log/a.service")
        world.write("two\n")
        world.kernel.logs.beginAgain()
        world.run()
        #expect(world.lines(of: "a.service") == [" two"])
    }
}

/// A recipe of these entries.
private func recipe(_ entries: [(RecipeKey, String)]) -> [UInt8] {
    entries.flatMap { key, text in
        let bytes = Array(text.utf8)
        return [key.rawValue, UInt8(bytes.count & 255), UInt8(bytes.count >> 8)] + bytes + [0]
    }
}

@Suite struct LoggerSizeTests {
    @Test(
        arguments: [
            ([], 65_536), ([(.nice, "5")], 65_536), ([(.logSize, "10000")], 10_000),
            ([(.nice, "5"), (.logSize, "1048576"), (.umask, "7")], 1_048_576),
            ([(.logSize, "0")], 0), ([(.logSize, "4294967295")], 4_294_967_295),
            ([(.logSize, "4294967296")], 4_294_967_295),
            ([(.logSize, "18446744073709551615")], 4_294_967_295),
            ([(.logSize, "")], 65_536), ([(.logSize, "x")], 65_536),
        ] as [([(RecipeKey, String)], UInt32)])
    func `a unit's recipe says how large its log may get`(
        entries: [(RecipeKey, String)], size: UInt32
    ) {
        recipe(entries).withUnsafeBufferPointer { bytes in
            let view = bytes.baseAddress.map { ByteView(start: $0, count: bytes.count) }
            #expect(LogPipe.size(by: view ?? .empty) == size)
        }
    }

    @Test func `a recipe that is cut has the usual size`() {
        let bytes = recipe([(.logSize, "10000")])
        for count in 0..<bytes.count {
            bytes.withUnsafeBufferPointer { bytes in
                let view = ByteView(start: bytes.baseAddress!, count: count)
                #expect(LogPipe.size(by: view) == LogPipe.usualSize)
            }
        }
    }

    @Test func `no file gets larger than LogSize, and the lines before are in the old one`() {
        var world = LoggerWorld("a.service", size: 10_000)
        let lines = (0..<2_000).map { "line \($0)" }
        world.write(lines.joined(separator: "\n") + "\n")
        #expect(world.run() == 0)
        for name in ["a.service", "a.service.old"] {
            let size = world.kernel.logs.bytes(in: "/run/log/" + name).count
            #expect(size <= 10_000 && size > 0)
        }
        let found = world.lines(of: "a.service").map { String($0.dropFirst()) }
        #expect(found == Array(lines.suffix(found.count)))
        #expect(found.count > 400)
    }

    @Test func `what fits to the byte does not begin another file`() {
        let line = "[   12.345679] x\n".utf8.count
        for extra in 0...1 {
            var world = LoggerWorld("a.service", size: 10_000)
            let there = 10_000 - line + extra
            world.kernel.logs.put(
                Array(repeating: 120, count: there - 1) + [10], at: "/run/log/a.service")
            world.write("x\n")
            world.run()
            #expect(world.kernel.logs.files.count == 1 + extra)
        }
    }

    @Test(arguments: [(Int64(1) << 30, 65_536), (2 << 20, 65_536 * 2 / 3 / 1_024 * 1_024), (0, 0)])
    func `all together get a quarter of the file system at most`(space: Int64, expected: Int) {
        var world = LoggerWorld("a", "b", "c", "d", "e", "f", size: 65_536)
        world.kernel.logs.fileSystemSize = space
        for index in 0..<6 { world.write(String(repeating: "line\n", count: 50_000), index) }
        world.run()
        let sizes = world.kernel.logs.files.map { world.kernel.logs.bytes(in: $0).count }
        // Even without any space a batch fits.
        let most = max(expected, Int(LogPipe.leastSize))
        #expect(sizes.allSatisfy { $0 <= most } && sizes.max()! > most - 8_192 - 1)
        if expected > 0 { #expect(sizes.reduce(0, +) <= Int(space / 4)) }
    }
}

@Suite struct LoggerFailureTests {
    @Test func `a full disk costs lines and not the service, and the log says how many`() {
        var world = LoggerWorld("a.service")
        world.kernel.logs.room = 20
        world.write("one\n")
        world.write("two\nthree\n")
        #expect(world.run() == 0)
        #expect(world.kernel.logs.content(of: world.pipes[0]).isEmpty)
        #expect(world.lines(of: "a.service") == [])
        // The same logger, with room again.
        world = LoggerWorld("a.service")
        world.kernel.logs.openError = Errno(rawValue: 30)
        world.write("one\ntwo\n")
        world.kernel.signals = [.hangUp, .hangUp]
        world.kernel.logs.writes = [(14, world.pipes[0], Array("three\n".utf8))]
        world.kernel.logs.reopensAt = 13
        #expect(world.run() == 0)
        #expect(
            world.lines(of: "a.service") == [
                "!2 lines are lost: this file could not be written", " three",
            ])
    }

    @Test func `what a full disk took of a batch is cut off`() {
        var world = LoggerWorld("a.service")
        world.write("one\n")
        world.run()
        world.kernel.logs.beginAgain()
        world.kernel.logs.room = 20
        world.write("two\nthree\n")
        #expect(world.run() == 0)
        #expect(world.lines(of: "a.service") == [" one"])
        #expect(world.kernel.logs.bytes(in: "/run/log/a.service").last == 10)
    }

    @Test(arguments: ["", "[   12.34567", "torn", String(repeating: "t", count: 9_000)])
    func `what a killed logger did not finish is cut off`(torn: String) {
        var world = LoggerWorld("a.service")
        world.kernel.logs.put(
            Array("[    1.000000] one\n\(torn)".utf8), at: "/run/log/a.service")
        world.write("two\n")
        #expect(world.run() == 0)
        #expect(world.lines(of: "a.service") == [" one", " two"])
        #expect(
            world.kernel.logs.lines(in: "/run/log/a.service").allSatisfy { $0.hasPrefix("[   ") })
    }

    @Test func `a file without any newline is emptied`() {
        var world = LoggerWorld("a.service")
        world.kernel.logs.put(Array("torn".utf8), at: "/run/log/a.service")
        world.write("two\n")
        #expect(world.run() == 0)
        #expect(world.kernel.logs.lines(in: "/run/log/a.service") == ["[   12.345679] two"])
    }

    /// Lines that differ, in batches that are small enough for several, across a rotation.
    private let lines = (0..<560).map { "line \($0) of those" }

    /// A world where the first logger is killed at this call, and another follows.
    private func afterKill(at call: Int, leaving count: Int) -> LoggerWorld? {
        var world = LoggerWorld("a.service", size: 16_384)
        world.write(lines.joined(separator: "\n") + "\n")
        world.kernel.logs.killedAt = call
        world.kernel.logs.killLeaves = count
        world.run()
        guard world.kernel.logs.isKilled else { return nil }
        world.kernel.logs.beginAgain()
        #expect(world.run() == 0)
        return world
    }

    @Test(arguments: [0, 1, 17, 4_096])
    func `SIGKILL at any call loses no line, breaks none, and doubles a batch at most`(part: Int) {
        let numbers = Dictionary(uniqueKeysWithValues: lines.enumerated().map { ($1, $0) })
        var calls = 0
        var doubled = 0
        while let world = afterKill(at: calls, leaving: part) {
            let found = world.lines(of: "a.service").map { String($0.dropFirst()) }
            // A batch that comes again begins behind itself.
            var expected = 0
            for line in found {
                let number = numbers[line]
                #expect(number != nil, "broken at call \(calls): \(line)")
                #expect((number ?? 0) <= expected, "lost before \(line), killed at call \(calls)")
                expected = (number ?? 0) + 1
            }
            #expect(expected == lines.count, "killed at call \(calls)")
            #expect(found.count - lines.count < LogBatch.mostInput / lines[0].utf8.count)
            doubled = max(doubled, found.count - lines.count)
            calls += 1
        }
        #expect(calls > 30)
        #expect(doubled > 0)
    }

    @Test(arguments: [0, 5])
    func `whichever call fails once, each line is there or counted as lost`(error: Int32) {
        var call = 0
        while true {
            var world = LoggerWorld("a.service", size: 16_384)
            world.write(lines.joined(separator: "\n") + "\n")
            world.kernel.injectedFault = (call, Errno(rawValue: error == 0 ? 11 : error))
            if world.run() != 0 {
                world.kernel.logs.beginAgain()
                #expect(world.run() == 0)
            }
            guard world.kernel.hasInjectedFault else { break }
            let found = world.lines(of: "a.service")
            let notes = found.filter { $0.first == "!" }
            let lost = notes.compactMap { Int($0.dropFirst().prefix { $0 != " " }) }.reduce(0, +)
            let kept = Set(found.filter { $0.first == " " })
            #expect(kept.count + lost >= lines.count || isFromLastBatch(kept), "call \(call)")
            #expect(world.kernel.logs.content(of: world.pipes[0]).isEmpty)
            call += 1
        }
        #expect(call > 30)
    }

    /// Whether all that is missing was in the last batch, behind which no note can follow.
    private func isFromLastBatch(_ kept: Set<String>) -> Bool {
        lines.prefix(400).allSatisfy { kept.contains(" " + $0) }
    }

    @Test func `a line that comes between any two calls comes once`() {
        for call in 0..<60 {
            var world = LoggerWorld("a.service")
            world.write("one\nha")
            world.kernel.logs.writes = [(call, world.pipes[0], Array("lf\ntwo\n".utf8))]
            world.kernel.signals = Array(repeating: .hangUp, count: 40)
            #expect(world.run() == 0)
            #expect(world.lines(of: "a.service") == [" one", " half", " two"], "call \(call)")
        }
    }
}
