import ArgumentParser
import HostKit

/// The host's tool.
@main
struct Hammock: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hammock",
        abstract: "Runs a container image in a machine of its own.")
}
