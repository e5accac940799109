public import InitCore
public import KernelInterface

/// The sockets of a simulated kernel.
public struct SimulatedSockets {
    /// One end of a connection: that of init.
    public struct Connection {
        /// Who connected.
        public var user: UInt32
        /// What the peer has sent and init has not read.
        public var incoming: [UInt8] = []
        /// What init has sent.
        public var sent: [UInt8] = []
        /// How many bytes init can send before the peer reads.
        public var room = Int.max
        /// Whether the peer has hung up.
        public var isOver = false
        public var isOpen = true
        /// When this is reached, the peer is gone and a send fails.
        public var isBroken = false

        /// All that init has sent, as text.
        public var text: String { String(decoding: sent, as: UTF8.self) }
    }

    /// The paths at which init has bound a socket, with their modes.
    public var bound: [String: Int32] = [:]
    public var connections: [Connection] = []
    /// The connections that init has not accepted yet, by their place in `connections`.
    var waiting: [Int] = []

    static let firstListener: Int32 = 2000
    static let firstConnection: Int32 = 3000

    public init() {}

    /// A peer connects.
    ///
    /// - Returns: the connection's place in `connections`.
    public mutating func connect(user: UInt32 = 0, saying text: String = "") -> Int {
        connections.append(Connection(user: user, incoming: Array(text.utf8)))
        waiting.append(connections.count - 1)
        return connections.count - 1
    }

    func place(_ descriptor: FileDescriptor) throws(Errno) -> Int {
        let place = Int(descriptor.rawValue - Self.firstConnection)
        guard connections.indices.contains(place), connections[place].isOpen else {
            throw .badFileDescriptor
        }
        return place
    }

    mutating func close(_ descriptor: FileDescriptor) {
        if let place = try? place(descriptor) { connections[place].isOpen = false }
    }
}

extension SimulatedKernel {
    public mutating func bind(
        _ path: UnsafePointer<UInt8>, _ kind: SocketKind, mode: Int32
    ) throws(Errno) -> FileDescriptor {
        try count()
        sockets.bound[String(cString: path)] = mode
        return FileDescriptor(rawValue: SimulatedSockets.firstListener)
    }

    public mutating func accept(from listener: FileDescriptor) throws(Errno) -> FileDescriptor {
        try count()
        guard !sockets.waiting.isEmpty else { throw .wouldBlock }
        let place = sockets.waiting.removeFirst()
        return FileDescriptor(rawValue: SimulatedSockets.firstConnection + Int32(place))
    }

    public mutating func peerUser(of connection: FileDescriptor) throws(Errno) -> UInt32 {
        try count()
        return sockets.connections[try sockets.place(connection)].user
    }

    public mutating func receive(
        _ bytes: UnsafeMutableRawBufferPointer, from socket: FileDescriptor
    ) throws(Errno) -> Received {
        try count()
        let place = try sockets.place(socket)
        let connection = sockets.connections[place]
        if connection.incoming.isEmpty, !connection.isOver { throw .wouldBlock }
        let part = connection.incoming.prefix(bytes.count)
        sockets.connections[place].incoming.removeFirst(part.count)
        bytes.copyBytes(from: part)
        return Received(count: part.count, user: connection.user, process: nil)
    }

    public mutating func send(
        _ bytes: UnsafeRawBufferPointer, over socket: FileDescriptor
    ) throws(Errno) -> Int {
        try count()
        let place = try sockets.place(socket)
        if sockets.connections[place].isBroken { throw Errno(rawValue: 32) }
        let part = bytes.prefix(sockets.connections[place].room)
        guard !part.isEmpty else { throw .wouldBlock }
        sockets.connections[place].sent += part
        if sockets.connections[place].room != .max {
            sockets.connections[place].room -= part.count
        }
        return part.count
    }
}
