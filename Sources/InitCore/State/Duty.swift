/// What PID 1 of a machine does once, in this order, before anything else runs.
///
/// A distribution does most of this in an initramfs or in scripts. No failure here is worth dying
/// for: PID 1 reports it and goes on to the next duty.
public enum Duty: Equatable, Sendable {
    /// Mounts the file system of this number in `EarlyMount.table`.
    case mount(Int)
    /// Opens `/dev/console` as each of the descriptors 0 to 2 that is closed, so that no other file
    /// becomes a standard stream by chance.
    case openStandardStreams
    /// Reads the kernel's command line.
    case readCommandLine
    case setHostName
    /// Brings up the network interface `lo`.
    case bringUpLoopback

    /// The first duty in a role. A container's runtime has mounted what it wants there, and any
    /// other process owns nothing to set up.
    public static func first(in role: Role) -> Duty {
        role == .machine ? .mount(0) : .openStandardStreams
    }

    /// The duty after this one, or `nil` after the last.
    public func next(in role: Role) -> Duty? {
        guard role == .machine else { return nil }
        switch self {
        case .mount(EarlyMount.lastBeforeCommandLine): return .openStandardStreams
        case .openStandardStreams: return .readCommandLine
        case .readCommandLine: return .mount(EarlyMount.lastBeforeCommandLine &+ 1)
        case .mount(let number) where number &+ 1 < EarlyMount.table.count:
            return .mount(number &+ 1)
        case .mount: return .setHostName
        case .setHostName: return .bringUpLoopback
        case .bringUpLoopback: return nil
        }
    }

    /// Whether the system is as it should be despite this error.
    public func allows(_ error: Errno) -> Bool {
        switch self {
        case .mount:
            // Mounted already; no directory for it, and a read-only root to make one in; no such
            // file system in this kernel.
            error == .busy || error == .noSuchFile || error == .noSuchDevice
        case .openStandardStreams:
            // Without a console PID 1 lives on; its output goes to the kernel's log.
            error == .noSuchFile || error == .noSuchDevice || error == .noSuchDeviceOrAddress
        case .bringUpLoopback:
            // A kernel without network.
            error == .noSuchSystemCall || error == .noSuchDevice
                || error == .addressFamilyNotSupported
        case .readCommandLine, .setHostName:
            false
        }
    }
}
