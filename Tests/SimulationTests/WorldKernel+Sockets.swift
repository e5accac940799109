import InitCore
import KernelInterface

// No world has services yet, so nothing there has a socket.
extension WorldKernel {
    mutating func bind(_ path: UnsafePointer<UInt8>, _ kind: SocketKind, mode: Int32)
        throws(Errno) -> FileDescriptor
    { throw .noSuchSystemCall }

    mutating func accept(from listener: FileDescriptor) throws(Errno) -> FileDescriptor {
        throw .noSuchSystemCall
    }

    mutating func peerUser(of connection: FileDescriptor) throws(Errno) -> UInt32 {
        throw .noSuchSystemCall
    }

    mutating func receive(
        _ bytes: UnsafeMutableRawBufferPointer, from socket: FileDescriptor
    ) throws(Errno) -> Received { throw .noSuchSystemCall }

    mutating func send(_ bytes: UnsafeRawBufferPointer, over socket: FileDescriptor)
        throws(Errno) -> Int
    { throw .noSuchSystemCall }
}
