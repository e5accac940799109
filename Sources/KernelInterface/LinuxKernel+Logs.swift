internal import CLinux
public import InitCore

// MARK: Pipes

extension LinuxKernel {
    public mutating func pipe(writerWaits: Bool) throws(Errno) -> Pipe {
        var ends: (reading: Int32, writing: Int32) = (-1, -1)
        let result = withUnsafeMutableBytes(of: &ends) { bytes in
            clinux_pipe(bytes.baseAddress?.assumingMemoryBound(to: Int32.self))
        }
        try check(result)
        // The ends have flags of their own.
        if writerWaits { try check(clinux_let_block(ends.writing)) }
        return Pipe(
            reading: FileDescriptor(rawValue: ends.reading),
            writing: FileDescriptor(rawValue: ends.writing))
    }

    public mutating func tee(
        _ source: FileDescriptor, into destination: FileDescriptor, count: Int
    ) throws(Errno) -> Int {
        try check(clinux_tee(source.rawValue, destination.rawValue, count))
    }

    public mutating func read(
        _ bytes: UnsafeMutableRawBufferPointer, from descriptor: FileDescriptor, at offset: Int64
    ) throws(Errno) -> Int {
        try check(clinux_pread(descriptor.rawValue, bytes.baseAddress, bytes.count, offset))
    }

    public mutating func closeDescriptors(
        from first: FileDescriptor, through last: FileDescriptor
    ) {
        guard first.rawValue <= last.rawValue else { return }
        _ = clinux_close_range(first.rawValue, last.rawValue)
    }

    public mutating func makeWatch() throws(Errno) -> FileDescriptor {
        FileDescriptor(rawValue: try check(clinux_epoll_create()))
    }

    public mutating func watch(
        _ descriptor: FileDescriptor, as number: UInt32, by watch: FileDescriptor
    ) throws(Errno) {
        try check(clinux_epoll_watch(watch.rawValue, descriptor.rawValue, number))
    }

    public mutating func nextArrival(at watch: FileDescriptor) throws(Errno) -> UInt32? {
        var number: UInt32 = 0
        return try check(clinux_epoll_take(watch.rawValue, &number)) > 0 ? number : nil
    }
}

// MARK: Files

extension LinuxKernel {
    public mutating func openLog(_ path: UnsafePointer<UInt8>) throws(Errno) -> FileDescriptor {
        FileDescriptor(rawValue: try check(clinux_open_log(cString(path))))
    }

    public mutating func fileSize(_ descriptor: FileDescriptor) throws(Errno) -> Int64 {
        try check(clinux_file_size(descriptor.rawValue))
    }

    public mutating func truncate(_ descriptor: FileDescriptor, to size: Int64) throws(Errno) {
        try check(clinux_truncate(descriptor.rawValue, size))
    }

    public mutating func rename(
        _ path: UnsafePointer<UInt8>, to other: UnsafePointer<UInt8>
    ) throws(Errno) {
        try check(clinux_rename(cString(path), cString(other)))
    }

    public mutating func fileSystemSize(_ path: StaticString) throws(Errno) -> Int64 {
        try check(clinux_file_system_size(cString(path)))
    }

    public mutating func uptime() -> UInt64 {
        UInt64(truncatingIfNeeded: clinux_clock_microseconds())
    }
}
