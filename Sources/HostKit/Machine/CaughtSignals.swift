import CHost
import Glibc

/// The signals that ask this process for something, as bytes that a loop can wait for.
final class CaughtSignals {
    /// Can be read when a signal has come.
    let descriptor: Int32

    /// - Parameter isForwarder: whether this process takes each signal in the place of another
    ///   process.
    init(isForwarder: Bool = false) { descriptor = host_catch_signals(isForwarder ? 1 : 0) }

    deinit { close(descriptor) }

    /// The numbers of the signals that have come.
    func take() -> [Int32] {
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = read(descriptor, &bytes, bytes.count)
        return bytes.prefix(max(count, 0)).map(Int32.init)
    }
}
