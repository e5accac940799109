import CHost
import Glibc

/// What runs the guest's instructions.
public enum Accelerator: String, Sendable {
    case kvm
    case tcg

    /// Why KVM cannot be used here; `nil` if it may be usable.
    ///
    /// The device alone proves nothing. Inside some virtual machines /dev/kvm opens and makes
    /// virtual machines that never run Linux. Such a processor shows neither of the flags that KVM
    /// needs.
    public static func whyNoKVM(
        device: String = "/dev/kvm", processors: String = "/proc/cpuinfo"
    ) -> String? {
        if access(device, F_OK) != 0 { return "there is no \(device)" }
        if access(device, R_OK | W_OK) != 0 {
            return "\(device) may not be opened; is this user in the group kvm?"
        }
        let flags =
            (readWholeFile(processors) ?? "").split(separator: "\n")
            .first { $0.hasPrefix("flags") }?
            .split(separator: " ") ?? []
        if !flags.contains("vmx") && !flags.contains("svm") {
            return "the processor shows neither vmx nor svm, so KVM cannot run Linux"
        }
        return nil
    }

    /// How many times this processor's counter ticks in a millisecond: a guest under emulation sees
    /// the host's counter, and is told its speed. Takes 20 ms.
    public static var counterSpeed: UInt64 { host_tsc_khz() }
}

/// A small text file of the kernel's or of this tool's; `nil` if it cannot be read.
func readWholeFile(_ path: String) -> String? {
    guard let file = fopen(path, "re") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 64 * 1024)
    while true {
        let count = fread(&piece, 1, piece.count, file)
        if count == 0 { break }
        bytes.append(contentsOf: piece[..<count])
    }
    return String(decoding: bytes, as: UTF8.self)
}
