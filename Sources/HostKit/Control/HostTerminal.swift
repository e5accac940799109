import Glibc

/// The terminal that this process was started on. termios(3)
public final class HostTerminal {
    private let descriptor: Int32
    private var before = termios()

    /// Has each key go to the program in the machine, unchanged.
    ///
    /// - Returns: `nil` if the descriptor is no terminal.
    public init?(raw descriptor: Int32) {
        self.descriptor = descriptor
        guard tcgetattr(descriptor, &before) == 0 else { return nil }
        var raw = before
        cfmakeraw(&raw)
        tcsetattr(descriptor, TCSADRAIN, &raw)
    }

    /// Gives the terminal its modes back.
    public func restore() { tcsetattr(descriptor, TCSADRAIN, &before) }

    /// - Returns: `nil` if the descriptor is no terminal, or one without a size.
    public static func size(of descriptor: Int32) -> WindowSize? {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0, size.ws_col > 0
        else { return nil }
        return WindowSize(rows: size.ws_row, columns: size.ws_col)
    }
}
