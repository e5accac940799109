import Glibc
import SystemPackage

/// Runs programs of the host's one after the other, with this process's descriptors and signals.
public enum HostProgram {
    /// How a program ended, and what it wrote.
    public struct Ending: Sendable {
        /// Its exit code, or 128 and the number of the signal that killed it.
        public var code: Int32
        /// What it wrote to its standard output, if that was captured.
        public var output: String
    }

    /// Becomes the program. execve(2)
    ///
    /// - Throws: `HostError`, if it returns.
    public static func become(_ path: String, _ words: [String]) throws(HostError) -> Never {
        var arguments = ([path] + words).map { strdup($0) } + [nil]
        execv(path, &arguments)
        throw HostError("\(path): cannot be executed: \(reason(errno))")
    }

    /// Runs the program to its end.
    ///
    /// - Parameters:
    ///   - captures: whether its standard output is returned. Otherwise it is this process's.
    ///   - capturesErrors: whether what it writes to standard error is returned, too.
    /// - Throws: `HostError` if it cannot be executed.
    public static func run(
        _ path: String, _ words: [String], captures: Bool = false, capturesErrors: Bool = false
    ) throws(HostError) -> Ending {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        var pipe: (readEnd: FileDescriptor, writeEnd: FileDescriptor)?
        if captures {
            do throws(SystemPackage.Errno) {
                pipe = try FileDescriptor.pipe(options: .closeOnExec)
            } catch {
                throw HostError("cannot make a pipe: \(error)")
            }
        }
        if let pipe {
            posix_spawn_file_actions_adddup2(&actions, pipe.writeEnd.rawValue, 1)
            if capturesErrors {
                posix_spawn_file_actions_adddup2(&actions, pipe.writeEnd.rawValue, 2)
            }
        }
        defer { try? pipe?.readEnd.close() }
        var arguments = ([path] + words).map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var process: pid_t = 0
        let error = posix_spawn(&process, path, &actions, nil, &arguments, environ)
        try? pipe?.writeEnd.close()
        guard error == 0 else {
            throw HostError("\(path): cannot be executed: \(reason(error))")
        }
        let output = pipe.map { readAll($0.readEnd.rawValue) } ?? ""
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7f
        return Ending(code: signal == 0 ? status >> 8 & 0xff : 128 + signal, output: output)
    }

    private static func readAll(_ descriptor: Int32) -> String {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = read(descriptor, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            if count <= 0 { break }
            bytes.append(contentsOf: piece[..<count])
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Where a program is: in PATH, or where Debian puts what root runs.
    ///
    /// - Throws: `HostError` (3) that names the package.
    public static func find(_ name: String, package: String) throws(HostError) -> String {
        if let path = HostTool.path(of: name) { return path }
        let usual = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].map { "\($0)/\(name)" }
        guard let path = usual.first(where: { access($0, X_OK) == 0 }) else {
            throw .missing(name, package: package)
        }
        return path
    }
}
