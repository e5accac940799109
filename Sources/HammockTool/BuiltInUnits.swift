import InitCore

/// Units that are there without a file. A file of the same name, in any directory of units, counts
/// in their place.
enum BuiltInUnits {
    /// The directory that they seem to be in: the last one that is searched.
    private static var directory: ByteView { "/usr/lib/hammock/units" }

    /// The text of a file that is not on the disk; `nil` if it is none of these.
    static func text(of path: ByteView) -> ByteView? {
        if path.equals("/usr/lib/hammock/units/rescue.target") { return target }
        if path.equals("/usr/lib/hammock/units/rescue.service") { return service }
        return nil
    }

    /// Whether this is the directory, or one above it.
    static func isDirectory(_ path: ByteView) -> Bool {
        directory.hasPrefix(path)
            && (path.count == directory.count || directory[path.count] == UInt8(ascii: "/"))
    }

    /// Appends the names in this directory to those that are there already.
    ///
    /// - Returns: how many bytes there are then; `nil` if they do not fit.
    static func appendNames(
        in path: ByteView, to buffer: UnsafeMutableRawBufferPointer, _ count: Int
    ) -> Int? {
        guard path.equals(directory) else { return count }
        let names: ByteView = "rescue.target\0rescue.service\0"
        guard count &+ names.count <= buffer.count, let start = buffer.baseAddress else {
            return nil
        }
        return count &+ names.copy(to: (start + count).assumingMemoryBound(to: UInt8.self))
    }

    private static var target: ByteView {
        """
        [Unit]
        Description=A root shell on the console, and nothing else
        Requires=rescue.service
        After=rescue.service

        """
    }

    /// An interactive shell ignores SIGTERM, so it gets SIGHUP as well.
    private static var service: ByteView {
        """
        [Unit]
        Description=A root shell on the console
        [Service]
        ExecStart=-/bin/sh -i
        StandardInput=tty-force
        StandardOutput=tty
        TTYPath=/dev/console
        TTYReset=yes
        SendSIGHUP=yes
        Restart=always
        RestartSec=0

        """
    }
}
