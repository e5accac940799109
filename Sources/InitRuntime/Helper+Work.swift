import InitCore
import KernelInterface

extension Helper {
    /// What the forked child does, and the code that it exits with: 0 if all went well.
    func work<K: Kernel & ~Copyable>(on kernel: inout K) -> Int32 {
        switch self {
        case .killEverything:
            // An error means that nobody is left.
            try? kernel.send(.kill, to: .everything)
            return 0
        case .unmount:
            return unmountEverything(on: &kernel) ? 0 : 1
        case .sync:
            kernel.sync()
            return 0
        case .leave(let ending):
            try? kernel.leave(ending)
            return 1
        }
    }
}

/// Unmounts what can be unmounted, and makes the rest read-only.
///
/// - Returns: whether nothing is left that can be written to.
func unmountEverything<K: Kernel & ~Copyable>(on kernel: inout K) -> Bool {
    // Something may keep another busy that comes later in the list. A file can hold so many
    // mounts that only the first are seen; when they are gone the others are.
    var rounds = 0
    while rounds < mostRounds, unmountOnce(on: &kernel) { rounds &+= 1 }
    guard let text = readMounts(on: &kernel) else {
        // Without a list the root is still where most of it is.
        let root: StaticString = "/"
        try? kernel.makeReadOnly(root.utf8Start)
        return false
    }
    var table = MountTable(text)
    var isClean = true
    while let path = table.next() {
        do throws(Errno) {
            try kernel.makeReadOnly(path)
        } catch {
            isClean = false
        }
    }
    return isClean
}

/// A bound for what should end by itself: each round but the last unmounts something.
private let mostRounds = 64

/// - Returns: whether anything was unmounted.
private func unmountOnce<K: Kernel & ~Copyable>(on kernel: inout K) -> Bool {
    guard let text = readMounts(on: &kernel) else { return false }
    var table = MountTable(text)
    var hasUnmounted = false
    while let path = table.next() {
        // The root stays, and becomes read-only. umount2(2) says each time that it did that.
        let isRoot = path[1] == 0
        if (try? kernel.unmount(path)) != nil, !isRoot { hasUnmounted = true }
    }
    return hasUnmounted
}

@inline(never)
private func readMounts<K: Kernel & ~Copyable>(
    on kernel: inout K
) -> UnsafeMutableRawBufferPointer? {
    if let text = try? kernel.read("/proc/self/mounts") { return text }
    // Somebody has unmounted it.
    try? kernel.mount(EarlyMount.table[EarlyMount.lastBeforeCommandLine])
    return try? kernel.read("/proc/self/mounts")
}
