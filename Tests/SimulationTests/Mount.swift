import SeededRandom

/// A mounted file system.
struct Mount {
    var path: String
    /// Whether something in it can be lost.
    var isDisk = true
    var isReadOnly = false
    /// The process that keeps it busy, by its number.
    var holder: Handle?
    /// What else keeps it busy: a file in it.
    enum Keeper {
        case swap, loop, mapping
    }
    var keeper: Keeper?
    /// Whether unmounting it never comes back.
    var hangs = false

    /// As /proc/self/mounts writes it: with octal escapes.
    var line: String {
        "/dev/x \(escapedPath) ext4 \(isReadOnly ? "ro" : "rw") 0 0\n"
    }

    var escapedPath: String { path.replacing(" ", with: "\\040") }

    static func draw(_ random: inout SplitMix64) -> [Mount] {
        (0..<random.pick([0, 0, 1, 4])).map { _ in
            Mount(
                path: random.pick(["/data", "/data/a b", "/mnt", "/mnt/x", "/proc", "/home"]),
                keeper: random.pick([nil, nil, nil, .swap, .loop, .mapping]))
        }
    }
}
