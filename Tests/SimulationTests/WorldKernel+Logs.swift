import InitCore
import KernelInterface

// What the logger asks for. No world has a logger yet.
extension WorldKernel {
    mutating func pipe(writerWaits: Bool) throws(Errno) -> Pipe { throw .noSuchSystemCall }

    mutating func tee(
        _ source: FileDescriptor, into destination: FileDescriptor, count: Int
    ) throws(Errno) -> Int { throw .noSuchSystemCall }

    mutating func read(
        _ bytes: UnsafeMutableRawBufferPointer, from descriptor: FileDescriptor, at offset: Int64
    ) throws(Errno) -> Int { throw .noSuchSystemCall }

    mutating func closeDescriptors(from first: FileDescriptor, through last: FileDescriptor) {}

    mutating func makeWatch() throws(Errno) -> FileDescriptor { throw .noSuchSystemCall }

    mutating func watch(
        _ descriptor: FileDescriptor, as number: UInt32, by watch: FileDescriptor
    ) throws(Errno) { throw .noSuchSystemCall }

    mutating func nextArrival(at watch: FileDescriptor) throws(Errno) -> UInt32? {
        throw .noSuchSystemCall
    }

    mutating func openLog(_ path: UnsafePointer<UInt8>) throws(Errno) -> FileDescriptor {
        throw .noSuchSystemCall
    }

    mutating func fileSize(_ descriptor: FileDescriptor) throws(Errno) -> Int64 {
        throw .noSuchSystemCall
    }

    mutating func truncate(_ descriptor: FileDescriptor, to size: Int64) throws(Errno) {
        throw .noSuchSystemCall
    }

    mutating func rename(_ path: UnsafePointer<UInt8>, to other: UnsafePointer<UInt8>)
        throws(Errno)
    { throw .noSuchSystemCall }

    mutating func fileSystemSize(_ path: StaticString) throws(Errno) -> Int64 {
        throw .noSuchSystemCall
    }

    mutating func uptime() -> UInt64 { UInt64(world.shownTime) * 1_000 }
}
