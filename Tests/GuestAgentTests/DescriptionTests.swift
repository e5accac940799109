import AgentProtocol
import InitCore
import KernelInterface
import SeededRandom
import Testing

@testable import GuestAgent

/// A message, and what the agent does for it.
private struct Step {
    let frame: [UInt8]
    let done: String

    private init(_ kind: FrameKind, _ payload: [UInt8], _ done: String) {
        frame = Host.frame(kind, 0, payload)
        self.done = done
    }

    static func random(_ random: inout SplitMix64) -> Step {
        let path = "/\(random.below(100))"
        let text = Array("\(path)\0".utf8)
        let numbers = [UInt8](repeating: 0, count: 12)
        switch random.below(7) {
        case 0:
            return Step(
                .mount, [1, 0, 0, 0] + Array("a\0".utf8) + text + Array("b\0\0".utf8),
                "mount \(path)")
        case 1: return Step(.directory, numbers + text, "directory \(path)")
        case 2:
            let content = [UInt8](repeating: 7, count: random.below(60000))
            return Step(.file, numbers + text + content, "file \(path)")
        case 3: return Step(.link, Array("to\0".utf8) + text, "link \(path)")
        case 4: return Step(.enter, text, "enter \(path)")
        case 5:
            // A header of netlink(7): its size, and the flags that ask for an answer.
            let size = UInt8(16 + text.count)
            let message = [size, 0, 0, 0, 20, 0, 5, 0] + [UInt8](repeating: 0, count: 8) + text
            return Step(.network, Array("it\0".utf8) + message, "network \(path)")
        default:
            return Step(.locate, [1, 0, 0, 0] + text + Array("hsqs".utf8), "locate \(path)")
        }
    }

    static func start(flags: UInt8 = ProcessRequest.hasConsole) -> Step {
        let payload =
            [flags] + [UInt8](repeating: 0, count: 13) + [1, 0, 0, 0] + Array("/\0program\0".utf8)
        return Step(.start, payload, "start program")
    }
}

@Suite struct DescriptionTests {
    private func run(_ world: inout LoneWorld) -> UInt8 {
        withMemory { memory in
            var run = DescribedRun(
                LoneWorld.file, DescriptionHeader(count: world.bytes.count), memory)
            return run.run(on: &world)
        }
    }

    @Test func `a header is read as it was made, and any other byte is another file`() {
        for count in [0, 1, 65535, 65536, DescriptionHeader.mostBytes] {
            let header = DescriptionHeader(count: count)
            let bytes = (0..<DescriptionHeader.size).map { header.bytes[$0] }
            func read(_ bytes: [UInt8]) -> DescriptionHeader? {
                bytes.withUnsafeBufferPointer {
                    DescriptionHeader(ByteView(start: $0.baseAddress!, count: $0.count))
                }
            }
            #expect(read(bytes) == header)
            #expect(read(bytes.dropLast()) == nil)
            for index in 0..<12 {
                var other = bytes
                other[index] ^= 1
                #expect(read(other) == nil)
            }
            var larger = bytes
            larger[15] = 1
            #expect(read(larger) == nil)
        }
    }

    @Test(arguments: 1...UInt64(300))
    func `the agent does what a description says, and ends with its program's code`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var steps = (0..<random.below(20)).map { _ in Step.random(&random) }
        steps.append(.start())
        var world = LoneWorld(random, steps.flatMap(\.frame))
        world.status =
            random.oneIn(2)
            ? .exited(UInt8(random.below(256)))
            : .killed(Signal(rawValue: Int32(random.between(1, 31))))
        var wanted = steps.map(\.done)
        var code = world.status.code
        if random.oneIn(3) {
            let number = random.below(steps.count)
            world.failing = (number, .readOnlyFileSystem)
            wanted = Array(wanted[...number])
            code = 125
        } else if random.oneIn(3) {
            let step = random.pick([ProcessStep.execution, .user])
            let error = random.pick([Errno.noSuchFile, .permissionDenied])
            world.failure = StepFailure(step: step, error: error)
            code = step == .user ? 125 : error == .noSuchFile ? 127 : 126
        }
        let isFailure = world.failing != nil || world.failure != nil
        #expect(run(&world) == code)
        #expect(world.faults == [])
        #expect(world.done == wanted)
        #expect(world.said.count == (isFailure ? 1 : 0))
        // Each signal but those that are about a terminal.
        #expect(world.received == world.sent.filter { $0 != .stopReading })
    }

    @Test(arguments: 1...UInt64(100))
    func `a description that is cut, or damaged, starts nothing`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let steps = (0..<random.below(5)).map { _ in Step.random(&random) }
        let damaged: [UInt8] =
            switch random.below(4) {
            // Cut anywhere.
            case 0:
                Array(
                    (steps + [.start()]).flatMap(\.frame).dropLast(random.between(1, 40)))
            // Something behind the program, no program, or one that is not on the console.
            case 1: (steps + [.start(), .random(&random)]).flatMap(\.frame)
            case 2: steps.flatMap(\.frame)
            default: (steps + [.start(flags: 8)]).flatMap(\.frame)
            }
        var world = LoneWorld(random, damaged)
        #expect(run(&world) == 125)
        #expect(world.faults == [])
        #expect(world.done == Array(steps.map(\.done).prefix(world.done.count)))
        #expect(world.said.count == 1)
    }

    @Test func `a program that is to have other streams than the console is not started`() {
        var world = LoneWorld(SplitMix64(seed: 1), Step.start(flags: 2).frame)
        #expect(run(&world) == 125)
        #expect(world.done == [])
        #expect(world.said.count == 1)
    }

    @Test func `the names of disks are the last words of the kernel's lines`() {
        func name(_ line: String) -> String? {
            let bytes = Array(line.utf8) + [0]
            return bytes.withUnsafeBufferPointer { buffer in
                diskName(ByteView(start: buffer.baseAddress!, count: bytes.count - 1)).map { name in
                    String(decoding: (0..<name.count).map { name[$0] }, as: UTF8.self)
                }
            }
        }
        #expect(name(" 254        0      25600 vda") == "vda")
        #expect(name(" 254       17  264241152 vdb1") == "vdb1")
        #expect(name("major minor  #blocks  name") == nil)
        #expect(name("") == nil)
        #expect(name(" 254 0 25600") == nil)
    }
}
