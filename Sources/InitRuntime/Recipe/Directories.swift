import InitCore
import KernelInterface

/// The directories that a service is given. systemd.exec(5), RuntimeDirectory=
enum DirectoryKind: UInt8 {
    case runtime, state, cache, logs, configuration

    var key: RecipeKey {
        switch self {
        case .runtime: .runtimeDirectory
        case .state: .stateDirectory
        case .cache: .cacheDirectory
        case .logs: .logsDirectory
        case .configuration: .configurationDirectory
        }
    }

    var modeKey: RecipeKey {
        switch self {
        case .runtime: .runtimeDirectoryMode
        case .state: .stateDirectoryMode
        case .cache: .cacheDirectoryMode
        case .logs: .logsDirectoryMode
        case .configuration: .configurationDirectoryMode
        }
    }

    var step: RecipeStep {
        switch self {
        case .runtime: .runtimeDirectory
        case .state: .stateDirectory
        case .cache: .cacheDirectory
        case .logs: .logsDirectory
        case .configuration: .configurationDirectory
        }
    }

    /// What the directories lie in.
    var place: ByteView {
        ByteView("/run/\n/var/lib/\n/var/cache/\n/var/log/\n/etc/").line(Int(rawValue))
    }

    /// The beginning of the variable that names them.
    var variable: ByteView {
        ByteView("RUNTIME_\nSTATE_\nCACHE_\nLOGS_\nCONFIGURATION_").line(Int(rawValue))
    }
}

extension Recipe {
    @inline(never)
    mutating func makeDirectories<K: Kernel & ~Copyable>(on kernel: inout K) throws(Errno) {
        var number: UInt8 = 0
        while let kind = DirectoryKind(rawValue: number) {
            begin(kind.step)
            guard let mode = (text(kind.modeKey) ?? "755").mode() else {
                throw .invalidArgument
            }
            var reader = RecipeReader(entries)
            while let directory = reader.next(kind.key) {
                begin(kind.step, directory)
                try make(directory, of: kind, mode, on: &kernel)
            }
            number &+= 1
        }
    }

    /// Makes a directory and those that it lies in, and gives it to the user. A directory of
    /// configuration that is there already stays as it is, and root's.
    private mutating func make<K: Kernel & ~Copyable>(
        _ directory: ByteView, of kind: DirectoryKind, _ mode: UInt32, on kernel: inout K
    ) throws(Errno) {
        // Each mode is exact. What PID 1's own umask is, is a container's choice.
        kernel.setUmask(0)
        var end = 0
        while end < directory.count {
            end &+= 1 &+ directory.dropping(end &+ 1).length(before: UInt8(ascii: "/"))
            let isLast = end >= directory.count
            path.reset()
            path.append(kind.place)
            path.append(directory.slice(0, end))
            let text = try path.finish()
            var isThere = false
            do throws(Errno) {
                try kernel.makeDirectory(at: text, mode: isLast ? mode : 0o755)
            } catch {
                guard error == .fileExists else { throw error }
                isThere = true
            }
            if !isLast || kind == .configuration && isThere { continue }
            if kind != .configuration, identity.user != nil || identity.group != nil {
                try kernel.setOwner(of: text, to: identity.user, identity.group)
            }
            if isThere { try kernel.setMode(of: text, to: mode) }
        }
    }
}
