import AgentProtocol
import HostKit
import InitCore
import SeededRandom
import Testing

/// Hands bytes to one of the agent's readers.
private func read<T>(_ payload: [UInt8], _ body: (ByteView) -> T) -> T {
    payload.withUnsafeBufferPointer { bytes in
        body(bytes.isEmpty ? .empty : ByteView(start: bytes.baseAddress!, count: bytes.count))
    }
}

extension ByteView {
    fileprivate var string: String {
        String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }
}

@Suite struct FrameTests {
    @Test func `a message that comes in pieces is put together`() throws {
        let frames = [
            Frame(.ready, [1, 0, 0, 0]), Frame(.data, process: 3, stream: 2, [1, 2, 3]),
            Frame(.data, process: 3, stream: 2), Frame(.ended, process: 3, [7, 0]),
        ]
        let bytes = frames.flatMap(\.bytes)
        for cut in 0...bytes.count {
            var buffer = FrameBuffer()
            var found: [Frame] = []
            for part in [bytes[..<cut], bytes[cut...]] {
                part.withUnsafeBytes { buffer.append($0) }
                while let frame = try buffer.next() { found.append(frame) }
            }
            #expect(found == frames)
        }
    }

    @Test(arguments: [[0, 0, 0, 0], [16, 16, 0, 0], [16, 0, 3, 0], [16, 0, 0, 1]] as [[UInt8]])
    func `what is no header is refused`(first: [UInt8]) {
        var buffer = FrameBuffer()
        (first + [0, 0, 0, 0]).withUnsafeBytes { buffer.append($0) }
        #expect(throws: HostError.self) { try buffer.next() }
    }

    @Test func `a payload that is too long is refused before it has come`() {
        var buffer = FrameBuffer()
        ([16, 0, 1, 0, 1, 0, 1, 0] as [UInt8]).withUnsafeBytes { buffer.append($0) }
        #expect(throws: HostError.self) { try buffer.next() }
    }

    @Test func `the agent reads a process as the host has described it`() throws {
        var description = ProcessDescription(
            arguments: ["/bin/sh", "-c", "", "a b"], environment: ["A=1", "B="])
        description.workingDirectory = "/srv/x y"
        description.user = 33
        description.group = 70_000
        description.groups = [4, 0xffff_fffe]
        description.hasTerminal = true
        description.window = WindowSize(rows: 50, columns: 300)
        let frame = try Frame.start(description, as: 5)
        #expect(frame.process == 5)
        read(frame.payload) { payload in
            guard let request = ProcessRequest(payload) else {
                Issue.record("no request")
                return
            }
            #expect(request.flags == ProcessRequest.hasTerminal | ProcessRequest.hasInput)
            #expect(request.user == 33 && request.group == 70_000)
            #expect(request.rows == 50 && request.columns == 300)
            #expect(request.groupCount == 2)
            #expect(request.supplementaryGroup(0) == 4)
            #expect(request.supplementaryGroup(1) == 0xffff_fffe)
            #expect(request.directory.string == "/srv/x y")
            #expect(request.texts.string == "/bin/sh\0-c\0\0a b\0A=1\0B=\0")
        }
    }

    @Test func `the agent reads a mount, a file and a link as the host has described them`() throws
    {
        let mount = try Frame.mount(
            Mount("share0", on: "/data", type: "9p", [.readOnly, .noDevices], data: "trans=virtio"))
        read(mount.payload) { payload in
            let request = MountRequest(payload)
            #expect(request?.flags == 5)
            #expect(request?.source.string == "share0")
            #expect(request?.target.string == "/data")
            #expect(request?.type.string == "9p")
            #expect(request?.data.string == "trans=virtio")
        }
        let file = try Frame.file("/etc/hosts", mode: 0o644, content: "127.0.0.1 x\n")
        read(file.payload) { payload in
            let request = EntryRequest(payload)
            #expect(request?.mode == 0o644)
            #expect(request?.path.string == "/etc/hosts")
            #expect(request?.content.string == "127.0.0.1 x\n")
        }
        let link = try Frame.link("/dev/fd", to: "/proc/self/fd")
        read(link.payload) { payload in
            let request = LinkRequest(payload)
            #expect(request?.path.string == "/dev/fd")
            #expect(request?.target.string == "/proc/self/fd")
        }
    }

    @Test func `a request that was cut short, or is followed by more, is none`() throws {
        let start = try Frame.start(ProcessDescription(arguments: ["true"])).payload
        let mount = try Frame.mount(Mount("a", on: "/b", type: "c")).payload
        for count in 0..<start.count {
            #expect(read(Array(start[..<count])) { ProcessRequest($0) == nil })
        }
        for count in 0..<mount.count {
            #expect(read(Array(mount[..<count])) { MountRequest($0) == nil })
        }
        #expect(read(start + [0]) { ProcessRequest($0) == nil })
        #expect(read(mount + [0]) { MountRequest($0) == nil })
    }

    @Test func `arguments that no message can hold are refused, with their size`() {
        let description = ProcessDescription(
            arguments: ["x", String(repeating: "a", count: FrameHeader.mostPayload)])
        let error = #expect(throws: HostError.self) { try Frame.start(description) }
        #expect(error?.code == 2)
        #expect(error?.description.contains("takes 65536") == true)
    }

    @Test func `an argument with a NUL in it is refused`() {
        let error = #expect(throws: HostError.self) {
            try Frame.start(ProcessDescription(arguments: ["a\0b"]))
        }
        #expect(error?.code == 2)
    }
}
