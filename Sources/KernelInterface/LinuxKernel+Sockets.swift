internal import CLinux
public import InitCore

extension LinuxKernel {
    public mutating func bind(_ path: UnsafePointer<UInt8>, _ kind: SocketKind, mode: Int32)
        throws(Errno) -> FileDescriptor
    {
        // A file that a former PID 1 has left there would be in the way.
        _ = clinux_unlink(cString(path))
        return FileDescriptor(
            rawValue: try check(clinux_bind(cString(path), kind == .stream ? 1 : 0, mode)))
    }

    public mutating func accept(from listener: FileDescriptor) throws(Errno) -> FileDescriptor {
        FileDescriptor(rawValue: try check(clinux_accept(listener.rawValue)))
    }

    public mutating func peerUser(of connection: FileDescriptor) throws(Errno) -> UInt32 {
        UInt32(truncatingIfNeeded: try check(clinux_peer_user(connection.rawValue)))
    }

    public mutating func receive(
        _ bytes: UnsafeMutableRawBufferPointer, from socket: FileDescriptor
    ) throws(Errno) -> Received {
        var user = UInt32.max
        var process: Int32 = 0
        let count = try check(
            clinux_receive(socket.rawValue, bytes.baseAddress, bytes.count, &user, &process))
        return Received(
            count: Int(count), user: user == .max ? nil : user,
            process: process > 0 ? ProcessID(rawValue: process) : nil)
    }

    public mutating func send(_ bytes: UnsafeRawBufferPointer, over socket: FileDescriptor)
        throws(Errno) -> Int
    {
        Int(try check(clinux_send(socket.rawValue, bytes.baseAddress, bytes.count)))
    }
}
