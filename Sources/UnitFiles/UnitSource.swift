public import InitCore

/// What a path leads to, if its last part is not followed.
public enum PathKind: Equatable, Sendable {
    case missing
    case file
    case directory
    case link
    case pipe
    case device
    case socket
    /// The kernel refused to say.
    case failed(Errno)
}

/// Where unit files are read: a root directory of Linux, or what a test has made up.
///
/// All paths are absolute, below the root, without a NUL. No part of a path but the last is a
/// symbolic link, since the planner resolves links itself. A path is never longer than 1 KiB.
public protocol UnitSource: ~Copyable {
    /// lstat(2)
    mutating func kind(of path: ByteView) -> PathKind

    /// Reads a file. Must not block, whatever has come into the file's place since `kind`.
    ///
    /// - Returns: how many bytes; all of `buffer` if the file is larger.
    mutating func read(_ path: ByteView, into buffer: UnsafeMutableRawBufferPointer) throws(Errno)
        -> Int

    /// Reads the names in a directory, in any order, each ended by a NUL.
    ///
    /// - Throws: `Errno.tooLarge` if they do not fit.
    /// - Returns: how many bytes.
    mutating func list(_ path: ByteView, into buffer: UnsafeMutableRawBufferPointer) throws(Errno)
        -> Int

    /// Reads the names in a directory as `list` does, so that the planner need not ask for each name
    /// that could be there: for most units it asks for dozens that are not.
    ///
    /// - Returns: how many bytes; `nil` if `kind(of:)` could find another name, or fail.
    mutating func allNames(in path: ByteView, into buffer: UnsafeMutableRawBufferPointer) -> Int?

    /// Reads where a symbolic link leads. readlink(2)
    ///
    /// - Returns: how many bytes; all of `buffer` if there are more.
    mutating func readLink(_ path: ByteView, into buffer: UnsafeMutableRawBufferPointer)
        throws(Errno) -> Int

    /// Takes a problem as soon as it is found. The views in it are valid during the call.
    mutating func report(_ problem: Problem)
}
