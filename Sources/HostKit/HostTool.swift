import Glibc
import InitCore

/// A program of the host's that Hammock calls.
public struct HostTool: Sendable {
    public let name: String
    /// The package of Debian's that has it.
    public let package: String
    /// What does not work without it.
    public let purpose: String
    /// Whether nothing works without it.
    public let isNeeded: Bool

    public static let all = [
        HostTool(
            name: "qemu-system-x86_64", package: "qemu-system-x86", purpose: "no machine runs",
            isNeeded: true),
        HostTool(.tar2sqfs, purpose: "no image can be unpacked", isNeeded: true),
        HostTool(.skopeo, purpose: "no image is fetched by its name"),
        HostTool(.zstd, purpose: "no layer packed by zstd is read"),
        HostTool(.xz, purpose: "no tar packed by xz is read"),
        HostTool(.mkfsVFAT, purpose: "no disk is made of an image"),
        HostTool(.mcopy, purpose: "no disk is made of an image"),
        HostTool(.syslinux, purpose: "no disk is made of an image"),
    ]

    /// Where it is; `nil` if it is not in a directory of PATH.
    public var path: String? { Self.path(of: name) }

    static func path(of name: String) -> String? {
        // Some of Debian's programs are for root, and an ordinary user's PATH does not lead there.
        let directories = (environmentVariable("PATH") ?? "/usr/bin:/bin") + ":/usr/sbin:/sbin"
        return directories.split(separator: ":").map { "\($0)/\(name)" }
            .first { access($0, X_OK) == 0 }
    }
}

extension HostTool {
    private init(_ tool: ImageTool, purpose: String, isNeeded: Bool = false) {
        self.init(
            name: tool.rawValue, package: tool.package, purpose: purpose, isNeeded: isNeeded)
    }
}

/// Which Hammock this is.
public var hammockVersion: String {
    let number = Version.number
    return String(decoding: (0..<number.count).map { number[$0] }, as: UTF8.self)
}
