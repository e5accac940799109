import Glibc

/// A machine that one logs in to over SSH: `scripts/boot.sh --ssh` runs it.
///
/// A directory of such machines has an entry for each, by its port on this host. In the entry is
/// `config`, for `ssh -F`, and `name`, if the machine has one. Beside it is `.PORT.lock`, which is
/// held as long as the machine runs.
public struct LoginMachine: Equatable, Sendable {
    public let port: String
    public let name: String?
    /// For `ssh -F`, where the machine is called hammock.
    public let config: String

    /// Where all machines of this user are.
    public static var defaultDirectory: String { cacheDirectory.appending("ports").string }

    /// The machines that run, by port.
    public static func running(in directory: String = Self.defaultDirectory) -> [LoginMachine] {
        MachineDirectory.entries(of: directory).sorted().compactMap { port in
            let entry = "\(directory)/\(port)"
            guard access("\(entry)/config", R_OK) == 0,
                MachineDirectory.isLocked("\(directory)/.\(port).lock")
            else { return nil }
            let name = readWholeFile("\(entry)/name").map { String($0.prefix { $0 != "\n" }) }
            return LoginMachine(port: port, name: name, config: "\(entry)/config")
        }
    }

    /// - Parameter name: its name or its port.
    /// - Throws: `HostError` with code 2 if no such machine runs.
    public static func find(
        _ name: String, in directory: String = Self.defaultDirectory
    ) throws(HostError) -> LoginMachine {
        let machines = running(in: directory)
        if let machine = machines.first(where: { $0.name == name || $0.port == name }) {
            return machine
        }
        let names = machines.map { $0.name ?? $0.port }.joined(separator: ", ")
        throw HostError(
            """
            no machine to log in to has the name or the port \(name) (there are: \
            \(names.isEmpty ? "none; scripts/boot.sh --ssh --name NAME boots one" : names))
            """, code: 2)
    }
}
