import ArgumentParser
import Glibc
import HostKit

/// `hammock doctor`
struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Says what this host has for machines, and how to get what is missing.",
        discussion: "Ends with 3 if hammock run cannot work.")

    @OptionGroup var files: RuntimeFiles

    func run() throws {
        var isReady = true
        for tool in HostTool.all {
            if let path = tool.path {
                print("ok       \(tool.name): \(path)")
            } else {
                print(
                    "\(tool.isNeeded ? "missing " : "without ") \(tool.name): \(tool.purpose); "
                        + "apt-get install \(tool.package)")
                if tool.isNeeded { isReady = false }
            }
        }
        if let obstacle = Accelerator.whyNoKVM() {
            print("without  KVM: \(obstacle); machines are emulated, which is slower")
        } else {
            print("ok       KVM: /dev/kvm")
        }
        do {
            print("ok       kernel: \(try files.kernelFile())")
            print("ok       initramfs: \(try files.initramfsFile())")
        } catch let error as HostError {
            print("missing  \(error.description)")
            isReady = false
        }
        if !isReady { throw ExitCode(3) }
    }
}
