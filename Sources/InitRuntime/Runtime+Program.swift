import InitCore
import KernelInterface

extension Runtime where K: ~Copyable {
    /// The program's name, as it was given.
    var programName: ByteView {
        programIndex.map { words[$0] } ?? .empty
    }

    func arguments() -> UnsafePointer<UnsafeMutablePointer<CChar>?>? {
        programIndex.flatMap { words.argv(from: $0) }
    }

    mutating func spawn() -> Event {
        guard let arguments = arguments() else { return .spawnFailed(.noSuchFile) }
        do throws(Errno) {
            if core.role == .machine {
                return .spawned(try spawnOnMachine(arguments))
            }
            let program = Program(arguments: arguments, environment: nil, hasOwnSession: false)
            return .spawned(try kernel.spawn(program))
        } catch {
            return .spawnFailed(error)
        }
    }

    /// The kernel puts words of its command line into PID 1's environment that nobody meant
    /// for programs, so theirs is made new.
    private mutating func spawnOnMachine(
        _ arguments: UnsafePointer<UnsafeMutablePointer<CChar>?>
    ) throws(Errno) -> ProcessID {
        var environment: [4 of UnsafeMutablePointer<CChar>?] = [
            cString("HOME=/"), cString("TERM=linux"),
            cString("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"), nil,
        ]
        return try withUnsafeMutableBytes(of: &environment) { (bytes) throws(Errno) in
            try kernel.spawn(
                Program(
                    arguments: arguments,
                    environment: bytes.baseAddress?.assumingMemoryBound(
                        to: UnsafeMutablePointer<CChar>?.self),
                    hasOwnSession: true))
        }
    }

    private func cString(_ text: StaticString) -> UnsafeMutablePointer<CChar> {
        UnsafeMutablePointer(
            mutating: UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self))
    }
}
