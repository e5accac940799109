import InitCore
import KernelInterface

/// A world has no services. PID 1 asks for none of this.
extension WorldKernel {
    mutating func forkService(
        into cgroup: FileDescriptor?, _ body: (inout WorldKernel, FileDescriptor, Bool) -> Int32
    ) throws(Errno) -> Child { throw .noSuchSystemCall }

    mutating func readServiceReport(_ report: FileDescriptor) throws(Errno) -> ServiceReport? {
        throw .noSuchSystemCall
    }

    mutating func resetSignals(ignoring ignored: Signal?) throws(Errno) { throw .noSuchSystemCall }

    mutating func unblockSignals() throws(Errno) { throw .noSuchSystemCall }

    mutating func newSession() throws(Errno) { throw .noSuchSystemCall }

    mutating func takeTerminal(_ terminal: FileDescriptor, byForce: Bool) throws(Errno) {
        throw .noSuchSystemCall
    }

    mutating func hangUpTerminal(_ terminal: FileDescriptor) throws(Errno) {
        throw .noSuchSystemCall
    }

    mutating func resetTerminal(_ terminal: FileDescriptor) throws(Errno) {
        throw .noSuchSystemCall
    }

    mutating func setGroups(_ groups: UnsafeBufferPointer<UInt32>) throws(Errno) {
        throw .noSuchSystemCall
    }

    mutating func setGroup(_ group: UInt32) throws(Errno) { throw .noSuchSystemCall }

    mutating func setUser(_ user: UInt32) throws(Errno) { throw .noSuchSystemCall }

    mutating func setLimit(_ resource: Int32, soft: UInt64, hard: UInt64) throws(Errno) {
        throw .noSuchSystemCall
    }

    mutating func limit(of resource: Int32) throws(Errno) -> (soft: UInt64, hard: UInt64) {
        throw .noSuchSystemCall
    }

    mutating func setPriority(_ priority: Int32) throws(Errno) { throw .noSuchSystemCall }

    mutating func setIOPriority(_ priority: Int32) throws(Errno) { throw .noSuchSystemCall }

    mutating func setScheduling(policy: Int32, priority: Int32) throws(Errno) {
        throw .noSuchSystemCall
    }

    mutating func setUmask(_ mask: UInt32) {}

    mutating func removeFile(at path: UnsafePointer<UInt8>) throws(Errno) {
        throw .noSuchSystemCall
    }

    mutating func removeDirectory(at path: UnsafePointer<UInt8>) throws(Errno) {
        throw .noSuchSystemCall
    }

    mutating func open(at path: UnsafePointer<UInt8>, _ flags: OpenFlags, mode: UInt32)
        throws(Errno) -> FileDescriptor
    { throw .noSuchSystemCall }

    mutating func close(_ descriptor: FileDescriptor) {}

    mutating func closeDescriptors(
        from first: FileDescriptor, keeping one: FileDescriptor?, _ other: FileDescriptor?
    ) {}

    mutating func duplicate(_ descriptor: FileDescriptor, as copy: FileDescriptor) throws(Errno) {
        throw .noSuchSystemCall
    }

    mutating func duplicate(_ descriptor: FileDescriptor, above other: FileDescriptor)
        throws(Errno) -> FileDescriptor
    { throw .noSuchSystemCall }

    mutating func read(_ bytes: UnsafeMutableRawBufferPointer, from descriptor: FileDescriptor)
        throws(Errno) -> Int
    { throw .noSuchSystemCall }

    mutating func readParts(
        at path: UnsafePointer<UInt8>, _ body: (inout WorldKernel, UnsafeRawBufferPointer) -> Bool
    ) throws(Errno) { throw .noSuchSystemCall }

    mutating func writeFile(at path: UnsafePointer<UInt8>, _ bytes: UnsafeRawBufferPointer)
        throws(Errno)
    { throw .noSuchSystemCall }

    mutating func makeDirectory(at path: UnsafePointer<UInt8>, mode: UInt32) throws(Errno) {
        throw .noSuchSystemCall
    }

    mutating func setMode(of path: UnsafePointer<UInt8>, to mode: UInt32) throws(Errno) {
        throw .noSuchSystemCall
    }

    mutating func setOwner(of path: UnsafePointer<UInt8>, to user: UInt32?, _ group: UInt32?)
        throws(Errno)
    { throw .noSuchSystemCall }

    mutating func status(of path: UnsafePointer<UInt8>, followsLink: Bool) throws(Errno)
        -> FileStatus
    { throw .noSuchSystemCall }

    mutating func isMountPoint(_ path: UnsafePointer<UInt8>) throws(Errno) -> Bool {
        throw .noSuchSystemCall
    }

    mutating func checkWritable(_ path: UnsafePointer<UInt8>) throws(Errno) {
        throw .noSuchSystemCall
    }

    mutating func isEmptyDirectory(_ path: UnsafePointer<UInt8>) throws(Errno) -> Bool {
        throw .noSuchSystemCall
    }

    mutating func changeDirectory(to path: UnsafePointer<UInt8>) throws(Errno) {
        throw .noSuchSystemCall
    }

    mutating func changeRoot(to path: UnsafePointer<UInt8>) throws(Errno) {
        throw .noSuchSystemCall
    }

    mutating func fillRandomly(_ bytes: UnsafeMutableRawBufferPointer) throws(Errno) {
        throw .noSuchSystemCall
    }

    mutating func execute(
        _ path: UnsafePointer<UInt8>, _ arguments: UnsafePointer<UnsafeMutablePointer<CChar>?>,
        _ environment: UnsafePointer<UnsafeMutablePointer<CChar>?>
    ) throws(Errno) { throw .noSuchSystemCall }
}
