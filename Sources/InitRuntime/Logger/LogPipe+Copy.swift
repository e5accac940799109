import InitCore
import KernelInterface

// From the pipe to the file.

extension LogPipe {
    /// Copies one batch of lines.
    ///
    /// - Parameter isEnding: also copies a line that has no end yet.
    /// - Returns: whether there may be more. Otherwise the pipe is empty, or holds less than a line.
    mutating func copy<K: Kernel & ~Copyable>(
        at desk: LogDesk, _ isEnding: Bool, on kernel: inout K
    ) throws(Errno) -> Bool {
        var isCut = isEnding
        let input = try look(at: desk, &isCut, on: &kernel)
        guard input.count > 0 else { return false }
        var batch = LogBatch(desk.output, stamp: LogStamp(time: kernel.uptime()), lost: lost)
        batch.append(linesOf: input)
        if batch.taken == 0 {
            if !isCut { isCut = try isFull(pipe, on: &kernel) }
            guard isCut else { return false }
            batch.append(piece: input)
        }
        if put(batch, at: desk, on: &kernel) {
            lost = 0
        } else {
            // A file that cannot be written must not hold up the service: its lines are taken.
            lost = lost.addingReportingOverflow(batch.lines).overflow ? .max : lost &+ batch.lines
        }
        try take(batch.taken, at: desk, on: &kernel)
        return true
    }

    /// What the pipe holds, which it keeps.
    ///
    /// - Parameter isCut: becomes true if more does not fit: then what has no end is cut off.
    private func look<K: Kernel & ~Copyable>(
        at desk: LogDesk, _ isCut: inout Bool, on kernel: inout K
    ) throws(Errno) -> UnsafeRawBufferPointer {
        let count: Int
        do throws(Errno) {
            count = try kernel.tee(
                pipe.reading, into: desk.scratch.writing, count: desk.input.count)
        } catch {
            if error == .wouldBlock { return UnsafeRawBufferPointer(start: nil, count: 0) }
            throw error
        }
        // A pipe holds so many bytes and so many writes. A service can make its pipe hold more
        // writes than the scratch pipe, or fewer.
        if count == desk.input.count { isCut = true }
        if !isCut { isCut = try isFull(desk.scratch, on: &kernel) }
        return try read(count, from: desk.scratch.reading, at: desk, on: &kernel)
    }

    private func isFull<K: Kernel & ~Copyable>(
        _ pipe: Pipe, on kernel: inout K
    ) throws(Errno) -> Bool {
        !(try kernel.waitUntilWritable(pipe.writing, milliseconds: 0))
    }

    /// Takes bytes out of the pipe: those that were written.
    private func take<K: Kernel & ~Copyable>(
        _ count: Int, at desk: LogDesk, on kernel: inout K
    ) throws(Errno) {
        _ = try read(count, from: pipe.reading, at: desk, on: &kernel)
    }

    /// - Throws: also `Errno.wouldBlock`, if another process has read from this pipe.
    private func read<K: Kernel & ~Copyable>(
        _ count: Int, from descriptor: FileDescriptor, at desk: LogDesk, on kernel: inout K
    ) throws(Errno) -> UnsafeRawBufferPointer {
        var got = 0
        while got < count {
            let part = try kernel.read(
                UnsafeMutableRawBufferPointer(rebasing: desk.input[got..<count]), from: descriptor)
            guard part > 0 else { throw .inputOutput }
            got &+= part
        }
        return UnsafeRawBufferPointer(rebasing: desk.input[..<count])
    }
}

// The file.

extension LogPipe {
    /// Writes all of a batch, or nothing that stays. Uses the desk's input as a buffer.
    ///
    /// - Returns: whether it was written.
    private func put<K: Kernel & ~Copyable>(
        _ batch: LogBatch, at desk: LogDesk, on kernel: inout K
    ) -> Bool {
        do throws(Errno) {
            var file = try open(on: &kernel)
            defer { kernel.close(file) }
            var end = try findEnd(of: file, at: desk, on: &kernel)
            if end > 0, end &+ Int64(batch.count) > Int64(size) {
                try rename(on: &kernel)
                kernel.close(file)
                // If this fails, the number is closed twice. It is no other file's by then.
                file = try open(on: &kernel)
                end = 0
            }
            return try append(batch, to: file, at: end, on: &kernel)
        } catch {
            return false
        }
    }

    private func append<K: Kernel & ~Copyable>(
        _ batch: LogBatch, to file: FileDescriptor, at end: Int64, on kernel: inout K
    ) throws(Errno) -> Bool {
        let written = try kernel.write(batch.bytes, to: file)
        if written == batch.count { return true }
        // The file system is full. If the part stays, the next batch finds it and cuts it off.
        try kernel.truncate(file, to: end)
        return false
    }

    private func open<K: Kernel & ~Copyable>(on kernel: inout K) throws(Errno) -> FileDescriptor {
        var file: FileDescriptor?
        try path(isOld: false).use { (path) throws(Errno) in
            do throws(Errno) {
                file = try kernel.openLog(path)
            } catch {
                guard error == .noSuchFile else { throw error }
                let directory: StaticString = "/run/log"
                try kernel.makeDirectory(at: directory.utf8Start, mode: 0o755)
                file = try kernel.openLog(path)
            }
        }
        guard let file else { throw .invalidArgument }
        return file
    }

    private func rename<K: Kernel & ~Copyable>(on kernel: inout K) throws(Errno) {
        let old = try path(isOld: true)
        try path(isOld: false).use { (new) throws(Errno) in
            try old.use { (old) throws(Errno) in try kernel.rename(new, to: old) }
        }
    }

    /// Where the last line ends. A logger may have been killed while it wrote: then it had not
    /// taken the lines that it wrote, and the one that it did not finish is cut off.
    private func findEnd<K: Kernel & ~Copyable>(
        of file: FileDescriptor, at desk: LogDesk, on kernel: inout K
    ) throws(Errno) -> Int64 {
        let size = try kernel.fileSize(file)
        var end = size
        // Most files are in order, and one byte says so.
        var step = 1
        while end > 0 {
            let start = max(0, end &- Int64(step))
            let part = UnsafeMutableRawBufferPointer(rebasing: desk.input[..<Int(end &- start)])
            guard try kernel.read(part, from: file, at: start) == part.count else {
                throw .inputOutput
            }
            var offset = part.count
            while offset > 0, part[offset &- 1] != UInt8(ascii: "\n") { offset &-= 1 }
            end = start &+ Int64(offset)
            if offset > 0 { break }
            step = desk.input.count
        }
        if end < size { try kernel.truncate(file, to: end) }
        return end
    }
}
