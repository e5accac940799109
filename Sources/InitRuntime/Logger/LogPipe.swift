public import InitCore
public import KernelInterface

/// The lines of one service on their way from its pipe to its files.
public struct LogPipe {
    /// The name of the file.
    let name: ByteView
    /// The logger asks of the end to write to only whether it has room.
    let pipe: Pipe
    /// How large a file may get, in bytes.
    var size: UInt32
    /// Whether there may be something to read.
    var isReady = false
    /// How many lines could not be written since the last that could.
    var lost: UInt32 = 0

    /// LogSize=, where a unit has none.
    public static let usualSize: UInt32 = 64 * 1024
    /// LogSize= of the unit that this is the recipe of, in bytes; `usualSize` if it has none. A
    /// larger number than fits, such as infinity, is the largest that does.
    public static func size(by recipe: ByteView) -> UInt32 {
        var reader = RecipeReader(recipe)
        guard let text = reader.next(.logSize), isDigit(text[0]) else { return usualSize }
        return UInt32(truncatingIfNeeded: text.decimal(upTo: Int(UInt32.max)) ?? Int(UInt32.max))
    }

    /// How large a file may get even where there is no space for that: as large as a batch.
    static let leastSize = UInt32(LogBatch.mostOutput)

    /// - Parameters:
    ///   - name: of the unit. Must stay as it is as long as the logger runs.
    ///   - pipe: has two ends of which the logger leaves both open.
    ///   - size: LogSize=, in bytes: of the file, and of the one before it.
    public init(name: ByteView, pipe: Pipe, size: UInt32 = LogPipe.usualSize) {
        self.name = name
        self.pipe = pipe
        self.size = max(size, LogPipe.leastSize)
    }

    /// An entry of a table that is not used.
    static var none: LogPipe {
        let nowhere = FileDescriptor(rawValue: -1)
        return LogPipe(name: "", pipe: Pipe(reading: nowhere, writing: nowhere))
    }

    /// The file, or the one before it.
    ///
    /// - Throws: `Errno.invalidArgument` if no file has such a name.
    @inline(never)
    func path(isOld: Bool) throws(Errno) -> Path {
        guard name.count > 0, name[0] != UInt8(ascii: "."),
            name.length(before: UInt8(ascii: "/")) == name.count,
            name.length(before: 0) == name.count
        else { throw .invalidArgument }
        return Path("/run/log/", name, isOld ? ".old" : "")
    }
}
