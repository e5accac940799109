import FoundationEssentials

/// What the process in a container that is a machine is told: which machine it is to run, and which
/// program in that. `create` writes it, beside the container's configuration.
public struct MachineOrder: Codable, Equatable, Sendable {
    /// A process in the machine.
    public struct Process: Codable, Equatable, Sendable {
        public var arguments: [String]
        public var environment: [String]
        public var workingDirectory: String
        public var user: UInt32
        public var group: UInt32
        public var groups: [UInt32]
        public var hasTerminal: Bool
        public var rows: UInt16
        public var columns: UInt16
    }

    /// A file system that the machine mounts over the container's root.
    public struct Volume: Codable, Equatable, Sendable {
        public enum Kind: Codable, Equatable, Sendable {
            /// Of the machine's own, with options as mount(8) has them. It is in memory.
            case memory(data: String)
            /// What the container has at `ContainerPlaces.volumes` under this name.
            case shared(name: String)
        }

        public var target: String
        public var kind: Kind
        /// mount(2), mountflags.
        public var flags: UInt32
    }

    public var process: Process
    public var volumes: [Volume]
    /// Settings of the machine's kernel: names as sysctl(8) has them.
    public var settings: [String: String]
    public var isReadOnly: Bool
    /// In MiB.
    public var memory: Int
    /// Whether `memory` was cut to fit into the container's limit.
    public var isLimited: Bool
    public var processors: Int
}

/// Where things are in a container that is a machine. Its own root directory has little more than the
/// host's programs.
public enum ContainerPlaces {
    /// This program.
    public static let runtime = "/hammock/runtime"
    public static let kernel = "/hammock/kernel"
    public static let initramfs = "/hammock/initramfs"
    /// `MachineOrder`
    public static let order = "/hammock/machine.json"
    /// The variable that tells a visitor its process: `MachineOrder.Process`.
    public static let visit = "HAMMOCK_VISIT"
    /// The root directory that the engine made.
    public static let root = "/image"
    /// A directory with what the engine would have mounted over it.
    public static let volumes = "/volumes"
    /// The machine's sockets.
    public static let machine = "/run/hammock"
}
