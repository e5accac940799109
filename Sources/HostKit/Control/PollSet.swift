import Glibc

/// The descriptors that a loop waits for, and what it does when one is ready. poll(2)
///
/// A loop fills it anew for each turn.
struct PollSet {
    private var entries: [pollfd] = []
    private var handlers: [() throws -> Void] = []

    /// - Parameters:
    ///   - events: POLLIN, POLLOUT, or both.
    ///   - handler: is called when one of them has come, or the descriptor's end.
    mutating func add(_ descriptor: Int32, _ events: Int32, _ handler: @escaping () throws -> Void)
    {
        entries.append(pollfd(fd: descriptor, events: Int16(events), revents: 0))
        handlers.append(handler)
    }

    /// Waits, and calls the handlers of what is ready, in the order in which they were added.
    ///
    /// - Parameter milliseconds: how long to wait at most; below 0, for ever.
    mutating func wait(milliseconds: Int32) throws {
        let count = poll(&entries, nfds_t(entries.count), milliseconds)
        guard count > 0 else { return }
        for (entry, handler) in zip(entries, handlers) where entry.revents != 0 { try handler() }
    }
}
