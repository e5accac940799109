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
        /// When init has closed it, in milliseconds.
        public internal(set) var closedAt: Int?
        /// When this is reached, the peer is gone and a send fails.
        public var isBroken = false

        /// All that init has sent, as text.
        public var text: String { String(decoding: sent, as: UTF8.self) }
    }

    /// A socket that other processes send to.
    struct Inbox {
        let path: String
        var isOpen = true
        var datagrams: [(bytes: [UInt8], process: ProcessID?, user: UInt32)] = []
    }

    /// The paths at which init has bound a socket, with their modes.
    public var bound: [String: Int32] = [:]
    public var connections: [Connection] = []
    /// The connections that init has not accepted yet, by their place in `connections`.
    var waiting: [Int] = []

    private var isListening = false
    var inboxes: [Inbox] = []

    static let listener: Int32 = 2000
    static let firstConnection: Int32 = 3000
    static let firstInbox: Int32 = 4000

    public init() {}

    /// A peer connects.
    ///
    /// - Returns: the connection's place in `connections`.
    public mutating func connect(user: UInt32 = 0, saying text: String = "") -> Int {
        connections.append(Connection(user: user, incoming: Array(text.utf8)))
        waiting.append(connections.count - 1)
        return connections.count - 1
    }

    /// A process sends a datagram.
    ///
    /// - Parameter number: which of the sockets, in the order in which they were bound; `nil`: the
    ///   last.
    public mutating func send(
        _ text: String, to number: Int? = nil, from process: ProcessID? = nil, user: UInt32 = 0
    ) {
        let number = number ?? inboxes.count - 1
        guard inboxes.indices.contains(number), inboxes[number].isOpen else { return }
        inboxes[number].datagrams.append((Array(text.utf8), process, user))
    }

    /// How many datagrams init has not read yet.
    public var unreadCount: Int { inboxes.reduce(0) { $0 + $1.datagrams.count } }

    /// The sockets that are open, by name.
    var open: [String] {
        (isListening ? ["listener"] : []) + inboxes.filter(\.isOpen).map(\.path)
            + connections.indices.filter { connections[$0].isOpen && !waiting.contains($0) }
            .map { "connection \($0)" }
    }

    mutating func bind(_ path: String, _ kind: SocketKind) -> FileDescriptor {
        switch kind {
        case .stream:
            isListening = true
            return FileDescriptor(rawValue: Self.listener)
        case .datagram:
            inboxes.append(Inbox(path: path))
            return FileDescriptor(rawValue: Self.firstInbox + Int32(inboxes.count - 1))
        }
    }

    func inbox(_ descriptor: FileDescriptor) -> Int? {
        let place = Int(descriptor.rawValue - Self.firstInbox)
        return inboxes.indices.contains(place) && inboxes[place].isOpen ? place : nil
    }

    func knows(_ descriptor: FileDescriptor) -> Bool {
        descriptor.rawValue == Self.listener && isListening || inbox(descriptor) != nil
            || (try? place(descriptor)) != nil
    }

    func isReady(_ descriptor: FileDescriptor, forWriting: Bool) -> Bool {
        if descriptor.rawValue == Self.listener { return !waiting.isEmpty }
        if let inbox = inbox(descriptor) { return !inboxes[inbox].datagrams.isEmpty }
        guard let place = try? place(descriptor) else { return false }
        let connection = connections[place]
        if connection.isOver || connection.isBroken { return true }
        return forWriting ? connection.room > 0 : !connection.incoming.isEmpty
    }

    func place(_ descriptor: FileDescriptor) throws(Errno) -> Int {
        let place = Int(descriptor.rawValue - Self.firstConnection)
        guard connections.indices.contains(place), connections[place].isOpen else {
            throw .badFileDescriptor
        }
        return place
    }

    mutating func close(_ descriptor: FileDescriptor, at now: Int) {
        if descriptor.rawValue == Self.listener { isListening = false }
        if let inbox = inbox(descriptor) { inboxes[inbox].isOpen = false }
        if let place = try? place(descriptor) {
            connections[place].isOpen = false
            connections[place].closedAt = now
        }
    }
}

extension SimulatedKernel {
    public mutating func bind(
        _ path: UnsafePointer<UInt8>, _ kind: SocketKind, mode: Int32
    ) throws(Errno) -> FileDescriptor {
        try count()
        sockets.bound[String(cString: path)] = mode
        return sockets.bind(String(cString: path), kind)
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
        if let inbox = sockets.inbox(socket) {
            guard !sockets.inboxes[inbox].datagrams.isEmpty else { throw .wouldBlock }
            let datagram = sockets.inboxes[inbox].datagrams.removeFirst()
            guard datagram.bytes.count <= bytes.count else { throw Errno(rawValue: 90) }
            bytes.copyBytes(from: datagram.bytes)
            return Received(
                count: datagram.bytes.count, user: datagram.user, process: datagram.process)
        }
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
