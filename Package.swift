// swift-tools-version: 6.2
import PackageDescription

// One manifest serves both builds. The host's (`swift build`, `swift test`) is in full Swift. The
// guest's is in Embedded Swift against musl; the Swift SDK that scripts/build-sdk.sh makes holds
// its switches, and scripts/build-init.sh says that it is the guest's. That one takes no package.
let isGuest = Context.environment["HAMMOCK_GUEST"] != nil

/// For all parts of PID 1: what Embedded Swift refuses is an error on the host too.
let embeddable: [SwiftSetting] = [.treatWarning("EmbeddedRestrictions", as: .error)]

let package = Package(
    name: "hammock",
    products: [
        .executable(name: "init", targets: ["init"]),
        .executable(name: "hammock", targets: ["hammock"]),
        .executable(name: "hammock-agent", targets: ["hammock-agent"]),
        .executable(name: "trapping-init", targets: ["trapping-init"]),
        .executable(name: "recipe-child", targets: ["recipe-child"]),
        .executable(name: "logging-init", targets: ["logging-init"]),
        .executable(name: "boot-timeline", targets: ["boot-timeline"]),
    ],
    dependencies: isGuest
        ? []
        : [
            .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
            .package(url: "https://github.com/apple/swift-system", exact: "1.8.1"),
            .package(url: "https://github.com/swiftlang/swift-subprocess", exact: "1.0.2"),
        ],
    targets: [
        .target(name: "CLinux"),
        .target(name: "InitCore", swiftSettings: embeddable),
        .target(name: "UnitFiles", dependencies: ["InitCore"], swiftSettings: embeddable),
        .target(
            name: "KernelInterface",
            dependencies: ["CLinux", "InitCore"],
            swiftSettings: embeddable
        ),
        .target(
            name: "InitRuntime",
            dependencies: ["InitCore", "KernelInterface"],
            swiftSettings: embeddable
        ),
        .executableTarget(name: "init", dependencies: ["InitRuntime"]),

        // What the host and the agent in a machine say to each other.
        .target(
            name: "AgentProtocol", dependencies: ["InitCore"], swiftSettings: embeddable),

        // The agent: does in a machine what the host asks for on a virtio port.
        .target(
            name: "GuestAgent",
            dependencies: ["AgentProtocol", "CLinux", "InitCore", "KernelInterface"],
            swiftSettings: embeddable
        ),
        .executableTarget(name: "hammock-agent", dependencies: ["GuestAgent"]),

        // The tool: looks at unit files and makes plans, on a host or on the machine itself.
        .target(
            name: "HammockTool",
            dependencies: ["CLinux", "InitCore", "KernelInterface", "UnitFiles"],
            swiftSettings: embeddable
        ),
        .executableTarget(name: "hammock", dependencies: ["HammockTool"]),

        // For the host only: draws the picture of a boot.
        .target(name: "BootTimeline"),
        .executableTarget(name: "boot-timeline", dependencies: ["BootTimeline"]),
        .testTarget(name: "BootTimelineTests", dependencies: ["BootTimeline"]),

        // A PID 1 that runs into a Swift trap on purpose, for the tests that boot it.
        .target(
            name: "TrappingRuntime",
            dependencies: ["InitCore", "InitRuntime", "KernelInterface"],
            path: "Tests/Support/TrappingRuntime",
            swiftSettings: embeddable
        ),
        .executableTarget(
            name: "trapping-init",
            dependencies: ["TrappingRuntime"],
            path: "Tests/Support/trapping-init"
        ),

        // Runs one command by a recipe, for the tests that ask the real kernel.
        .target(
            name: "RecipeRuntime",
            dependencies: ["InitCore", "InitRuntime", "KernelInterface"],
            path: "Tests/Support/RecipeRuntime",
            swiftSettings: embeddable
        ),
        .executableTarget(
            name: "recipe-child",
            dependencies: ["RecipeRuntime"],
            path: "Tests/Support/recipe-child"
        ),

        // The logger without the rest of PID 1, for the tests that kill it.
        .target(
            name: "LoggingRuntime",
            dependencies: ["InitCore", "InitRuntime", "KernelInterface"],
            path: "Tests/Support/LoggingRuntime",
            swiftSettings: embeddable
        ),
        .executableTarget(
            name: "logging-init",
            dependencies: ["LoggingRuntime"],
            path: "Tests/Support/logging-init"
        ),

        .target(
            name: "SimulatedKernel",
            dependencies: ["InitCore", "KernelInterface"],
            path: "Tests/Support/SimulatedKernel"
        ),
        // Parts of the shim that ask a test in place of Linux.
        .target(
            name: "SimulatedShim", dependencies: ["CLinux"], path: "Tests/Support/simulated-shim"),
        // What tests draw from a seed.
        .target(name: "SeededRandom", path: "Tests/Support/SeededRandom"),
        .testTarget(name: "InitCoreTests", dependencies: ["InitCore", "SeededRandom"]),
        .testTarget(
            name: "HammockToolTests", dependencies: ["HammockTool", "InitCore", "SeededRandom"]),
        // It moves millions of bytes.
        .testTarget(
            name: "GuestAgentTests",
            dependencies: [
                "AgentProtocol", "CLinux", "GuestAgent", "InitCore", "KernelInterface",
                "SeededRandom",
            ],
            swiftSettings: [.unsafeFlags(["-O"])]
        ),
        .testTarget(name: "UnitFilesTests", dependencies: ["InitCore", "UnitFiles"]),
        // It walks through millions of states. Optimised it takes a minute, otherwise ten.
        .testTarget(
            name: "ServiceTests",
            dependencies: ["InitCore", "SeededRandom"],
            swiftSettings: [.unsafeFlags(["-O"])]
        ),
        .testTarget(name: "KernelInterfaceTests", dependencies: ["InitCore", "KernelInterface"]),
        .testTarget(
            name: "InitRuntimeTests",
            dependencies: [
                "InitCore", "InitRuntime", "KernelInterface", "SeededRandom", "SimulatedKernel",
            ]
        ),
        .testTarget(
            name: "RecipeTests",
            dependencies: ["InitCore", "InitRuntime", "KernelInterface", "SimulatedKernel"]
        ),
        .testTarget(
            name: "SimulationTests",
            dependencies: [
                "InitCore", "InitRuntime", "KernelInterface", "SeededRandom", "SimulatedShim",
            ]
        ),
    ]
)

// The host's tool, `hammock run`.
if !isGuest {
    let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
    let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
    let arguments = Target.Dependency.product(
        name: "ArgumentParser", package: "swift-argument-parser")
    package.products += [
        .executable(name: "hammock-host", targets: ["hammock-host"]),
        .executable(name: "hammock-runtime", targets: ["hammock-runtime"]),
    ]
    package.targets += [
        .target(name: "CHost"),
        .target(
            name: "HostKit",
            dependencies: ["AgentProtocol", "CHost", "InitCore", system, subprocess]),
        .executableTarget(
            name: "hammock-host", dependencies: ["HammockTool", "HostKit", arguments]),
        // The OCI runtime, for container engines.
        .executableTarget(name: "hammock-runtime", dependencies: ["HostKit"]),
        .testTarget(
            name: "HostKitTests",
            dependencies: ["AgentProtocol", "HostKit", "InitCore", "SeededRandom", system]),
    ]
}
