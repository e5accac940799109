import Glibc

/// A socket that carries messages both ways. Neither way blocks.
public final class Connection {
    let descriptor: Int32
    private var outgoing: [UInt8] = []
    private var sent = 0
    private var buffer = FrameBuffer()
    /// Whether the other side has gone.
    public private(set) var isClosed = false

    /// - Parameter descriptor: an open socket, which this closes at its end.
    public init(_ descriptor: Int32) {
        self.descriptor = descriptor
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    }

    deinit { close(descriptor) }

    /// How many bytes wait to be sent.
    public var backlog: Int { outgoing.count - sent }

    /// What poll(2) is to wait for.
    var events: Int32 { POLLIN | (backlog > 0 ? POLLOUT : 0) }

    /// Has nothing to do with the other side any more.
    func hangUp() { isClosed = true }

    public func send(_ frame: Frame) {
        guard !isClosed else { return }
        outgoing.append(contentsOf: frame.bytes)
    }

    /// Sends as much as there is room for.
    public func flush() {
        while backlog > 0, !isClosed {
            let count = outgoing.withUnsafeBytes { bytes in
                Glibc.send(
                    descriptor, bytes.baseAddress! + sent, bytes.count - sent,
                    Int32(MSG_NOSIGNAL))
            }
            if count < 0 {
                if errno == EINTR { continue }
                if errno != EAGAIN { isClosed = true }
                break
            }
            sent += count
        }
        if backlog == 0 {
            outgoing.removeAll(keepingCapacity: true)
            sent = 0
        } else if sent > 1 << 20 {
            outgoing.removeFirst(sent)
            sent = 0
        }
    }

    /// Reads what has come.
    ///
    /// - Throws: `HostError` if the other side does not speak this language.
    public func receive() throws(HostError) -> [Frame] {
        var piece = [UInt8](repeating: 0, count: 256 * 1024)
        let count = piece.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
        if count == 0 || count < 0 && errno != EAGAIN && errno != EINTR { isClosed = true }
        guard count > 0 else { return [] }
        piece.withUnsafeBytes { buffer.append(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        var frames: [Frame] = []
        while let frame = try buffer.next() { frames.append(frame) }
        return frames
    }
}

/// Sockets with a name in the file system. unix(7)
enum UnixSocket {
    /// Listens. The directory that the socket is in decides who may connect.
    static func listen(at path: String) throws(HostError) -> Int32 {
        let descriptor = try make()
        unlink(path)
        guard try withAddress(path, { bind(descriptor, $0, $1) }) == 0,
            Glibc.listen(descriptor, 16) == 0
        else {
            let error = errno
            close(descriptor)
            throw HostError("\(path): cannot listen there: \(reason(error))")
        }
        return descriptor
    }

    /// - Returns: `nil` if nothing listens there.
    static func connect(to path: String) throws(HostError) -> Int32? {
        let descriptor = try make()
        if try withAddress(path, { Glibc.connect(descriptor, $0, $1) }) == 0 { return descriptor }
        close(descriptor)
        return nil
    }

    /// Takes a name in this process's network namespace, for as long as this process lives.
    ///
    /// - Returns: `false` if another process has it.
    static func claim(_ name: String) throws(HostError) -> Bool {
        let descriptor = try make()
        return try withAddress("\0\(name)") { bind(descriptor, $0, $1) } == 0
    }

    private static func make() throws(HostError) -> Int32 {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { throw HostError("cannot make a socket: \(reason(errno))") }
        return descriptor
    }

    private static func withAddress(
        _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws(HostError) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let size = MemoryLayout.size(ofValue: address.sun_path)
        guard path.utf8.count < size else {
            throw HostError(
                "\(path): too long for a socket; set XDG_RUNTIME_DIR to a shorter directory")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}

/// What an error number means. strerror(3)
func reason(_ error: Int32) -> String { String(cString: strerror(error)) }
